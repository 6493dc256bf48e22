# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench/run's rows about cairnd: a release of it on loopback, signed in with Basic on every request, wrk
on the same processors."""
import base64
import contextlib
import http.client
import os
import re
import signal
import statistics
import subprocess
import time

from cairnbench import INSTALLED, TOP, Host, environment, run, stop

CAIRND = os.path.join(INSTALLED, "sbin", "cairnd")
USER, PASSWORD = "root", "bench"
AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SOAP = {"Authorization": AUTHORIZATION, "Content-Type": "application/soap+xml;charset=UTF-8"}
N_POINTS, N_VMS, N_MANY, N_ABANDONED = 10000, 200, 100000, 10000
N_CHOSEN = 1000  # different points asked for in turn
CONNECTIONS, SECONDS, ROUNDS = 8, 5, 3
MIB = 1 << 20

POINT = "Msvm_VirtualSystemReferencePoint"
SERVICE = "Msvm_VirtualSystemReferencePointService"
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"


# ---- requests ----

def envelope(resource, action, body, selectors=None):
    chosen = "".join(f'<w:Selector Name="{n}">{v}</w:Selector>' for n, v in (selectors or {}).items())
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration"'
        ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header>'
        "<a:To>http://127.0.0.1/wsman</a:To>"
        f'<w:ResourceURI s:mustUnderstand="true">{WMI}{resource}</w:ResourceURI>'
        f'<a:ReplyTo><a:Address s:mustUnderstand="true">{ANONYMOUS}</a:Address></a:ReplyTo>'
        f'<a:Action s:mustUnderstand="true">{action}</a:Action>'
        '<w:MaxEnvelopeSize s:mustUnderstand="true">1048576</w:MaxEnvelopeSize>'
        "<a:MessageID>uuid:11111111-0000-4000-8000-000000000001</a:MessageID>"
        f"<w:OperationTimeout>PT60.000S</w:OperationTimeout><w:SelectorSet>{chosen}</w:SelectorSet>"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>")


def get_point(vm, point):
    return envelope(POINT, TRANSFER + "Get", "", {"InstanceID": instance_id(vm, point),
                                                  "VirtualSystemIdentifier": vm})


def invoke_remove(vm, point):
    body = (f'<p:RemoveAssociatedData_INPUT xmlns:p="{WMI}{SERVICE}"><p:AffectedReferencePoint>'
            f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{WMI}{POINT}</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="InstanceID">{instance_id(vm, point)}</w:Selector>'
            f'<w:Selector Name="VirtualSystemIdentifier">{vm}</w:Selector></w:SelectorSet>'
            "</a:ReferenceParameters></p:AffectedReferencePoint></p:RemoveAssociatedData_INPUT>")
    return envelope(SERVICE, f"{WMI}{SERVICE}/RemoveAssociatedData", body,
                    {"CreationClassName": SERVICE})


def message(call):
    return ('<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
            f'<MESSAGE ID="4711" PROTOCOLVERSION="1.0"><SIMPLEREQ>{call}</SIMPLEREQ></MESSAGE></CIM>')


NAMESPACE = ('<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="virtualization"/>'
             '<NAMESPACE NAME="v2"/></LOCALNAMESPACEPATH>')


def instance_name(class_name, **keys):
    bindings = "".join(f'<KEYBINDING NAME="{n}"><KEYVALUE VALUETYPE="string">{v}</KEYVALUE>'
                       "</KEYBINDING>" for n, v in keys.items())
    return f'<INSTANCENAME CLASSNAME="{class_name}">{bindings}</INSTANCENAME>'


def point_name(vm, point):
    return instance_name(POINT, InstanceID=instance_id(vm, point), VirtualSystemIdentifier=vm)


def intrinsic(name, **parameters):
    values = "".join(f'<IPARAMVALUE NAME="{n}">{v}</IPARAMVALUE>' for n, v in parameters.items())
    return message(f'<IMETHODCALL NAME="{name}">{NAMESPACE}{values}</IMETHODCALL>')


def get_instance(vm, point):
    return intrinsic("GetInstance", InstanceName=point_name(vm, point))


def invoke_method(vm, point):
    service = instance_name(SERVICE, CreationClassName=SERVICE)
    return message(
        f'<METHODCALL NAME="RemoveAssociatedData"><LOCALINSTANCEPATH>{NAMESPACE}{service}'
        '</LOCALINSTANCEPATH><PARAMVALUE NAME="AffectedReferencePoint" PARAMTYPE="reference">'
        f"<VALUE.REFERENCE>{point_name(vm, point)}</VALUE.REFERENCE></PARAMVALUE></METHODCALL>")


def cim_headers(method, of=""):
    return {"Authorization": AUTHORIZATION, "Content-Type": "application/xml; charset=utf-8",
            "CIMOperation": "MethodCall", "CIMMethod": method,
            "CIMObject": "root/virtualization/v2" + of}


def instance_id(vm, point):
    return f"Microsoft:{vm}\\{point}"


# ---- the daemon ----

class Cairnd:
    """One on free ports, with a store of N_POINTS points of N_VMS VMs."""

    def __init__(self, name, n_points, n_vms):
        self.host = Host(name)
        guids = self.host.fill(n_points, f"+{n_vms}")
        vms = [f"5E1F0000-0000-4000-8000-{i:012X}" for i in range(n_vms)]
        self.points = [(vms[i % n_vms], guid) for i, guid in enumerate(guids)]
        with open(self.host.path("passwords"), "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(f"{USER}:{run('openssl', 'passwd', '-6', PASSWORD).strip()}\n")
        with open(self.host.path("cairn.conf"), "w", encoding="ascii") as file:
            file.write("[listen]\nwsman=127.0.0.1:0\ncimxml=127.0.0.1:0\n"
                       f"[store]\nuri=sqlite:{self.host.store_file}\n[hypervisor]\nconnect=images:\n"
                       f"[auth]\npassword-file={self.host.path('passwords')}\n")
        self.process = None
        self.ports = []

    def start(self):
        self.process = subprocess.Popen(
            [CAIRND, "--config", self.host.path("cairn.conf")], stderr=subprocess.PIPE, text=True,
            env=environment())
        while len(self.ports) < 2:
            line = self.process.stderr.readline()
            if not line:
                stop("cairnd doesn't start")
            found = re.search(r"listening on .* \(port (\d+)\)", line)
            if found:
                self.ports.append(int(found[1]))
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def url(self, cim):
        return f"http://127.0.0.1:{self.ports[cim]}/{'cimom' if cim else 'wsman'}"

    def connect(self, cim):
        return http.client.HTTPConnection("127.0.0.1", self.ports[cim])

    def rss_mib(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / MIB

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def cairnd(name, n_points=N_POINTS, n_vms=N_VMS):
    daemon = Cairnd(name, n_points, n_vms).start()
    try:
        yield daemon
    finally:
        daemon.stop()


def ask(connection, path, headers, body):
    connection.request("POST", path, body.encode(), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        stop(f"cairnd answered {answer.status}: {text[:600]}")
    return text


# ---- many at once ----

class Load:
    """wrk's figures, medians of ROUNDS runs."""

    def __init__(self, daemon, cim, headers, bodies, connections=CONNECTIONS):
        file = daemon.host.path("bodies")
        with open(file, "w", encoding="ascii") as out:
            out.writelines(body + "\n" for body in bodies)
        connection = daemon.connect(cim)
        lengths = {len(ask(connection, "/cimom" if cim else "/wsman", headers, body))
                   for body in bodies[:5]}
        if len(lengths) != 1:
            stop("answers that should be alike differ in length")
        length = lengths.pop()
        self.runs = [self.run(daemon, cim, headers, file, connections, length)
                     for _ in range(ROUNDS)]

    @staticmethod
    def run(daemon, cim, headers, file, connections, length):
        before = daemon.cpu_s()
        out = run("wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s",
                  os.path.join(TOP, "bench", "requests.lua"), daemon.url(cim), "--", file,
                  *(f"{n}: {v}" for n, v in headers.items()))
        n, duration_us, n_bytes, wrong, p99_us = map(int, out.splitlines()[-1].split())
        cpu_us = (daemon.cpu_s() - before) * 1e6 / n
        # Headers are some 200 bytes, and chunks have some: an answer that is no answer is seen in the sum.
        if wrong or not length <= n_bytes / n <= length * 1.01 + 400:
            stop(f"{wrong} of {n} answers were wrong, {n_bytes / n:.0f} bytes each instead of {length}")
        return n / duration_us * 1e6, cpu_us, p99_us / 1000

    def median(self, i):
        return statistics.median(r[i] for r in self.runs)

    def text(self):
        return (f"{self.median(0):,.0f}/s, CPU {self.median(1):.0f} us, "
                f"p99 {self.median(2):.1f} ms")


