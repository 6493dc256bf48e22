#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cairnd under attack: by strangers, and by users who have signed in. (What only the listener decides is in
test-http.py; what takes minutes, tests/soak-service.)"""
import resource
import sqlite3
import struct
import threading

from cairnservice import *

VM_CLASS = "Msvm_ComputerSystem"
QUICK_SECONDS = 2
CIM_HEADERS = {"Content_Type": "application/xml", "CIMOperation": "MethodCall", "CIMObject": NAMESPACE}
SOAP_HEADERS = {"Content_Type": "application/soap+xml;charset=UTF-8"}


def serve(**more):
    host = Host()
    vm = host.vm("web")
    return host, vm, Service(host, **{"synchronous_ms": 60000, **more})


def envelope(action, class_name, body, selectors="", headers=""):
    return (f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:n="{ENUMERATION}" xmlns:w="{WSMAN}"><s:Header>'
            f"<w:ResourceURI>{WMI}{NAMESPACE}/{class_name}</w:ResourceURI><a:Action>{action}</a:Action>"
            f"<a:MessageID>uuid:1</a:MessageID><w:SelectorSet>{selectors}</w:SelectorSet>{headers}</s:Header>"
            f"<s:Body>{body}</s:Body></s:Envelope>")


def optimized(body="", headers=""):
    return envelope(f"{ENUMERATION}/Enumerate", VM_CLASS,
                    f"<n:Enumerate><w:OptimizeEnumeration/>{body}</n:Enumerate>", headers=headers)


def cim(name, parameters):
    return ('<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
            f'<IMETHODCALL NAME="{name}">{LOCAL_NAMESPACE}{parameters}</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>')


ENUMERATE = cim("EnumerateInstances", f'<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="{VM_CLASS}"/></IPARAMVALUE>')


def posts(service):
    """For each way in: a function that posts a message as the user, and one that is answered there."""
    tcp = Connection(service.port("wsman"), ME), Connection(service.port("cimxml"), ME)
    unix = Connection(unix=service.socket)
    return [(lambda body, **more: tcp[0].post("/wsman", body, **SOAP_HEADERS, **more), optimized()),
            (lambda body, **more: tcp[1].post("/cimom", body, **CIM_HEADERS, CIMMethod="EnumerateInstances", **more),
             ENUMERATE),
            (lambda body, **more: unix.post("/wsman", body, **SOAP_HEADERS, **more), optimized())]


def quickly(call, *args, **more):
    """CALL's result, which must not take long."""
    begin = time.monotonic()
    answer = call(*args, **more)
    true(time.monotonic() - begin < QUICK_SECONDS, f"took {time.monotonic() - begin:.1f} s: {str(answer)[:500]}")
    return answer


def is_well(service, vm):
    """It answers, and each line of its log is one."""
    for client in service.clients():
        equal(quickly(client.get, vm_ref(vm))["ElementName"], "web")
    for line in service.said().splitlines():
        matches(line, r"^\d{4}-\d\d-\d\dT[\d:]+Z ", "line of the log")


@test("nobody gets to a provider, whatever stands in Authorization and whoever used the connection before")
def nobody():
    _, vm, service = serve()
    token = base64.b64encode
    wrong = [None, "", "Basic", "Basic =", "Basic !!!!", "Basic " + "A" * 3000, "Basic " + token(b"nocolon").decode(),
             "Basic " + token(b":").decode(), "Basic " + token(f"{ME}:secret\0".encode()).decode(), "Negotiate AAAA",
             "Basic " + token(f"{ME}: secret".encode()).decode()]
    for listener, path, message, more in (("wsman", "/wsman", optimized(), SOAP_HEADERS),
                                          ("wsman", "/wsman-anon/identify", optimized(), SOAP_HEADERS),
                                          ("cimxml", "/cimom", ENUMERATE, {**CIM_HEADERS, "CIMMethod": "EnumerateInstances"})):
        connection = Connection(service.port(listener))
        for value in wrong:
            for anonymous in ({}, {"WSMANIDENTIFY": "unauthenticated"}):
                connection.headers = {} if value is None else {"Authorization": value}
                status, _, answer = connection.post(path, message, **more, **anonymous)
                true(status in (401, 500) and b"web" not in answer, f"{value} {anonymous} {path}: {status} {answer}")
        user = Connection(service.port(listener), ME)
        if path != "/wsman-anon/identify":
            for headers, wanted in ((user.headers, 200), ({}, 401), (user.headers, 200), ({"Authorization": "Basic eA=="}, 401)):
                connection.headers = headers
                equal(connection.post(path, message, **more)[0], wanted, f"status with {headers} on a used connection")
    is_well(service, vm)
    service.stop()


