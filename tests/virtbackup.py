# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines that are backed up while they are written to, for test-virt-backup.py and soak-backup.

    machine = Machine(seed=7)                # a libvirt domain of two disks, shut off
    machine.start()                          # QEMU runs, and a thread writes to its disks without a pause
    first = machine.backup()                 # `cairn backup`
    second = machine.freeze(base=first)      # `cairn freeze`, `export`, `convert`
    machine.stop()
    third = machine.log(base=second)         # `cairn create --type log`, `export`
    machine.check(third)                     # restored from first, second, third, and compared

What a generation is compared with are copies that nbdcopy makes at its moment: of the frozen view for `freeze`;
for the others, which freeze by themselves, of what QEMU or qemu-nbd serves while the writes are held still until the
new bitmap is there. Writes are qemu-io's through QEMU's monitor: random places, lengths, patterns, zeroes and discards.
"""
import contextlib
import glob
import random
import signal
import threading

from cairnvirt import *

MB = 1 << 20
FREEZING_SECONDS = 30
OWNER = "night"
# Runs a program that can make no file larger than so many bytes.
LIMITED = """import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.argv[2], sys.argv[2:])
"""


def guid_of(instance_id):
    return instance_id.rpartition("\\")[2]


def random_command(dice, size):
    """A command of qemu-io that changes a disk of SIZE bytes, and [offset, length] of what it changes."""
    length = dice.choice((512, 4096, 65536, 70144, 300032, MB))
    offset = dice.randrange(0, size - length + 1, 512)
    kind = dice.choice((f"write -P {dice.randrange(1, 255)}",) * 3 + ("write -z", "write -z -u", "discard"))
    return f"{kind} {offset} {length}", [offset, length]


def has_image(directory):
    """Whether a disk's image is on its way to DIRECTORY, which may be a pattern."""
    return glob.glob(os.path.join(directory, ".vd*"))


def nbdcopy(address, path, fmt="qcow2"):
    """A raw copy at PATH of what ADDRESS, an NBD URI or the path of an image, has; holes stay holes."""
    if address.startswith("nbd"):
        run("nbdcopy", address, path)
    else:
        run("nbdcopy", "--", "[", "qemu-nbd", "-r", "-f", fmt, address, "]", path)
    return path


def same(restored, reference):
    """A restored image has the size of a raw copy, and its bytes."""
    size = json.loads(run("qemu-img", "info", "--output=json", restored))["virtual-size"]
    equal(size, os.path.getsize(reference), f"size of {restored}")
    run("qemu-img", "check", "-q", restored)
    run("qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw", restored, reference)


class Writer(threading.Thread):
    """Writes to the disks of a running domain until it is ended. HELD, a lock: nothing is written by whoever has it.
    LOG gets (target, offset, length) of every write before it happens."""

    def __init__(self, machine):
        super().__init__(daemon=True)
        self.machine, self.log = machine, machine.log_of_writes
        self.dice = random.Random(machine.dice.random())
        self.held, self.over, self.problem = threading.Lock(), threading.Event(), None
        self.devices = {t: machine.vm._device(t)["qdev"] for t in machine.sizes}  # pylint: disable=protected-access
        self.connection = Connection(machine.host.uri)
        self.count = 0

    def run(self):
        try:
            while not self.over.wait(self.dice.uniform(0, 0.01)):
                with self.held:
                    self.write()
        except LibvirtError as problem:
            self.problem = problem
        finally:
            self.connection.close()

    def write(self):
        target = self.dice.choice(list(self.devices))
        command, extent = random_command(self.dice, self.machine.sizes[target])
        self.log.append((target, *extent))
        said = self.connection.monitor(self.machine.vm.name, f'qemu-io -d {self.devices[target]} "{command}"', hmp=True)
        if "rror" in said:
            raise LibvirtError(f"{command}: {said}")
        self.count += 1

    def end(self):
        """Ends it; gives what has stopped it before, if anything has."""
        self.over.set()
        self.join(TIMEOUT_SECONDS)
        return self.problem


class Generation:
    """A backup: its DIRECTORY, its POINT, the generation it is relative to (BASE; None: it is full), what it is
    compared with (REFERENCES: {target: raw copy}), and Kind and path by target (KINDS, PATHS). SIZES: {target: size}
    of the disks at its moment. AFTER: since which generation its changes are told, which isn't newer than BASE. MARKS:
    how long the log of writes was surely before, and surely after its moment."""

    def __init__(self, number, directory, base, sizes):
        self.number, self.directory, self.base, self.after, self.sizes = number, directory, base, base, dict(sizes)
        self.point, self.references, self.kinds, self.paths, self.marks = None, {}, {}, {}, [0, 0]
        self.lost = set()  # targets whose bitmap is gone

    def chain(self):
        """The directories that a restore needs, oldest first."""
        return (self.base.chain() if self.base else []) + [self.directory]

    def wanted_kind(self, target):
        """How TARGET must be copied."""
        after = self.after
        is_known = after and after.sizes.get(target) == self.sizes[target] and target not in after.lost
        return "differential" if is_known else "full"


