/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A view made of the layers of a chain. */
#include "tracker/offline/content.h"

#include <fcntl.h>
#include <string.h>

#include "tracker/offline/content-file.h"
#include "tracker/offline/locks.h"

/* Longer chains than QEMU can open without running out of files; also ends a loop. */
#define MAX_FILES 200u

/* Small enough that two threads' pieces of two disks stay in their caches, large enough for the
 * disk; the kernel reads ahead of it by itself (measured: faster than any hint, warm and cold). */
#define READ_BYTES (256u * 1024)

typedef struct
{
  CairnContentCursor *cursors; /* one for each file */
  uint8_t *cluster;            /* the last compressed one, unpacked; NULL: none yet */
  unsigned cluster_file;       /* whose it is, and... */
  uint64_t cluster_place;      /* ...where it lies; 0 = nowhere */
} Reader;

typedef struct
{
  CairnView view;
  GPtrArray *files; /* of CairnContentFile, the active one first */
  Reader *readers;
} Content;

static CairnContentFile *
file_of (const Content *content, unsigned index)
{
  return content->files->pdata[index];
}

/* What is at OFFSET, of at most LENGTH bytes, and in which file. */
static gboolean
find (Content *content, Reader *reader, uint64_t offset, uint64_t length, CairnStretch *stretch,
      unsigned *index, GError **error)
{
  for (*index = 0; *index < content->files->len; ++*index)
    {
      const CairnContentFile *file = file_of (content, *index);

      if (offset >= file->size_bytes)
        break; /* a layer below that is shorter: zeroes behind its end */
      if (!cairn_content_file_find (file, &reader->cursors[*index], offset,
                                    MIN (length, file->size_bytes - offset), stretch, error))
        return FALSE;
      length = stretch->length_bytes;
      if (stretch->kind != CAIRN_STRETCH_BELOW)
        return TRUE;
    }
  *stretch = (CairnStretch){ .kind = CAIRN_STRETCH_ZERO, .length_bytes = length };
  return TRUE;
}

static gboolean
unpack (Content *content, Reader *reader, unsigned index, const CairnStretch *stretch,
        GError **error)
{
  const CairnContentFile *file = file_of (content, index);

  if (reader->cluster && reader->cluster_file == index
      && reader->cluster_place == stretch->place_bytes)
    return TRUE;
  /* Layers may have clusters of different sizes. */
  g_free (reader->cluster);
  reader->cluster = g_malloc (file->qcow2->cluster_bytes);
  reader->cluster_file = index;
  reader->cluster_place = 0;
  if (!cairn_content_file_unpack (file, stretch, reader->cluster, error))
    return FALSE;
  reader->cluster_place = stretch->place_bytes;
  return TRUE;
}

static gboolean
read_stretch (Content *content, Reader *reader, unsigned index, uint64_t offset,
              const CairnStretch *stretch, uint8_t *buffer, GError **error)
{
  const CairnContentFile *file = file_of (content, MIN (index, content->files->len - 1));

  switch (stretch->kind)
    {
    case CAIRN_STRETCH_BYTES:
      return cairn_content_file_read (file, stretch->place_bytes, buffer,
                                      (size_t)stretch->length_bytes, error);
    case CAIRN_STRETCH_COMPRESSED:
      if (!unpack (content, reader, index, stretch, error))
        return FALSE;
      memcpy (buffer, reader->cluster + offset % file->qcow2->cluster_bytes,
              (size_t)stretch->length_bytes);
      return TRUE;
    default:
      memset (buffer, 0, (size_t)stretch->length_bytes);
      return TRUE;
    }
}

static gboolean
content_read (CairnView *view, unsigned number, uint64_t offset, void *buffer, size_t length,
              GError **error)
{
  Content *content = (Content *)view;
  Reader *reader = &content->readers[number];

  for (size_t done = 0; done < length;)
    {
      CairnStretch stretch;
      unsigned index;

      if (!find (content, reader, offset + done, length - done, &stretch, &index, error)
          || !read_stretch (content, reader, index, offset + done, &stretch,
                            (uint8_t *)buffer + done, error))
        return FALSE;
      done += (size_t)stretch.length_bytes;
    }
  return TRUE;
}

