/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chooses who reads an image. */
#include "tracker/offline/view.h"

#include <string.h>
#include <unistd.h>

#include "tracker/offline/content.h"
#include "tracker/offline/fallback.h"
#include "tracker/offline/format.h"
#include "tracker/offline/image.h"

/* More than small hosts have processors: scattered reads of what isn't cached wait for the disk. */
#define N_READERS 8u

/* A copy and a disk are read at once, by as many threads as small hosts have processors. */
#define N_COMPARERS 2u

/* What QEMU is to be told: the format is never probed there, and a key is for encrypted images. */
static void
detect (CairnNbdContent *content)
{
  g_autoptr (CairnQcow2) qcow2 = NULL;
  uint64_t file_bytes, size_bytes;
  int fd = cairn_image_open_file (content->path, &file_bytes, NULL);

  if (fd < 0)
    return;
  if (!content->format || !*content->format)
    content->format = cairn_format_detect (fd, file_bytes, &size_bytes);
  if (strcmp (content->format, "qcow2") == 0)
    qcow2 = cairn_qcow2_new (fd, file_bytes, NULL);
  if (strcmp (content->format, "luks") != 0 && !(qcow2 && qcow2->is_encrypted))
    content->key = NULL;
  close (fd);
}

static CairnView *
view_by_qemu (const CairnNbdContent *content, int64_t deadline, GError **error)
{
  g_autoptr (GError) problem = NULL;
  CairnView *view = cairn_fallback_open_content (content, deadline, &problem);

  if (!view)
    {
      if (problem->code == CAIRN_ERROR_SYSTEM_NOT_AVAILABLE || problem->code == CAIRN_ERROR_TIMEOUT)
        g_propagate_error (error, g_steal_pointer (&problem));
      else
        g_set_error (error, CAIRN_ERROR, problem->code,
                     "image '%s' can't be read by QEMU: %s; name one that it can read",
                     content->path, problem->message);
      return NULL;
    }
  view->paths = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (view->paths, g_strdup (content->path));
  return view;
}

static CairnView *
open_view (CairnNbdContent *content, int64_t deadline, GError **error)
{
  g_autoptr (GError) unknown = NULL;
  CairnView *view = cairn_content_open (content->path, content->format, content->n_readers,
                                        !content->is_written, &unknown);

  if (view)
    return view;
  if (unknown->code == CAIRN_ERROR_NOT_SUPPORTED)
    {
      detect (content);
      return view_by_qemu (content, deadline, error);
    }
  g_propagate_error (error, g_steal_pointer (&unknown));
  return NULL;
}

CairnView *
cairn_offline_view_disk (const CairnDisk *disk, int64_t deadline, GError **error)
{
  CairnNbdContent content = { .path = disk->path,
                              .format = disk->format,
                              .key = disk->key,
                              .is_written = TRUE,
                              .n_readers = N_READERS };

  return open_view (&content, deadline, error);
}

CairnView *
cairn_offline_view_copy (const char *path, GBytes *key, int64_t deadline, GError **error)
{
  CairnNbdContent content = { .path = path, .n_readers = N_COMPARERS };

  content.key = key;
  return open_view (&content, deadline, error);
}
