#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's Hyper-V driver can list and describe the domains of a KVM host: `virsh -c hyperv://`, which Debian
doesn't build, played by hand against a running cairnd. The requests (wsman/k/NAME.request.xml) are what it sends;
the answers are read as strictly as it reads them, and compared with wsman/k/NAME.answer.xml.

CAIRN_REGENERATE=1 writes the answers anew, for review. CAIRND names the daemon."""
import base64
import html
import http.client
import xml.etree.ElementTree as ElementTree

from cairnvirt import *

CAIRND = os.environ["CAIRND"]
FILES = os.path.join(SOURCE_ROOT, "tests", "wsman", "k")
REGENERATE = os.environ.get("CAIRN_REGENERATE") == "1"
USER, PASSWORD = "admin", "open sesame"
HASH = ("$6$rounds=1000$cairn$xY86pK9hYNSj6EPRM4hcGfTGUwXv/qyd5L5u2F4"
        "eQVmfpm4eOLDJUMLHBzfp5eg4qZqYpBXYpDtnhRL4J4Hub1")  # its SHA-512, crypt(3)

WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/"
V2 = WMI + "virtualization/v2/"
SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
ENUMERATION = "{http://schemas.xmlsoap.org/ws/2004/09/enumeration}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
RANGES = {"uint8": (0, 8), "uint16": (0, 16), "uint32": (0, 32), "uint64": (0, 64),
          "int16": (1, 16), "int64": (1, 64), "sint8": (1, 8)}

# What the answers have of this host and this moment; values are replaced by "@".
VARIABLE = {
    "Win32_ComputerSystemProduct": "IdentifyingNumber Name SKUNumber UUID Vendor Version",
    "Win32_OperatingSystem": "BuildNumber BuildType Caption CurrentTimeZone FreePhysicalMemory FreeSpaceInPagingFiles "
                             "FreeVirtualMemory LastBootUpTime LocalDateTime Manufacturer MaxNumberOfProcesses "
                             "MaxProcessMemorySize Name NumberOfProcesses OSArchitecture SizeStoredInPagingFiles "
                             "TotalSwapSpaceSize TotalVirtualMemorySize TotalVisibleMemorySize Version",
    "Win32_ComputerSystem": "CurrentTimeZone DaylightInEffect DNSHostName Manufacturer Model NumberOfLogicalProcessors "
                            "NumberOfProcessors SystemType TotalPhysicalMemory",
    "Win32_Processor": "AddressWidth Architecture Caption CurrentClockSpeed DataWidth Description L2CacheSize "
                       "L3CacheSize Level Manufacturer MaxClockSpeed Name NumberOfCores NumberOfLogicalProcessors "
                       "Revision Stepping",
    "Msvm_ComputerSystem": "OnTimeInMilliseconds ProcessID",
    "Msvm_ConcreteJob": "ElapsedTime InstanceID StartTime TimeOfLastStateChange TimeSubmitted",
}

VM, OFF = "5f9d2a60-7b1c-4e8d-9a3f-0c1d2e3f4a5b", "a1b2c3d4-0000-4000-8000-00000000beef"
DEVICES = """\
<interface type='user'><mac address='52:54:00:00:00:01'/></interface>
<serial type='null'><target port='0'/></serial>
<serial type='file'><source path='{path}/serial1'/><target port='1'/></serial>
<controller type='fdc' index='0'/>
"""


def read_properties():
    """{class: {property: (type, whether it is an array)}}, of the file `properties`."""
    found, kind, of = {}, None, None
    for word in open(os.path.join(FILES, "properties"), encoding="ascii").read().replace(":\n", ": ").split():
        if word.endswith(":"):
            kind = word[:-1]
        elif word in KNOWN:
            of = found.setdefault(word, {})
        else:
            of[word.removesuffix("[]")] = (kind, word.endswith("[]"))
    found["Msvm_SerialPortSettingData"].update(found["Msvm_ResourceAllocationSettingData"])
    return found


KNOWN = {line.strip() for line in open(os.path.join(FILES, "properties"), encoding="ascii") if line[0] not in " \n"}
PROPERTIES = read_properties()


class Client:
    """The driver's side of one connection: Basic, and only when it is asked for."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self.headers = {"Content-Type": "application/soap+xml;charset=UTF-8"}
        self.count = 0

    def post(self, file, **values):
        """Sends a request of FILES with each @NAME@ replaced; gives the answer's text."""
        with open(os.path.join(FILES, file), encoding="utf-8") as found:
            text = found.read()
        self.count += 1
        values["message"] = f"00000000-0000-4000-8000-{self.count:012d}"
        for name, value in values.items():
            text = text.replace(f"@{name.upper()}@", html.escape(str(value), quote=False))
        answer = self._exchange(text)
        if answer.status == 401:
            matches(answer.getheader("WWW-Authenticate"), "^Basic ", "how to sign in")
            pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            self.headers["Authorization"] = f"Basic {pair}"
            answer = self._exchange(text)
        true(answer.status == 200, f"{file}: {answer.status}: {answer.body}")
        return answer.body

    def _exchange(self, text):
        self.connection.request("POST", "/wsman", text.encode(), self.headers)
        answer = self.connection.getresponse()
        answer.body = answer.read().decode()
        return answer

    def enumerate(self, case, class_name, namespace="virtualization/v2", **values):
        """All items of a query; compares them with the golden file."""
        raw, items = self.pull_all(case, class_name, namespace, **values)
        compare(case, class_name, raw)
        return items

    def pull_all(self, case, class_name, namespace="virtualization/v2", **values):
        """The texts and the items of a query, each pulled alone from the class's own URI."""
        raw, items, uri = [], [], f"{WMI}{namespace}/{class_name}"
        body = ElementTree.fromstring(self.post(case + ".request.xml", **values)).find(SOAP + "Body")
        context = body.findtext(f"{ENUMERATION}EnumerateResponse/{ENUMERATION}EnumerationContext")
        true(context, "EnumerateResponse has no context")
        while context:
            text = self.post("pull.xml", uri=uri, context=context)
            response = ElementTree.fromstring(text).find(f"{SOAP}Body/{ENUMERATION}PullResponse")
            true(response is not None, f"no PullResponse: {text}")
            found = response.findall(ENUMERATION + "Items")
            equal(len(found), 1, "n:Items")
            true(len(found[0]) <= 1, "the driver reads only the first item of a pull")
            for item in found[0]:
                equal(item.tag, f"{{{uri}}}{class_name}", "the item's element")
                items.append(deserialize(item, class_name, uri))
                raw.append(re.search("<n:Items>(.*)</n:Items>", text, re.DOTALL)[1])
            context = response.findtext(ENUMERATION + "EnumerationContext")
            true(context or response.find(ENUMERATION + "EndOfSequence") is not None, "neither context nor end")
        return raw, items


