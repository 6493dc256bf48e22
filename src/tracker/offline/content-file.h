/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* content-file.h: one image file of a chain, raw, qcow2 or VHDX: what of the virtual disk it holds,
 * and where.
 *
 * The file may be written to meanwhile: a VM started on it. What is told may then be of before or
 * after each write, which is for the caller to allow for.
 *
 * Threads: a file by any number, each with a cursor of its own.
 */
#ifndef CAIRN_OFFLINE_CONTENT_FILE_H
#define CAIRN_OFFLINE_CONTENT_FILE_H

#include <sys/stat.h>

#include "tracker/offline/qcow2.h"
#include "tracker/offline/vhdx.h"

typedef struct
{
  char *path;
  int fd;
  struct stat status;  /* as of opening */
  uint64_t size_bytes; /* of the virtual disk */
  CairnQcow2 *qcow2;   /* its header; NULL = another format: */
  gboolean is_vhdx;    /* else raw */
  CairnVhdx vhdx;      /* valid when it is */
} CairnContentFile;

typedef enum
{
  CAIRN_STRETCH_BELOW, /* nothing: what the layer below has counts */
  CAIRN_STRETCH_ZERO,
  CAIRN_STRETCH_BYTES,      /* as they lie in the file */
  CAIRN_STRETCH_COMPRESSED, /* part of one cluster */
} CairnStretchKind;

typedef struct
{
  CairnStretchKind kind;
  uint64_t length_bytes; /* > 0; it may go on the same way behind */
  uint64_t place_bytes;  /* of bytes and compressed data: where in the file */
  uint64_t packed_bytes; /* of compressed data: how many they are at most */
} CairnStretch;

/* L2 entries, or those of VHDX blocks, kept at once: 64 MiB of disk at clusters of 64 KiB. */
#define CAIRN_CONTENT_ENTRIES 1024u

/* What one reader remembers of a file. All zeros in the beginning. */
typedef struct
{
  uint64_t l2[CAIRN_CONTENT_ENTRIES]; /* part of an L2 table or BAT, as in the file */
  uint64_t first_cluster;      /* the guest cluster of the first; valid while n_entries > 0 */
  uint32_t n_entries;          /* 0: none read yet */
  gboolean has_table;          /* FALSE: there is no L2 table, so all are unallocated */
  uint64_t run_begin, run_end; /* of a raw file: known to be all data, or all hole */
  gboolean run_is_hole;
} CairnContentCursor;

/* Opens the image at PATH. FORMAT is "raw", "qcow2" or "vhdx"; NULL or "": by its magic.
 * Errors: NOT_SUPPORTED (QEMU may know it); FILE_NOT_FOUND, ACCESS_DENIED, FAILED,
 * INCORRECT_DATA_TYPE (damaged); messages name the image. */
CairnContentFile *cairn_content_file_open (const char *path, const char *format, GError **error);
void cairn_content_file_free (CairnContentFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnContentFile, cairn_content_file_free)

/* What lies at OFFSET (below FILE's size), of at most LENGTH (> 0) bytes. */
gboolean cairn_content_file_find (const CairnContentFile *file, CairnContentCursor *cursor,
                                  uint64_t offset_bytes, uint64_t length_bytes,
                                  CairnStretch *stretch, GError **error);

/* Reads bytes of the file; behind its end there are zeroes. */
gboolean cairn_content_file_read (const CairnContentFile *file, uint64_t place_bytes, void *buffer,
                                  size_t length_bytes, GError **error);

/* Unpacks the compressed cluster at STRETCH to BUFFER, a whole cluster. */
gboolean cairn_content_file_unpack (const CairnContentFile *file, const CairnStretch *stretch,
                                    void *buffer, GError **error);

/* The path that the file's own backing file means; NULL with *HAS_BACKING FALSE: it has none; else
 * it isn't a file ("json:{...}", "nbd://..."). The caller frees. */
char *cairn_content_file_backing_path (const CairnContentFile *file, gboolean *has_backing);

#endif
