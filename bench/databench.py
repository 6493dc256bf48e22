# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench/run's rows about backups and restores."""
import os
import shutil
import statistics
import time

from cairnbench import CAIRN, MIB, Host, environment, interleave, run, stop, tmp
from datafixture import BackedUp, Push, Shape, can_drop_caches, compare, fixture, settle

ROUNDS = 9
FEW_ROUNDS = {False: 5, True: 3}  # of what takes seconds, warm and cold
MEMORY_MIB = 128
GUEST_ROUNDS = 9


def text(times):
    return (f"{times.median:.0f} ms ({min(times.ms):.0f}-{max(times.ms):.0f}, "
            f"CPU {statistics.median(times.cpu_ms):.0f})")


def states(table):
    """Warm and cold, where that can be had."""
    yield "warm", False
    if can_drop_caches():
        yield "cold", True
    else:
        table.skipped("  cold", "/proc/sys/vm/drop_caches can't be written here")


def memory(table, times):
    table.figure("  peak memory", f"{times.peak_mib:.0f} MiB", f"{MEMORY_MIB} MiB", "",
                 times.peak_mib < MEMORY_MIB)


def compared(table, what, ours, name, theirs, target, at_least):
    """OURS is AT_LEAST times as fast as THEIRS."""
    ratio = theirs.median / ours.median
    table.figure(what, text(ours), target, f"{name}: {text(theirs)}: {ratio:.2f} x", ratio >= at_least)


def dd(source, target, is_cold):
    """For interleave()."""
    def one(_):
        if os.path.exists(target):
            os.unlink(target)
        settle(is_cold)
        return ["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fdatasync", "status=none"], None
    return one


def row_differential(table):
    all_ = fixture()
    copy = tmp("copied")
    for state, is_cold in states(table):
        ours, plain, peer = interleave(ROUNDS, all_.vm.command(is_cold), dd(all_.source, copy, is_cold),
                                       all_.peer.command("diff", is_cold))
        compared(table, f"differential, shut off, {state}", ours, "dd", plain, "1.5 x dd's time", 1 / 1.5)
        compared(table, "  the same", ours, "virtnbdbackup", peer, "4 x virtnbdbackup", 4)
        all_.vm.verify(all_.disk)
        all_.peer.verify(Shape.changed_bytes())
    os.unlink(copy)
    memory(table, ours)


def convert(disk, target, is_cold, is_synced):
    """For interleave(): qemu-img, which by itself leaves its target in the page cache."""
    command = ["qemu-img", "convert", "-W", "-m", "16", "-f", "qcow2", "-O", "qcow2", disk, target]

    def one(_):
        if os.path.exists(target):
            os.unlink(target)
        settle(is_cold)
        if is_synced:
            return ["sh", "-c", '"$@" && sync --data "$0"', target, *command], None
        return command, None
    return one


def row_full(table):
    all_ = fixture()
    copy = tmp("converted.qcow2")
    for state, is_cold in states(table):
        ours, theirs, synced = interleave(FEW_ROUNDS[is_cold], all_.vm.command(is_cold, since=False),
                                          convert(all_.disk, copy, is_cold, False),
                                          convert(all_.disk, copy, is_cold, True))
        compared(table, f"full, shut off, {state}", ours, "qemu-img convert -W -m 16", theirs,
                 "not slower", 1)
        compared(table, "  made durable as ours is", ours, "and sync", synced, "", 1)
        all_.vm.verify(all_.disk, "full")
    os.unlink(copy)
    memory(table, ours)


def row_restore(table):
    all_ = fixture()
    copy, to = tmp("copied"), tmp("restored")
    all_.vm.cairn("backup", "vm", all_.vm.new_dir(), "--since", all_.vm.base)

    def restore(is_cold):
        def one(_):
            shutil.rmtree(to, ignore_errors=True)
            settle(is_cold)
            return [CAIRN, "restore", all_.vm.base_dir, all_.vm.last_dir(), "--to", to], all_.vm.env
        return one

    for state, is_cold in states(table):
        ours, plain = interleave(FEW_ROUNDS[is_cold], restore(is_cold), dd(all_.vm.image(), copy, is_cold))
        compared(table, f"restore, full and differential, {state}", ours, "dd of the full one",
                 plain, "80% of dd", 0.8)
        compare(os.path.join(to, "vda.qcow2"), all_.disk)
    os.unlink(copy)
    shutil.rmtree(to)
    memory(table, ours)


