# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hosts with a libvirtd of their own, and domains on them, for tests that need running VMs.

    from cairnvirt import *

    @test("a point of a running domain tells what the guest wrote")
    def changes():
        host = Libvirt("a")                       # a libvirtd that nobody else sees
        vm = host.domain("web", disks=2).start()  # paused, without a guest; QEMU is real
        point = host.ok("create", "web")["ReferencePoint"]
        vm.write("vda", 0x10000, 100)             # through QEMU's block layer, as a guest's would be
        equal(host.ok("changes", point)["Disks"][0]["Changes"], [[0x10000, 0x10000]])
        vm.quit()                                 # a clean end within 20 ms; kill9() is an unclean one

A Libvirt is a cairntest.Host whose cairn commands get its URI. Its directories in /etc, /run and /var, host
name and UUID are its own (virthost.py), so two of them are two hosts with shared storage. They and all their
QEMUs end with the test program, however it ends. A libvirtd takes 0.1 s to start, a domain 0.3 s.

Environment: CAIRN_VIRT_CACHE, a directory that keeps what takes long to make: what libvirt found out about
QEMU (0.6 s), and the guest.
"""
import atexit
import contextlib
import copy
import glob
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
import xml.etree.ElementTree as ElementTree

from cairntest import *
from libvirtapi import Connection, LibvirtError
from virtagent import Agent

EMULATOR = "/usr/bin/qemu-system-x86_64"
LIBVIRTD = "/usr/sbin/libvirtd"
HOLDER = os.path.join(SOURCE_ROOT, "tests", "virthost.py")
DRIVERS = ("qemu", "secret")  # others look after the machine's network, storage, devices
PLACES = {"etc": "/etc/libvirt", "run": "/run/libvirt", "lib": "/var/lib/libvirt", "log": "/var/log/libvirt",
          "cache": "/var/cache/libvirt"}
START_SECONDS = 60

LIBVIRTD_CONF = """\
unix_sock_dir = "{sockets}"
unix_sock_rw_perms = "0777"
auth_unix_rw = "none"
host_uuid = "{uuid}"
"""
QEMU_CONF = """\
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = [ ]
cgroup_controllers = [ ]
stdio_handler = "file"
"""


def cache_directory(name):
    """A directory that outlives the test where CAIRN_VIRT_CACHE says so."""
    path = os.path.join(os.environ.get("CAIRN_VIRT_CACHE") or os.path.join(tmp(), "virt-cache"), name)
    os.makedirs(path, exist_ok=True)
    return path


def wait_until(condition, what, seconds=TIMEOUT_SECONDS):
    """Waits until CONDITION() is true and gives its value; fails the test when that takes too long."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        true(time.monotonic() < end, f"after {seconds} s still not so: {what}")
        time.sleep(0.005)


def is_alive(pid):
    """Whether process PID is there and not a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def write_file(path, content):
    """Makes a file of text; gives its path."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    return path


# ---- a host ----

