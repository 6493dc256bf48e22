/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Identify: what is here, for anyone. Source: DSP0226, section 11. */
#include "wsman/exchange.h"
#include "wsman/names.h"

#define VENDOR  "Cairn"
#define PROFILE "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/"

static gboolean
prepare (WsmanExchange *exchange, GError **error)
{
  exchange->is_quick = TRUE;
  return TRUE;
}

/* The version is for those who have signed in. */
static gboolean
run (WsmanExchange *exchange, GError **error)
{
  GString *out = exchange->out;

  wsman_append (out,
                "<s:Envelope xml:lang=\"en-US\" xmlns:s=\"" WSMAN_NS_SOAP "\"><s:Header/><s:Body>"
                "<wsmid:IdentifyResponse xmlns:wsmid=\"" WSMAN_NS_IDENTITY "\">"
                "<wsmid:ProtocolVersion>" WSMAN_NS_WSMAN "</wsmid:ProtocolVersion>"
                "<wsmid:ProductVendor>" VENDOR "</wsmid:ProductVendor>"
                "<wsmid:ProductVersion>");
  if (exchange->is_authenticated)
    g_string_append (out, exchange->server->product_version);
  wsman_append (out, "</wsmid:ProductVersion><wsmid:SecurityProfiles>"
                     "<wsmid:SecurityProfileName>" PROFILE "http/basic"
                     "</wsmid:SecurityProfileName>");
  if (exchange->server->has_tls_basic)
    wsman_append (out, "<wsmid:SecurityProfileName>" PROFILE "https/basic"
                       "</wsmid:SecurityProfileName>");
  wsman_append (out, "</wsmid:SecurityProfiles></wsmid:IdentifyResponse></s:Body></s:Envelope>");
  return TRUE;
}

const WsmanOperation wsman_identify = { NULL, WSMAN_ABOUT_SELECTORS, prepare, run };