def floods(good):
    """Messages that are none, or too much of one."""
    doctype = '<!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "&x;&x;&x;&x;">]>'
    rubbish = [doctype + good, (doctype + good).encode("utf-16"), b"", b"<" * 100000, b"\xff\xfe" + good.encode(),
               good.encode("cp037"), good.encode("utf-32"), good.encode("utf-16")[:-1],
               b'<?xml version="1.0" encoding="UTF-7"?>' + good.encode()]
    name = f"{VM_CLASS}".encode()
    rubbish += [good.encode().replace(name, change) for change in (
        b"\0", b"&#0;", b"\xc0\xaf", b"\xed\xa0\x80", b"&x;", b"M" * 300000, b"..%2f..%2fetc", b"%s%s%n")]
    for one, other in ((b"<w:OptimizeEnumeration/>", b"<n:Enumerate"), (b"<CLASSNAME", b"<CLASSNAME")):
        if one in good.encode():
            rubbish += [good.encode().replace(one, flood + one, 1) for flood in
                        (b"<x>" * 100000, b"<x/>" * 60000, b"<" + b"n" * 200000 + b"/>")]
            rubbish.append(good.encode().replace(other, other + b"".join(b' a%d="1"' % i for i in range(10000)), 1))
    return rubbish


@test("documents with a DTD, NULs, odd encodings, or too deep, wide and long, are refused at once on every way in")
def documents():
    _, vm, service = serve()
    for post, good in posts(service):
        equal(post(good)[0], 200, "the good message's status")
        for bad in floods(good):
            bad = bad.encode() if isinstance(bad, str) else bad
            status, _, answer = quickly(post, bad)
            true(status in (400, 500) or b"<ERROR" in answer, f"{bad[:200]}: {status} {answer[:500]}")
            true(b"root:" not in answer, f"{bad[:100]} tells what a file holds: {answer[:500]}")
    is_well(service, vm)
    service.stop()


@test("keys without number, references in references and instances in instances are refused")
def nesting():
    _, vm, service = serve()
    soap, cimxml = service.clients()
    for n in (40, 10000):
        many = Ref(VM_CLASS, **{f"K{i}": "1" for i in range(n)})
        quickly(refused, "InvalidSelectors", soap.get, many)
        quickly(refused, 4, cimxml.get, many)
    for n, codes in ((3, ("InvalidSelectors", 4)), (100, ("SchemaValidationError", 400))):
        deep, selector = vm_ref(vm), '<w:Selector Name="Name">x</w:Selector>'
        for _ in range(n):
            deep = Ref("Msvm_HostedService", Antecedent=deep)
            selector = ('<w:Selector Name="Antecedent"><a:EndpointReference><a:ReferenceParameters><w:ResourceURI>'
                        f"{WMI}{NAMESPACE}/{deep.class_name}</w:ResourceURI><w:SelectorSet>{selector}</w:SelectorSet>"
                        "</a:ReferenceParameters></a:EndpointReference></w:Selector>")
        quickly(refused, codes[0], soap.exchange, envelope(f"{TRANSFER}/Get", deep.class_name, "", selector))
        quickly(refused, codes[1], cimxml.get, deep)
    settings = "Msvm_VirtualSystemReferencePointSettingData"
    inner = f'<INSTANCE CLASSNAME="{settings}"></INSTANCE>'
    for _ in range(7):
        inner = (f'<INSTANCE CLASSNAME="{settings}"><PROPERTY NAME="ElementName" TYPE="string" EmbeddedObject="instance">'
                 f"<VALUE>{escape(inner)}</VALUE></PROPERTY></INSTANCE>")
    for client in (soap, cimxml):
        for text in (inner, "<a>" * 5000, "/*" * 50000, "instance of X { a = " + "{" * 50000,
                     f'instance of {settings} {{ ElementName = {"x" * 100000!r}; }};',
                     f'instance of {settings} {{ ElementName = "\\xD800"; }};',
                     f'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><INSTANCE CLASSNAME="{settings}">'
                     '<PROPERTY NAME="ElementName" TYPE="string"><VALUE>&x;</VALUE></PROPERTY></INSTANCE>'):
            answer = quickly(client.invoke, service.points, "CreateReferencePoint", AffectedSystem=vm_ref(vm),
                             ReferencePointType=2, ReferencePointSettings=text)
            equal(answer.value, 4, f"ReturnValue for {text[:80]}: {answer}")
            true("\n" not in answer.message, f"message: {answer.message!r}")
    equal(soap.enumerate(POINT), [])
    is_well(service, vm)
    service.stop()


