/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* epr.h: selectors, and endpoint references: object paths as WS-Management writes them.
 *
 *   <a:Address>...anonymous</a:Address>
 *   <a:ReferenceParameters>
 *     <w:ResourceURI>class</w:ResourceURI>
 *     <w:SelectorSet><w:Selector Name="key">value</w:Selector>...</w:SelectorSet>
 *   </a:ReferenceParameters>
 *
 * A key that is a reference has an a:EndpointReference as its value. The address is always the
 * asker's, and isn't looked at.
 */
#ifndef WSMAN_EPR_H
#define WSMAN_EPR_H

#include "cim/path.h"
#include "wsman/resource.h"
#include "xml/xml.h"

/* Names that begin with two underscores aren't keys: the namespace and the server are kept, the
 * others dropped. */
typedef struct
{
  const CimKey *keys;
  guint n_keys;
  const char *namespace_; /* NULL = not said, as below */
  const char *server;
} WsmanSelectors;

/* Of <w:SelectorSet>. In the document's arena. InvalidSelectors. */
gboolean wsman_selectors_read (CairnXmlDocument *document, const CairnXmlNode *set,
                               WsmanSelectors *selectors, GError **error);

/* NODE holds an EPR's content, or an a:EndpointReference with it. NULL without an error: it holds
 * neither. */
const CimPath *wsman_epr_read (CairnXmlDocument *document, const CairnXmlNode *node,
                               GError **error);

/* An EPR's content. NAMESPACE_FLAG: where the path says none. */
void wsman_epr_append (GString *out, WsmanFamily family, unsigned namespace_flag,
                       const CimPath *path);

#endif