def row_requests(table):
    """Get, Invoke, GetInstance, InvokeMethod."""
    with cairnd("requests") as daemon:
        chosen = daemon.points[::N_POINTS // N_CHOSEN]
        for name, cim, headers, make, rate, cpu_us in (
                ("WS-Man Get", 0, SOAP, get_point, 16000, 45),
                ("WS-Man Invoke", 0, SOAP, invoke_remove, 16000, 45),
                ("CIM-XML GetInstance", 1, cim_headers("GetInstance"), get_instance, 22000, None),
                ("CIM-XML InvokeMethod", 1,
                 cim_headers("RemoveAssociatedData", f':{SERVICE}.CreationClassName="{SERVICE}"'), invoke_method, 22000,
                 None)):
            load = Load(daemon, cim, headers, [make(vm, point) for vm, point in chosen])
            target = f"{rate:,}/s" + (f", {cpu_us} us" if cpu_us else "") + ", 5 ms"
            table.figure(f"{name}, {CONNECTIONS} connections", load.text(), target,
                         "best peer: " + ("3,900/s Get, 3,200/s Invoke" if not cim else "5,500/s"),
                         load.median(0) >= rate and load.median(2) < 5
                         and (not cpu_us or load.median(1) <= cpu_us))


# ---- enumerations ----

def enumerate_body(size=None):
    more = f"<w:OptimizeEnumeration/><w:MaxElements>{size}</w:MaxElements>" if size else ""
    return envelope(POINT, ENUMERATION + "Enumerate", f"<n:Enumerate>{more}</n:Enumerate>")


def pull_body(context, size):
    return envelope(POINT, ENUMERATION + "Pull",
                    f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>"
                    f"<n:MaxElements>{size}</n:MaxElements></n:Pull>")


def pull_all(connection, size):
    """The number of points that Enumerate and Pull give."""
    text = ask(connection, "/wsman", SOAP, enumerate_body(size))
    n = text.count(f"</p:{POINT}>")
    while True:
        found = re.search(r"<n:EnumerationContext>([^<]+)<", text)
        if not found:
            return n
        text = ask(connection, "/wsman", SOAP, pull_body(found[1], size))
        n += text.count(f"</p:{POINT}>")


def open_pull_all(connection, size):
    text = ask(connection, "/cimom", cim_headers("OpenEnumerateInstances"),
               intrinsic("OpenEnumerateInstances", ClassName=f'<CLASSNAME NAME="{POINT}"/>',
                         MaxObjectCount=f"<VALUE>{size}</VALUE>"))
    n = text.count("</INSTANCE>")
    while not re.search(r'NAME="EndOfSequence"[^>]*><VALUE>TRUE<', text, re.I):
        context = re.search(r'NAME="EnumerationContext"[^>]*><VALUE>([^<]+)<', text)[1]
        text = ask(connection, "/cimom", cim_headers("PullInstancesWithPath"),
                   intrinsic("PullInstancesWithPath",
                             EnumerationContext=f"<VALUE>{context}</VALUE>",
                             MaxObjectCount=f"<VALUE>{size}</VALUE>"))
        n += text.count("</INSTANCE>")
    return n


def timed(function, *args):
    start = time.monotonic()
    result = function(*args)
    return (time.monotonic() - start) * 1000, result


def row_enumerations(table):
    with cairnd("thousand", 1000, 20) as daemon:
        load = Load(daemon, 1, cim_headers("EnumerateInstances"),
                    [intrinsic("EnumerateInstances", ClassName=f'<CLASSNAME NAME="{POINT}"/>')])
        table.figure("CIM-XML EnumerateInstances of 1,000", load.text(), "150/s",
                     "best peer: 63/s", load.median(0) >= 150)
        connection = daemon.connect(0)
        times = []
        for _ in range(16):
            ms, n = timed(pull_all, connection, 250)
            if n != 1000:
                stop(f"Enumerate and Pull gave {n} points of 1,000")
            times.append(ms)
        table.figure("WS-Man Enumerate + Pull of 1,000 by 250", f"{statistics.median(times[1:]):.1f} ms",
                     "10 ms", "best peer: 92 ms", statistics.median(times[1:]) < 10)
    with cairnd("many", N_MANY, N_VMS) as daemon:
        for name, cim, pull in (("Enumerate + Pull", 0, pull_all), ("Open + Pull", 1, open_pull_all)):
            connection = daemon.connect(cim)
            before = daemon.rss_mib()
            ms, n = timed(pull, connection, 250)
            once = daemon.rss_mib()
            again_ms, _ = timed(pull, connection, 250)
            if n != N_MANY:
                stop(f"{name} gave {n} points of {N_MANY}")
            table.figure(f"{N_MANY:,} points, {name} by 250",
                         f"{min(ms, again_ms) / 1000:.1f} s, {daemon.rss_mib():.0f} MiB", "memory flat",
                         f"{before:.0f} MiB before, {once:.0f} after the first time",
                         daemon.rss_mib() < 40 and daemon.rss_mib() - once < 4)


def row_abandoned(table):
    with cairnd("abandoned") as daemon:
        connection = daemon.connect(0)
        pull_all(connection, 250)
        before = daemon.rss_mib()
        first = re.search(r"<n:EnumerationContext>([^<]+)<",
                          ask(connection, "/wsman", SOAP, enumerate_body()))[1]
        for _ in range(N_ABANDONED):
            ask(connection, "/wsman", SOAP, enumerate_body())
        more = daemon.rss_mib() - before
        served = pull_all(connection, 250) == N_POINTS
        connection.request("POST", "/wsman", pull_body(first, 1).encode(), SOAP)
        answer = connection.getresponse()
        gone = answer.status == 500 and "InvalidEnumerationContext" in answer.read().decode()
        table.figure(f"{N_ABANDONED:,} abandoned enumerations", f"{more:.1f} MiB more", "10 MiB",
                     f"new ones {'are' if served else 'ARE NOT'} served, the oldest "
                     f"{'is gone' if gone else 'IS STILL THERE'}", more < 10 and served and gone)


def first_answer(daemon):
    """From the start of the process to an answer with an instance."""
    daemon.ports = []
    start = time.monotonic()
    daemon.start()
    vm, point = daemon.points[0]
    ask(daemon.connect(0), "/wsman", SOAP, get_point(vm, point))
    return (time.monotonic() - start) * 1000


def row_size(table):
    daemon = Cairnd("size", N_POINTS, N_VMS)
    times = []
    for _ in range(9):
        times.append(first_answer(daemon))
        daemon.stop()
    table.figure("start to first answer", f"{statistics.median(times):.0f} ms", "100 ms", "",
                 statistics.median(times) < 100)
    daemon.ports = []
    daemon.start()
    for name in (POINT, "Msvm_ComputerSystem", "Msvm_StorageAllocationSettingData"):
        ask(daemon.connect(1), "/cimom", cim_headers("EnumerateInstances"),
            intrinsic("EnumerateInstances", ClassName=f'<CLASSNAME NAME="{name}"/>'))
    rss = daemon.rss_mib()
    daemon.stop()
    table.figure(f"resident, {N_VMS} VMs, {N_POINTS:,} points, all enumerated", f"{rss:.0f} MiB", "40 MiB",
                 "peers: 40 to 200 MiB", rss < 40)


ROWS = {"requests": row_requests, "enumerations": row_enumerations, "abandoned": row_abandoned,
        "size": row_size}
