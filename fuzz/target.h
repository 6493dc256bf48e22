/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* target.h: what a fuzz target defines, for libFuzzer and for replay.c alike. */
#ifndef CAIRN_FUZZ_TARGET_H
#define CAIRN_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Feeds SIZE bytes to the parser under test; returns 0. */
int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

#endif
