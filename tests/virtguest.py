# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest for cairnvirt's domains: a Debian kernel, busybox, and a shell on the serial port.

    vm = Guest(host, "web", disks=2).boot()        # 2-3 s
    vm.write("vda", 0x10000, 100, pattern=7)       # as Domain's, but the guest does it
    vm.scatter("vdb", 0, 65536, 1 << 20, 20)
    vm.start_writer("vda", "vdb")                  # writes on until stop_writer()
    there = vm.migrate(other)                      # the guest and its writer run on there
    there.shell("grep vda /proc/partitions")
    there.shutdown()
"""
import contextlib
import glob
import gzip
import hashlib
import lzma
import os
import re
import stat
import socket
import tempfile

from cairnvirt import *

BUSYBOX = "/bin/busybox"
MODULES = ("virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod", "virtio_console")
COMMAND_LINE = "console=ttyS0 quiet edd=off no_timer_check tsc=reliable mitigations=off random.trust_cpu=on"

# Each line from the serial port is run; what it says comes back, then "<<STATUS>>".
INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc p /proc
mount -t sysfs s /sys
mount -t devtmpfs d /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order

# put DEVICE OFFSET LENGTH: writes standard input there, in bytes, and waits until it is on the disk
put () {
  dd of="/dev/$1" seek="$2" count="$3" bs=65536 iflag=count_bytes,fullblock oflag=seek_bytes \\
    conv=notrunc,fsync 2> /dev/null
}
# get DEVICE OFFSET LENGTH
get () {
  dd if="/dev/$1" skip="$2" count="$3" bs=65536 iflag=skip_bytes,count_bytes,fullblock 2> /dev/null
}
# scatter DEVICE OFFSET LENGTH STRIDE COUNT: random data at COUNT places
scatter () {
  local i=0
  while [ "$i" -lt "$5" ]; do
    dd if=/dev/urandom of="/dev/$1" seek="$(($2 + i * $4))" count="$3" bs=65536 \\
      iflag=count_bytes,fullblock oflag=seek_bytes conv=notrunc 2> /dev/null || return
    i=$((i + 1))
  done
  sync
}
# writer SPAN DEVICE...: random data at places within SPAN bytes, every 50 ms, for ever
writer () {
  local span=$1 i=0
  shift
  while :; do
    for device; do scatter "$device" "$((i * 2473901 % span / 4096 * 4096))" 4096 0 1; done
    i=$((i + 1))
    echo "$i" > /writes
    usleep 50000
  done
}
stty -echo -onlcr
echo "<<ready>>"
while read -r line; do
  eval "$line" < /dev/null 2>&1
  echo "<<$?>>"
done
poweroff -f
"""


# ---- what it boots from ----

def guest():
    """Paths of the kernel and the initial ramdisk; made once, and kept where CAIRN_VIRT_CACHE says."""
    kernel, modules = _find_kernel()
    parts = [os.path.basename(kernel), INIT, COMMAND_LINE, str(os.path.getmtime(BUSYBOX)), str(MODULES)]
    name = f"guest-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}.img"
    place = os.path.join(os.environ.get("CAIRN_VIRT_CACHE") or tmp(), name)
    if not os.path.exists(place):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(place), delete=False) as file:
            file.write(gzip.compress(_ramdisk(modules), 1))
        os.chmod(file.name, 0o644)
        os.replace(file.name, place)
    return kernel, place


def _find_kernel():
    """The newest kernel whose modules are here, and their directory; Debian's cloud kernel rather, which
    boots fastest."""
    found = []
    for kernel in glob.glob("/boot/vmlinuz-*"):
        version = kernel.partition("vmlinuz-")[2]
        modules = f"/lib/modules/{version}"
        if os.path.isfile(f"{modules}/modules.dep") and os.access(kernel, os.R_OK):
            numbers = [int(n) for n in re.findall(r"\d+", version)]
            found.append(("cloud" in version, numbers, kernel, modules))
    true(found, "no kernel that can be read lies in /boot; tools/install-packages brings one")
    return max(found)[2:]


def _load_order(directory):
    """The files of MODULES and of what they need, in the order to load them."""
    needs = {}
    with open(os.path.join(directory, "modules.dep"), encoding="ascii") as file:
        for line in file:
            path, _, needed = line.strip().partition(":")
            needs[path] = needed.split()
    by_name = {re.sub(r"\.ko.*", "", os.path.basename(path)).replace("-", "_"): path for path in needs}
    order = []
    for name in MODULES:
        if name in by_name:  # else it is built in
            order += list(reversed(needs[by_name[name]])) + [by_name[name]]
    return list(dict.fromkeys(order))