def read_scalar(element, kind, name):
    if element.get(NIL) == "true":
        true(kind != "boolean", f"{name}: the driver takes a boolean without a value for true")
        return None
    text = "".join(element.itertext())
    if kind == "boolean":
        true(text in ("true", "false"), f"{name}: {text!r} isn't a boolean")
        return text == "true"
    if kind in RANGES:
        signed, bits = RANGES[kind]
        true(re.fullmatch(r"-?\d+" if signed else r"\d+", text), f"{name}: {text!r} isn't a number")
        true(-(signed << bits - 1) <= int(text) < 1 << bits - signed, f"{name}: {text} isn't of {kind}")
        return int(text)
    return text


def deserialize(item, class_name, uri):
    """The item's properties as openwsman's deserialiser takes them: exactly one element for each scalar."""
    values = {}
    for name, (kind, is_array) in PROPERTIES[class_name].items():
        found = item.findall(f"{{{uri}}}{name}")
        if is_array:
            values[name] = [read_scalar(e, kind, name) for e in found if e.get(NIL) != "true"]
        else:
            equal(len(found), 1, f"elements {class_name}.{name}")
            values[name] = read_scalar(found[0], kind, name)
    return values


def normalize(class_name, text):
    """Without what is of this host and moment; a line for each element."""
    for name in VARIABLE.get(class_name, "").split():
        text = re.sub(f"<p:{name} xsi:nil=\"true\"/>|<p:{name}>.*?</p:{name}>", f"<p:{name}>@</p:{name}>", text)
    return text.replace(tmp(), "@TMP@").replace("><", ">\n<") + "\n"


