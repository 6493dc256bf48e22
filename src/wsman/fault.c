/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of faults.
 * Source: DSP0226 section 14 and its annex of faults; codes of WSManFault: Windows' wsmerror.h. */
#include "wsman/fault.h"

#include <cairn/error.h>

#include "cim/error.h"
#include "wsman/names.h"
#include "xml/xml.h"

#define FAULT_WSMAN       "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
#define FAULT_ADDRESSING  WSMAN_NS_ADDRESSING "/fault"
#define FAULT_ENUMERATION WSMAN_NS_ENUMERATION "/fault"
#define FAULT_TRANSFER    WSMAN_NS_TRANSFER "/fault"

typedef struct
{
  const char *code;      /* s:Value of s:Code */
  const char *subcode;   /* NULL = none */
  const char *detail;    /* the end of w:FaultDetail; NULL = none */
  guint32 wsmanfault;    /* f:WSManFault's Code */
  const char *supported; /* XML in s:Detail, or NULL */
  CimErrorCode status;   /* what it is called in CIM, when we found it ourselves; 0 = nothing */
} Row;

#define SUPPORTED(dialect) "<n:SupportedDialect>" dialect "</n:SupportedDialect>"

static const Row table[WSMAN_N_FAULTS] = {
  [WSMAN_FAULT_VERSION_MISMATCH] = { "s:VersionMismatch", NULL, NULL, 0x80338041 },
  [WSMAN_FAULT_MUST_UNDERSTAND] = { "s:MustUnderstand", NULL, NULL, 0x80338041 },
  [WSMAN_FAULT_HEADER_REQUIRED]
  = { "s:Sender", "a:MessageInformationHeaderRequired", NULL, 0x80338010 },
  [WSMAN_FAULT_INVALID_HEADER]
  = { "s:Sender", "a:InvalidMessageInformationHeader", NULL, 0x8033800F },
  [WSMAN_FAULT_ADDRESSING_MODE]
  = { "s:Sender", "w:UnsupportedFeature", "AddressingMode", 0x80338042 },
  [WSMAN_FAULT_INVALID_RESOURCE]
  = { "s:Sender", "a:DestinationUnreachable", "InvalidResourceURI", 0x80338000 },
  [WSMAN_FAULT_INVALID_CLASS]
  = { "s:Sender", "a:DestinationUnreachable", "InvalidResourceURI", 0x803380FA },
  [WSMAN_FAULT_INVALID_NAMESPACE]
  = { "s:Sender", "a:DestinationUnreachable", "InvalidResourceURI", 0x8033801A },
  [WSMAN_FAULT_NOT_FOUND]
  = { "s:Sender", "a:DestinationUnreachable", "InvalidResourceURI", 0x80338000 },
  [WSMAN_FAULT_INSUFFICIENT_SELECTORS]
  = { "s:Sender", "w:InvalidSelectors", "InsufficientSelectors", 0x8033805B, NULL,
      CIM_ERR_INVALID_PARAMETER },
  [WSMAN_FAULT_UNEXPECTED_SELECTORS] = { "s:Sender", "w:InvalidSelectors", "UnexpectedSelectors",
                                         0x8033805B, NULL, CIM_ERR_INVALID_PARAMETER },
  [WSMAN_FAULT_DUPLICATE_SELECTORS] = { "s:Sender", "w:InvalidSelectors", "DuplicateSelectors",
                                        0x8033805B, NULL, CIM_ERR_INVALID_PARAMETER },
  [WSMAN_FAULT_SELECTOR_TYPE] = { "s:Sender", "w:InvalidSelectors", "TypeMismatch", 0x8033805B,
                                  NULL, CIM_ERR_INVALID_PARAMETER },
  [WSMAN_FAULT_UNKNOWN_ACTION] = { "s:Sender", "a:ActionNotSupported", NULL, 0x80338041 },
  [WSMAN_FAULT_NOT_SUPPORTED] = { "s:Sender", "a:ActionNotSupported", NULL, 0x80338001 },
  [WSMAN_FAULT_SCHEMA] = { "s:Sender", "w:SchemaValidationError", NULL, 0x80338041 },
  [WSMAN_FAULT_PARAMETER_NAME] = { "s:Sender", "w:InvalidParameter", "InvalidName", 0x8033811E,
                                   NULL, CIM_ERR_INVALID_PARAMETER },
  [WSMAN_FAULT_PARAMETER_VALUE] = { "s:Sender", "w:InvalidParameter", "InvalidValue", 0x8033811E,
                                    NULL, CIM_ERR_INVALID_PARAMETER },
  [WSMAN_FAULT_ACCESS_DENIED] = { "s:Sender", "w:AccessDenied", NULL, 5 },
  [WSMAN_FAULT_ALREADY_EXISTS] = { "s:Sender", "w:AlreadyExists", NULL, 0x80338002 },
  [WSMAN_FAULT_INTERNAL] = { "s:Receiver", "w:InternalError", NULL, 0x80338003 },
  [WSMAN_FAULT_UNAVAILABLE] = { "s:Receiver", "a:EndpointUnavailable", NULL, 0x80338003 },
  [WSMAN_FAULT_FILTER] = { "s:Sender", "n:CannotProcessFilter", NULL, 0x80338053 },
  [WSMAN_FAULT_FILTER_DIALECT]
  = { "s:Sender", "n:FilterDialectRequestedUnavailable", NULL, 0x80338052,
      SUPPORTED (WSMAN_DIALECT_WQL) SUPPORTED (WSMAN_DIALECT_ASSOCIATION)
          SUPPORTED (WSMAN_DIALECT_SELECTOR) },
  [WSMAN_FAULT_FILTERING] = { "s:Sender", "n:FilteringNotSupported", NULL, 0x80338051 },
  [WSMAN_FAULT_CONTEXT] = { "s:Receiver", "n:InvalidEnumerationContext", NULL, 0x8033800E },
  [WSMAN_FAULT_EXPIRATION] = { "s:Sender", "n:InvalidExpirationTime", NULL, 0x8033800C },
  [WSMAN_FAULT_TIMED_OUT] = { "s:Receiver", "w:TimedOut", NULL, 0x80338029 },
  [WSMAN_FAULT_ENVELOPE_SIZE] = { "s:Sender", "w:EncodingLimit", "MaxEnvelopeSize", 0x80338048 },
  [WSMAN_FAULT_MINIMUM_ENVELOPE]
  = { "s:Sender", "w:EncodingLimit", "MinimumEnvelopeLimit", 0x80338048 },
  [WSMAN_FAULT_FRAGMENT]
  = { "s:Sender", "w:UnsupportedFeature", "FragmentLevelAccess", 0x80338042 },
  [WSMAN_FAULT_LOCALE] = { "s:Sender", "w:UnsupportedFeature", "Locale", 0x80338042 },
  [WSMAN_FAULT_OPTION] = { "s:Sender", "w:InvalidOptions", "NotSupported", 0x80338047 },
  [WSMAN_FAULT_QUOTA] = { "s:Receiver", "w:QuotaLimit", NULL, 0x803381A6 },
};

