/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vmcx-fixture.h: what the tests of libvmcx share: genuine files, files in memory, equal trees. */
#ifndef VMCX_FIXTURE_H
#define VMCX_FIXTURE_H

#include <vmcx.h>

/* The path of a genuine file, or NULL after having skipped the test; the caller frees. */
char *vmcx_fixture_genuine (const char *name);

/* The content of PATH; the test fails when it can't be read. */
GByteArray *vmcx_fixture_load (const char *path);

/* A descriptor of a file in memory that holds BYTES. */
int vmcx_fixture_memory (const GByteArray *bytes);

/* Opens BYTES as a container named "memory". */
VmcxFile *vmcx_fixture_open (const GByteArray *bytes, const VmcxLimits *limits, GError **error);

/* The bytes of TREE as written with OPTIONS. */
GByteArray *vmcx_fixture_write (VmcxTree *tree, const VmcxWriteOptions *options);

/* Whether both have the same names, types, numbers, flags and stored values, in the same order. */
gboolean vmcx_fixture_equal (const VmcxKey *a, const VmcxKey *b);

/* Checks that BYTES are refused with CODE at OFFSET, in a sentence that has OFFSET in hex and
 * CAUSE. */
void vmcx_fixture_refused (const GByteArray *bytes, const VmcxLimits *limits, VmcxError code,
                           int64_t offset, const char *cause);

/* Puts the CRC-32 of LENGTH bytes at AT of BYTES, its own 4 bytes at SUM_AT as zeros, there. */
void vmcx_fixture_seal (GByteArray *bytes, size_t at, size_t length, size_t sum_at);

/* A CRC-32 of the tests' own, bit by bit. */
uint32_t vmcx_fixture_crc (const uint8_t *bytes, size_t length);

uint16_t vmcx_fixture_get16 (const GByteArray *bytes, size_t at);
uint32_t vmcx_fixture_get32 (const GByteArray *bytes, size_t at);
uint64_t vmcx_fixture_get64 (const GByteArray *bytes, size_t at);
void vmcx_fixture_put16 (GByteArray *bytes, size_t at, uint16_t value);
void vmcx_fixture_put32 (GByteArray *bytes, size_t at, uint32_t value);
void vmcx_fixture_put64 (GByteArray *bytes, size_t at, uint64_t value);

/* Makes the log of BYTES pending again from entry 0 to N and overwrites those entries' targets with
 * 0xCC. Returns the number of entries made pending. */
void vmcx_fixture_make_dirty (GByteArray *bytes, uint32_t n);

#endif
