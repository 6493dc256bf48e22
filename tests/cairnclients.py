# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients of the service, written for the tests: WS-Management and CIM-XML over one kept connection each.
Both have the same methods, so that a test can go through the two of them:

    vm = Ref("Msvm_ComputerSystem", CreationClassName="Msvm_ComputerSystem", Name=guid)
    answer = client.invoke(service, "ImportReferencePointMetadata", AffectedSystem=vm, ConfigFilePath=a,
                           RuntimeStateFilePath=b)
    answer.value, answer.out["Job"], answer.message
    client.get(vm)["ElementName"]; client.query("SELECT * FROM ..."); client.enumerate("Msvm_ConcreteJob")

An instance is an Instance: a dict of texts, Refs, lists of these (where an element is repeated or the type is
an array) and None. What the server refuses is raised as Refused, with its code and text.
"""
import base64
import http.client
import re
import socket
import uuid
import xml.etree.ElementTree as ElementTree
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from cairntest import *

NAMESPACE = "root/virtualization/v2"
CIM_SCHEMA = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
BINDING = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ANONYMOUS = ADDRESSING + "/role/anonymous"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
ASSOCIATION_FILTER = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
TIMEOUT = 60


class Refused(Failure):
    """A fault or a CIM error: .code is the subcode without its prefix, or the CIM status code; .text what the
    server says; .status HTTP's."""

    def __init__(self, code, text, status):
        super().__init__(f"refused with {code} (HTTP {status}): {text}")
        self.code, self.text, self.status = code, text, status


def refused(code, call, *args, sentence=None, **more):
    """CALL must be refused with CODE (of WS-Management, or of CIM-XML); gives the Refused."""
    try:
        answer = call(*args, **more)
    except Refused as problem:
        true(problem.code == code, f"wanted {code}: {problem}")
        if sentence:
            matches(problem.text, sentence, "refusal")
        return problem
    fail(f"should be refused with {code}: {answer}")
    return None


class Ref:
    """A reference: CLASS_NAME and keys."""

    def __init__(self, class_name, **keys):
        self.class_name, self.keys = class_name, keys

    def __eq__(self, other):
        return isinstance(other, Ref) and (self.class_name, self.keys) == (other.class_name, other.keys)

    def __repr__(self):
        return self.path()

    def path(self):
        """The object path, as WMI spells it: Class.Key="...", backslashes doubled."""
        keys = ",".join('{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
                        for name, value in self.keys.items())
        return f"{self.class_name}.{keys}"


class Instance(dict):
    """A CIM instance: its class's name and its properties."""

    def __init__(self, class_name, properties):
        super().__init__(properties)
        self.class_name = class_name

    def list(self, name):
        """The property as a list, whatever the protocol made of it."""
        value = self[name] if name in self else None
        return [] if value is None else value if isinstance(value, list) else [value]


class Answer:
    """Of a method: .value, .out (an Instance), .message (the sentence of a failure, or None)."""

    def __init__(self, value, out, message):
        self.value, self.out, self.message = value, out, message

    def __repr__(self):
        return f"{self.value} {self.message or ''} {dict(self.out)}"


def local(element):
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


class Connection:
    """HTTP/1.1, kept alive. UNIX: the path of a socket instead of a port."""

    def __init__(self, port=None, user=None, password="secret", unix=None):
        self.http = http.client.HTTPConnection("127.0.0.1", port or 0, timeout=TIMEOUT)
        if unix:
            self.http.sock = socket.socket(socket.AF_UNIX)
            self.http.sock.settimeout(TIMEOUT)
            self.http.sock.connect(unix)
        self.headers = {}
        if user is not None:
            self.headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def post(self, path, body, **headers):
        """The answer's (status, headers, body)."""
        self.http.request("POST", path, body.encode() if isinstance(body, str) else body,
                          {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})
        answer = self.http.getresponse()
        return answer.status, answer.headers, answer.read()

    def close(self):
        self.http.close()


# ---- WS-Management ----

def epr(ref, base):
    """The inside of an a:EndpointReference."""
    namespace = "" if base.startswith(WMI) else f'<w:Selector Name="__cimnamespace">{NAMESPACE}</w:Selector>'
    selectors = "".join(f"<w:Selector Name={quoteattr(n)}>{escape(v)}</w:Selector>" for n, v in ref.keys.items())
    return (f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>{base}{ref.class_name}"
            f"</w:ResourceURI><w:SelectorSet>{namespace}{selectors}</w:SelectorSet></a:ReferenceParameters>")


