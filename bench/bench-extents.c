/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench-extents.c: the native reader's figures, as lines of name, value, unit.
 *
 * extents_native            the map alone: open, header, directory, extents
 * extents_judged            all of one look: that, lock bytes and evidence
 * extents_libnbd            connect to a running qemu-nbd and read the map
 * extents_libnbd_connected  read the map on a connection that is there already
 * extents_64tib             one look at a sparse image of 64 TiB
 * judge_1000_bitmaps        the verdicts about as many bitmaps of one image
 * Medians of ROUNDS, taken in turn, in one process, page cache warm. */
#include <libnbd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "qemu.h"
#include "tracker/offline/bitmap.h"
#include "tracker/offline/image.h"
#include "tracker/offline/look.h"

#define ROUNDS     15
#define N_EXTENTS  7500
#define N_BITMAPS  1000
#define BITMAP     "p"
#define NBD_LENGTH (UINT64_C (1) << 31)

typedef void (*Work) (void *argument);

static int
compare_times (const void *a, const void *b)
{
  int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

  return one < other ? -1 : one > other;
}

typedef struct
{
  const char *name;
  Work work;
  void *argument;
  int64_t times[ROUNDS]; /* microseconds; sorted by measure() */
} Figure;

static double
median_ms (const Figure *figure)
{
  return (double)figure->times[ROUNDS / 2] / 1000;
}

/* The figures take turns, so that what else the machine does hits all alike. */
static void
measure (Figure *figures, size_t n_figures)
{
  for (int i = -1; i < ROUNDS; i++)
    for (size_t k = 0; k < n_figures; k++)
      {
        int64_t start = g_get_monotonic_time ();

        figures[k].work (figures[k].argument);
        if (i >= 0)
          figures[k].times[i] = g_get_monotonic_time () - start;
      }
  for (size_t k = 0; k < n_figures; k++)
    {
      qsort (figures[k].times, ROUNDS, sizeof *figures[k].times, compare_times);
      printf ("%s %.3f ms\n", figures[k].name, median_ms (&figures[k]));
    }
}

/* Every STEP bytes, one granule is written after the bitmap was made. */
static char *
make_image (const char *dir, const char *size, uint64_t step, unsigned n_writes)
{
  char *path = g_strdup_printf ("%s/%s.qcow2", dir, size);

  test_shell ("qemu-img create -q -f qcow2 '%s' %s; qemu-img bitmap --add '%s' " BITMAP "; "
              "seq 0 %u | awk '{ printf \"write -z %%.0f 65536\\n\", $1 * %" G_GUINT64_FORMAT
              " }' | qemu-io -t unsafe -f qcow2 '%s'",
              path, size, path, n_writes - 1, step, path);
  return path;
}

static void
add_bitmaps (const char *path)
{
  test_shell ("(echo '{\"execute\":\"qmp_capabilities\"}'; for i in $(seq %d); do echo "
              "\"{\\\"execute\\\":\\\"block-dirty-bitmap-add\\\",\\\"arguments\\\":{\\\"node\\\":"
              "\\\"d\\\",\\\"name\\\":\\\"b$i\\\",\\\"persistent\\\":true}}\"; done; "
              "echo '{\"execute\":\"quit\"}') | qemu-storage-daemon --blockdev driver=qcow2,"
              "node-name=d,file.driver=file,file.filename='%s' --chardev stdio,id=c "
              "--monitor chardev=c; qemu-io -c 'write -z 0 64k' '%s'",
              N_BITMAPS, path, path);
}

typedef struct
{
  const char *path, *uri;
  CairnAnchor *anchor;
  struct nbd_handle *nbd;
  GArray *extents;
} Subject;

static void
read_natively (void *argument)
{
  Subject *subject = argument;
  CairnDisk disk = { .path = (char *)subject->path };
  CairnJudgement judgement;

  g_clear_pointer (&subject->extents, g_array_unref);
  if (!cairn_offline_changes (&disk, subject->anchor, 0, UINT64_MAX, &subject->extents, &judgement,
                              G_MAXINT64, NULL)
      || !subject->extents)
    g_error ("%s", judgement.reason);
  cairn_judgement_clear (&judgement);
}

/* The map alone, as libnbd gives it: open, header, directory, extents. */
static void
read_map_natively (void *argument)
{
  Subject *subject = argument;
  uint64_t file_bytes;
  int fd = cairn_image_open_file (subject->path, &file_bytes, NULL);
  g_autoptr (CairnQcow2) image = cairn_qcow2_new (fd, file_bytes, NULL);
  g_autoptr (CairnDirectory) directory = cairn_directory_read (image, NULL);
  CairnBitmap bitmap;

  g_clear_pointer (&subject->extents, g_array_unref);
  if (!cairn_bitmap_open (image, cairn_directory_find (directory, BITMAP), &bitmap, NULL))
    g_error ("the image can't be read");
  subject->extents = cairn_bitmap_extents (&bitmap, 0, UINT64_MAX, G_MAXINT64, NULL);
  close (fd);
}

static int
take_map (void *user_data, const char *context, uint64_t offset, uint32_t *entries,
          size_t n_entries, int *error)
{
  Subject *subject = user_data;

  if (!g_str_has_prefix (context, "qemu:dirty-bitmap:"))
    return 0;
  for (size_t i = 0; i + 1 < n_entries; i += 2)
    {
      if (entries[i + 1] & 1)
        cairn_extents_append (subject->extents, offset, entries[i]);
      offset += entries[i];
    }
  return 0;
}