def row_running(table):
    all_ = fixture()
    live, peer = all_.live, all_.peer
    push = Push(live)
    peer.domain.start()
    for state, is_cold in states(table):
        ours, pushed, theirs = interleave(ROUNDS, live.command(is_cold), push.command(is_cold),
                                          peer.command("inc", is_cold))
        compared(table, f"differential, running, {state}", ours, "virtnbdbackup -l inc", theirs,
                 "3 x virtnbdbackup", 3)
        compared(table, "  the same", ours, "libvirt's push mode", pushed, "not slower", 1)
        live.verify(live.disk)
        peer.verify(Shape.changed_bytes())
    peer.domain.quit()
    memory(table, ours)


# ---- what a guest notices ----

class Writer:
    """The guest writes as fast as it can, at its disk's end, where nothing else is."""

    SPAN_BYTES = 64 * MIB

    def __init__(self, domain):
        self.domain = domain
        first = Shape.disk_bytes() // 65536 - self.SPAN_BYTES // 65536
        domain.shell(f"(while :; do dd if=/dev/zero of=/dev/vda bs=65536 seek={first} "
                     f"count={self.SPAN_BYTES // 65536} oflag=direct conv=notrunc 2> /dev/null; done) & "
                     "echo $! > /writer")

    def end(self):
        self.domain.shell("kill $(cat /writer); wait $(cat /writer); true")

    def written(self):
        disk, = [d for d in self.domain.qmp("query-blockstats") if d.get("qdev")]
        return disk["stats"]["wr_bytes"]

    def rate(self, act):
        """MiB/s while ACT() runs."""
        begin, before = time.monotonic(), self.written()
        act()
        seconds = time.monotonic() - begin
        return (self.written() - before) / seconds / MIB, seconds


def row_guest(table):
    live = fixture().live
    writer = Writer(live.domain)
    calm, busy = [], []
    seconds = 1
    time.sleep(1)
    for _ in range(GUEST_ROUNDS):
        directory = live.new_dir()
        settle(False)
        rate, seconds = writer.rate(lambda d=directory: live.cairn("backup", live.vm, d, "--since", live.base))
        busy.append(rate)
        settle(False)
        rate, _ = writer.rate(lambda s=seconds: time.sleep(s))
        calm.append(rate)
    writer.end()
    kept = statistics.median(b / c for b, c in zip(busy, calm))
    table.figure("guest's writes during a differential", f"{100 * kept:.0f}%", "80%",
                 f"{statistics.median(busy):.0f} of {statistics.median(calm):.0f} MiB/s "
                 f"({min(busy):.0f}-{max(busy):.0f}, {min(calm):.0f}-{max(calm):.0f})", kept >= 0.8)


# ---- a large disk ----

def row_wide(table):
    host = Host("wide")
    image = host.image("disk.qcow2", "1T")
    run("qemu-io", "-t", "unsafe", "-f", "qcow2", image,
        input="".join(f"write -q -P 7 {i * 10}G 64k\n" for i in range(100)))
    host.add_vm("vm", image)
    vm = BackedUp("vm", host.dir, host.env)
    run("qemu-io", "-t", "unsafe", "-f", "qcow2", image,
        input="".join(f"write -q -P 8 {i * 10 + 1}G 64k\n" for i in range(100)))
    full, = interleave(1, vm.command(False, since=False))
    differential, = interleave(1, vm.command(False))
    vm.verify(image)
    for what, times in (("full", full), ("differential", differential)):
        table.figure(f"1 TiB, sparse, {what}", text(times), f"{MEMORY_MIB} MiB",
                     f"peak {times.peak_mib:.0f} MiB", times.peak_mib < MEMORY_MIB)


ROWS = {"differential": row_differential, "full": row_full, "restore": row_restore, "running": row_running,
        "guest": row_guest, "wide": row_wide}