/* Tells the kernel what will be read. What fails here fails when it is read. */
static void
announce (Content *content, Reader *reader, const CairnViewPart *part)
{
  for (size_t done = 0; done < part->length_bytes;)
    {
      CairnStretch stretch;
      unsigned index;

      if (!find (content, reader, part->offset_bytes + done, part->length_bytes - done, &stretch,
                 &index, NULL))
        return;
      if (stretch.kind == CAIRN_STRETCH_BYTES)
        posix_fadvise (file_of (content, index)->fd, (off_t)stretch.place_bytes,
                       (off_t)stretch.length_bytes, POSIX_FADV_WILLNEED);
      done += (size_t)stretch.length_bytes;
    }
}

/* One part is read ahead by the kernel itself, and a hint would only cost. */
static gboolean
content_read_parts (CairnView *view, unsigned number, const CairnViewPart *parts, size_t n_parts,
                    GError **error)
{
  Content *content = (Content *)view;

  for (size_t i = 0; n_parts > 1 && i < n_parts; i++)
    announce (content, &content->readers[number], &parts[i]);
  for (size_t i = 0; i < n_parts; i++)
    if (!content_read (view, number, parts[i].offset_bytes, parts[i].buffer, parts[i].length_bytes,
                       error))
      return FALSE;
  return TRUE;
}

static gboolean
content_map (CairnView *view, unsigned number, uint64_t offset, gboolean *is_zero, uint64_t *length,
             GError **error)
{
  Content *content = (Content *)view;
  CairnStretch stretch;
  unsigned index;

  if (!find (content, &content->readers[number], offset, view->size_bytes - offset, &stretch,
             &index, error))
    return FALSE;
  *is_zero = stretch.kind == CAIRN_STRETCH_ZERO;
  *length = stretch.length_bytes;
  return TRUE;
}

static void
content_close (CairnView *view)
{
  Content *content = (Content *)view;

  for (unsigned i = 0; content->readers && i < view->n_readers; i++)
    {
      g_free (content->readers[i].cursors);
      g_free (content->readers[i].cluster);
    }
  g_free (content->readers);
  g_ptr_array_unref (content->files);
  g_ptr_array_unref (view->paths);
  g_free (content);
}

static const CairnViewOps content_ops = {
  .read = content_read,
  .read_parts = content_read_parts,
  .map = content_map,
  .close = content_close,
};

static gboolean
check_idle (const CairnContentFile *file, GError **error)
{
  g_autoptr (GError) cause = NULL;
  gboolean held;

  if (!cairn_image_lock_is_held (file->fd, &held, &cause))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED, "image '%s' can't be looked at: %s",
                 file->path, cause->message);
  else if (held)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                 "image '%s' is open for writing in another program; name a copy that nobody "
                 "writes to",
                 file->path);
  else
    return TRUE;
  return FALSE;
}

/* Opens the image and all below it. */
static gboolean
open_files (Content *content, const char *path, const char *format, gboolean is_idle,
            GError **error)
{
  g_autofree char *at = g_strdup (path);
  g_autofree char *kind = g_strdup (format);

  while (at)
    {
      CairnContentFile *file = cairn_content_file_open (at, kind, error);
      gboolean has_backing;

      if (!file)
        return FALSE;
      g_ptr_array_add (content->files, file);
      g_ptr_array_add (content->view.paths, g_strdup (at));
      if (is_idle && !check_idle (file, error))
        return FALSE;
      g_free (at);
      at = cairn_content_file_backing_path (file, &has_backing);
      g_free (kind);
      kind = file->qcow2 ? g_strdup (file->qcow2->backing_format) : NULL;
      if (has_backing && (!at || content->files->len == MAX_FILES))
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                       "image '%s' has a backing image that isn't a file, or too many", file->path);
          return FALSE;
        }
    }
  return TRUE;
}

static void
free_file (gpointer file)
{
  cairn_content_file_free (file);
}

CairnView *
cairn_content_open (const char *path, const char *format, unsigned n_readers, gboolean is_idle,
                    GError **error)
{
  Content *content = g_new0 (Content, 1);

  content->view.ops = &content_ops;
  content->view.n_readers = n_readers;
  content->view.read_bytes = READ_BYTES;
  content->view.paths = g_ptr_array_new_with_free_func (g_free);
  content->files = g_ptr_array_new_with_free_func (free_file);
  if (!open_files (content, path, format, is_idle, error))
    return content_close (&content->view), NULL;
  content->view.size_bytes = file_of (content, 0)->size_bytes;
  content->readers = g_new0 (Reader, n_readers);
  for (unsigned i = 0; i < n_readers; i++)
    content->readers[i].cursors = g_new0 (CairnContentCursor, content->files->len);
  return &content->view;
}
