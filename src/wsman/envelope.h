/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* envelope.h: a request's SOAP envelope and its headers. Everything borrows from its document. */
#ifndef WSMAN_ENVELOPE_H
#define WSMAN_ENVELOPE_H

#include "cim/path.h"
#include "wsman/fault.h"
#include "wsman/resource.h"
#include "xml/xml.h"

/* What no client can need more of. */
#define WSMAN_SELECTORS_MAX          64u

#define WSMAN_ENVELOPE_BYTES_MIN     8192u /* DSP0226, R13.1-2: less may be refused */
#define WSMAN_TIMEOUT_DEFAULT_MS     60000
#define WSMAN_TIMEOUT_LONGEST_MS     3600000

#define WSMAN_ENVELOPE_WITHOUT_LIMIT G_MAXSIZE

typedef struct
{
  const char *action;     /* NULL: not said, as below */
  const char *message_id; /* as it is to be related to */
  gboolean has_resource;
  WsmanResource resource;
  const CimKey *selectors; /* without those that aren't keys, __cimnamespace and the like */
  guint n_selectors;
  const char *namespace_;      /* of the URI, or of the selector __cimnamespace */
  const CairnXmlNode *options; /* w:OptionSet, or NULL */
  size_t envelope_bytes_max;   /* of the answer, in its own encoding */
  int64_t timeout_ms;
  const CairnXmlNode *stranger; /* the header that isn't understood, and must be; NULL */
  const CairnXmlNode *body;     /* the first element of s:Body; NULL: it is empty */
} WsmanEnvelope;

/* Parses the headers, and judges them: FALSE with a fault; what was read until then (message_id)
 * stays. */
gboolean wsman_envelope_parse (CairnXmlDocument *document, WsmanEnvelope *envelope, GError **error);

/* An option's value, "" when it has none; NULL when it isn't there. Letter case is ignored. */
const char *wsman_envelope_option (const WsmanEnvelope *envelope, const char *name);

/* Every action's argument: one of xs:boolean's true or 1. */
gboolean wsman_is_true (const char *text);

#endif
