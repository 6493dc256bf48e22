# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bench/run is made with: the release build, hosts with images and a store, the stopwatch, the
table."""
import atexit
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
BUILD = os.path.join(TOP, "build-bench")
INSTALLED = os.path.join(BUILD, "installed")
CAIRN = os.path.join(INSTALLED, "bin", "cairn")
MIB = 1 << 20
GRANULARITY = 65536


def stop(message):
    sys.exit(f"bench/run: {message}")


def run(*args, **more):
    """Runs a program, which must succeed; gives its standard output."""
    done = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False, **more)
    if done.returncode != 0:
        stop(f"{' '.join(map(str, args[:6]))} failed: {done.stderr or done.stdout}")
    return done.stdout


# ---- the release build ----

def build():
    """What is installed, and the programs of bench/; not the tests."""
    run(os.path.join(TOP, "tools", "install-packages"))
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        run("meson", "setup", BUILD, TOP, "--buildtype=release", f"--prefix={INSTALLED}",
            "--libdir=lib")
    else:
        run("ninja", "-C", BUILD, "build.ninja")
    targets = json.loads(run("meson", "introspect", "--targets", BUILD))
    wanted = [t for t in targets
              if t["installed"] or os.path.dirname(t["defined_in"]).endswith("/bench")]
    run("ninja", "-C", BUILD, *(os.path.relpath(f, BUILD) for t in wanted for f in t["filename"]))
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet")


def program(name):
    """The path of a program of bench/."""
    return os.path.join(BUILD, "bench", name)


def program_lines(name, *args, env=None):
    """Runs a program of bench/ that prints lines of name, value and unit; {name: value}."""
    return {line.split()[0]: float(line.split()[1])
            for line in run(program(name), *args, env=env or environment()).splitlines()}


# ---- temporary files ----

_tmp = None


def tmp(*parts):
    """A path in this run's temporary directory, which is removed at the end."""
    global _tmp
    if _tmp is None:
        _tmp = tempfile.mkdtemp(prefix="cairn-bench-")
        atexit.register(shutil.rmtree, _tmp, ignore_errors=True)
    return os.path.join(_tmp, *parts)


def environment(**more):
    """The user's own without anything that is Cairn's."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CAIRN_")}
    return {**kept, "HOME": tmp(), "XDG_STATE_HOME": tmp(), **more}


# ---- the stopwatch ----

class Times:
    """The runs of one command: milliseconds of the whole process, how many of them it had a
    processor (less on a busy machine), and its peak of memory."""

    def __init__(self):
        self.ms = []
        self.cpu_ms = []
        self.peak_mib = 0.0

    @property
    def median(self):
        return statistics.median(self.ms)

    def text(self):
        return (f"{self.median:.2f} ms (min {min(self.ms):.1f}, "
                f"CPU {statistics.median(self.cpu_ms):.1f})")


def measure(times, args, env=None, output=os.devnull):
    """One run of a command, which must succeed."""
    done = run(program("stopwatch"), output, *args, env=env or environment())
    wall_us, cpu_us, peak_kib, status = map(int, done.split())
    if status != 0:
        stop(f"{' '.join(map(str, args[:8]))} ended with status {status}")
    times.ms.append(wall_us / 1000)
    times.cpu_ms.append(cpu_us / 1000)
    times.peak_mib = max(times.peak_mib, peak_kib / 1024)


def interleave(rounds, *commands):
    """Runs the commands in turn (A B A B ...), so that what else the machine does hits all alike;
    one round to warm up isn't counted. A command: a list of arguments, or a function that gets the
    round's number and gives (arguments, environment)."""
    found = [Times() for _ in commands]
    for number in range(-1, rounds):
        for times, command in zip(found, commands):
            args, env = command(number) if callable(command) else (command, None)
            measure(times if number >= 0 else Times(), args, env)
    return found


# ---- hosts ----