def compare(case, class_name, raw):
    path = os.path.join(FILES, case + ".answer.xml")
    text = "".join(normalize(class_name, item) for item in raw)
    if REGENERATE:
        write_file(path, text)
    with open(path, encoding="utf-8") as golden:
        lines = golden.read().splitlines()
    wrong = [f"{a!r} instead of {b!r}" for a, b in zip(text.splitlines(), lines) if a != b]
    equal([wrong[:3], len(text.splitlines())], [[], len(lines)], f"{case}.answer.xml")


# ---- the host ----

class Scene:
    """A host with a running and a shut-off domain, and a cairnd."""

    def __init__(self):
        self.host = Libvirt("kvm1")
        self.vm = self.host.domain("web", vm_uuid=VM, memory_mib=24, devices=DEVICES.format(path=self.host.dir), disks=[
            Disk("vda"), Disk("sda", bus="scsi"), Disk("hdc", bus="ide", device="cdrom", fmt="raw", size="1M"),
            Disk("fda", bus="fdc", device="floppy", fmt="raw", size="1440K")])
        self.vm.xml = self.vm.xml.replace("<vcpu>1</vcpu>", "<description>the shop's front</description>"
                                          "<currentMemory unit='MiB'>20</currentMemory><vcpu current='1'>2</vcpu>")
        self.vm.define().start()
        nic = "<interface type='bridge'><mac address='52:54:00:00:00:02'/><source bridge='br-shop'/></interface>"
        self.off = self.host.domain("off", vm_uuid=OFF, devices=nic)
        self.port = free_port()
        write_file(self.host.path("cairn.conf"), f"""\
[listen]
wsman=127.0.0.1:{self.port}
name=KVM1
[store]
uri={self.host.store}
[hypervisor]
connect={self.host.connect}
[auth]
password-file={write_file(self.host.path("users"), f"{USER}:{HASH}")}
[jobs]
synchronous-ms=0
""")
        os.chmod(self.host.path("users"), 0o600)
        self.daemon = self._start()
        atexit.register(self.close)
        wait_until(self._answers, "cairnd listens", 20)
        self.client = Client(self.port)

    def _start(self):
        """cairnd, where it sees the host's own /run, with its QEMUs' process ids."""
        command = [CAIRND, "--config", self.host.path("cairn.conf")]
        if self.host.KIND == "system":
            command = ["nsenter", f"--mount=/proc/{self.host.pid}/ns/mnt"] + command
        with open(self.host.path("cairnd.log"), "wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log,
                                    env=environment(**getattr(self.host, "env", {})))

    def _answers(self):
        true(self.daemon.poll() is None, "cairnd ended")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        self.daemon.terminate()
        if self.daemon.wait(TIMEOUT_SECONDS) != 0:
            print(tail(self.host.path("cairnd.log")), file=sys.stderr)
            os._exit(1)  # an exception here would be too late to fail the test


@functools.cache
def scene():
    return Scene()


def one(items):
    equal(len(items), 1, "how many")
    return items[0]


# ---- the driver's calls ----

@test("K0-K2: it connects: the host has a UUID and a version of three numbers")
def connects():
    client = scene().client
    product = one(client.enumerate("K0-product", "Win32_ComputerSystemProduct", "cimv2"))
    uuid.UUID(product["UUID"])
    system = one(client.enumerate("K0-system", "Win32_OperatingSystem", "cimv2"))
    major, minor, micro = (int(part) for part in system["Version"].split("."))
    true(major <= 99 and minor <= 99 and micro <= 999999, system["Version"])
    true(os.uname().release.startswith(f"{major}.{minor}."), system["Version"])
    computer = one(client.enumerate("K1-hostname", "Win32_ComputerSystem", "cimv2"))
    equal(computer["DNSHostName"], os.uname().nodename.split(".")[0])


@test("K3: the host's memory and processors are told as they are")
def nodeinfo():
    client = scene().client
    memory = int(re.search(r"MemTotal: *(\d+) kB", open("/proc/meminfo", encoding="ascii").read())[1])
    computer = one(client.enumerate("K1-hostname", "Win32_ComputerSystem", "cimv2"))
    equal(computer["TotalPhysicalMemory"], memory * 1024)
    sockets = client.enumerate("K3-processors", "Win32_Processor", "cimv2")
    equal(len(sockets), computer["NumberOfProcessors"])
    equal(sum(socket["NumberOfLogicalProcessors"] for socket in sockets), os.sysconf("SC_NPROCESSORS_ONLN"))
    for socket in sockets:
        true(1 <= socket["NumberOfCores"] <= socket["NumberOfLogicalProcessors"], socket)
        true(0 < len(socket["Name"].encode()) < 32, socket["Name"])


