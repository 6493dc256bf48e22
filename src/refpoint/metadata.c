/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The points of a pair of files as a value, and the container's errors as ours. */
#include "refpoint/metadata.h"

CairnMetadata *
cairn_metadata_new (void)
{
  CairnMetadata *metadata = g_new0 (CairnMetadata, 1);

  metadata->points = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);
  metadata->dirty = g_ptr_array_new_with_free_func ((GDestroyNotify)g_ptr_array_unref);
  return metadata;
}

void
cairn_metadata_free (CairnMetadata *metadata)
{
  if (!metadata)
    return;
  g_free (metadata->vm_guid);
  g_free (metadata->export_id);
  g_ptr_array_unref (metadata->points);
  g_ptr_array_unref (metadata->dirty);
  g_free (metadata);
}

void
cairn_metadata_propagate (GError **error, GError *cause)
{
  int code = CAIRN_ERROR_FAILED;

  if (cause->domain == CAIRN_ERROR)
    code = cause->code;
  else if (cause->domain == VMCX_ERROR)
    switch (cause->code)
      {
      case VMCX_ERROR_FORMAT:
      case VMCX_ERROR_TYPE:
        code = CAIRN_ERROR_INCORRECT_DATA_TYPE;
        break;
      case VMCX_ERROR_LIMIT:
      case VMCX_ERROR_NO_MEMORY:
        code = CAIRN_ERROR_OUT_OF_MEMORY;
        break;
      case VMCX_ERROR_ARGUMENT:
        code = CAIRN_ERROR_INVALID_PARAMETER;
        break;
      default:
        break;
      }
  g_set_error_literal (error, CAIRN_ERROR, code, cause->message);
  g_error_free (cause);
}
