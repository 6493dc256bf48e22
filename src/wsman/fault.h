/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fault.h: what a message is refused with.
 *
 * Inside this layer a failure is a GError: of WSMAN_FAULT, with the kind as its code, or whatever
 * the broker gave, which is turned into one here. Its message is the fault's reason.
 */
#ifndef WSMAN_FAULT_H
#define WSMAN_FAULT_H

#include <glib.h>

#define WSMAN_FAULT (wsman_fault_quark ())

typedef enum
{
  WSMAN_FAULT_VERSION_MISMATCH,
  WSMAN_FAULT_MUST_UNDERSTAND,
  WSMAN_FAULT_HEADER_REQUIRED, /* an addressing header is missing */
  WSMAN_FAULT_INVALID_HEADER,  /* or not understood */
  WSMAN_FAULT_ADDRESSING_MODE, /* answers to anyone but the asker */
  WSMAN_FAULT_INVALID_RESOURCE,
  WSMAN_FAULT_INVALID_CLASS,
  WSMAN_FAULT_INVALID_NAMESPACE,
  WSMAN_FAULT_NOT_FOUND,
  WSMAN_FAULT_INSUFFICIENT_SELECTORS,
  WSMAN_FAULT_UNEXPECTED_SELECTORS,
  WSMAN_FAULT_DUPLICATE_SELECTORS,
  WSMAN_FAULT_SELECTOR_TYPE,
  WSMAN_FAULT_UNKNOWN_ACTION,
  WSMAN_FAULT_NOT_SUPPORTED, /* this operation on this class */
  WSMAN_FAULT_SCHEMA,        /* the body doesn't fit */
  WSMAN_FAULT_PARAMETER_NAME,
  WSMAN_FAULT_PARAMETER_VALUE,
  WSMAN_FAULT_ACCESS_DENIED,
  WSMAN_FAULT_ALREADY_EXISTS,
  WSMAN_FAULT_INTERNAL,
  WSMAN_FAULT_UNAVAILABLE, /* shutting down */
  WSMAN_FAULT_FILTER,
  WSMAN_FAULT_FILTER_DIALECT,
  WSMAN_FAULT_FILTERING,
  WSMAN_FAULT_CONTEXT,
  WSMAN_FAULT_EXPIRATION,
  WSMAN_FAULT_TIMED_OUT,
  WSMAN_FAULT_ENVELOPE_SIZE,
  WSMAN_FAULT_MINIMUM_ENVELOPE,
  WSMAN_FAULT_FRAGMENT,
  WSMAN_FAULT_LOCALE,
  WSMAN_FAULT_OPTION,
  WSMAN_FAULT_QUOTA,
  WSMAN_N_FAULTS,
} WsmanFaultKind;

GQuark wsman_fault_quark (void);

/* What the operation was about: CIM's INVALID_PARAMETER is about selectors, or about arguments. */
typedef enum
{
  WSMAN_ABOUT_SELECTORS,
  WSMAN_ABOUT_ARGUMENTS,
  WSMAN_ABOUT_FILTER,
} WsmanAbout;

WsmanFaultKind wsman_fault_kind (const GError *error, WsmanAbout about);

/* The action that the answer has. */
const char *wsman_fault_action (WsmanFaultKind kind);

/* <s:Fault>. MACHINE: the server's name. */
void wsman_fault_append (GString *out, WsmanFaultKind kind, const GError *error,
                         const char *machine);

#endif
