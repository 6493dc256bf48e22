/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup-samples.h: disks in memory, and backups of them, for the tests of src/data. */
#ifndef TESTS_BACKUP_SAMPLES_H
#define TESTS_BACKUP_SAMPLES_H

#include "refpoint/data.h"

#define SAMPLE_CLUSTER 65536u

/* A disk: each cluster is full of a number that tells its place and its value; value 0 is zeroes.
 */
typedef struct
{
  CairnView view;
  GHashTable *values; /* cluster -> value */
} Sample;

Sample *sample_new (uint64_t size_bytes);
void sample_free (Sample *sample);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sample, sample_free)

void sample_set (Sample *sample, uint64_t cluster, guint value);

/* Whether VIEW reads and maps as SAMPLE does. */
void sample_compare (const Sample *sample, CairnView *view);

/* A manifest of a backup at time NUMBER, since that of BASE (-1 = none), without disks. */
CairnDataManifest *sample_manifest (int number, int base);

/* Writes SAMPLE's image into DIRECTORY (all of it, or EXTENTS) and adds it to MANIFEST. */
CairnDataDisk *sample_backup (Sample *sample, const GArray *extents, const char *target,
                              const char *directory, CairnDataManifest *manifest);

/* Writes a file into DIRECTORY and adds it to MANIFEST. */
CairnDataExtra *sample_extra (const char *directory, CairnDataManifest *manifest,
                              CairnDataRole role, const char *name, const char *content);

/* Writes the manifest into DIRECTORY, anew if there is one. */
void sample_publish (const char *directory, const CairnDataManifest *manifest);

/* Opens the image at PATH as a log would be: with whatever checksum it has. */
gboolean sample_open (const char *path, uint64_t size_bytes, CairnView **view, GArray **extents,
                      GError **error);

extern const CairnDataModule cairn_data_module;

#endif
