/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vmcx.h: the container of Hyper-V's .vmcx and .vmrs files, format 4.0.
 *
 * A container is a tree of named, typed keys, kept in checksummed key tables with a replay log.
 * This library reads one (strictly: any byte that its checksums cover and that is wrong makes it
 * refuse), shows it with a pending replay log applied in memory, repairs a copy, and writes fresh
 * ones. It knows nothing of what the keys mean.
 *
 * Units: sizes and offsets are bytes; an offset in an error is counted from the start of the file.
 * Threads: a VmcxFile or VmcxTree may be used by one thread at a time; different ones at once.
 * Memory: small allocations abort when memory is out (GLib); sizes that come from a file are
 * compared with VmcxLimits first and then fail with VMCX_ERROR_LIMIT or VMCX_ERROR_NO_MEMORY.
 * Arguments: a call that gives errors refuses NULL for a path, file, tree or key with
 * VMCX_ERROR_ARGUMENT, and a bad descriptor with VMCX_ERROR_IO. A call without a GError takes no
 * NULL, but for vmcx_key_lookup and the _free ones.
 * Source: the format is not published by its vendor as a specification; docs/vmcx.md says what is
 * known of it and from where.
 */
#ifndef VMCX_H
#define VMCX_H

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

#define VMCX_API __attribute__ ((visibility ("default")))

/* Errors. Every refusal of a file's content carries the offset of the first byte of the structure
 * that was refused. */
#define VMCX_ERROR (vmcx_error_quark ())
typedef enum
{
  VMCX_ERROR_FORMAT,    /* not a container, damaged, or of an unknown version */
  VMCX_ERROR_LIMIT,     /* declares more than VmcxLimits allow */
  VMCX_ERROR_NO_MEMORY, /* an allocation of an allowed size failed */
  VMCX_ERROR_IO,       /* open, read, write, fsync or rename failed; the message has errno's text */
  VMCX_ERROR_TYPE,     /* a key isn't of the type asked for */
  VMCX_ERROR_ARGUMENT, /* NULL; a name or value that can't be written (empty, '/', too long, ...) */
} VmcxError;

VMCX_API GQuark vmcx_error_quark (void);

/* The offset in bytes that an error of domain VMCX_ERROR is about, or -1 where there is none. */
VMCX_API int64_t vmcx_error_get_offset (const GError *error);

/* The errno behind a VMCX_ERROR_IO, else 0. */
VMCX_API int vmcx_error_get_errno (const GError *error);

/* Key types; the numbers are those of the file. */
typedef enum
{
  VMCX_TYPE_INT = 3,    /* int64_t */
  VMCX_TYPE_UINT = 4,   /* uint64_t */
  VMCX_TYPE_DOUBLE = 5, /* IEEE 754 binary64 */
  VMCX_TYPE_STRING = 6, /* UTF-16; may hold lone surrogates */
  VMCX_TYPE_ARRAY = 7,  /* bytes */
  VMCX_TYPE_BOOL = 8,
  VMCX_TYPE_NODE = 9, /* has children, no value */
} VmcxType;

#define VMCX_KEY_FLAG_FILE_OBJECT     0x01 /* the value lies outside the key table */
#define VMCX_KEY_FLAG_SUBCOMPONENT    0x02
#define VMCX_KEY_FLAG_CHANGE_TRACKING 0x04

/* What a file may declare before it is refused with VMCX_ERROR_LIMIT. 0 = the library's default. */
typedef struct
{
  uint64_t table_bytes; /* all object tables and key tables together; default 64 MiB */
  uint64_t log_bytes;   /* a pending log's data; default 64 MiB */
  uint64_t value_bytes; /* one string or array; default 64 MiB */
} VmcxLimits;

typedef struct VmcxFile VmcxFile; /* an opened container */
typedef struct VmcxTree VmcxTree; /* a tree being built, for writing */
typedef struct VmcxKey VmcxKey;   /* one key of either; lives as long as its file or tree */

/* ---- reading ---- */

/* Opens PATH read-only, verifies every header, table, entry and (when pending) the replay log, and
 * builds the tree. Tables are read by position; values in file objects are left where they are.
 * LIMITS may be NULL. The result is the caller's. The file is never written.
 * Errors: VMCX_ERROR_FORMAT, _LIMIT, _NO_MEMORY, _IO. */
VMCX_API VmcxFile *vmcx_file_open (const char *path, const VmcxLimits *limits, GError **error);

/* The same on an open descriptor of a regular file, which is duplicated; NAME is used in messages
 * and may be NULL. */
VMCX_API VmcxFile *vmcx_file_open_fd (int fd, const char *name, const VmcxLimits *limits,
                                      GError **error);

VMCX_API void vmcx_file_free (VmcxFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmcxFile, vmcx_file_free)

/* The unnamed root node; borrowed. */
VMCX_API const VmcxKey *vmcx_file_root (const VmcxFile *file);

/* Entries of the replay log that were pending and are shown as applied; 0 = the file was clean. */
VMCX_API uint32_t vmcx_file_n_pending (const VmcxFile *file);

/* Fetches every value that lies in a file object once and drops it, so that a whole file is known
 * to be readable. Errors: VMCX_ERROR_FORMAT, _LIMIT, _NO_MEMORY, _IO. */
VMCX_API gboolean vmcx_file_verify_values (const VmcxFile *file, GError **error);

/* Writes a copy of IN_PATH with its replay log applied and emptied to OUT_PATH, which must not
 * exist (beside it, fsync, rename). A clean file is copied as it is. IN_PATH isn't touched. Errors:
 * as vmcx_file_open; VMCX_ERROR_IO also when OUT_PATH exists. Nothing is left after one. */