G_DEFINE_QUARK (wsman - fault, wsman_fault)

static WsmanFaultKind
kind_of_parameter (WsmanAbout about, gboolean is_type)
{
  if (about == WSMAN_ABOUT_ARGUMENTS)
    return WSMAN_FAULT_PARAMETER_VALUE;
  if (about == WSMAN_ABOUT_FILTER)
    return WSMAN_FAULT_FILTER;
  return is_type ? WSMAN_FAULT_SELECTOR_TYPE : WSMAN_FAULT_INSUFFICIENT_SELECTORS;
}

WsmanFaultKind
wsman_fault_kind (const GError *error, WsmanAbout about)
{
  if (error->domain == WSMAN_FAULT)
    return (WsmanFaultKind)error->code;
  if (g_error_matches (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT))
    return WSMAN_FAULT_TIMED_OUT;
  switch (cim_error_status (error))
    {
    case CIM_ERR_ACCESS_DENIED:
      return WSMAN_FAULT_ACCESS_DENIED;
    case CIM_ERR_INVALID_NAMESPACE:
      return WSMAN_FAULT_INVALID_NAMESPACE;
    case CIM_ERR_INVALID_CLASS:
      return WSMAN_FAULT_INVALID_CLASS;
    case CIM_ERR_NOT_FOUND:
      return WSMAN_FAULT_NOT_FOUND;
    case CIM_ERR_INVALID_PARAMETER:
    case CIM_ERR_NO_SUCH_PROPERTY:
      return kind_of_parameter (about, FALSE);
    case CIM_ERR_TYPE_MISMATCH:
      return kind_of_parameter (about, TRUE);
    case CIM_ERR_NOT_SUPPORTED:
      return WSMAN_FAULT_NOT_SUPPORTED;
    case CIM_ERR_METHOD_NOT_AVAILABLE:
    case CIM_ERR_METHOD_NOT_FOUND:
      return WSMAN_FAULT_UNKNOWN_ACTION;
    case CIM_ERR_ALREADY_EXISTS:
      return WSMAN_FAULT_ALREADY_EXISTS;
    case CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED:
      return WSMAN_FAULT_FILTER_DIALECT;
    case CIM_ERR_INVALID_QUERY:
      return WSMAN_FAULT_FILTER;
    case CIM_ERR_FILTERED_ENUMERATION_NOT_SUPPORTED:
      return WSMAN_FAULT_FILTERING;
    case CIM_ERR_INVALID_ENUMERATION_CONTEXT:
      return WSMAN_FAULT_CONTEXT;
    case CIM_ERR_INVALID_OPERATION_TIMEOUT:
      return WSMAN_FAULT_EXPIRATION;
    case CIM_ERR_SERVER_LIMITS_EXCEEDED:
      return WSMAN_FAULT_QUOTA;
    case CIM_ERR_SERVER_IS_SHUTTING_DOWN:
      return WSMAN_FAULT_UNAVAILABLE;
    default:
      return WSMAN_FAULT_INTERNAL;
    }
}

