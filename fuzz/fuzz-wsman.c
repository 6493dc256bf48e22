/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-wsman.c: any bytes as a message of WS-Management. What it must not do: crash, hang, give an
 * answer that isn't well-formed or larger than allowed, or give one who hasn't signed in anything
 * but Identify. "CONTEXT" in the input stands for an enumeration that is open.
 */
#include <string.h>

#include "../tests/wsman-host.h"
#include "target.h"

#define N_POINTS 40
#define ENUMERATE                                                                                  \
  "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'"                                  \
  " xmlns:a='http://schemas.xmlsoap.org/ws/2004/08/addressing'"                                    \
  " xmlns:n='http://schemas.xmlsoap.org/ws/2004/09/enumeration'"                                   \
  " xmlns:w='http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd'><s:Header>"                           \
  "<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/"           \
  "Msvm_VirtualSystemReferencePoint</w:ResourceURI><a:MessageID>1</a:MessageID>"                   \
  "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate</a:Action></s:Header>"    \
  "<s:Body><n:Enumerate/></s:Body></s:Envelope>"
#define BEFORE_ID "<n:EnumerationContext>uuid:"

static void
require (gboolean condition)
{
  if (!condition)
    __builtin_trap ();
}

/* The input with an open context put in. */
static GString *
complete (WsmanHost *host, const uint8_t *bytes, size_t size)
{
  g_autoptr (WsmanExchange) opened = wsman_host_post (host, ENUMERATE, strlen (ENUMERATE));
  const char *id = strstr (opened->out->str, BEFORE_ID) + strlen (BEFORE_ID);
  const char *place = g_strstr_len ((const char *)bytes, (gssize)size, "CONTEXT");
  GString *message = g_string_new_len ((const char *)bytes, (gssize)size);

  if (place)
    {
      g_string_erase (message, place - (const char *)bytes, strlen ("CONTEXT"));
      g_string_insert_len (message, place - (const char *)bytes, id, 36);
    }
  return message;
}

static void
check_answer (const WsmanExchange *exchange)
{
  g_autoptr (CairnXmlDocument) document = NULL;

  require (exchange->status == 200 || exchange->status == 500);
  if (exchange->status == 200)
    require (exchange->out->len <= exchange->envelope.envelope_bytes_max);
  if (exchange->out->len > CAIRN_XML_BYTES_MAX)
    return;
  document = cairn_xml_parse (exchange->out->str, exchange->out->len, NULL);
  require (document != NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  g_autoptr (WsmanHost) host = wsman_host_new (N_POINTS);
  g_autoptr (GString) message = complete (host, bytes, size);
  g_autoptr (WsmanExchange) known = wsman_host_post (host, message->str, message->len);
  g_autoptr (WsmanExchange) unknown = NULL;

  check_answer (known);
  host->caller->is_authenticated = FALSE;
  unknown = wsman_host_post (host, message->str, message->len);
  check_answer (unknown);
  require (unknown->status == 500 || unknown->operation == &wsman_identify);
  return 0;
}
