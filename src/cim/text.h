/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text.h: strings as WMI compares and quotes them, in paths and queries alike.
 *
 * Letter case doesn't count, and a run of backslashes counts as one: clients write "Microsoft:a\b"
 * with its backslash doubled, not doubled, or doubled twice.
 * Texts that aren't UTF-8 are compared byte by byte where they aren't.
 */
#ifndef CIM_TEXT_H
#define CIM_TEXT_H

#include <stdint.h>

#include "arena/arena.h"

/* The next character in lower case, 0 at the end; moves *AT behind it. */
gunichar cim_text_next (const char **at);

/* Below, at or above 0. */
int cim_text_compare (const char *a, const char *b);

/* N bytes of a quoted text: a backslash in front of a quote or a backslash is left out, any other
 * one is itself. In ARENA. */
char *cim_text_unescape (CairnArena *arena, const char *quoted, size_t n);

/* The quote that ends the text which begins with the one at OPEN; NULL when none does. */
const char *cim_text_find_close (const char *open);

/* N bytes as a number, decimal or 0x..., with or without a sign. FALSE: isn't one, or has more than
 * 64 bits. */
gboolean cim_text_parse_number (const char *text, size_t n, gboolean *is_negative,
                                uint64_t *magnitude);

/* How many bytes of the name of a class or property TEXT begins with. */
size_t cim_text_name_bytes (const char *text);

#endif
