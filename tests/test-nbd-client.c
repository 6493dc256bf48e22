/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The NBD client against a real qemu-nbd: what it reads, maps and lists is what was written, and a
 * server that hangs doesn't hold it past its deadline. */
#include <signal.h>
#include <string.h>

#include "nbd/client.h"
#include "qemu.h"

#define SIZE_BYTES (UINT64_C (24) << 20)
#define CONTEXT    CAIRN_NBD_DIRTY_PREFIX "b"

typedef struct
{
  char *dir;
  char *socket;
  GPid server;
} Fixture;

static const char *const contexts[] = { CONTEXT, CAIRN_NBD_ALLOCATION, NULL };

/* 5 MiB of 0x5a from 3 MiB on, the last 64 KiB of them dirty; the rest is a hole. */
static void
set_up (Fixture *fixture, gconstpointer unused)
{
  g_autofree char *image = NULL;
  g_autofree char *ready = NULL;

  fixture->dir = test_dir_new ();
  image = g_build_filename (fixture->dir, "a.qcow2", NULL);
  fixture->socket = g_build_filename (fixture->dir, "s", NULL);
  test_shell ("qemu-img create -q -f qcow2 '%s' 24M && qemu-io -c 'write -q -P 0x5a 3M 5056k' '%s'"
              " && qemu-img bitmap --add '%s' b && qemu-io -c 'write -q -P 0x5a 8128k 64k' '%s'",
              image, image, image, image);
  /* The file is there a moment before anybody listens: 00010000 tells that. */
  ready = g_strdup_printf ("grep -q ' 00010000 .* %s$' /proc/net/unix", fixture->socket);
  fixture->server
      = test_start (ready, "qemu-nbd -r -t -e 3 -x disk -B b -k '%s' '%s'", fixture->socket, image);
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  test_kill (fixture->server, SIGKILL);
  test_dir_remove (fixture->dir);
  g_free (fixture->socket);
}

static CairnNbdClient *
connect_client (const Fixture *fixture, int64_t deadline)
{
  g_autoptr (GError) error = NULL;
  CairnNbdClient *client
      = cairn_nbd_client_connect (fixture->socket, "disk", contexts, deadline, &error);

  g_assert_no_error (error);
  return client;
}

static void
test_content (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (CairnNbdClient) client = connect_client (fixture, G_MAXINT64);
  g_autofree uint8_t *bytes = g_malloc (SIZE_BYTES);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (cairn_nbd_client_size (client), ==, SIZE_BYTES);
  g_assert_true (cairn_nbd_client_read (client, 1, bytes, SIZE_BYTES - 1, &error));
  for (uint64_t i = 1; i < SIZE_BYTES; i++)
    g_assert_cmpuint (bytes[i - 1], ==, i >= 3 << 20 && i < 8 << 20 ? 0x5a : 0);
  g_assert_false (cairn_nbd_client_read (client, SIZE_BYTES - 4, bytes, 5, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED);
}

static void
test_status (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (CairnNbdClient) client = connect_client (fixture, G_MAXINT64);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) dirty = cairn_nbd_client_dirty (client, CONTEXT, 0, SIZE_BYTES, &error);
  uint64_t length = 0;

  g_assert_no_error (error);
  g_assert_cmpuint (dirty->len, ==, 1);
  g_assert_cmpuint (g_array_index (dirty, CairnExtent, 0).offset_bytes, ==, 8128 << 10);
  g_assert_cmpuint (g_array_index (dirty, CairnExtent, 0).length_bytes, ==, 64 << 10);
  for (uint64_t at = 0; at < SIZE_BYTES; at += length)
    {
      gboolean is_zero;

      g_assert_true (cairn_nbd_client_map (client, at, &is_zero, &length, &error));
      g_assert_cmpint (is_zero, ==, at < 3 << 20 || at >= 8 << 20);
      g_assert_cmpuint (length, >, 0);
    }
  /* Backwards, too. */
  g_assert_true (
      cairn_nbd_client_map (client, (3 << 20) + 5, &(gboolean){ TRUE }, &length, &error));
  g_assert_cmpuint (length, ==, (5 << 20) - 5);
  g_assert_null (cairn_nbd_client_dirty (client, CAIRN_NBD_DIRTY_PREFIX "x", 0, 512, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED);
}

static void
test_several (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (CairnNbdClient) one = connect_client (fixture, G_MAXINT64);
  g_autoptr (CairnNbdClient) two = connect_client (fixture, G_MAXINT64);
  g_autoptr (GError) error = NULL;
  uint8_t bytes[2];

  g_assert_true (cairn_nbd_client_read (one, 3 << 20, &bytes[0], 1, &error));
  g_assert_true (cairn_nbd_client_read (two, 3 << 20, &bytes[1], 1, &error));
  g_assert_cmpuint (bytes[0] + bytes[1], ==, 2 * 0x5a);
  g_assert_null (cairn_nbd_client_connect ("/nowhere/s", "disk", contexts, G_MAXINT64, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE);
  g_clear_error (&error);
  g_assert_null (cairn_nbd_client_connect (fixture->socket, "no", contexts, G_MAXINT64, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE);
}

static void
test_deadline (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (CairnNbdClient) client = connect_client (fixture, G_MAXINT64);
  int64_t begin = g_get_monotonic_time ();
  g_autofree uint8_t *bytes = g_malloc (SIZE_BYTES);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (kill (fixture->server, SIGSTOP), ==, 0);
  cairn_nbd_client_set_deadline (client, begin + G_USEC_PER_SEC / 10);
  g_assert_false (cairn_nbd_client_read (client, 0, bytes, SIZE_BYTES, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);
  g_clear_error (&error);
  g_assert_cmpint (kill (fixture->server, SIGCONT), ==, 0);
  /* Requests whose buffers may be gone are under way: never again. */
  cairn_nbd_client_set_deadline (client, G_MAXINT64);
  g_assert_false (cairn_nbd_client_read (client, 0, bytes, 1, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/nbd-client/content", Fixture, NULL, set_up, test_content, tear_down);
  g_test_add ("/nbd-client/status", Fixture, NULL, set_up, test_status, tear_down);
  g_test_add ("/nbd-client/several", Fixture, NULL, set_up, test_several, tear_down);
  g_test_add ("/nbd-client/deadline", Fixture, NULL, set_up, test_deadline, tear_down);
  return g_test_run ();
}
