/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vmcx-form.h: the form in which fuzz inputs stand for containers.
 *
 * A container has at least 20 KiB, nearly all of it zeros and checksums. An input is shorter:
 *
 *   OFFSET SIZE FIELD
 *        0    1 modes: bit 0 = make all checksums right before reading
 *                      bit 1 = what follows is pages, else a container as it is
 *   pages: u8 page number, u16 length (little-endian), that many bytes; they lie at 0x1000 times
 * the number, zeros elsewhere, the file ends behind the last byte given
 */
#ifndef CAIRN_FUZZ_VMCX_FORM_H
#define CAIRN_FUZZ_VMCX_FORM_H

#include <glib.h>
#include <stdint.h>

#define VMCX_FORM_REPAIR 0x01
#define VMCX_FORM_PAGES  0x02
#define VMCX_FORM_WHOLE  0x04

/* The container that SIZE bytes of input stand for. */
GByteArray *vmcx_form_expand (const uint8_t *input, size_t size);

/* An input with pages, to be repaired, that stands for CONTAINER. */
GByteArray *vmcx_form_pack (const GByteArray *container);

/* Makes the checksums of every structure that can be found right, whatever else is wrong. */
void vmcx_form_repair (GByteArray *container);

#endif