def read_epr(element):
    """A Ref of an element with the inside of an EPR."""
    parameters = element.find(f"{{{ADDRESSING}}}ReferenceParameters")
    keys = {s.get("Name"): read_selector(s) for s in parameters.iter(f"{{{WSMAN}}}Selector")
            if s.get("Name") != "__cimnamespace"}
    return Ref(parameters.find(f"{{{WSMAN}}}ResourceURI").text.rpartition("/")[2], **keys)


def read_selector(selector):
    inner = selector.find(f"{{{ADDRESSING}}}EndpointReference")
    return selector.text or "" if inner is None else read_epr(inner)


def read_property(element):
    if element.get(f"{{{XSI}}}nil") == "true":
        return None
    if element.find(f"{{{ADDRESSING}}}ReferenceParameters") is not None:
        return read_epr(element)
    return element[0].text if len(element) else element.text or ""  # cim:Datetime, or text


def read_item(element):
    """An Instance of an instance's element, or a Ref of an EPR's."""
    if local(element) == "EndpointReference":
        return read_epr(element)
    if local(element) == "Item":
        return [read_item(part) for part in element]
    properties = {}
    for child in element:
        properties.setdefault(local(child), []).append(read_property(child))
    properties = {name: values if len(values) > 1 else values[0] for name, values in properties.items()}
    return Instance(local(element), properties)


