# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains on the hosts of cairnvirt, their disks, and their way to another host."""
import contextlib
import copy
import glob
import hashlib
import os
import shutil
import signal
import socket
import uuid
import xml.etree.ElementTree as ElementTree

from cairntest import *
from libvirtapi import LibvirtError
from virtagent import Agent

EMULATOR = "/usr/bin/qemu-system-x86_64"


def cache_directory(name):
    """A directory that outlives the test where CAIRN_VIRT_CACHE says so."""
    path = os.path.join(os.environ.get("CAIRN_VIRT_CACHE") or os.path.join(tmp(), "virt-cache"), name)
    os.makedirs(path, exist_ok=True)
    return path


class Disk:
    """A disk of a domain to be made. PATH: an image that is there already (default: one is made, at
    HOST.path(f"{domain}-{target}.{fmt}")). FMT: "qcow2" or "raw". BUS: "virtio", "scsi", "ide" or "sata".
    DEVICE: "disk" or "cdrom". PASSPHRASE: a LUKS-encrypted qcow2. BACKING: the qcow2 image below it.
    DRIVER: more attributes of <driver>. XML: more elements of the disk."""

    def __init__(self, target, path=None, fmt="qcow2", bus="virtio", device="disk", size=None, options=None,
                 passphrase=None, backing=None, readonly=False, driver="", xml=""):
        self.target, self.path, self.fmt, self.bus, self.device = target, path, fmt, bus, device
        self.size, self.options, self.passphrase, self.backing = size, options, passphrase, backing
        self.readonly, self.driver, self.xml = readonly or device == "cdrom", driver, xml
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
            host.give(self.path)

    def to_xml(self):
        """The <disk> element."""
        encryption = (f"<encryption format='luks'><secret type='passphrase' uuid='{self.secret}'/>"
                      "</encryption>" if self.secret else "")
        return (f"<disk type='file' device='{self.device}'><driver name='qemu' type='{self.fmt}' {self.driver}/>"
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
        pid = self.pid
        with contextlib.suppress(LibvirtError):  # it may be gone before libvirtd has read its answer
            self.qmp("quit")
        return self._wait_for_end(pid)

    def kill9(self):
        """QEMU crashes: bitmaps are left in use, new ones never reach the file."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        return self._wait_for_end(pid)

    def _wait_for_end(self, pid):
        wait_until(lambda: self.state() in ("shut off", None), f"{self.name} is shut off")
        wait_until(lambda: not is_alive(pid), "its QEMU has let go of its images")
        return self

    # -- what it is --

    def state(self):
        """"running", "paused", "shut off", ...; None when libvirt doesn't know the domain."""
        return self.host.api.state(self.name)

    @property
    def pid(self):
        """The process id of its QEMU."""
        with open(os.path.join(self.host.pid_files, self.name + ".pid"), encoding="ascii") as file:
            return int(file.read())

    def last_words(self):
        """The end of QEMU's own log, for a failure's message: it says who ended it."""
        said = []
        for path in glob.glob(os.path.join(self.host.root, "**", "qemu", self.name + ".log"), recursive=True):
            with open(path, encoding="utf-8", errors="replace") as log:
                said += log.read()[-1000:].splitlines()[-5:]
        return "QEMU's log ends with:\n" + "\n".join(said)

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
        top = self._device(target)["inserted"]
        if top["drv"] == "copy-before-write":  # a backup job's; the disk's own layer is below
            top = next(node for node in self.qmp("query-named-block-nodes")
                       if node["file"] == top["file"] and node["drv"] not in ("copy-before-write", "file"))
        found = top.get("dirty-bitmaps", [])
        flags = {"recording": "auto", "inconsistent": "inconsistent", "busy": "busy"}
        return {b["name"]: sorted(flags[f] for f in flags if b.get(f)) for b in found
                if "name" in b}  # a job's own has none

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
                other.give(make_image(new, self._device(target)["inserted"]["image"]["virtual-size"]))
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