def _ramdisk(directory):
    """A cpio archive of busybox, the modules and /init."""
    archive = _Archive()
    for name in ("bin", "dev", "proc", "sys", "mnt", "modules"):
        archive.add(name, stat.S_IFDIR | 0o755)
    with open(BUSYBOX, "rb") as file:
        archive.add("bin/busybox", stat.S_IFREG | 0o755, file.read())
    names = []
    for path in _load_order(directory):
        with open(os.path.join(directory, path), "rb") as file:
            content = file.read()
        names.append(re.sub(r"\.[gx]z$", "", os.path.basename(path)))
        content = lzma.decompress(content) if path.endswith(".xz") else content
        content = gzip.decompress(content) if path.endswith(".gz") else content
        archive.add("modules/" + names[-1], stat.S_IFREG | 0o644, content)
    archive.add("modules/order", stat.S_IFREG | 0o644, "".join(name + "\n" for name in names).encode())
    archive.add("init", stat.S_IFREG | 0o755, INIT.encode())
    return archive.bytes()


class _Archive:
    """A cpio archive of the "newc" kind (kernel documentation, "initramfs buffer format")."""

    def __init__(self):
        self._parts = []
        self._count = 0

    def add(self, name, mode, content=b""):
        self._count += 1
        fields = [self._count, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        header = "070701" + "".join(f"{field:08X}" for field in fields)
        self._parts += [_padded(header.encode() + name.encode() + b"\0"), _padded(content)]

    def bytes(self):
        self.add("TRAILER!!!", 0)
        return b"".join(self._parts)


def _padded(content):
    return content + b"\0" * (-len(content) % 4)


# ---- the domain that it runs in ----

class Guest(Domain):
    """A Domain with the guest in it. Disks are called in the guest as in libvirt."""

    def __init__(self, host, name="vm", disks=1, memory_mib=96, devices="", **options):
        kernel, ramdisk = guest()
        boot = f"<kernel>{kernel}</kernel><initrd>{ramdisk}</initrd><cmdline>{COMMAND_LINE}</cmdline>"
        path = host.path(f"{name}.serial")
        serial = (f"<serial type='unix'><source mode='bind' path='{path}'/><log file='{path}.log' append='off'/>"
                  "<target port='0'/></serial>")
        self._serial = None
        super().__init__(host, name, disks, memory_mib=memory_mib, boot=boot, devices=devices + serial, **options)

    def boot(self):
        """Starts QEMU, and waits until the guest is up."""
        self.start(paused=False)
        return self.wait_booted()

    def wait_booted(self):
        """Waits until the guest is up, whoever started it."""
        wait_until(lambda: "<<ready>>" in self._log() or self.state() in ("shut off", None), "the guest is up")
        true("<<ready>>" in self._log(), f"{self.name} ended while it booted; {self.last_words()}")
        self._serial = None
        return self

    def shell(self, command, seconds=TIMEOUT_SECONDS):
        """What COMMAND, run in the guest, says; it must succeed."""
        said = b""
        connection = self._connection(seconds)
        connection.sendall(command.encode() + b"\n")
        while not (end := re.search(rb"<<(\d+)>>\r?\n", said)):
            received = connection.recv(65536)
            true(received, f"{self.name} ended in {command}: {said!r}; {self.last_words()}")
            said += received
        text = said[:end.start()].decode(errors="replace")
        equal(int(end[1]), 0, f"status of {command} in the guest, which said {text!r}")
        return text

    def write(self, target, offset, length, pattern=0x5A):
        """The guest writes LENGTH bytes at OFFSET."""
        self.shell(f"tr '\\0' '\\{pattern:03o}' < /dev/zero | put {target} {offset} {length}")
        return self

    def scatter(self, target, offset, length, stride, count):
        """The guest writes LENGTH random bytes at OFFSET, OFFSET + STRIDE, ...: COUNT times."""
        self.shell(f"scatter {target} {offset} {length} {stride} {count}")
        return self

    def md5(self, target, offset, length):
        """The checksum of what the guest reads."""
        return self.shell(f"get {target} {offset} {length} | md5sum").split()[0]

    def start_writer(self, *targets, span=48 << 20):
        """The guest writes 4 KiB of random data to each of TARGETS every 50 ms, somewhere within SPAN bytes."""
        self.shell(f"writer {span} {' '.join(targets)} & echo $! > /writer")
        return self

    def stop_writer(self):
        """Ends that; gives how often it wrote to each."""
        return int(self.shell("kill $(cat /writer); wait $(cat /writer); sync; cat /writes"))

    def shutdown(self):
        """The guest shuts itself down."""
        pid = self.pid
        self._connection(TIMEOUT_SECONDS).sendall(b"sync; poweroff -f\n")
        return self._wait_for_end(pid)

    def migrate(self, other, *flags, with_disks=False):
        arrived = super().migrate(other, *flags, with_disks=with_disks)
        arrived._serial = None
        return arrived

    def _connection(self, seconds):
        if self._serial is None:
            self._serial = socket.socket(socket.AF_UNIX)
            self._serial.connect(self.socket("serial"))
        self._serial.settimeout(seconds)
        return self._serial

    def _log(self):
        with contextlib.suppress(FileNotFoundError), open(self.socket("serial.log"), "rb") as log:
            return log.read().decode(errors="replace")
        return ""
