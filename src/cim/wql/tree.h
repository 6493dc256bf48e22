/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree.h: what a query is once it is parsed.
 *
 * A query is one block of memory: the arena's first piece lies behind the struct, and is as large
 * as parsing needs. A chain of ANDs or ORs leans to the right, so that only parentheses and NOT
 * make the tree deep. Constants of a comparison stand on the right.
 */
#ifndef CIM_WQL_TREE_H
#define CIM_WQL_TREE_H

#include "cim/query.h"

typedef enum
{
  CIM_WQL_AND, /* of two nodes */
  CIM_WQL_OR,
  CIM_WQL_NOT, /* of one */
  CIM_WQL_EQUAL,
  CIM_WQL_DIFFERENT,
  CIM_WQL_LESS,
  CIM_WQL_LESS_EQUAL,
  CIM_WQL_GREATER,
  CIM_WQL_GREATER_EQUAL,
  CIM_WQL_LIKE, /* the right one is a text */
  CIM_WQL_ISA,
  CIM_WQL_IS_NULL, /* of one */
  CIM_WQL_IS_NOT_NULL,
} CimWqlKind;

typedef enum
{
  CIM_WQL_NODE,
  CIM_WQL_PROPERTY,
  /* System properties. */
  CIM_WQL_CLASS,
  CIM_WQL_SUPERCLASS,
  CIM_WQL_DYNASTY,
  CIM_WQL_PATH,    /* compared with a text: that one as a path, or NULL */
  CIM_WQL_RELPATH, /* the same */
  CIM_WQL_SERVER,
  CIM_WQL_NAMESPACE,
  CIM_WQL_THIS, /* only of ISA */
  /* Constants. */
  CIM_WQL_TEXT,
  CIM_WQL_NUMBER,
  CIM_WQL_NEGATIVE, /* below 0 */
  CIM_WQL_BOOLEAN,
  CIM_WQL_NULL,
} CimWqlOperand;

typedef struct CimWqlNode CimWqlNode;

typedef union
{
  CimWqlNode *node;
  const char *text;    /* of a property its name */
  uint64_t magnitude;  /* of numbers; of a boolean 0 or 1 */
  const CimPath *path; /* of __PATH and __RELPATH */
} CimWqlSlot;

struct CimWqlNode
{
  uint8_t kind;        /* CimWqlKind */
  uint8_t operands[2]; /* CimWqlOperand */
  CimWqlSlot slots[2];
};

struct CimQuery
{
  gint ref_count; /* atomic */
  CimQueryKind kind;
  const char *class_name;
  const char *const *properties;
  const CimAssociationFilter *association;
  const CimWqlNode *where; /* NULL = everything */
  CairnArena arena;        /* the pieces above */
  char first_piece[];
};

/* "__PATH" of the operand; NULL when it is no system property. */
const char *cim_wql_system_name (CimWqlOperand operand);

#endif