class Soap:
    """A WS-Management client. BASE: of the resource URIs, the dmtf or the wmi family."""

    name = "WS-Management"

    def __init__(self, connection, base=CIM_SCHEMA):
        self.connection, self.base = connection, base
        if base == WMI:
            self.base = WMI + NAMESPACE + "/"

    def uri(self, class_name):
        return class_name if "//" in class_name else self.base + class_name

    def send(self, action, resource, body, ref=None, headers=""):
        """Sends one message; gives (body's child, HTTP headers). RESOURCE: a class, or a URI."""
        keys = dict(ref.keys) if ref else {}
        if not self.base.startswith(WMI):
            keys = {"__cimnamespace": NAMESPACE, **keys}
        selectors = "".join(f"<w:Selector Name={quoteattr(n)}>{escape(v)}</w:Selector>" if isinstance(v, str) else
                            f"<w:Selector Name={quoteattr(n)}><a:EndpointReference>{epr(v, self.base)}"
                            "</a:EndpointReference></w:Selector>" for n, v in keys.items())
        message = (
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:n="{ENUMERATION}" xmlns:w="{WSMAN}" '
            f'xmlns:b="{BINDING}"><s:Header><a:To>http://127.0.0.1/wsman</a:To>'
            f'<w:ResourceURI s:mustUnderstand="true">{escape(self.uri(resource))}</w:ResourceURI>'
            f"<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>"
            f'<a:Action s:mustUnderstand="true">{action}</a:Action><a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>'
            f"<w:SelectorSet>{selectors}</w:SelectorSet>{headers}</s:Header><s:Body>{body}</s:Body></s:Envelope>")
        return self.exchange(message)

    def exchange(self, message):
        """Sends a whole envelope."""
        status, headers, answer = self.connection.post("/wsman", message,
                                                       Content_Type="application/soap+xml;charset=UTF-8")
        if status not in (200, 500):
            raise Refused(status, answer.decode(errors="replace"), status)
        body = ElementTree.fromstring(answer).find(f"{{{SOAP}}}Body")
        child = body[0] if len(body) else None
        if child is not None and local(child) == "Fault":
            raise self._fault(child, status)
        equal(status, 200, "HTTP status of an answer that is no fault")
        return child, headers

    def _fault(self, fault, status):
        equal(status, 500, "HTTP status of a fault")
        code = [v.text for v in fault.iter(f"{{{SOAP}}}Value")][-1]
        return Refused(code.rpartition(":")[2], fault.find(f".//{{{SOAP}}}Text").text, status)

    def get(self, ref):
        return read_item(self.send(f"{TRANSFER}/Get", ref.class_name, "", ref)[0])

    def enumerate(self, class_name, **how):
        """All instances; HOW as for items()."""
        return list(self.items(class_name, **how))

    def query(self, text, **how):
        """What a WQL query selects."""
        return self.enumerate("*", filter_xml=wql(text), **how)

    def associated(self, ref, association="", result="", role=""):
        """The instances associated with REF, by the filter that CIM cmdlets send."""
        parts = [f"<b:AssociationClassName>{association}</b:AssociationClassName>"] if association else []
        parts += [f"<b:Role>{role}</b:Role>"] if role else []
        parts += [f"<b:ResultClassName>{result}</b:ResultClassName>"] if result else []
        return self.enumerate("*", filter_xml=f'<w:Filter Dialect="{ASSOCIATION_FILTER}"><b:AssociatedInstances>'
                              f"<b:Object>{epr(ref, self.base)}</b:Object>{''.join(parts)}"
                              "</b:AssociatedInstances></w:Filter>")

    def items(self, class_name, filter_xml="", mode="", size=None, pull_class=None):
        """Enumerates and pulls, SIZE items at a time (default: one, as libvirt does)."""
        mode = f"<w:EnumerationMode>{mode}</w:EnumerationMode>" if mode else ""
        answer, _ = self.send(f"{ENUMERATION}/Enumerate", class_name, f"<n:Enumerate>{filter_xml}{mode}</n:Enumerate>")
        context = answer.find(f"{{{ENUMERATION}}}EnumerationContext").text
        limit = f"<n:MaxElements>{size}</n:MaxElements>" if size else ""
        while context:
            answer, _ = self.send(f"{ENUMERATION}/Pull", pull_class or class_name,
                                  f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>{limit}</n:Pull>")
            for element in answer.find(f"{{{ENUMERATION}}}Items"):
                yield read_item(element)
            context = answer.findtext(f"{{{ENUMERATION}}}EnumerationContext")

    def invoke(self, ref, method, **arguments):
        uri = self.uri(ref.class_name)
        given = "".join(self._argument(name, value) for name, value in arguments.items())
        output, headers = self.send(f"{uri}/{method}", ref.class_name,
                                    f'<p:{method}_INPUT xmlns:p="{uri}" xmlns:xsi="{XSI}">{given}</p:{method}_INPUT>',
                                    ref)
        equal(output.tag, f"{{{uri}}}{method}_OUTPUT", "the answer's element")
        out = read_item(output)
        return Answer(int(out.pop("ReturnValue")), out, headers.get("X-Cairn-Message"))

    def _argument(self, name, value):
        if isinstance(value, list):
            return "".join(self._argument(name, one) for one in value)
        if value is None:
            return f'<p:{name} xsi:nil="true"/>'
        inner = epr(value, self.base) if isinstance(value, Ref) else escape(str(value))
        return f"<p:{name}>{inner}</p:{name}>"


def wql(text):
    """The filter of an Enumerate."""
    return f'<w:Filter Dialect="{WQL}">{escape(text)}</w:Filter>'


# ---- CIM-XML ----

def instance_name(ref):
    """INSTANCENAME of a Ref."""
    keys = "".join(f"<KEYBINDING NAME={quoteattr(n)}>" + (
        f'<KEYVALUE VALUETYPE="string">{escape(v)}</KEYVALUE>' if isinstance(v, str) else
        f"<VALUE.REFERENCE>{local_path(v)}</VALUE.REFERENCE>") + "</KEYBINDING>" for n, v in ref.keys.items())
    return f"<INSTANCENAME CLASSNAME={quoteattr(ref.class_name)}>{keys}</INSTANCENAME>"


LOCAL_NAMESPACE = ("<LOCALNAMESPACEPATH>" + "".join(f'<NAMESPACE NAME="{part}"/>' for part in NAMESPACE.split("/"))
                   + "</LOCALNAMESPACEPATH>")


def local_path(ref):
    return f"<LOCALINSTANCEPATH>{LOCAL_NAMESPACE}{instance_name(ref)}</LOCALINSTANCEPATH>"


def read_name(element):
    """A Ref of what has an INSTANCENAME in it."""
    name = element if element.tag == "INSTANCENAME" else element.find(".//INSTANCENAME")
    keys = {k.get("NAME"): k[0].text or "" if k[0].tag == "KEYVALUE" else read_name(k[0]) for k in name}
    return Ref(name.get("CLASSNAME"), **keys)


def read_value(element):
    """Of what may hold a VALUE, a VALUE.ARRAY or a VALUE.REFERENCE."""
    for child in element:
        if child.tag == "VALUE":
            return child.text or ""
        if child.tag == "VALUE.ARRAY":
            return [value.text or "" for value in child]
        if child.tag == "VALUE.REFERENCE":
            return read_name(child)
    return None


def read_instance(element):
    """An Instance of what has an INSTANCE in it."""
    instance = element if element.tag == "INSTANCE" else element.find(".//INSTANCE")
    return Instance(instance.get("CLASSNAME"), {p.get("NAME"): read_value(p) for p in instance
                                                if p.tag.startswith("PROPERTY")})


class CimXml:
    """A CIM-XML client."""

    name = "CIM-XML"

    def __init__(self, connection):
        self.connection = connection

    def _send(self, call, method, cim_object):
        message = ('<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
                   f'<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ>{call}</SIMPLEREQ></MESSAGE></CIM>')
        status, headers, answer = self.connection.post(
            "/cimom", message, Content_Type='application/xml; charset="utf-8"', CIMOperation="MethodCall",
            CIMMethod=method, CIMObject=cim_object)
        if status != 200:
            raise Refused(status, headers.get("CIMError") or answer.decode(errors="replace"), status)
        response = ElementTree.fromstring(answer).find("MESSAGE/SIMPLERSP")[0]
        error = response.find("ERROR")
        if error is not None:
            raise Refused(int(error.get("CODE")), error.get("DESCRIPTION"), status)
        return response, headers

    def operation(self, name, **parameters):
        """An intrinsic operation; PARAMETERS are XML. Gives the children of its IRETURNVALUE."""
        given = "".join(f'<IPARAMVALUE NAME="{n}">{x}</IPARAMVALUE>' for n, x in parameters.items() if x)
        response, _ = self._send(f'<IMETHODCALL NAME="{name}">{LOCAL_NAMESPACE}{given}</IMETHODCALL>', name, NAMESPACE)
        returned = response.find("IRETURNVALUE")
        return [] if returned is None else list(returned)

    def get(self, ref):
        return read_instance(self.operation("GetInstance", InstanceName=instance_name(ref))[0])

    def enumerate(self, class_name):
        return [read_instance(e) for e in
                self.operation("EnumerateInstances", ClassName=f'<CLASSNAME NAME="{class_name}"/>')]

    def query(self, text):
        return [read_instance(e) for e in
                self.operation("ExecQuery", QueryLanguage="<VALUE>WQL</VALUE>", Query=f"<VALUE>{escape(text)}</VALUE>")]

    def associated(self, ref, association="", result="", role=""):
        return [read_instance(e) for e in self.operation(
            "Associators", ObjectName=instance_name(ref),
            AssocClass=association and f'<CLASSNAME NAME="{association}"/>',
            ResultClass=result and f'<CLASSNAME NAME="{result}"/>', Role=role and f"<VALUE>{role}</VALUE>")]

    def invoke(self, ref, method, **arguments):
        given = "".join(self._argument(name, value) for name, value in arguments.items())
        response, headers = self._send(f'<METHODCALL NAME="{method}">{local_path(ref)}{given}</METHODCALL>', method,
                                       quote(f"{NAMESPACE}:{ref.path()}"))
        out = Instance(method, {p.get("NAME"): read_value(p) for p in response.findall("PARAMVALUE")})
        return Answer(int(response.find("RETURNVALUE/VALUE").text), out, headers.get("X-Cairn-Message"))

    def _argument(self, name, value):
        kind = "uint64" if isinstance(value, int) else "reference" if isinstance(value, Ref) else "string"
        if value is None:
            return f'<PARAMVALUE NAME="{name}"/>'
        if isinstance(value, Ref):
            inner = f"<VALUE.REFERENCE>{local_path(value)}</VALUE.REFERENCE>"
        else:
            inner = f"<VALUE>{escape(str(value))}</VALUE>"
        return f'<PARAMVALUE NAME="{name}" PARAMTYPE="{kind}">{inner}</PARAMVALUE>'


# ---- a client that others wrote ----

def wbemcli(service, operation, path, *more, user=None, options=()):
    """Runs Debian's wbemcli; gives its lines, without the address that it puts in front."""
    url = f"http://{user or service.user}:secret@127.0.0.1:{service.port('cimxml')}/{NAMESPACE}:{path}"
    out = run("wbemcli", operation, *options, url, *more)
    return [re.sub(r"^127\.0\.0\.1:\d+/root/virtualization/v2:", "", line) for line in out.splitlines()]