@test("queries that are deep, long or hard to match, and numbers beyond reason, take no time")
def queries():
    _, vm, service = serve()
    where = f"SELECT * FROM {VM_CLASS} WHERE "
    asked = [where + "(" * 8000 + "Name='x'" + ")" * 8000, where + "NOT " * 4000 + "Name='x'",
             where + " OR ".join(["Name='x'"] * 1100), where + "ElementName LIKE '" + "%a" * 500 + "b'",
             where + " OR ".join(["Description LIKE '%V%i%r%t%u%a%l%z'"] * 350), where + f"Name='{'x' * 17000}'",
             where + "EnabledState=" + "9" * 9000, "SELECT " + ",".join(["Name"] * 3000) + f" FROM {VM_CLASS}",
             "ASSOCIATORS OF {Msvm_HostedService.Antecedent=" + '"X.Y=\\"' * 500 + "}", where + "Name='\\",
             "SELECT * FROM CIM_ManagedElement", f"ASSOCIATORS OF {{{vm_ref(vm).path()}}}"]
    for client in service.clients():
        for text in asked:
            try:
                quickly(client.query, text)
            except Refused as refusal:
                true(refusal.code in ("CannotProcessFilter", 4, 5, 15), f"{text[:80]}: {refusal}")
    soap = service.soap()
    for header in ("OperationTimeout", "MaxEnvelopeSize"):
        for value in ("-1", "P99999Y", "-PT1S", "PT0S", "PT1e9S", "PTnanS", "0", "9223372036854775808", "1" * 5000, ""):
            try:
                quickly(soap.exchange, optimized(headers=f"<w:{header}>{value}</w:{header}>"))
            except Refused as refusal:
                true(refusal.code in ("InvalidMessageInformationHeader", "EncodingLimit", "TimedOut", "InvalidParameter",
                                      "SchemaValidationError"), f"{header} {value[:30]}: {refusal}")
    for element in ("MaxElements", "MaxCharacters", "MaxTime"):
        for value in ("0", "-1", "2147483648", "4294967297", "9" * 40, "P99999Y", ""):
            try:
                quickly(soap.exchange, optimized(f"<w:{element}>{value}</w:{element}>"))
            except Refused as refusal:
                true(refusal.code != "InternalError", f"{element} {value}: {refusal}")
    is_well(service, vm)
    service.stop()


@test("an enumeration is its user's alone, and a flood of another user's doesn't end it")
def contexts():
    _, vm, service = serve()
    mine, thief = service.soap(), service.soap("stranger")
    answer, _ = mine.send(f"{ENUMERATION}/Enumerate", VM_CLASS, "<n:Enumerate/>")
    context = answer.find(f"{{{ENUMERATION}}}EnumerationContext").text
    take = f"<n:EnumerationContext>{context}</n:EnumerationContext>"
    for operation in ("Pull", "Release"):
        refused("InvalidEnumerationContext", thief.send, f"{ENUMERATION}/{operation}", VM_CLASS,
                f"<n:{operation}>{take}</n:{operation}>")
    refused(21, service.cimxml().operation, "PullInstances", EnumerationContext=f"<VALUE>{context[5:]}</VALUE>",
            MaxObjectCount="<VALUE>1</VALUE>")
    for _ in range(4200):
        thief.send(f"{ENUMERATION}/Enumerate", VM_CLASS, "<n:Enumerate/>")
    pulled, _ = mine.send(f"{ENUMERATION}/Pull", VM_CLASS, f"<n:Pull>{take}</n:Pull>")
    equal(len(pulled.find(f"{{{ENUMERATION}}}Items")), 1, "items of the first user's enumeration")
    is_well(service, vm)
    service.stop()


