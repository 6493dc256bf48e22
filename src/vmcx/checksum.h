/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checksum.h: the one checksum of the format.
 *
 * CRC-32 as in zlib, PNG and Ethernet (reflected polynomial 0xEDB88320, start and final xor
 * 0xFFFFFFFF). A structure's own four checksum bytes count as zero.
 * Source: computed on genuine files; docs/vmcx.md. */
#ifndef VMCX_CHECKSUM_H
#define VMCX_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Of LENGTH bytes that hold no checksum of their own. */
uint32_t vmcx_checksum_plain (const uint8_t *bytes, size_t length);

/* Of LENGTH bytes whose own checksum stands at AT (AT + 4 <= LENGTH). */
uint32_t vmcx_checksum (const uint8_t *bytes, size_t length, size_t at);

/* Computes the same and stores it at AT. */
void vmcx_checksum_seal (uint8_t *bytes, size_t length, size_t at);

/* The same as vmcx_checksum in one pass for short structures: the checksum bytes are zeroed while
 * it runs and put back, so BYTES must be writable and seen by no other thread. */
uint32_t vmcx_checksum_in_place (uint8_t *bytes, size_t length, size_t at);

#endif
