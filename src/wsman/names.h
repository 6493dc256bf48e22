/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* names.h: the URIs of WS-Management as WinRM speaks it.
 *
 * Source: DSP0226, WS-Management; DSP0227, its CIM binding; DSP0230, WS-CIM; WS-Addressing 2004/08;
 * WS-Transfer and WS-Enumeration 2004/09.
 */
#ifndef WSMAN_NAMES_H
#define WSMAN_NAMES_H

#define WSMAN_NS_SOAP        "http://www.w3.org/2003/05/soap-envelope"
#define WSMAN_NS_ADDRESSING  "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define WSMAN_NS_TRANSFER    "http://schemas.xmlsoap.org/ws/2004/09/transfer"
#define WSMAN_NS_ENUMERATION "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
#define WSMAN_NS_WSMAN       "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
#define WSMAN_NS_BINDING     "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
#define WSMAN_NS_WINRM       "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
#define WSMAN_NS_FAULT       "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
#define WSMAN_NS_COMMON      "http://schemas.dmtf.org/wbem/wscim/1/common"
#define WSMAN_NS_XSI         "http://www.w3.org/2001/XMLSchema-instance"
#define WSMAN_NS_XML         "http://www.w3.org/XML/1998/namespace"
#define WSMAN_NS_IDENTITY    "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"

#define WSMAN_ANONYMOUS      WSMAN_NS_ADDRESSING "/role/anonymous"
#define WSMAN_FAULT_DETAIL   "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"

#define WSMAN_DIALECT_WQL    "http://schemas.microsoft.com/wbem/wsman/1/WQL"
#define WSMAN_DIALECT_ASSOCIATION                                                                  \
  "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"
#define WSMAN_DIALECT_SELECTOR "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"

/* Appending a text whose length is known when it is compiled. */
#define wsman_append(out, literal) g_string_append_len (out, literal, sizeof (literal) - 1)

#endif