class Libvirt(Host):
    """A host with a libvirtd of its own, started unless START is false.

    .uri: for any libvirt client; .uuid: the host's UUID; .log: libvirtd's messages; .pid: libvirtd's."""

    def __init__(self, name=None, start=True):
        super().__init__(name)
        self.root = self.mkdir("libvirt")
        self.sockets = self.mkdir("sock")
        self.uri = self.connect = f"qemu+unix:///system?socket={self.sockets}/libvirt-sock"
        self.uuid = str(uuid.uuid4())
        self.log = self.path("libvirtd.log")
        self.pid = None
        self._connection = None
        self._holder = None
        atexit.register(self.close)
        if start:
            self.start()

    # -- libvirtd --

    def start(self):
        """Starts libvirtd, and waits until it answers."""
        if self._holder is None:
            self._holder = self._start_holder()
        self._holder.stdin.write(b"start\n")
        self.pid = int(self._holder.stdout.readline())
        wait_until(self._answers, "libvirtd answers", START_SECONDS)
        return self

    def stop(self):
        """Ends libvirtd as an administrator would; its domains run on."""
        self._end(signal.SIGTERM)

    def kill9(self):
        """libvirtd crashes; its domains run on."""
        self._end(signal.SIGKILL)

    def restart(self):
        """Another libvirtd for the same domains."""
        self.stop()
        return self.start()

    def close(self):
        """The host is gone, with everything that ran on it."""
        self._drop_connection()
        if self._holder is not None:
            self._holder.stdin.close()
            self._holder.wait(timeout=START_SECONDS)
            self._holder.stdout.close()
            self._holder = None
        self.pid = None

    # -- clients --

    def virsh(self, *args, **more):
        """Runs virsh, which must succeed; gives its output."""
        return run("virsh", "-q", "-c", self.uri, *args, **more)

    def virsh_fails(self, *args, sentence=None):
        """Runs virsh, which must fail and say what SENTENCE matches; gives what it said."""
        done = subprocess.run(["virsh", "-q", "-c", self.uri] + [str(a) for a in args],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=TIMEOUT_SECONDS)
        true(done.returncode != 0, f"virsh {args} should fail: {done.stdout}")
        if sentence:
            matches(done.stderr, sentence, f"virsh {args}")
        return done.stderr

    @property
    def api(self):
        """A connection to libvirtd (libvirtapi.Connection), made anew after each start."""
        if self._connection is None:
            self._connection = Connection(self.uri)
        return self._connection

    def secret(self, passphrase):
        """Makes a secret that encrypted disks name; gives its UUID."""
        key = str(uuid.uuid4())
        xml = (f"<secret ephemeral='no' private='yes'><uuid>{key}</uuid>"
               f"<usage type='volume'><volume>{key}</volume></usage></secret>")
        self.virsh("secret-define", write_file(self.path("secret.xml"), xml))
        self.virsh("secret-set-value", key, "--file", write_file(self.path("secret"), passphrase), "--plain")
        return key

    def domain(self, name="vm", disks=1, **options):
        """Makes (defines) a domain: see Domain."""
        return Domain(self, name, disks, **options)

    def new_path(self, name):
        """A path in the host's directory where nothing is yet: NAME, or one like it."""
        number = 1
        path = self.path(name)
        while os.path.exists(path):
            number += 1
            path = self.path(f"{number}-{name}")
        return path

    # -- how it is done --

    def _setup(self):
        """What virthost.py is told."""
        for part in PLACES:
            os.makedirs(os.path.join(self.root, part), exist_ok=True)
        sockets = {"sockets": self.sockets, "uuid": self.uuid}
        write_file(os.path.join(self.root, "etc", "libvirtd.conf"), LIBVIRTD_CONF.format(**sockets))
        write_file(os.path.join(self.root, "etc", "qemu.conf"), QEMU_CONF)
        return {"command": [LIBVIRTD, "-f", "/etc/libvirt/libvirtd.conf", "-p", f"{self.root}/libvirtd.pid"],
                "env": dict(environment(), LIBVIRT_DRIVER_DIR=self._drivers()), "log": self.log,
                "binds": self._binds(), "hostname": os.path.basename(self.dir), "uid": None}

    def _binds(self):
        """What stands over the machine's own files on this host."""
        binds = []
        for part, place in PLACES.items():
            if not os.path.isdir(place) and os.getuid() != 0:
                skip(f"{place} isn't there, and only root can make it for the tests of libvirt")
            os.makedirs(place, exist_ok=True)  # empty, where libvirt isn't installed as a service
            binds.append((os.path.join(self.root, part), place))
        os.makedirs(os.path.join(self.root, "cache", "qemu", "capabilities"), exist_ok=True)
        binds.append((cache_directory("capabilities"), "/var/cache/libvirt/qemu/capabilities"))
        for other in glob.glob("/usr/bin/qemu-system-*"):  # each would be probed for seconds
            if os.path.realpath(other) != os.path.realpath(EMULATOR):
                binds.append((os.devnull, other))
        names = f"127.0.0.1 localhost {os.path.basename(self.dir)}\n"  # or it would ask the network
        binds.append((write_file(os.path.join(self.root, "hosts"), names), "/etc/hosts"))
        return binds + self._user_binds()

    def _user_binds(self):
        """libvirtd insists on a user that only libvirt-daemon-system makes."""
        binds = []
        for path, name, rest in (("/etc/passwd", "libvirt-qemu", "x:64055:64055::/nonexistent:/bin/false"),
                                 ("/etc/group", "libvirt-qemu", "x:64055:"), ("/etc/group", "kvm", "x:64056:")):
            own = os.path.join(self.root, os.path.basename(path))
            with open(own if os.path.exists(own) else path, encoding="utf-8") as known:
                content = known.read()
            if not re.search(f"^{name}:", content, re.MULTILINE):
                content = content.rstrip("\n") + f"\n{name}:{rest}\n"
            write_file(own, content)
            if (own, path) not in binds:
                binds.append((own, path))
        return binds

    def _drivers(self):
        """A directory with the drivers that libvirtd may load."""
        own = os.path.join(self.root, "drivers")
        os.makedirs(own, exist_ok=True)
        for driver in DRIVERS:
            found = glob.glob(f"/usr/lib/*/libvirt/connection-driver/libvirt_driver_{driver}.so")
            true(found, f"libvirt's {driver} driver isn't installed; tools/install-packages does it")
            if not os.path.lexists(os.path.join(own, os.path.basename(found[0]))):
                os.symlink(found[0], os.path.join(own, os.path.basename(found[0])))
        return own

    def _start_holder(self):
        holder = subprocess.Popen([sys.executable, HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  bufsize=0, start_new_session=True)
        holder.stdin.write(json.dumps(self._setup()).encode() + b"\n")
        if holder.stdout.readline() != b"ready\n":
            (fail if os.getuid() == 0 else skip)("virthost.py didn't start; it says why on standard error")
        return holder

    def _answers(self):
        if not is_alive(self.pid):
            fail(f"libvirtd ended at once: {tail(self.log)}")
        try:
            return self.api.version()
        except LibvirtError:
            return False

    def _end(self, number):
        self._drop_connection()
        os.kill(self.pid, number)
        wait_until(lambda: not is_alive(self.pid), "libvirtd ends")
        self.pid = None

    def _drop_connection(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def tail(path):
    """The end of a log, for a failure's message."""
    with open(path, encoding="utf-8", errors="replace") as log:
        return log.read()[-2000:]


# ---- domains ----

class Disk:
    """A disk of a domain to be made. PATH: an image that is there already (default: one is made, at
    HOST.path(f"{domain}-{target}.{fmt}")). FMT: "qcow2" or "raw". BUS: "virtio", "scsi", "ide" or "sata".
    DEVICE: "disk" or "cdrom". PASSPHRASE: a LUKS-encrypted qcow2. BACKING: the qcow2 image below it.
    XML: more elements of the disk."""

    def __init__(self, target, path=None, fmt="qcow2", bus="virtio", device="disk", size=None, options=None,
                 passphrase=None, backing=None, readonly=False, xml=""):
        self.target, self.path, self.fmt, self.bus, self.device = target, path, fmt, bus, device
        self.size, self.options, self.passphrase, self.backing = size, options, passphrase, backing
        self.readonly, self.xml = readonly or device == "cdrom", xml
        self.secret = None

    def make(self, host, domain, size):
        """Makes what isn't there yet: the image, the secret."""
        if self.passphrase is not None:
            self.secret = self.secret or host.secret(self.passphrase)
        if self.path is None:
            self.path = host.path(f"{domain}-{self.target}.{self.fmt}")
            if self.passphrase is not None:
                make_encrypted(self.path, self.size or size, self.passphrase)
            else:
                make_image(self.path, None if self.backing else self.size or size, self.fmt, self.options,
                           self.backing)

    def to_xml(self):
        """The <disk> element."""
        encryption = (f"<encryption format='luks'><secret type='passphrase' uuid='{self.secret}'/>"
                      "</encryption>" if self.secret else "")
        return (f"<disk type='file' device='{self.device}'><driver name='qemu' type='{self.fmt}'/>"
                f"<source file='{self.path}'>{encryption}</source>"
                f"<target dev='{self.target}' bus='{self.bus}'/>{'<readonly/>' if self.readonly else ''}"
                f"{self.xml}</disk>")


def make_encrypted(path, size, passphrase):
    """Makes a qcow2 image that is encrypted with LUKS; gives its path. qemu-img takes 1 s to weigh the
    processor for it, and fails at that now and then, so all are copies of one."""
    name = hashlib.sha256(f"{size} {passphrase}".encode()).hexdigest()[:16]
    kept = os.path.join(cache_directory("luks"), name)
    while not os.path.exists(kept):
        key, new = write_file(path + ".key", passphrase), f"{kept}.{os.getpid()}"
        with contextlib.suppress(Failure):
            run("qemu-img", "create", "-q", "-f", "qcow2", "--object", f"secret,id=key,file={key}", "-o",
                "encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10", new, size)
            os.replace(new, kept)
        os.unlink(key)
    shutil.copyfile(kept, path)
    return path


def make_disks(host, name, disks, size):
    """The list of Disk for a domain, with their images made. DISKS: such a list, or how many qcow2 disks."""
    if isinstance(disks, int):
        disks = [Disk("vd" + "abcdefghijklmnopqrstuvwxyz"[i]) for i in range(disks)]
    for disk in disks:
        disk.make(host, name, size)
    return disks


DOMAIN_XML = """\
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>{memory_mib}</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type>{boot}</os><features><acpi/></features>
  <on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>{emulator}</emulator>{disks}{devices}
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>{more}
</domain>
"""


class Domain:
    """A domain of HOST; defined unless it is transient, and not started. QEMU emulates it without KVM.

    DISKS: how many qcow2 disks vda, vdb, ... of SIZE to make, or a list of Disk. AGENT: it gets a guest agent
    that the test speaks for (.agent: virtagent.Agent). BOOT, DEVICES, MORE: elements of <os>, <devices>,
    <domain>. .name, .uuid; .xml: what it was made of. Methods that have nothing to give give the Domain."""

    def __init__(self, host, name="vm", disks=1, size="64M", vm_uuid=None, transient=False, memory_mib=16,
                 agent=False, boot="", devices="", more=""):
        self.host, self.name, self.transient = host, name, transient
        self.uuid = vm_uuid or str(uuid.uuid4())
        self.agent = Agent(self) if agent else None
        if agent:
            devices, more = devices + self.agent.device_xml(), more + self.agent.command_line_xml()
        disk_xml = "".join(disk.to_xml() for disk in make_disks(host, name, disks, size))
        self.xml = DOMAIN_XML.format(name=name, uuid=self.uuid, memory_mib=memory_mib, emulator=EMULATOR,
                                     boot=boot, disks=disk_xml, devices=devices, more=more)
        self._aliases = {}
        if not transient:
            self.define()

    def socket(self, kind):
        """Where a socket of the domain lies."""
        return self.host.path(f"{self.name}.{kind}")

    # -- its life --

    def define(self):
        """Makes the definition known to libvirt (again)."""
        self.host.api.define(self.xml)
        return self

    def undefine(self):
        """Takes the definition away, and all that libvirt knows of the domain; images stay."""
        self.host.api.undefine(self.name)
        return self

    def start(self, paused=True):
        """Starts QEMU. Paused, its processor doesn't run, but write() works all the same."""
        self._aliases = {}
        wait = paused or self.agent is not None
        if self.transient:
            self.host.api.create(self.xml, wait)
        else:
            self.host.api.start(self.name, wait)
        if self.agent:
            self.agent.plug()
        return self if paused == wait else self.resume()

    def resume(self):
        self.host.api.resume(self.name)
        return self

    def suspend(self):
        self.host.api.suspend(self.name)
        return self

    def destroy(self):
        """libvirt's destroy: QEMU ends cleanly and saves its bitmaps (0.2 s)."""
        self.host.api.destroy(self.name)
        return self

    def quit(self):
        """QEMU ends by itself, cleanly, as after a guest's shutdown (0.02 s)."""
        with contextlib.suppress(LibvirtError):  # it may be gone before libvirtd has read its answer
            self.qmp("quit")
        return self._wait_for_end()

    def kill9(self):
        """QEMU crashes: bitmaps are left in use, new ones never reach the file."""
        os.kill(self.pid, signal.SIGKILL)
        return self._wait_for_end()

    def _wait_for_end(self):
        wait_until(lambda: self.state() in ("shut off", None), f"{self.name} is shut off")
        return self

    # -- what it is --

    def state(self):
        """"running", "paused", "shut off", ...; None when libvirt doesn't know the domain."""
        return self.host.api.state(self.name)

    @property
    def pid(self):
        """The process id of its QEMU."""
        with open(os.path.join(self.host.root, "run", "qemu", self.name + ".pid"), encoding="ascii") as file:
            return int(file.read())

    def disks(self, inactive=False):
        """{target: path}, as libvirt has it now."""
        tree = ElementTree.fromstring(self.host.api.xml(self.name, inactive))
        return {disk.find("target").get("dev"): disk.find("source").get("file")
                for disk in tree.iterfind("devices/disk") if disk.find("source") is not None}

    def path(self, target):
        """The image of a disk, as libvirt has it now."""
        return self.disks()[target]

    def checkpoints(self):
        """The names of libvirt's checkpoints, parents first."""
        return self.host.virsh("checkpoint-list", self.name, "--name", "--topological").split()

    def checkpoint(self, name, *args):
        """Makes a checkpoint the way other products do."""
        self.host.virsh("checkpoint-create-as", self.name, name, *args)
        return self

    # -- QEMU --

    def qmp(self, command, **arguments):
        """What QEMU answers to a QMP command; LibvirtError with its words when it refuses."""
        answer = self.host.api.monitor(self.name, {"execute": command, "arguments": arguments})
        if "error" in answer:
            raise LibvirtError(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    def write(self, target, offset, length, pattern=0x5A):
        """The guest writes LENGTH bytes at OFFSET (3 ms)."""
        medium = self._device(target)["inserted"]
        size = medium["image"]["virtual-size"]
        true(not medium["ro"] and offset + length <= size, f"{target} can't be written at {offset:#x}+{length}")
        return self.io(target, f"write -P {pattern} {offset} {length}")

    def io(self, target, *commands):
        """Commands of qemu-io on a disk, e.g. "discard 1M 64k". What they say, failures too, goes to QEMU's
        own log, and no test can see it."""
        for command in commands:
            self.host.api.monitor(self.name, f'qemu-io -d {self._device(target)["qdev"]} "{command}"', hmp=True)
        return self

    def bitmaps(self, target):
        """The bitmaps of a disk's active layer, of the running QEMU or of the file: {name: [flags]}."""
        if self.state() in ("shut off", None):
            return bitmaps(self.disks(inactive=True)[target])
        found = self._device(target)["inserted"].get("dirty-bitmaps", [])
        flags = {"recording": "auto", "inconsistent": "inconsistent", "busy": "busy"}
        return {b["name"]: sorted(flags[f] for f in flags if b.get(f)) for b in found}

    def _device(self, target):
        """What query-block says of a disk."""
        if target not in self._aliases:
            tree = ElementTree.fromstring(self.host.api.xml(self.name))
            self._aliases = {disk.find("target").get("dev"): disk.find("alias").get("name")
                             for disk in tree.iterfind("devices/disk")}
        alias = self._aliases[target]
        for device in self.qmp("query-block"):
            if alias in device.get("qdev", "").split("/"):
                return device
        return fail(f"{self.name} has no disk {target}")

    # -- to another host --

    def migrate(self, other, *flags, with_disks=False):
        """Live migration to the host OTHER (the domain must run, not paused, for its bitmaps to arrive);
        gives the Domain there. WITH_DISKS: with all its (qcow2) disks, to new images there; else both hosts use
        the same images. FLAGS: more of virsh migrate's, as "--persistent"."""
        moved = {f"'{self.host.dir}/{self.name}.": f"'{other.dir}/{self.name}."}  # its sockets
        args = []
        if with_disks:
            args = ["--copy-storage-all", "--disks-port", free_port(), "--listen-address", "127.0.0.1"]
            for target, path in self.disks().items():
                new = other.new_path(os.path.basename(path))
                make_image(new, self._device(target)["inserted"]["image"]["virtual-size"])
                moved[f"'{path}'"] = f"'{new}'"
        arrived = copy.copy(self)
        arrived.host, arrived._aliases = other, {}
        arrived.xml = replace_all(self.xml, moved)
        now = self.host.virsh("dumpxml", self.name, "--migratable", "--security-info")
        there = write_file(other.path(f"{self.name}.xml"), replace_all(now, moved))
        if "--persistent" in flags:
            args += ["--persistent-xml", there]
        self.host.virsh("migrate", self.name, other.uri, "--live", "--unsafe", "--xml", there, "--migrateuri",
                        f"tcp://127.0.0.1:{free_port()}", *args, *flags)
        return arrived


def replace_all(text, changes):
    """TEXT with each key of CHANGES replaced by its value."""
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def free_port():
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