@test("files are opened as the user, within the allowed directories only, and are files")
def files():
    if os.getuid() != 0:
        skip("other users' rights need root")
    host, vm, service = serve()
    host.ok("create", "web")
    point = point_ref(host.ok("list", "web")[0]["InstanceID"])
    exports, secret = host.mkdir("exports"), write_file(host.path("secret"), "secret")
    os.chmod(secret, 0o600)
    os.mkfifo(host.path("fifo"))
    for name, target in (("etc", "/etc"), ("shadow", "/etc/shadow"), ("loop", host.path("loop"))):
        os.symlink(target, host.path(name))
    outside = ["/etc/shadow", host.path("shadow"), "/dev/zero", "/proc/self/mem", tmp() + "/../../etc/passwd"]
    other = [host.path("fifo"), host.path("loop"), host.dir, host.path("a\r\nX-Evil: 1"), "relative", "",
             host.path("x" * 5000)]
    for user, codes in ((ME, {}), ("stranger", {secret: 32769, host.path("cairn.db"): 32769})):
        for client in service.clients(user=user):
            for path, code in {**dict.fromkeys(outside, 32769), **dict.fromkeys(other, 32773), **codes}.items():
                answer = quickly(client.invoke, service.points, "ImportReferencePointMetadata", AffectedSystem=vm_ref(vm),
                                 ConfigFilePath=path, RuntimeStateFilePath=path)
                equal(answer.value, code, f"import of {path[:80]!r} as {user}: {answer}")
            for path, code in (("/etc", 32769), (host.path("etc"), 32769), (exports + "/../../..", 32769),
                               (host.path("fifo"), 32773), (exports + "\r\nX: y", 32773), ("/proc/self/fd", 32769)):
                answer = quickly(client.invoke, service.points, "ExportReferencePoint", ReferencePoint=point,
                                 ExportDirectory=path)
                equal(answer.value, code, f"export to {path!r} as {user}: {answer}")
    stranger = service.soap("stranger")
    export = dict(ReferencePoint=point, ExportDirectory=exports)
    equal(stranger.invoke(service.points, "ExportReferencePoint", **export).value, 32769)
    os.chmod(exports, 0o777)
    equal(service.soap().invoke(service.points, "ExportReferencePoint", **export).value, 0)
    equal(stranger.invoke(service.points, "ExportReferencePoint", **export).value, 32769)
    equal({os.stat(os.path.join(exports, name)).st_uid for name in os.listdir(exports)}, {0}, "owners of what is there")
    equal(len(os.listdir(exports)), 2, "files that are there")
    is_well(service, vm)
    service.stop()


@test("clients that vanish in the middle, and 150 that don't read, keep nobody else waiting")
def vanishing():
    host, vm, service = serve()
    for _ in range(5):
        host.ok("create", "web")
    whole = cim("EnumerateInstances", '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_ManagedElement"/></IPARAMVALUE>')
    token = Connection(user=ME).headers["Authorization"]
    message = (f"POST /cimom HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: text/xml\r\nCIMOperation: "
               f"MethodCall\r\nCIMMethod: EnumerateInstances\r\nCIMObject: {NAMESPACE}\r\nContent-Length: {len(whole)}"
               f"\r\n\r\n{whole}").encode()
    for cut in [*range(1, len(message), 9), *[len(message)] * 20]:
        for kind in ("cimxml", "unix"):
            plug = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
            plug.connect(service.socket if kind == "unix" else ("127.0.0.1", service.port(kind)))
            plug.sendall(message[:cut])
            if cut % 2:
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            plug.close()
    plugs = []
    for _ in range(150):
        plug = socket.socket()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        plug.connect(("127.0.0.1", service.port("cimxml")))
        plug.sendall(message)
        plugs.append(plug)
    is_well(service, vm)
    for plug in plugs:
        plug.close()
    service.stop()