static void
read_map (void *argument)
{
  Subject *subject = argument;
  uint64_t size = (uint64_t)nbd_get_size (subject->nbd);

  g_clear_pointer (&subject->extents, g_array_unref);
  subject->extents = cairn_extents_new ();
  for (uint64_t at = 0; at < size; at += NBD_LENGTH)
    if (nbd_block_status (subject->nbd, MIN (NBD_LENGTH, size - at), at,
                          (nbd_extent_callback){ .callback = take_map, .user_data = subject }, 0)
        != 0)
      g_error ("%s", nbd_get_error ());
}

static void
connect_server (Subject *subject)
{
  subject->nbd = nbd_create ();
  if (!subject->nbd || nbd_add_meta_context (subject->nbd, "qemu:dirty-bitmap:" BITMAP) != 0
      || nbd_connect_unix (subject->nbd, subject->uri) != 0)
    g_error ("%s", nbd_get_error ());
}

static void
connect_and_read_map (void *argument)
{
  Subject *subject = argument;

  connect_server (subject);
  read_map (subject);
  nbd_shutdown (subject->nbd, 0);
  nbd_close (subject->nbd);
}

static void
measure_large (const char *dir)
{
  g_autofree char *path = make_image (dir, "64T", UINT64_C (64) << 30, 1000);
  g_autoptr (CairnAnchor) anchor = test_anchor (path, BITMAP);
  Subject subject = { .path = path, .anchor = anchor };
  Figure figure = { "extents_64tib", read_natively, &subject };
  struct rusage usage;

  measure (&figure, 1);
  getrusage (RUSAGE_SELF, &usage);
  printf ("extents_64tib_peak_memory %.1f MiB\n", (double)usage.ru_maxrss / 1024);
  g_array_unref (subject.extents);
}

static void
measure_extents (const char *dir)
{
  g_autofree char *path
      = make_image (dir, "8G", (UINT64_C (8) << 30) / N_EXTENTS >> 16 << 16, N_EXTENTS);
  g_autofree char *socket = g_build_filename (dir, "nbd", NULL);
  g_autofree char *ready
      = g_strdup_printf ("qemu-img info 'nbd+unix:///?socket=%s' > /dev/null 2>&1", socket);
  g_autoptr (CairnAnchor) anchor = test_anchor (path, BITMAP);
  Subject native = { .path = path, .anchor = anchor }, nbd = { .uri = socket };
  Subject connecting = { .uri = socket };
  Figure figures[] = { { "extents_native", read_map_natively, &native },
                       { "extents_libnbd_connected", read_map, &nbd },
                       { "extents_judged", read_natively, &native },
                       { "extents_libnbd", connect_and_read_map, &connecting } };
  GPid pid
      = test_start (ready, "qemu-nbd -r -t -e 4 -f qcow2 -B " BITMAP " -k '%s' '%s'", socket, path);

  connect_server (&nbd);
  measure (figures, G_N_ELEMENTS (figures));
  nbd_close (nbd.nbd);
  if (native.extents->len != N_EXTENTS || nbd.extents->len != N_EXTENTS
      || memcmp (native.extents->data, nbd.extents->data, N_EXTENTS * sizeof (CairnExtent)) != 0)
    g_error ("the two maps differ: %u and %u extents", native.extents->len, nbd.extents->len);
  g_array_unref (native.extents);
  g_array_unref (nbd.extents);
  g_array_unref (connecting.extents);
  test_kill (pid, SIGTERM);
}

typedef struct
{
  const char *path;
  CairnAnchor *anchors[N_BITMAPS];
} Batch;

static void
judge_batch (void *argument)
{
  Batch *batch = argument;
  CairnDisk disk = { .path = (char *)batch->path };
  g_autofree CairnJudgement *judgements = g_new0 (CairnJudgement, N_BITMAPS);

  cairn_offline_judge (&disk, (const CairnAnchor *const *)batch->anchors, N_BITMAPS, judgements,
                       G_MAXINT64, NULL);
  for (int i = 0; i < N_BITMAPS; i++)
    {
      if (judgements[i].verdict != CAIRN_VERDICT_TRACKED)
        g_error ("%s", judgements[i].reason);
      cairn_judgement_clear (&judgements[i]);
    }
}

static void
measure_judging (const char *dir)
{
  g_autofree char *path = g_build_filename (dir, "8G.qcow2", NULL);
  Batch batch = { .path = path };
  Figure figure = { "judge_1000_bitmaps", judge_batch, &batch };

  add_bitmaps (path);
  for (int i = 0; i < N_BITMAPS; i++)
    {
      g_autofree char *name = g_strdup_printf ("b%d", i + 1);

      batch.anchors[i] = i == 0 ? test_anchor (path, name) : cairn_anchor_copy (batch.anchors[0]);
      g_free (batch.anchors[i]->bitmap);
      batch.anchors[i]->bitmap = g_steal_pointer (&name);
    }
  measure (&figure, 1);
  for (int i = 0; i < N_BITMAPS; i++)
    cairn_anchor_free (batch.anchors[i]);
}

int
main (void)
{
  char *dir = test_dir_new ();

  setvbuf (stdout, NULL, _IOLBF, 0);
  measure_large (dir); /* first: its peak of memory is the process's */
  measure_extents (dir);
  measure_judging (dir);
  test_dir_remove (dir);
  return 0;
}
