#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""freeze, snapshots, export, convert and discard of shut-off VMs, as the command line answers."""
import signal

from cairntest import *

SNAPSHOT = r"^Microsoft:[0-9A-F-]{36}$"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
VIEW = {"Target", "VirtualDiskIdentifier", "Address", "VirtualSize"}


def frozen(n_disks=1):
    """A host with VM web; and its disks' paths."""
    host = Host()
    vm = host.vm("web", n_disks, "8M")
    return host, [d["Path"] for d in vm["Disks"]]


def nothing_left(host, disks):
    """No recovery checkpoint, no bitmap, nothing for doctor to find."""
    equal(host.ok("snapshots"), [])
    equal(host.ok("list"), [])
    equal([bitmaps(d) for d in disks], [{}] * len(disks))
    equal(host.ok("doctor")["Findings"], [])


@test("what is frozen is told, can be read, exported and converted; no point before that")
def converted():
    host, disks = frozen(2)
    write(disks[0], 0, 65536)
    point = host.ok("backup", "web", host.path("full"))["ReferencePoint"]
    write(disks[1], 1 << 20, 100)
    answer = host.ok("freeze", "web", "--owner", "o", "--label", "l", "--lease", "30m")
    matches(answer["Snapshot"], SNAPSHOT)
    matches(answer["Expires"], TIME)
    equal([d["Address"] for d in answer["Disks"]], disks)
    true(all(VIEW <= set(d) and d["VirtualSize"] == 8 << 20 for d in answer["Disks"]), f"{answer}")
    equal([p["InstanceID"] for p in host.ok("list")], [point])
    host.fail(32773, "show", answer["ReferencePoint"], sentence="reference point")
    host.fail(32774, "freeze", "web", sentence=answer["Snapshot"])

    listed = host.ok("snapshots", "web")
    equal(len(listed), 1)
    created = listed[0].pop("CreationTime")
    matches(created, TIME)
    equal(listed[0], {**{k: v for k, v in answer.items() if k != "ReturnValue"}, "Name": "web",
                      "VirtualSystemIdentifier": host.ok("vm", "show", "web")["VirtualSystemIdentifier"],
                      "Owner": "o", "ElementName": "l"})
    true(is_alive(listed[0]["Holder"]), "the holder lives")

    for name, args, kinds in (("out", (), ["full", "full"]), ("out2", ("--base", point), ["differential"] * 2),
                              ("out3", ("--disk", "vdb"), ["full"])):
        # By its GUID alone, too.
        answer2 = host.ok("export", answer["Snapshot"][10 if args else 0:], host.path(name), *args)
        equal(answer2["ReferencePoint"], answer["ReferencePoint"])
        equal([f["Kind"] for f in answer2["Files"]], kinds)
    equal(host.ok("convert", answer["Snapshot"]), {"ReturnValue": 0, "ReferencePoint": answer["ReferencePoint"]})
    equal([p["InstanceID"] for p in host.ok("list")], [point, answer["ReferencePoint"]])
    wait_until(lambda: not is_alive(listed[0]["Holder"]), "the holder ends")
    host.ok("restore", host.path("full"), host.path("out2"), "--to", host.path("back"))
    run("qemu-img", "compare", disks[1], host.path("back", "vdb.qcow2"))
    host.fail(32773, "convert", answer["Snapshot"], sentence="no recovery checkpoint")
    host.fail(32773, "export", answer["Snapshot"], host.path("out4"), sentence="no recovery checkpoint")


@test("discard leaves nothing, and of another owner's only with --force")
def discarded():
    host, disks = frozen()
    for more, force in (((), ()), (("--owner", "o"), ("--owner", "o")), (("--owner", "o"), ("--force",))):
        answer = host.ok("freeze", "web", *more)
        if more:
            host.fail(32769, "discard", answer["Snapshot"], sentence="'o'")
        equal(host.ok("discard", answer["Snapshot"], *force), {"ReturnValue": 0})
        nothing_left(host, disks)
    host.fail(32773, "discard", answer["Snapshot"], sentence="no recovery checkpoint")


@test("it ends with its lease, with the process it is for, and with its holder")
def ended():
    host, disks = frozen()
    host.ok("freeze", "web", "--lease", 1)
    wait_until(lambda: not host.ok("snapshots"), "the lease is over")
    nothing_left(host, disks)
    sleeper = subprocess.Popen(["sleep", "60"])
    host.ok("freeze", "web", "--while", sleeper.pid)
    equal(len(host.ok("snapshots")), 1)
    sleeper.kill()
    sleeper.wait()
    wait_until(lambda: not host.ok("snapshots"), "the process has ended")
    nothing_left(host, disks)
    host.fail(32773, "freeze", "web", "--while", sleeper.pid, sentence="process")
    holder = host.ok("freeze", "web")["Holder"]
    os.kill(holder, signal.SIGKILL)
    wait_until(lambda: not is_alive(holder), "the holder is dead")
    nothing_left(host, disks)


@test("people are told in tables and sentences")
def spoken():
    host, disks = frozen()
    equal(host.text("snapshots"), "No recovery checkpoints.\n")
    out = host.text("freeze", "web", "--owner", "o", "--lease", "2d")
    matches(out, rf"^Frozen until \d{{4}}-\S+ \S+ UTC: Microsoft:\S+\nDISK +SIZE +ADDRESS\nvda +8 MiB +{disks[0]}\n$")
    out = host.text("snapshots")
    matches(out, r"^VM +SNAPSHOT +CREATED +EXPIRES +LABEL +OWNER +HOLDER\nweb +Microsoft:\S+ .* - +o +\d+\n$")
    matches(host.text("convert", out.split()[8]), r"^Created Microsoft:\S+\n$")
    snapshot = host.ok("freeze", "web")["Snapshot"]
    matches(host.text("export", snapshot, host.path("out")), r"^Exported Microsoft:\S+\nDisk 'vda' full, ")
    matches(host.text("discard", snapshot), r"^Recovery checkpoint 'Microsoft:\S+' has ended")


main()
