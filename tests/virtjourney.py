# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest on its way from host to host with its reference points, and what cairn says of them held against
what is known without it.

    journey = Journey(Guest(a, "web", disks=2).boot())
    journey.create()                   # a point, and copies of the disks as of it
    journey.write()                    # the guest writes random data where the journey knows
    pairs = journey.export()
    journey.vm = journey.vm.migrate(b, "--persistent")
    journey.take_in(pairs)
    journey.prove()                    # changes of every point == blocks that differ from the copies

The copies are taken by qemu-img while the domain is paused or shut off, so that the disks stand still and all
that QEMU holds is in the images; cairn has no part in it.
"""
import random

from virtguest import *

BLOCK = GRANULARITY
# The places that Guest.start_writer writes to (virtguest.py, "writer").
WRITER_STEP, WRITER_BYTES = 2473901, 4096


def copy_disk(image, path):
    """A raw copy of a disk that stands still; gives its path."""
    run("qemu-img", "convert", "-U", "-O", "raw", image, path)
    return path


def differing(before, now):
    """The blocks in which two raw files of one size differ, as [[offset, length], ...]."""
    found = []
    with open(before, "rb") as old, open(now, "rb") as new:
        equal(os.fstat(old.fileno()).st_size, os.fstat(new.fileno()).st_size, f"sizes of {before} and {now}")
        offset = 0
        while block := old.read(BLOCK):
            if block != new.read(BLOCK):
                found.append((offset, len(block)))
            offset += len(block)
    return granules(found)


def outside(extents, others):
    """The blocks of EXTENTS that OTHERS don't hold."""
    held = {b for offset, length in others for b in range(offset // BLOCK, -(-(offset + length) // BLOCK))}
    return [hex(b * BLOCK) for offset, length in extents for b in range(offset // BLOCK, (offset + length) // BLOCK)
            if b not in held]


def disk_size(image):
    """The size that the guest sees."""
    return json.loads(run("qemu-img", "info", "-U", "--output=json", image))["virtual-size"]


def verdicts(answer):
    """{target: verdict} of an answer's disks."""
    return {disk["Target"]: disk["Verdict"] for disk in answer["Disks"]}


def copied(vm, other, **options):
    """VM, shut off, with copies of its disks on the host OTHER, defined there; OPTIONS as for its class, for
    example name and vm_uuid."""
    disks = []
    for target, path in vm.disks(inactive=True).items():
        disks.append(Disk(target, shutil.copyfile(path, other.new_path(os.path.basename(path)))))
    return type(vm)(other, **{"name": vm.name, "vm_uuid": vm.uuid, "disks": disks, **options})


class Milestone:
    """A reference point, and what is known of its moment: copies of the disks, and how much of the journey's
    writes came before."""

    def __init__(self, instance_id, copies, n_writes, n_written):
        self.instance_id, self.copies = instance_id, copies
        self.guid = instance_id.partition("\\")[2]
        self.n_writes, self.n_written = n_writes, n_written


class Journey:
    """VM: the Guest, booted, with qcow2 disks; give it anew after each move. .milestones: its points, oldest
    first; .writes: [(target, offset, length), ...] that the guest made, its background writer's left out."""

    def __init__(self, vm, seed=1):
        self.vm = vm
        self.milestones, self.writes = [], []
        self.targets = sorted(vm.disks())
        self._random = random.Random(seed)
        self._writer_span = None
        self._n_writer = None  # how often the background writer wrote, once it has ended
        self._n_copies = 0

    @property
    def host(self):
        return self.vm.host

    # -- what the guest does --

    def write(self, count=6):
        """The guest writes random data at COUNT places of every disk; some cross a granule's border."""
        lines = []
        for target in self.targets:
            size = disk_size(self.vm.path(target))
            for _ in range(count):
                length = self._random.choice((16, 512, 4096, BLOCK, 3 * BLOCK + 5))
                offset = self._random.randrange(0, size - length)
                lines.append(f"scatter {target} {offset} {length} 0 1")
                self.writes.append((target, offset, length))
        # scatter's own sync, after each, would take most of the time.
        self.vm.shell(f"sync () {{ :; }}; {' && '.join(lines)}; status=$?; unset -f sync; sync; [ $status = 0 ]")

    def start_writer(self, span):
        """From now on the guest writes in the background, too, within the first SPAN bytes of every disk."""
        self.vm.start_writer(*self.targets, span=span)
        self._writer_span = span

    def stop_writer(self):
        self._n_writer = self.vm.stop_writer()

    def wait_for_writer(self, count=3):
        """Waits until the background writer wrote COUNT times more."""
        end = self._n_written() + count
        wait_until(lambda: self._n_written() >= end, "the guest's writer goes on")

    def _n_written(self):
        """How often the background writer wrote to each disk, at least; the guest must run for it."""
        if self._n_writer is not None or self._writer_span is None:
            return self._n_writer or 0
        return int(self.vm.shell("cat /writes 2> /dev/null || echo 0"))

    # -- points --

    def create(self, *args):
        """A point of the VM, paused if it runs; gives the Milestone."""
        n_written = self._n_written()
        with self.standing_still() as copies:
            made = self.host.ok("create", self.vm.name, *args)
        equal(verdicts(made), dict.fromkeys(self.targets, "tracked"))
        self.milestones.append(Milestone(made["ReferencePoint"], copies, len(self.writes), n_written))
        return self.milestones[-1]

    @contextlib.contextmanager
    def standing_still(self):
        """The VM is paused meanwhile if it runs; gives copies of its disks: {target: path of a raw file}."""
        runs = self.vm.state() == "running"
        if runs:
            self.vm.suspend()
        self._n_copies += 1
        yield {target: copy_disk(path, os.path.join(tmp(), f"copy{self._n_copies}-{target}.raw"))
               for target, path in self.vm.disks().items()}
        if runs:
            self.vm.resume()

    def export(self, *points):
        """Exports POINTS, or all the VM has; gives [(configuration file, runtime-state file), ...]."""
        orders = [(point.instance_id,) for point in points] or [("--all", self.vm.name)]
        answers = [self.host.ok("export", *order, self.host.mkdir("exported")) for order in orders]
        return [(answer["ExportedConfigFilePath"], answer["ExportedRuntimeFilePath"]) for answer in answers]

    def take_in(self, pairs):
        """Imports them where the VM is now; cairn and libvirt know all points then."""
        for pair in pairs:
            equal(verdicts(self.host.ok("import", self.vm.name, *pair)), dict.fromkeys(self.targets, "tracked"))
        listed = self.host.ok("list", self.vm.name)
        equal([point["InstanceID"] for point in listed], [m.instance_id for m in self.milestones])
        equal(self.vm.checkpoints(), [m.guid for m in self.milestones])

    # -- the proof --

    def prove(self):
        """Every point's changes hold every block that differs from the copy as of the point, and nothing that
        the guest hasn't written since."""
        with self.standing_still() as now:
            answers = [self.host.ok("changes", m.instance_id)["Disks"] for m in self.milestones]
        n_written = self._n_written()
        for milestone, answer in zip(self.milestones, answers):
            equal(sorted(disk["Target"] for disk in answer), self.targets)
            for disk in answer:
                self._prove_disk(milestone, disk, now[disk["Target"]], n_written)

    def _prove_disk(self, milestone, disk, now, n_written):
        target, changes = disk["Target"], disk["Changes"]
        what = f"{target} since point {self.milestones.index(milestone) + 1}"
        differ = differing(milestone.copies[target], now)
        known = [write[1:] for write in self.writes[milestone.n_writes:] if write[0] == target]
        if self._writer_span is None:
            equal(changes, differ, f"{what}: all that was written is random, so exactly that differs")
        else:  # it wrote on while it was counted
            known += [(i * WRITER_STEP % self._writer_span // WRITER_BYTES * WRITER_BYTES, WRITER_BYTES)
                      for i in range(max(0, milestone.n_written - 1), n_written + 2)]
        true(differ and known, f"{what}: nothing differs, so nothing is proven")
        equal(outside(differ, changes), [], f"{what}: blocks that differ and aren't among the changes")
        equal(outside(changes, granules(known)), [], f"{what}: changes that the guest never made")

    def prove_backup(self, milestone):
        """libvirt's own incremental backup from a point, laid over the copy as of the point, is the disk of
        now."""
        paths = {target: self.host.new_path(f"increment-{target}.qcow2") for target in self.targets}
        disks = "".join(f"<disk name='{target}' backup='yes' type='file'><target file='{path}'/></disk>"
                        for target, path in paths.items())
        order = write_file(self.host.path("backup.xml"), f"<domainbackup><incremental>{milestone.guid}</incremental>"
                           f"<disks>{disks}</disks></domainbackup>")
        with self.standing_still() as now:
            self.host.virsh("backup-begin", self.vm.name, order)
            wait_until(lambda: "None" in self.host.virsh("domjobinfo", self.vm.name), "the backup is done")
        for target, path in paths.items():
            run("qemu-img", "rebase", "-u", "-b", milestone.copies[target], "-F", "raw", path)
            run("qemu-img", "compare", path, now[target])