@test("slow orders by the dozen, of one user, keep nobody from reading")
def orders():
    host = Host()
    vms = [host.vm("web"), *[host.vm(f"vm{i}") for i in range(9)]]
    service = Service(host, env={"CAIRN_QSD": slow_helper(host)})
    values = []

    def order(i):
        answer = service.soap("stranger").invoke(service.points, "CreateReferencePoint", ReferencePointType=2,
                                                 AffectedSystem=vm_ref(vms[i % len(vms)]))
        values.append(answer.value)

    threads = [threading.Thread(target=order, args=(i,)) for i in range(60)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    true(len(values) < 50, "the orders are slow")
    for _ in range(3):
        is_well(service, vms[0])
        for client in service.clients():
            quickly(client.enumerate, "Msvm_StorageAllocationSettingData")
    for thread in threads:
        thread.join()
    true(set(values) <= {0, 5, 4096}, f"return values {set(values)}")
    wait_until(lambda: not [j for j in service.soap().enumerate("Msvm_ConcreteJob") if j["JobState"] == "4"], "all end")
    service.stop()


@test("SIGHUP and new password files by the hundred are nothing that clients notice")
def reloads():
    _, vm, service = serve()
    problems, over = [], threading.Event()

    def work(client):
        while not over.is_set():
            try:
                client.get(vm_ref(vm))
            except Exception as problem:  # pylint: disable=broad-except
                problems.append(problem)

    threads = [threading.Thread(target=work, args=(client,)) for client in service.clients() + service.clients()]
    for thread in threads:
        thread.start()
    for i in range(200):
        service.process.send_signal(signal.SIGHUP)
        if i % 5 == 0:
            service.set_users({**USERS, f"user{i}": "changed"})
        time.sleep(0.002)
    over.set()
    for thread in threads:
        thread.join()
    equal(problems[:3], [])
    service.set_users({**USERS, "stranger": "changed"})
    service.reload()
    refused(401, service.soap("stranger").get, vm_ref(vm))
    is_well(service, vm)
    service.stop()


@test("another process that keeps the store locked keeps methods waiting, for seconds, and reading not at all")
def locked_store():
    host, vm, service = serve()
    soap, cimxml = service.clients()
    store = sqlite3.connect(host.path("cairn.db"), isolation_level=None)
    store.execute("BEGIN EXCLUSIVE")
    answers = []
    create = threading.Thread(target=lambda: answers.append(service.soap().invoke(
        service.points, "CreateReferencePoint", AffectedSystem=vm_ref(vm), ReferencePointType=2)))
    create.start()
    while create.is_alive():
        for client in (soap, cimxml):
            equal(quickly(client.get, vm_ref(vm))["ElementName"], "web")
            equal(quickly(client.enumerate, POINT), [])
        time.sleep(0.1)
    store.execute("ROLLBACK")
    store.close()
    equal(answers[0].value, 5, f"{answers[0]}")
    matches(answers[0].message, "another process has been using it", "message")
    equal(bitmaps(vm["Disks"][0]["Path"]), {})
    equal(soap.invoke(service.points, "CreateReferencePoint", AffectedSystem=vm_ref(vm), ReferencePointType=2).value, 0)
    service.stop()


@test("without file descriptors it turns connections away without using a processor, and comes back")
def descriptors():
    _, vm, service = serve()
    resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (64, 64))
    plugs = [socket.create_connection(("127.0.0.1", service.port("wsman"))) for _ in range(100)]

    def used_ticks():
        with open(f"/proc/{service.pid}/stat", encoding="ascii") as stat:
            return sum(map(int, stat.read().rpartition(")")[2].split()[11:13]))

    time.sleep(0.2)
    before = used_ticks()
    time.sleep(0.5)
    true(used_ticks() - before < 25, "half a second's processor time, for nothing")
    for plug in plugs:
        plug.close()
    wait_until(lambda: "can't be accepted" in service.said(), "it says so")
    is_well(service, vm)
    service.stop()


main()
