# SPDX-License-Identifier: LGPL-2.1-or-later
"""The disk of bench/run's rows about backups: partly filled, a full backup of it, then changed all over;
known to Cairn and to virtnbdbackup. Made once in a run, when the first row asks for it."""
import atexit
import contextlib
import functools
import json
import os
import random
import shutil

from cairnbench import (CAIRN, GRANULARITY, MIB, TOP, Host, environment, libvirt_host, point_guid,
                        program, run, stop, tmp)

GIB = 1 << 30
PIECE_BYTES = 4 * MIB  # the disk is filled by these, here and there
BLOCK_BYTES = 64 * MIB
PEER_CHECKPOINT = "virtnbdbackup.0"


class Shape:
    """How large all is; in a quick run an eighth."""

    divisor = 1

    @classmethod
    def disk_bytes(cls):
        return 8 * GIB // cls.divisor

    @classmethod
    def n_pieces(cls):
        return 1075 // cls.divisor  # 4.2 GiB

    @classmethod
    def n_extents(cls):
        return 7500 // cls.divisor

    @classmethod
    def n_long(cls):
        """Extents of two granules, the others have one: 497 MiB."""
        return 452 // cls.divisor

    @classmethod
    def changed_bytes(cls):
        return (cls.n_extents() + cls.n_long()) * GRANULARITY


# ---- the disk ----

