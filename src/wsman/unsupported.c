/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Put, Create and Delete: Hyper-V's classes are changed by methods, and so are ours. A class that
 * isn't there is told first. */
#include "wsman/exchange.h"
#include "wsman/names.h"

static gboolean
refuse (WsmanExchange *exchange, GError **error)
{
  if (!wsman_exchange_find_class (exchange, error))
    return FALSE;
  g_set_error (error, CIM_ERROR, CIM_ERR_NOT_SUPPORTED,
               "instances of %s can't be created, changed or deleted this way; call a method of "
               "their service",
               exchange->class->name);
  return FALSE;
}

const WsmanOperation wsman_put = { WSMAN_NS_TRANSFER "/Put", WSMAN_ABOUT_SELECTORS, refuse, NULL };
const WsmanOperation wsman_create
    = { WSMAN_NS_TRANSFER "/Create", WSMAN_ABOUT_SELECTORS, refuse, NULL };
const WsmanOperation wsman_delete
    = { WSMAN_NS_TRANSFER "/Delete", WSMAN_ABOUT_SELECTORS, refuse, NULL };
