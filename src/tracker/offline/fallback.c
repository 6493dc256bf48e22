/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens the module and counts its use. */
#include "tracker/offline/fallback.h"

#include "refpoint/module.h"

static gint n_asked;

unsigned
cairn_fallback_count (void)
{
  return (unsigned)g_atomic_int_get (&n_asked);
}

static const CairnNbdModule *
module (GError **error)
{
  g_atomic_int_inc (&n_asked);
  return cairn_module_symbol ("nbd", CAIRN_NBD_MODULE_SYMBOL, error);
}

CairnNbdImage *
cairn_fallback_describe (const char *path, int64_t deadline, GError **error)
{
  const CairnNbdModule *nbd = module (error);

  return nbd ? nbd->describe (path, deadline, error) : NULL;
}

void
cairn_fallback_free_image (CairnNbdImage *image)
{
  for (guint i = 0; i < image->bitmaps->len; i++)
    g_free (((CairnNbdBitmap *)image->bitmaps->pdata[i])->name);
  g_ptr_array_set_free_func (image->bitmaps, g_free);
  g_ptr_array_unref (image->bitmaps);
  g_free (image->backing_file);
  g_free (image->backing_format);
  g_free (image);
}

GArray *
cairn_fallback_extents (const char *path, const char *bitmap, uint64_t offset_bytes,
                        uint64_t length_bytes, int64_t deadline, GError **error)
{
  const CairnNbdModule *nbd = module (error);

  return nbd ? nbd->extents (path, bitmap, offset_bytes, length_bytes, deadline, error) : NULL;
}

CairnView *
cairn_fallback_open_content (const CairnNbdContent *content, int64_t deadline, GError **error)
{
  const CairnNbdModule *nbd = module (error);

  return nbd ? nbd->open_content (content, deadline, error) : NULL;
}