def filled_pieces():
    rng = random.Random(1)
    return sorted(rng.sample(range(Shape.disk_bytes() // PIECE_BYTES), Shape.n_pieces()))


def changed_extents():
    """[(offset, length)] within the filled pieces, evenly scattered; no two touch."""
    rng = random.Random(2)
    pieces, in_piece = filled_pieces(), PIECE_BYTES // GRANULARITY
    n_granules = len(pieces) * in_piece
    long_ones = set(rng.sample(range(Shape.n_extents()), Shape.n_long()))
    extents = []
    for number in range(Shape.n_extents()):
        granule = number * n_granules // Shape.n_extents() + rng.randrange(6)
        length = 1 + (number in long_ones)
        granule -= max(0, granule % in_piece + length - in_piece)
        offset = pieces[granule // in_piece] * PIECE_BYTES + granule % in_piece * GRANULARITY
        extents.append((offset, length * GRANULARITY))
    return extents


def make_disk(path):
    """A qcow2 image with random data in its pieces, no two of its clusters alike."""
    raw = path + ".raw"
    block = os.urandom(BLOCK_BYTES + PIECE_BYTES)
    with open(raw, "wb", buffering=0) as file:
        file.truncate(Shape.disk_bytes())
        for number, piece in enumerate(filled_pieces()):
            start = number * 4099 % BLOCK_BYTES
            os.pwrite(file.fileno(), block[start:start + PIECE_BYTES], piece * PIECE_BYTES)
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, path)
    os.unlink(raw)


def change_disk(path, seed):
    rng = random.Random(seed)
    commands = "".join(f"write -q -P {rng.randrange(1, 256)} {offset} {length}\n"
                       for offset, length in changed_extents())
    run("qemu-io", "-t", "unsafe", "-f", "qcow2", path, input=commands)


# ---- the cache ----

def settle(is_cold):
    """Before each run: nothing waits to be written, and for a cold one nothing is in the page cache."""
    os.sync()
    if is_cold:
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
            file.write("1\n")


def can_drop_caches():
    try:
        settle(True)
    except OSError:
        return False
    return True


# ---- a VM that Cairn backs up ----

class BackedUp:
    """VM of ENV's store: its full backup (.base_dir, of the point .base), and backups since."""

    def __init__(self, vm, directory, env):
        self.vm, self.directory, self.env = vm, directory, env
        self.base_dir = os.path.join(directory, "base")
        self.number = 0
        self.base = self.cairn("backup", vm, self.base_dir)["ReferencePoint"]

    def cairn(self, *args):
        return json.loads(run(CAIRN, "--json", *args, env=self.env))

    def new_dir(self):
        """Where the next backup goes; the one before is taken away, and its point."""
        for point in self.cairn("list", self.vm):
            if point["InstanceID"] != self.base:
                self.cairn("destroy", point["InstanceID"])
        shutil.rmtree(self.last_dir(), ignore_errors=True)
        self.number += 1
        return self.last_dir()

    def last_dir(self):
        return os.path.join(self.directory, f"backup{self.number}")

    def command(self, is_cold, since=True):
        """For interleave()."""
        def one(_):
            args = [CAIRN, "--json", "backup", self.vm, self.new_dir()]
            settle(is_cold)
            return args + (["--since", self.base] if since else []), self.env
        return one

    def verify(self, disk, kind="differential"):
        """The last backup is of KIND, and restores to what DISK has now."""
        with open(os.path.join(self.last_dir(), "manifest.json"), encoding="utf-8") as file:
            names = file.read()
        if f"{kind}.qcow2" not in names:
            stop(f"'{self.last_dir()}' isn't {kind}")
        to = os.path.join(self.directory, "restored")
        dirs = [self.base_dir, self.last_dir()] if kind == "differential" else [self.last_dir()]
        self.cairn("restore", *dirs, "--to", to)
        compare(os.path.join(to, "vda.qcow2"), disk)
        shutil.rmtree(to)

    def image(self):
        """The full backup's file."""
        return os.path.join(self.base_dir, "vda.full.qcow2")


def compare(restored, disk):
    """They are equal; DISK may be a running VM's."""
    run("qemu-img", "compare", "-U", "-f", "qcow2", "-F", "qcow2", restored, disk)


# ---- virtnbdbackup ----

class Peer:
    """virtnbdbackup's directory with a full backup of DOMAIN, which runs."""

    def __init__(self, domain, directory):
        self.domain, self.directory = domain, directory
        os.makedirs(directory)
        run(*self.args("full"), env=self.env())
        self.files = self.list_files()
        with open(self.known(), encoding="utf-8") as file:
            self.checkpoints = file.read()

    def list_files(self):
        return {os.path.join(place, name) for place, _, names in os.walk(self.directory) for name in names}

    def known(self):
        """Its own list of checkpoints."""
        return os.path.join(self.directory, f"{self.domain.name}.cpt")

    def env(self):
        return environment(PYTHONWARNINGS="ignore")

    def args(self, level):
        uri = self.domain.host.uri.replace("+unix", "")  # with a transport it wants a user and a password
        return ["virtnbdbackup", "-U", uri, "-d", self.domain.name, "-l", level, "-n", "-o",
                self.directory, "-f", tmp("peer.sock")]

    def reset(self):
        """As after the full backup: an incremental one since then can be made (again)."""
        for name in self.domain.checkpoints():
            if name != PEER_CHECKPOINT:
                self.domain.host.virsh("checkpoint-delete", self.domain.name, name)
        for path in self.list_files() - self.files:
            os.unlink(path)
        with open(self.known(), "w", encoding="utf-8") as file:
            file.write(self.checkpoints)

    def command(self, level, is_cold):
        """For interleave()."""
        def one(_):
            self.reset()
            settle(is_cold)
            return self.args(level), self.env()
        return one

    def verify(self, n_bytes):
        """The last backup holds as many."""
        found = sum(os.path.getsize(f) for f in self.list_files() - self.files if f.endswith(".data"))
        if found < n_bytes:
            stop(f"virtnbdbackup copied {found} of {n_bytes} bytes")


# ---- all of it ----

class Fixture:
    """.disk: a shut-off image; .vm: Cairn's VM of it; .peer: the same as a domain of virtnbdbackup's;
    .source: a file of as many bytes as changed; .live: a running domain of Cairn's."""

    def __init__(self):
        run(os.path.join(TOP, "tools", "install-packages"), "virtnbdbackup")
        self.host = Host("data")
        self.libvirt = contextlib.ExitStack()
        atexit.register(self.libvirt.close)
        self.virt = self.libvirt.enter_context(libvirt_host())
        self.disk = self.host.path("disk.qcow2")
        self.source = self.host.path("changed")
        make_disk(self.disk)
        self.peer = self.make_peer()
        self.host.add_vm("vm", self.disk)
        self.vm = BackedUp("vm", self.host.dir, self.host.env)
        self.base_image = self.vm.image()
        change_disk(self.disk, 3)
        with open(self.source, "wb") as file:
            for _ in range(Shape.changed_bytes() // GRANULARITY):
                file.write(os.urandom(GRANULARITY))
        os.sync()

    def make_peer(self):
        domain = self.domain("peer", self.disk).start()
        peer = Peer(domain, self.host.path("peer"))
        domain.quit()
        return peer

    def domain(self, name, disk, guest=False):
        """A shut-off domain with the image DISK; GUEST: with a system in it."""
        from cairnvirt import Disk, Domain  # pylint: disable=import-outside-toplevel
        from virtguest import Guest  # pylint: disable=import-outside-toplevel
        return (Guest if guest else Domain)(self.virt, name, [Disk("vda", path=disk)])

    @functools.cached_property
    def live(self):
        """A running domain with an equal disk, a full backup of it, and the same extents changed since."""
        disk = self.host.path("live.qcow2")
        run("cp", self.base_image, disk)
        domain = self.domain("live", disk, guest=True)
        env = environment(CAIRN_STORE=f"sqlite:{tmp('live.db')}", CAIRN_CONNECT=self.virt.uri,
                          CAIRN_RUNTIME_DIR=tmp("run"))
        vm = BackedUp("live", tmp("live"), env)
        change_disk(disk, 4)
        vm.domain, vm.disk = domain.boot(), disk
        return vm


class Push:
    """libvirt's push mode, of what changed since a point of VM (BackedUp), a running domain."""

    def __init__(self, vm):
        self.vm = vm
        self.target = os.path.join(vm.directory, "pushed.qcow2")
        self.xml = os.path.join(vm.directory, "push.xml")
        with open(self.xml, "w", encoding="utf-8") as file:
            file.write(f"<domainbackup mode='push'><incremental>{point_guid(vm.base)}</incremental><disks>"
                       "<disk name='vda' backup='yes' type='file'><driver type='qcow2'/>"
                       f"<target file='{self.target}'/></disk></disks></domainbackup>")

    def command(self, is_cold):
        """For interleave()."""
        def one(_):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.target)
            settle(is_cold)
            return [program("push-backup"), self.vm.domain.host.uri, self.vm.vm, self.xml], None
        return one


fixture = functools.cache(Fixture)