class Host:
    """A directory with images and a store of its own."""

    def __init__(self, name):
        self.dir = tmp(name)
        os.makedirs(self.dir)
        self.store_file = os.path.join(self.dir, "cairn.db")
        self.env = environment(CAIRN_STORE=f"sqlite:{self.store_file}")

    def path(self, name):
        return os.path.join(self.dir, name)

    def image(self, name, size):
        run("qemu-img", "create", "-q", "-f", "qcow2", self.path(name), size)
        return self.path(name)

    def cairn(self, *args):
        """An answer of `cairn --json`, which must succeed."""
        return json.loads(run(CAIRN, "--json", *args, env=self.env))

    def timed(self, *args):
        """The same for interleave()."""
        return lambda number: ([CAIRN, "--json", *args], self.env)

    def add_vm(self, name, *images, uuid=None):
        disks = [a for i, image in enumerate(images)
                 for a in ("--disk", f"vd{'abcdef'[i]}={image}")]
        more = ["--uuid", uuid] if uuid else []
        return self.cairn("vm", "add", name, *disks, *more)["VirtualSystemIdentifier"]

    def create(self, vm):
        return self.cairn("create", vm)["ReferencePoint"]

    def fill(self, n_points, whose):
        """Puts points into the store alone; gives their GUIDs (see fill-store.c)."""
        return run(program("fill-store"), self.store_file, n_points, whose).split()


@contextlib.contextmanager
def libvirt_host():
    """A libvirtd of its own, as the tests have them (tests/cairnvirt.py); it has .uri."""
    os.environ.update(CAIRN=CAIRN, CAIRN_VIRT_CACHE=os.path.join(BUILD, "virt-cache"))
    sys.path.insert(0, os.path.join(TOP, "tests"))
    from cairnvirt import Libvirt  # pylint: disable=import-outside-toplevel
    host = Libvirt()
    try:
        yield host
    finally:
        host.close()


@contextlib.contextmanager
def running_domain(name, n_disks, size):
    """A paused domain; it has .host.uri."""
    with libvirt_host() as host:
        yield host.domain(name, disks=n_disks, size=size).start()


def define_domain(host, name, uuid, image):
    """Makes a shut-off domain known whose disk vda is there already."""
    from cairnvirt import Disk  # pylint: disable=import-outside-toplevel
    host.domain(name, [Disk("vda", path=image)], vm_uuid=uuid)


def point_guid(instance_id):
    return instance_id.rpartition("\\")[2]


# ---- images ----

def write_granules(image, offsets):
    """One dirty granule at each of OFFSETS, with next to nothing allocated."""
    commands = "".join(f"write -q -z {offset} {GRANULARITY}\n" for offset in offsets)
    run("qemu-io", "-t", "unsafe", "-f", "qcow2", image, input=commands)


def add_bitmaps(image, names):
    """Adds persistent bitmaps with one QEMU."""
    commands = [{"execute": "qmp_capabilities"}]
    commands += [{"execute": "block-dirty-bitmap-add",
                  "arguments": {"node": "disk", "name": name, "persistent": True,
                                "granularity": GRANULARITY}} for name in names]
    commands += [{"execute": "quit"}]
    answers = run("qemu-storage-daemon", "--blockdev",
                  f"driver=qcow2,node-name=disk,file.driver=file,file.filename={image}",
                  "--chardev", "stdio,id=qmp", "--monitor", "chardev=qmp",
                  input="".join(json.dumps(c) + "\n" for c in commands))
    if '"error"' in answers:
        stop(f"a bitmap couldn't be added to {image}: {answers[-300:]}")


# ---- the table ----

class Table:
    """The figures, printed as they come."""

    WIDTHS = (46, 32, 20, 56)

    def __init__(self):
        self.n_missed = 0
        self.line("figure", "measured", "to reach", "compared with", "verdict")
        self.line(*("-" * w for w in self.WIDTHS), "-------")

    def line(self, *cells):
        padded = [cell.ljust(width) for cell, width in zip(cells, self.WIDTHS)]
        print("  ".join(padded + list(cells[len(padded):])).rstrip(), flush=True)

    def figure(self, name, measured, target, compared="", good=None):
        """GOOD: whether the target is reached; None for what is told for information."""
        verdict = "" if good is None else "reached" if good else "MISSED"
        self.n_missed += good is False
        self.line(name, measured, target, compared, verdict)

    def skipped(self, name, why):
        self.line(name, "not measured", "", why)
