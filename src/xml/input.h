/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* input.h: what becomes of a document's bytes before libxml2 sees them.
 *
 * They become UTF-8, and what libxml2 would take seconds over is refused: the time it takes for an
 * element grows with the square of its attributes. Private to xml/.
 */
#ifndef CAIRN_XML_INPUT_H
#define CAIRN_XML_INPUT_H

#include <glib.h>

/* BYTES as UTF-8, *LENGTH changed to fit: themselves without their byte order mark, or *CONVERTED,
 * the caller's. NULL: too long, of another encoding, with a NUL, or with an element of too many
 * attributes. Whether it is valid UTF-8 is for the parser to see. */
const char *cairn_xml_input_prepare (const char *bytes, size_t *length_bytes, char **converted,
                                     GError **error);

#endif