VMCX_API gboolean vmcx_recover (const char *in_path, const char *out_path, const VmcxLimits *limits,
                                GError **error);

/* ---- keys ---- */

VMCX_API const char *vmcx_key_name (const VmcxKey *key); /* UTF-8, borrowed; "" for the root */
VMCX_API VmcxType vmcx_key_type (const VmcxKey *key);
VMCX_API uint32_t vmcx_key_sequence (const VmcxKey *key);      /* insertion sequence */
VMCX_API uint32_t vmcx_key_next_sequence (const VmcxKey *key); /* nodes: next insertion sequence */
VMCX_API unsigned vmcx_key_flags (const VmcxKey *key);         /* VMCX_KEY_FLAG_* */
VMCX_API const VmcxKey *vmcx_key_parent (const VmcxKey *key);  /* NULL for the root */
VMCX_API const VmcxKey *vmcx_key_first_child (const VmcxKey *key); /* by insertion sequence */
VMCX_API const VmcxKey *vmcx_key_next (const VmcxKey *key);        /* next sibling, or NULL */

/* The key at PATH below KEY ("configuration/properties/name"), or NULL. A part may end in "[n]",
 * n >= 1, for the n-th sibling of that name; without it the first. NULL for a NULL KEY or PATH,
 * too. Borrowed. */
VMCX_API const VmcxKey *vmcx_key_lookup (const VmcxKey *key, const char *path);

/* Values. Each fails with VMCX_ERROR_TYPE on a key of another type, leaving *OUT alone. */
VMCX_API gboolean vmcx_key_get_int (const VmcxKey *key, int64_t *out, GError **error);
VMCX_API gboolean vmcx_key_get_uint (const VmcxKey *key, uint64_t *out, GError **error);
VMCX_API gboolean vmcx_key_get_double (const VmcxKey *key, double *out, GError **error);
VMCX_API gboolean vmcx_key_get_bool (const VmcxKey *key, gboolean *out, GError **error);

/* A string as UTF-8 (a lone surrogate becomes U+FFFD; an inner NUL ends the result), or as UTF-16
 * code units in host order, one 0 behind them. Both drop one NUL that the file counts as the last
 * unit, as some writers do. The caller frees with g_free. Both may read the file: also
 * VMCX_ERROR_FORMAT, _LIMIT, _NO_MEMORY, _IO. */
VMCX_API char *vmcx_key_dup_string (const VmcxKey *key, GError **error);
VMCX_API gunichar2 *vmcx_key_dup_utf16 (const VmcxKey *key, size_t *n_units, GError **error);

/* An array's bytes; the caller unrefs. Errors as above. */
VMCX_API GBytes *vmcx_key_dup_array (const VmcxKey *key, GError **error);

/* ---- writing ---- */

VMCX_API VmcxTree *vmcx_tree_new (void);
VMCX_API void vmcx_tree_free (VmcxTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmcxTree, vmcx_tree_free)

VMCX_API VmcxKey *vmcx_tree_root (VmcxTree *tree);

/* Append a child to PARENT, a node of a VmcxTree; names may repeat. NAME: 1 to 254 bytes of UTF-8
 * without '/'. Values are copied, a GBytes is referenced. Names and UTF-8 are checked when the tree
 * is written, so these can't fail; the result is borrowed. */
VMCX_API VmcxKey *vmcx_key_add_node (VmcxKey *parent, const char *name);
VMCX_API VmcxKey *vmcx_key_add_int (VmcxKey *parent, const char *name, int64_t value);
VMCX_API VmcxKey *vmcx_key_add_uint (VmcxKey *parent, const char *name, uint64_t value);
VMCX_API VmcxKey *vmcx_key_add_double (VmcxKey *parent, const char *name, double value);
VMCX_API VmcxKey *vmcx_key_add_bool (VmcxKey *parent, const char *name, gboolean value);
VMCX_API VmcxKey *vmcx_key_add_string (VmcxKey *parent, const char *name, const char *utf8);
VMCX_API VmcxKey *vmcx_key_add_utf16 (VmcxKey *parent, const char *name, const gunichar2 *units,
                                      size_t n_units);
VMCX_API VmcxKey *vmcx_key_add_array (VmcxKey *parent, const char *name, GBytes *bytes);

/* Appends a copy of SOURCE (of a file or a tree) and all below it to PARENT; values in file objects
 * are fetched. Of a root, what is below it is copied. Returns the copy (PARENT for a root), or
 * NULL: errors as vmcx_key_dup_array, with what was copied so far left in the tree. */
VMCX_API VmcxKey *vmcx_key_add_copy (VmcxKey *parent, const VmcxKey *source, GError **error);

typedef struct
{
  uint32_t alignment;       /* power of two, 0x1000..0x10000; 0 = 0x1000 */
  uint32_t key_table_bytes; /* size of a key table, multiple of the alignment; 0 = the alignment */
  uint32_t data_version;    /* the application's; stored in the file header */
} VmcxWriteOptions;

/* Writes the tree as a fresh container from offset 0 of FD, an empty regular file opened for
 * writing. Doesn't fsync. OPTIONS may be NULL. Errors: VMCX_ERROR_ARGUMENT, _IO. */
VMCX_API gboolean vmcx_tree_write_fd (VmcxTree *tree, int fd, const VmcxWriteOptions *options,
                                      GError **error);

/* The same as file PATH, replacing one that is there: written beside it, fsynced, renamed, the
 * directory fsynced. After an error PATH is as it was and nothing is left beside it; only when that
 * last fsync fails after an old file was replaced, the new one stays. */
VMCX_API gboolean vmcx_tree_write (VmcxTree *tree, const char *path,
                                   const VmcxWriteOptions *options, GError **error);

G_END_DECLS

#endif