class Machine:
    """Domain "web" of host .host. .points: {InstanceID: its targets} of all that must be there. SEED settles what is
    written where, though not when. SIZE is a disk's, in bytes. .n_writes_meanwhile: those that commands, which had
    frozen the domain by themselves, surely saw before they had copied all."""

    def __init__(self, seed=1, size=48 * MB, n_disks=2):
        self.seed, self.dice, self.size = seed, random.Random(seed), size
        self.host = Libvirt()
        self.vm = self.host.domain("web", size=size,
                                   disks=[Disk("vd" + "abc"[i], driver="discard='unmap'") for i in range(n_disks)])
        self.sizes = {"vd" + "abc"[i]: size for i in range(n_disks)}
        self.log_of_writes, self.writer, self.n_writes_meanwhile = [], None, 0
        self.points, self.generations, self.logs, self.n_directories = {}, [], [], 0
        for target in self.sizes:
            self.scribble(target, 60)

    # -- its life and its writes --

    @property
    def is_running(self):
        return self.vm.state() in ("running", "paused")

    def path(self, target):
        return self.vm.disks(inactive=True)[target]

    def scribble(self, target, count=20):
        """Random writes to a disk of the domain while it is shut off."""
        commands = []
        for _ in range(count):
            command, extent = random_command(self.dice, self.sizes[target])
            self.log_of_writes.append((target, *extent))
            commands.append(command.replace(" ", " -q ", 1))
        run("qemu-io", "-t", "unsafe", "-d", "unmap", "-f", "qcow2",
            *(part for command in commands for part in ("-c", command)), self.path(target))

    def start(self):
        self.vm.start()
        self.start_writer()
        return self

    def start_writer(self):
        self.writer = Writer(self)
        self.writer.start()

    def stop_writer(self):
        """Gives what has stopped it before, if anything has."""
        writer, self.writer = self.writer, None
        return writer.end()

    def stop(self, end=None):
        """Ends the writes and QEMU (END, default cleanly)."""
        problem = self.stop_writer()
        (end or self.vm.quit)()
        true(not problem, f"a write failed: {problem}")
        return self

    def crash(self):
        """QEMU is killed amid its writes."""
        self.vm.kill9()
        self.stop_writer()
        for generation in self.generations + self.logs:
            generation.lost |= set(self.sizes)

    def write(self, target, offset, length, pattern):
        """One more write to a running domain's disk."""
        self.log_of_writes.append((target, offset, length))
        self.vm.write(target, offset, length, pattern)

    @contextlib.contextmanager
    def stillness(self):
        """Nobody writes in a with statement."""
        with self.writer.held if self.writer else contextlib.nullcontext():
            yield

    # -- the references --

    def serve_and_copy(self, directory):
        """{target: raw copy} of the disks as they are now, while nothing is written."""
        if not self.is_running:
            return {t: nbdcopy(self.path(t), f"{directory}-{t}.raw") for t in self.sizes}
        socket_path = self.host.path("reference")
        self.vm.qmp("nbd-server-start", addr={"type": "unix", "data": {"path": socket_path}})
        try:
            found = {}
            for target in self.sizes:
                self.vm.qmp("block-export-add", type="nbd", id=f"reference-{target}", name=target,
                            **{"node-name": self.node(target)})
                found[target] = nbdcopy(f"nbd+unix:///{target}?socket={socket_path}", f"{directory}-{target}.raw")
            return found
        finally:
            self.vm.qmp("nbd-server-stop")

    def n_bitmaps(self):
        return len(self.vm.bitmaps("vda"))

    def begin(self, *args, **more):
        """Starts cairn as a process."""
        uid = getattr(self.host, "uid", None) if os.getuid() == 0 else None
        # In the background of a shell Ctrl-C would be ignored.
        return spawn("--store", self.host.store, "--connect", self.host.connect, "--json", *args, uid=uid,
                     env=getattr(self.host, "env", None),
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **more)

    def run_frozen(self, generation, *args):
        """Runs cairn ARGS, which make a point by themselves, and takes the references of that moment; what is written
        goes on once the point's bitmap is there. Gives its answer."""
        with self.stillness():
            generation.references = self.serve_and_copy(generation.directory)
            generation.marks = [len(self.log_of_writes)] * 2
            count, process = self.n_bitmaps() if self.is_running else 0, self.begin(*args)
            if self.is_running:
                wait_until(lambda: self.n_bitmaps() > count or process.poll() is not None, "it freezes",
                           FREEZING_SECONDS)
            if self.writer:
                process.send_signal(signal.SIGSTOP)  # until it has seen writes
        if self.writer and process.poll() is None:
            self.wait_for_writes(3)
            self.n_writes_meanwhile += 3
            process.send_signal(signal.SIGCONT)
        out, said = process.communicate(timeout=TIMEOUT_SECONDS)
        true(process.returncode == 0 and not said, f"{args} ended with {process.returncode}: {out!r} {said!r}")
        return json.loads(out)

    def catch(self, directory, *args):
        """Starts a cairn that is stopped as soon as it writes an image in DIRECTORY (which may be a pattern)."""
        process = self.begin(*args)
        while process.poll() is None and not has_image(directory):
            time.sleep(0.0005)
        process.send_signal(signal.SIGSTOP)
        if process.poll() is not None:
            fail(f"{args} was done before it was caught: {process.communicate()}")
        return process

    @contextlib.contextmanager
    def small_place(self, size):
        """A directory that holds SIZE bytes only, and what begin() needs for it to be so."""
        place = self.host.give(self.host.mkdir("small"))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "none", place]
        if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            yield place, {"prefix": [sys.executable, "-c", LIMITED, str(size)]}
            return
        try:
            yield place, {}
        finally:
            run("umount", place)

    def wait_for_writes(self, count):
        """Until COUNT more writes are done."""
        wanted = self.writer.count + count
        wait_until(lambda: self.writer.count >= wanted, f"{count} writes")

    def wait_for_end(self, frozen):
        """Until what `cairn freeze` told (FROZEN) has ended by itself, and all is gone."""
        guid = guid_of(frozen["ReferencePoint"])
        wait_until(lambda: guid not in self.vm.bitmaps("vda"), "the snapshot ends", FREEZING_SECONDS)
        wait_until(lambda: not self.has_job() and guid not in self.vm.checkpoints(), "its job ends", FREEZING_SECONDS)
        equal(self.host.ok("snapshots"), [])
        self.check_nothing_else()

    def kill_holder(self):
        (snapshot,) = self.host.ok("snapshots", "web")
        os.kill(snapshot["Holder"], signal.SIGKILL)
        wait_until(lambda: not is_alive(snapshot["Holder"]), "the holder is dead")

    def node(self, target):
        """QEMU's name of a disk's active layer."""
        return self.vm._device(target)["inserted"]["node-name"]  # pylint: disable=protected-access

    def add_disk(self, target):
        """A disk more, while it runs."""
        disk = Disk(target, size=self.size, driver="discard='unmap'")
        disk.make(self.host, "web", self.size)
        xml = write_file(self.host.path(f"{target}.xml"), disk.to_xml())
        self.host.virsh("attach-device", "web", xml, "--live", "--config")
        with self.stillness():
            self.sizes[target] = self.size
            self.writer.devices[target] = self.vm._device(target)["qdev"]  # pylint: disable=protected-access

    # -- generations --

    def new_generation(self, base=None):
        self.n_directories += 1
        return Generation(self.n_directories, self.host.path(f"backup{self.n_directories}"), base, self.sizes)

    def done(self, generation, files):
        """GENERATION is there with FILES (of the answer)."""
        generation.kinds = {f["Target"]: f["Kind"] for f in files}
        generation.paths = {f["Target"]: f["Path"] for f in files}
        equal(generation.kinds, {t: generation.wanted_kind(t) for t in self.sizes}, "kinds")
        for file in files:
            is_unwanted = file["Kind"] == "full" and generation.base is not None
            true("Reason" not in file or bool(file["Reason"]) == is_unwanted, f"why {file}?")
            names = [n for n in os.listdir(generation.directory) if file["Target"] in n]
            equal([os.path.join(generation.directory, n) for n in names], [file["Path"]])
        self.points[generation.point] = list(self.sizes)
        self.generations.append(generation)
        self.check_sizes(generation)
        return generation

    def backup(self, base=None):
        """A generation by `cairn backup`, since that of BASE."""
        generation = self.new_generation(base)
        since = ["--since", base.point] if base else []
        answer = self.run_frozen(generation, "backup", "web", generation.directory, "--owner", OWNER, *since)
        generation.point = answer["ReferencePoint"]
        return self.done(generation, answer["Files"])

    def freeze(self, base=None):
        """A generation by `cairn freeze`, `export`, `convert`, while it is written to."""
        generation = self.new_generation(base)
        generation.marks[0] = len(self.log_of_writes)
        frozen = self.host.ok("freeze", "web", "--owner", OWNER)
        equal({d["Target"]: d["VirtualSize"] for d in frozen["Disks"]}, self.sizes, "what is frozen")
        self.copy_frozen(generation, frozen)
        more = ["--base", base.point] if base else []
        answer = self.host.ok("export", frozen["Snapshot"], self.make(generation.directory), *more)
        generation.marks[1] = len(self.log_of_writes)
        generation.point = self.host.ok("convert", frozen["Snapshot"])["ReferencePoint"]
        equal(generation.point, frozen["ReferencePoint"], "the point of the snapshot")
        return self.done(generation, answer["Files"])

    def copy_frozen(self, generation, frozen):
        """GENERATION's references, of what `cairn freeze` told."""
        generation.references = {d["Target"]: nbdcopy(d["Address"], f"{generation.directory}-{d['Target']}.raw")
                                 for d in frozen["Disks"]}

    def make(self, directory):
        os.mkdir(directory)
        return self.host.give(directory)

    def keep_log(self, generation=None):
        """A log-based point (GENERATION's); gives the generation."""
        generation = generation or self.new_generation()
        answer = self.run_frozen(generation, "create", "web", "--type", "log", "--owner", "logs")
        generation.point = answer["ReferencePoint"]
        self.points[generation.point] = list(self.sizes)
        self.logs.append(generation)
        return generation

    def log(self, base):
        """A generation by `cairn create --type log` and its export since BASE."""
        generation = self.new_generation(base)
        generation.after = max((g for g in self.logs if g.number <= base.number), key=lambda g: g.number)
        self.keep_log(generation)
        answer = self.host.ok("export", generation.point, self.make(generation.directory), "--base", base.point)
        paths = answer["ExportedLogFilePaths"]
        equal(len(answer["ExportedDisks"]), len(paths))
        parts = [os.path.basename(path).split(".") for path in paths]
        return self.done(generation, [{"Target": p[0], "Kind": p[1], "Path": path} for p, path in zip(parts, paths)])

    def check_sizes(self, generation):
        """A differential is no larger than what was written to since its base, and 1 MiB."""
        for target, kind in generation.kinds.items():
            if kind == "differential":
                log = self.log_of_writes[generation.after.marks[0]:generation.marks[1]]
                written = granules([w[1:] for w in log if w[0] == target], size=self.sizes[target])
                limit, size = sum(length for _, length in written) + MB, os.path.getsize(generation.paths[target])
                true(size <= limit, f"{generation.paths[target]} has {size} bytes, more than {limit}")

    # -- what holds --

    def check(self, generation, forget=False):
        """GENERATION, restored, is what its references are. FORGET: those are removed then."""
        to = self.host.path("restored")
        answer = self.host.ok("restore", *generation.chain(), "--to", to)
        true({os.path.join(to, t + ".qcow2") for t in generation.references} <= set(answer["Files"]), f"{answer}")
        for target, reference in generation.references.items():
            same(os.path.join(to, target + ".qcow2"), reference)
            if forget:
                os.unlink(reference)
        shutil.rmtree(to)
        return generation

    def check_nothing_else(self, *directories):
        """Neither in the store, in libvirt, in QEMU, in the images nor beside them is anything but the points that must
        be there; DIRECTORIES are empty, or absent."""
        equal(sorted(p["InstanceID"] for p in self.host.ok("list", "web")), sorted(self.points), "points")
        equal(self.host.ok("snapshots"), [], "snapshots")
        for directory in directories:
            equal(os.listdir(directory) if os.path.exists(directory) else [], [], f"what is in {directory}")
        equal(self.host.ok("doctor")["Findings"], [], "findings")
        for target in self.sizes:
            wanted = {guid_of(p): ["auto"] for p, targets in self.points.items() if target in targets}
            equal(self.vm.bitmaps(target), wanted, f"bitmaps of {target}")
        equal(sorted(self.vm.checkpoints()), sorted(map(guid_of, self.points)), "libvirt's checkpoints")
        if self.is_running:
            true(not self.has_job(), "a backup job is left")
        left = [p for pattern in (".*", "*.scratch", "*.tmp") for p in glob.glob(self.host.path(pattern))]
        left += glob.glob(os.path.join(getattr(self.host, "env", environment())["CAIRN_RUNTIME_DIR"], "*", "*"))
        equal(left, [], "what lies about")

    def has_job(self):
        return "Job type: None" not in re.sub(" +", " ", self.host.virsh("domjobinfo", "web"))

    def lose(self, generation, target):
        """Somebody removes the bitmap of GENERATION's point from a disk of the running domain."""
        self.vm.qmp("block-dirty-bitmap-remove", node=self.node(target), name=guid_of(generation.point))
        generation.lost.add(target)

    def forget(self, *instance_ids):
        """These points are gone."""
        for instance_id in instance_ids:
            del self.points[instance_id]

    def close(self):
        """Its end."""
        if self.writer:
            self.stop()
        for snapshot in self.host.ok("snapshots"):
            self.host.ok("discard", snapshot["Snapshot"], "--force")
        self.host.close()
