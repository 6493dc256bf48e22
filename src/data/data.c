/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module's table. */
#include "refpoint/data.h"

#include "data/copy.h"
#include "data/manifest.h"
#include "data/restore.h"
#include "data/source.h"

CAIRN_API extern const CairnDataModule cairn_data_module;

const CairnDataModule cairn_data_module = {
  .plan_new = cairn_plan_new,
  .plan_free = cairn_plan_free,
  .plan_bytes = cairn_plan_bytes,
  .write_image = cairn_copy_image,
  .measure_file = cairn_hash_file,
  .write_manifest = cairn_manifest_write,
  .read_manifest = cairn_manifest_read,
  .manifest_free = cairn_data_manifest_free,
  .open_logs = cairn_source_open_logs,
  .restore = cairn_data_restore,
};