const char *
wsman_fault_action (WsmanFaultKind kind)
{
  const char *subcode = table[kind].subcode;

  if (!subcode)
    return FAULT_ADDRESSING; /* SOAP's own */
  switch (*subcode)
    {
    case 'a':
      return FAULT_ADDRESSING;
    case 'n':
      return FAULT_ENUMERATION;
    default:
      return FAULT_WSMAN;
    }
}

/* ---- CIM's error in the detail ---- */

/* What WMI calls a status: its HRESULT. Two are told by WS-Management's own code, which clients
 * compare with. */
static guint32
hresult_of (CimErrorCode status)
{
  static const struct
  {
    CimErrorCode status;
    guint32 hresult;
  } known[] = {
    { CIM_ERR_ACCESS_DENIED, 0x80041003 },
    { CIM_ERR_INVALID_NAMESPACE, 0x8033801A },
    { CIM_ERR_INVALID_PARAMETER, 0x80041008 },
    { CIM_ERR_INVALID_CLASS, 0x803380FA },
    { CIM_ERR_NOT_FOUND, 0x80041002 },
    { CIM_ERR_NOT_SUPPORTED, 0x8004100C },
    { CIM_ERR_ALREADY_EXISTS, 0x80041019 },
    { CIM_ERR_NO_SUCH_PROPERTY, 0x80041031 },
    { CIM_ERR_TYPE_MISMATCH, 0x80041005 },
    { CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, 0x80041018 },
    { CIM_ERR_INVALID_QUERY, 0x80041017 },
    { CIM_ERR_METHOD_NOT_AVAILABLE, 0x80041055 },
    { CIM_ERR_METHOD_NOT_FOUND, 0x8004102E },
    { CIM_ERR_SERVER_LIMITS_EXCEEDED, 0x8004106C },
    { CIM_ERR_SERVER_IS_SHUTTING_DOWN, 0x80041033 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].status == status)
      return known[i].hresult;
  return 0x80041001; /* WBEM_E_FAILED */
}

static void
append_cim_error (GString *out, CimErrorCode status, const GError *error)
{
  guint32 hresult = hresult_of (status);

  g_string_append_printf (
      out,
      "<p:MSFT_WmiError b:IsCIM_Error=\"true\""
      " xmlns:p=\"http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError\""
      " xmlns:b=\"" WSMAN_NS_BINDING "\" xmlns:cim=\"" WSMAN_NS_COMMON
      "\" xmlns:xsi=\"" WSMAN_NS_XSI "\" xsi:type=\"p:MSFT_WmiError_Type\">"
      "<p:CIMStatusCode xsi:type=\"cim:cimUnsignedInt\">%d</p:CIMStatusCode>"
      "<p:CIMStatusCodeDescription xsi:type=\"cim:cimString\">%s</p:CIMStatusCodeDescription>"
      "<p:Message xsi:type=\"cim:cimString\">",
      (int)status, cim_error_name (status));
  cairn_xml_append_escaped (out, error->message);
  g_string_append_printf (
      out,
      "</p:Message><p:MessageID xsi:type=\"cim:cimString\">HRESULT 0x%08x</p:MessageID>"
      "<p:error_Category xsi:type=\"cim:cimUnsignedInt\">0</p:error_Category>"
      "<p:error_Code xsi:type=\"cim:cimUnsignedInt\">%u</p:error_Code>"
      "<p:error_Type xsi:type=\"cim:cimString\">HRESULT</p:error_Type>"
      "<p:error_WindowsErrorMessage xsi:type=\"cim:cimString\">",
      hresult, hresult);
  cairn_xml_append_escaped (out, error->message);
  wsman_append (out, "</p:error_WindowsErrorMessage></p:MSFT_WmiError>");
}

void
wsman_fault_append (GString *out, WsmanFaultKind kind, const GError *error, const char *machine)
{
  const Row *row = &table[kind];
  CimErrorCode status = error->domain == WSMAN_FAULT ? row->status : cim_error_status (error);

  g_string_append_printf (out, "<s:Fault><s:Code><s:Value>%s</s:Value>", row->code);
  if (row->subcode)
    g_string_append_printf (out, "<s:Subcode><s:Value>%s</s:Value></s:Subcode>", row->subcode);
  wsman_append (out, "</s:Code><s:Reason><s:Text xml:lang=\"en-US\">");
  cairn_xml_append_escaped (out, error->message);
  wsman_append (out, "</s:Text></s:Reason><s:Detail>");
  if (row->detail)
    g_string_append_printf (out, "<w:FaultDetail>" WSMAN_FAULT_DETAIL "%s</w:FaultDetail>",
                            row->detail);
  if (row->supported)
    g_string_append (out, row->supported);
  g_string_append_printf (
      out, "<f:WSManFault xmlns:f=\"" WSMAN_NS_FAULT "\" Code=\"%u\" Machine=\"", row->wsmanfault);
  cairn_xml_append_escaped (out, machine);
  wsman_append (out, "\"><f:Message>");
  cairn_xml_append_escaped (out, error->message);
  wsman_append (out, "</f:Message></f:WSManFault>");
  if (status)
    append_cim_error (out, status, error);
  wsman_append (out, "</s:Detail></s:Fault>");
}
