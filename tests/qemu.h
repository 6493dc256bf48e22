/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu.h: real images by real QEMU tools, for the tests of the offline tracker. */
#ifndef TESTS_QEMU_H
#define TESTS_QEMU_H

#include <glib.h>
#include <stdint.h>

#include "refpoint/tracker.h"

/* A new directory that any user may look into; removed by test_dir_remove, with what is in it. */
char *test_dir_new (void);
void test_dir_remove (char *dir);

/* Runs a shell command; its failure is the test's. Standard error is kept for the message. */
void test_shell (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* A QEMU program in the background; returns when it has printed or made what READY, a shell
 * condition, asks for. */
GPid test_start (const char *ready, const char *format, ...) G_GNUC_PRINTF (2, 3);
void test_kill (GPid pid, int signal_number);

/* An anchor as creating a point on PATH now would record it. */
CairnAnchor *test_anchor (const char *path, const char *bitmap);

/* Judges one anchor, without a time limit; the caller clears. */
CairnJudgement test_judge (const char *path, const CairnAnchor *anchor);

/* Judges and checks the verdict and that the reason is one sentence that has all of the other
 * arguments, up to NULL, in it. */
void test_expect (const char *path, const CairnAnchor *anchor, CairnVerdict verdict,
                  ...) G_GNUC_NULL_TERMINATED;

/* Reads or writes a big-endian number in a file. */
uint64_t test_peek (const char *path, uint64_t offset, unsigned n_bytes);
void test_poke (const char *path, uint64_t offset, uint64_t value, unsigned n_bytes);

/* Where the image's bitmaps extension and its bitmap directory are. */
uint64_t test_bitmaps_extension (const char *path);
uint64_t test_bitmap_directory (const char *path);

#endif