@test("K4-K7: domains are listed and looked up by UUID in lower case, by name and by id")
def lists():
    here = scene()
    client, name = here.client, "Msvm_ComputerSystem"

    def names(case, **values):
        return [system["ElementName"] for system in client.enumerate(case, name, **values)]
    equal(names("K4-all"), ["web", "off"])
    equal(names("K5-active"), ["web"])
    equal(names("K6-inactive"), ["off"])
    web = one(client.enumerate("K7-by-uuid", name, vm=VM))
    equal(web, one(client.enumerate("K7-by-name", name)) | {"OnTimeInMilliseconds": web["OnTimeInMilliseconds"]})
    equal([web["Name"], web["Caption"], web["OperationalStatus"]], [VM.upper(), "Virtual Machine", [2]])
    equal(web["ProcessID"], here.vm.pid)
    equal(names("K7-by-id", pid=here.vm.pid), ["web"])


def parent_of(part, parts):
    """What a Parent refers to: the path ends with the parent's InstanceID, backslashes doubled, and a quote."""
    return one([p for p in parts
                if part["Parent"].endswith(p["InstanceID"].replace("\\", "\\\\") + '"')])


def where(drive, resources):
    """The bus and address that the driver works out for a drive; its arrays are of 4 controllers and 2 channels."""
    controller = parent_of(drive, resources)
    address = int(drive["AddressOnParent"])
    if controller["ResourceType"] == 6:
        index = [r for r in resources if r["ResourceType"] == 6].index(controller)
        true(index < 4 and 0 <= address < 64, f"controller {index}, drive {address}")
        return "scsi", index * 64 + address
    if controller["ResourceType"] == 5:
        true(controller["Address"] in ("0", "1") and 0 <= address < 2, controller)
        return "ide", int(controller["Address"]) * 2 + address
    equal([controller["ResourceType"], drive["ResourceType"]], [1, 14], "unrecognized controller type")
    return "fdc", address


def storage(resources, media):
    """[bus, address, device, source] of each disk, as the driver writes them into the XML."""
    true(resources, "the driver takes an empty list for an error")
    true(sum(r["ResourceType"] == 6 for r in resources) <= 4, "too many SCSI controllers")
    found = []
    for medium in media:
        drive = parent_of(medium, resources)
        is_cdrom = medium["ResourceSubType"] == "Microsoft:Hyper-V:Virtual CD/DVD Disk"
        bus, address = where(drive, resources)
        equal(drive["HostResource"], [], "what the driver would take for a disk passed through")
        found.append([bus, address, "cdrom" if is_cdrom else "floppy" if bus == "fdc" else "disk",
                      medium["HostResource"][0]])
    return found


@test("K8: a domain's processors, memory and autostart")
def dominfo():
    client = scene().client
    settings = one(client.enumerate("K8-1-settings", "Msvm_VirtualSystemSettingData", vm=VM))
    values = {"settings": settings["InstanceID"]}
    processor = one(client.enumerate("K8-2-processor", "Msvm_ProcessorSettingData", **values))
    memory = one(client.enumerate("K8-3-memory", "Msvm_MemorySettingData", **values))
    equal([settings["AutomaticStartupAction"], settings["Notes"]], [2, ["the shop's front"]])
    equal([processor["VirtualQuantity"], memory["Limit"], memory["VirtualQuantity"]], [1, 24, 24])


