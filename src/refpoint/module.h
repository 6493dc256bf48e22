/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* module.h: backends that are opened on first use, so that a command which doesn't need them
 * doesn't pay for their libraries.
 *
 * A module is cairn-NAME.so in $CAIRN_MODULE_DIR (or directories with ':' between them: in the
 * build tree every module has its own), else in ../lib/cairn (and ../LIBDIR/cairn) relative to the
 * executable, else beside libcairn's own place (or where the build tree has it from there), else in
 * the configured directory.
 */
#ifndef CAIRN_MODULE_H
#define CAIRN_MODULE_H

#include <glib.h>

/* The path of the program NAME, which lies where modules do; NULL when it isn't there. The caller
 * frees. */
char *cairn_module_find_program (const char *name);

/* The address of SYMBOL in module NAME, which stays loaded until the process ends. NULL with
 * CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, naming the places looked at. Any thread. */
gpointer cairn_module_symbol (const char *name, const char *symbol, GError **error);

#endif
