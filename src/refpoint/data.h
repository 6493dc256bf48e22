/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* data.h: the module cairn-data, which writes a backup's files and reads them back (src/data).
 *
 * A backup is a directory with an image of each disk, the exported pair of the point, and a
 * manifest that names all of them with their checksums, the point, and the point that differential
 * images are based on. Errors: ACCESS_DENIED, FAILED (disk full, I/O), FILE_NOT_FOUND,
 * INCORRECT_DATA_TYPE (damaged, or files that don't fit together), OUT_OF_MEMORY; the message names
 * the file.
 */
#ifndef CAIRN_DATA_H
#define CAIRN_DATA_H

#include "refpoint/view.h"

#define CAIRN_DATA_MODULE   "data"
#define CAIRN_DATA_SYMBOL   "cairn_data_module"

#define CAIRN_DATA_MANIFEST "manifest.json"

/* Of its files: what a disk holds is nobody else's business. */
#define CAIRN_DATA_MODE 0600

/* How often a tick is given. */
#define CAIRN_DATA_TICK_MS 100

/* Told on the calling thread how many bytes are done; FALSE with ERROR set ends the work. */
typedef struct
{
  gboolean (*tick) (gpointer user, uint64_t done_bytes, GError **error);
  gpointer user;
} CairnDataTick;

typedef struct
{
  char *name; /* within the directory */
  char *sha256;
  uint64_t size_bytes;
} CairnDataFile;

typedef struct
{
  char *target;
  char *identifier;
  gboolean is_differential;
  char *reason; /* why it is full although a base was asked for; "" otherwise */
  uint64_t virtual_size_bytes;
  GPtrArray *base_sha256; /* of char *, owned: of the files known to hold the disk as of the base,
                             one of which this one follows; NULL or empty = none is known */
  CairnDataFile file;
} CairnDataDisk;

/* What a file beside the images is, for restore. */
typedef enum
{
  CAIRN_DATA_METADATA,   /* the exported pair */
  CAIRN_DATA_DEFINITION, /* the domain's XML */
  CAIRN_DATA_NVRAM,
  CAIRN_DATA_TPM, /* one file of the TPM's state; its name in the directory is the original's after
                     "tpm." */
} CairnDataRole;

typedef struct
{
  CairnDataRole role;
  char *original; /* where it was: NVRAM and TPM; NULL otherwise */
  CairnDataFile file;
} CairnDataExtra;

typedef struct
{
  char *vm_guid;
  char *vm_name;
  char *point;     /* InstanceID */
  char *base;      /* InstanceID of the point that differential images are based on; NULL = none */
  gboolean is_log; /* made from logs */
  int64_t creation_time_ms;
  GPtrArray *disks;  /* of CairnDataDisk, owned */
  GPtrArray *extras; /* of CairnDataExtra, owned: what else belongs to it */
} CairnDataManifest;

void cairn_data_manifest_free (CairnDataManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnDataManifest, cairn_data_manifest_free)

typedef struct CairnDataPlan CairnDataPlan; /* what an image will hold, and where */

typedef struct
{
  /* Plans an image of VIEW: all of it, or of EXTENTS only (the differential kind). Both are
   * borrowed while the plan lives. */
  CairnDataPlan *(*plan_new) (CairnView *view, const GArray *extents, GError **error);
  void (*plan_free) (CairnDataPlan *plan);

  /* The bytes of the disk that will be copied. */
  uint64_t (*plan_bytes) (const CairnDataPlan *plan);

  /* Writes the image to FD, a new file, which is at PATH; FILE's checksum and size are set. */
  gboolean (*write_image) (const CairnDataPlan *plan, int fd, const char *path,
                           const CairnDataTick *tick, CairnDataFile *file, GError **error);

  /* Checksum and size of the file that FD has open. */
  gboolean (*measure_file) (int fd, const char *path, CairnDataFile *file, GError **error);

  gboolean (*write_manifest) (const CairnDataManifest *manifest, int fd, const char *path,
                              GError **error);

  /* The manifest in DIRECTORY; the caller's, to be freed by manifest_free. */
  CairnDataManifest *(*read_manifest) (const char *directory, GError **error);
  void (*manifest_free) (CairnDataManifest *manifest);

  /* What differential images at PATHS (of char *, oldest first, each checked against the checksum
   * of SHA256S) hold together of a disk of SIZE bytes: *VIEW reads it, and *EXTENTS is where they
   * hold anything, in clusters of 64 KiB; what became zeroes counts. Both are the caller's. What
   * no image holds reads as zeroes.
   *
   * A full image may be the first, and only there: it ends what came before it, since it can't say
   * what isn't in it. *VIEW is the whole disk then, and *EXTENTS no answer to what changed. A disk
   * that was resized can't tell its changes, so its first log afterwards is full, and the later
   * size holds: an image of another size than SIZE is refused (INCORRECT_DATA_TYPE). */
  gboolean (*open_logs) (const GPtrArray *paths, const GPtrArray *sha256s, uint64_t size_bytes,
                         CairnView **view, GArray **extents, GError **error);

  /* Verifies the backups in DIRECTORIES (NULL-ended, oldest first), each file's checksum and that
   * they make a chain. With TO (NULL = don't) writes TARGET.qcow2 of each disk as of the last into
   * that directory, its NVRAM as nvram.fd, its TPM's state below tpm/, and domain.xml, which names
   * these; their paths are appended to PATHS (of char *). Every file is read once, and nothing has
   * its name before all checksums were right. TICK is told of bytes of *TOTAL. INVALID_PARAMETER
   * when a file of one of these names is there. */
  gboolean (*restore) (const char *const *directories, const char *to, const CairnDataTick *tick,
                       uint64_t *total, GPtrArray *paths, GError **error);
} CairnDataModule;

#endif
