/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module's table. */
#include "refpoint/data.h"

#include "data/hash.h"
#include "data/manifest.h"
#include "data/plan.h"
#include "data/restore.h"

CAIRN_API extern const CairnDataModule cairn_data_module;

static gboolean
measure_file (int fd, const char *path, CairnDataFile *file, GError **error)
{
  return cairn_hash_file (fd, path, NULL, 0, file, error);
}

const CairnDataModule cairn_data_module = {
  .plan_new = cairn_plan_new,
  .plan_free = cairn_plan_free,
  .plan_bytes = cairn_plan_bytes,
  .write_image = cairn_copy_image,
  .measure_file = measure_file,
  .write_manifest = cairn_manifest_write,
  .read_manifest = cairn_manifest_read,
  .restore = cairn_data_restore,
};