@test("K9: a domain's description: disks, serial ports, network")
def dumpxml():
    here = scene()
    client, values = here.client, {"settings": "Microsoft:" + VM.upper()}
    resources = client.enumerate("K9-1-resources", "Msvm_ResourceAllocationSettingData", **values)
    media = client.enumerate("K9-2-storage", "Msvm_StorageAllocationSettingData", **values)
    paths = here.vm.disks()
    equal(storage(resources, media), [["scsi", 0, "disk", paths["vda"]], ["scsi", 1, "disk", paths["sda"]],
                                      ["ide", 0, "cdrom", paths["hdc"]], ["fdc", 0, "floppy", paths["fda"]]])
    shown = here.host.ok("vm", "show", "web")["Disks"]
    equal([m["InstanceID"] for m in media], [d["VirtualDiskIdentifier"] for d in shown])
    serials = client.enumerate("K9-3-serial", "Msvm_SerialPortSettingData", **values)
    equal([(s["ElementName"], s["Connection"]) for s in serials],
          [("COM 1", []), ("COM 2", [here.host.path("serial1")])])
    nic = one(client.enumerate("K9-4-connections", "Msvm_EthernetPortAllocationSettingData",
                               settings="Microsoft:" + OFF.upper()))
    equal(nic["EnabledState"], 2)
    path = {name: text.replace("\\", "\\\\") for name, text in
            {"port": nic["Parent"], "switch": nic["HostResource"][0]}.items()}
    port = one(client.enumerate("K9-5-port", "Msvm_SyntheticEthernetPortSettingData", port=path["port"]))
    switch = one(client.enumerate("K9-6-switch", "Msvm_VirtualEthernetSwitch", switch=path["switch"]))
    equal([port["Address"], switch["Name"]], ["525400000002", "br-shop"])
    equal(client.enumerate("K9-7-disk-drive", "Msvm_DiskDrive"), [])


@test("K8, K9 with a recovery checkpoint: the same to the letter; its own settings are as complete")
def checkpoint():
    here = scene()
    client, settings, disk = here.client, "Msvm_VirtualSystemSettingData", "Msvm_StorageAllocationSettingData"
    for uuid_, paths in ((VM, here.vm.disks()), (OFF, here.off.disks(inactive=True))):
        held = here.host.ok("freeze", uuid_)
        found = one(client.pull_all("checkpoint", settings, vm=uuid_)[1])
        equal([found["InstanceID"], found["VirtualSystemType"]], [held["Snapshot"], "Microsoft:Hyper-V:Snapshot:Recovery"])
        media = client.pull_all("K9-2-storage", disk, settings=found["InstanceID"])[1]
        equal([m["HostResource"] for m in media], [[d["Address"]] for d in held["Disks"]])
        equal(len([m for m in media if m["ElementName"] in paths]), len(media))
        dominfo()
        dumpxml()
        here.host.ok("discard", held["Snapshot"])
    equal(client.pull_all("checkpoint", settings, vm=VM)[1], [])


@test("K10: how many processors a domain may have")
def maxvcpus():
    most = one(scene().client.enumerate("K10-maxvcpus", "Msvm_ProcessorSettingData"))
    true(most["VirtualQuantity"] >= 1, most)


def xpath(text, method, path):
    """What the driver's literal XPath finds: prefixes count, and are taken from the envelope's and the first
    body element's declarations."""
    envelope = re.search(r"<s:Envelope\b[^>]*>", text)[0]
    output = re.search(rf"<s:Body[^>]*>\s*(<p:{method}_OUTPUT\b[^>]*>)", text)[1]
    for prefix in "sanw":
        true(f"xmlns:{prefix}=" in envelope + output, f"no prefix {prefix} in {envelope}{output}")
    matches(output, "xmlns:p=", "the output")
    return re.search(path, text[text.index(output):], re.DOTALL)[1]


@test("K11: a start is refused with a code")
def start():
    text = scene().client.post("K11-start.request.xml", vm=OFF)
    equal(xpath(text, "RequestStateChange", "<p:ReturnValue>(.*?)</p:ReturnValue>"), "1")
    equal(scene().off.state(), "shut off")


@test("K12: a job is polled by its InstanceID until it has ended")
def job():
    client = scene().client
    text = client.post("create-point.xml", vm=VM)
    equal(xpath(text, "CreateReferencePoint", "<p:ReturnValue>(.*?)</p:ReturnValue>"), "4096")
    found = xpath(text, "CreateReferencePoint", "<p:Job.*?<a:ReferenceParameters>.*?<w:SelectorSet>.*?"
                  "<w:Selector Name=\"InstanceID\">(.*?)</w:Selector>")
    wait_until(lambda: one(client.pull_all("K12-job", "Msvm_ConcreteJob", job=found)[1])["JobState"]
               not in (2, 3, 4, 6), "the job has ended")
    equal(one(client.enumerate("K12-job", "Msvm_ConcreteJob", job=found))["JobState"], 7)


main()
