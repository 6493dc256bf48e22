#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of the points of a libvirt domain when something happens to its disks: while it runs, and when
it is shut off afterwards."""
import re

from cairnvirt import *

MIB = 1 << 20


def show(host, point):
    """Target -> verdict."""
    return {d["Target"]: d["Verdict"] for d in host.ok("show", point)["Disks"]}


def changed(host, point):
    """Target -> extents."""
    return {d["Target"]: d["Changes"] for d in host.ok("changes", point)["Disks"]}


def at(*mebibytes):
    """The extents of writes of 64 KiB at each of MEBIBYTES."""
    return {"vda": [[n * MIB, 65536] for n in sorted(mebibytes)]}


class Story:
    """A running domain with something on its disk, and a point."""

    def __init__(self, host=None, **options):
        self.host = host or Libvirt()
        self.vm = self.host.domain("web", **options).start()
        self.vm.write("vda", 40 * MIB, MIB)  # before any point
        self.first = self.point()
        self.write(1)

    def point(self):
        return self.host.ok("create", "web")["ReferencePoint"]

    def write(self, mebibyte):
        self.vm.write("vda", mebibyte * MIB, 65536)

    def snapshot(self, name):
        """An external snapshot; the disk is in its overlay then."""
        path = self.host.path(f"{name}.qcow2")
        self.host.virsh("snapshot-create-as", "web", name, "--disk-only", "--no-metadata", "--diskspec",
                        f"vda,file={path}")
        return path

    def redefine(self, forgets=True):
        """Gives libvirt its own definition again. It doesn't start the domain (9.0) where what it believes of
        images below the disks is wrong, which FORGETS leaves out, or where a snapshot's overlay is encrypted."""
        xml = self.host.virsh("dumpxml", "web", "--inactive", "--security-info")
        if forgets:
            xml = re.sub(r"<backingStore.*</backingStore>|<backingStore/>", "", xml, flags=re.DOTALL)
        self.host.virsh("define", write_file(self.host.path("web.xml"), xml))

    def expect(self, changes):
        """{point: extents}, while the domain runs and when it is shut off; it is running again then."""
        for turn in ("running", "shut off", "running again"):
            if turn != "running":
                self.vm.quit() if turn == "shut off" else self.vm.start()
            for point, extents in changes.items():
                equal(show(self.host, point), {"vda": "tracked"}, f"{point}, {turn}: {self.host.ok('show', point)['Disks']}")
                equal(changed(self.host, point), extents, f"{point}, {turn}")


@test("an external snapshot: changes are told over the overlay and the image below")
def snapshot():
    story = Story()
    story.snapshot("one")
    story.write(2)
    second = story.point()
    story.write(3)
    story.snapshot("two")
    story.write(4)
    third = story.point()
    story.write(5)
    story.expect({story.first: at(1, 2, 3, 4, 5), second: at(3, 4, 5), third: at(5)})


@test("committed into the image below, the points go on there")
def committed():
    story = Story()
    story.snapshot("one")
    story.write(2)
    second = story.point()
    story.write(3)
    story.host.virsh("blockcommit", "web", "vda", "--active", "--pivot", "--wait")
    story.write(4)
    story.expect({story.first: at(1, 2, 3, 4), second: at(3, 4)})


@test("pulled up into the overlay, the points go on there")
def pulled():
    story = Story()
    story.snapshot("one")
    story.write(2)
    second = story.point()
    story.write(3)
    story.host.virsh("blockpull", "web", "vda", "--wait")
    story.write(4)
    story.expect({story.first: at(1, 2, 3, 4), second: at(3, 4)})


@test("copied to another image by block copy, the points go on there, whatever becomes of the old one")
def copied():
    story = Story()
    second = story.point()
    story.write(2)
    old, new = story.vm.path("vda"), story.host.path("new.qcow2")
    story.host.virsh("blockcopy", "web", "vda", new, "--wait", "--pivot", "--transient-job")
    story.write(3)
    story.expect({story.first: at(1, 2, 3), second: at(2, 3)})
    write(old, 50 * MIB, 65536)
    equal(show(story.host, story.first), {"vda": "tracked"}, "which knows its new place")


@test("a block copy holds more than its original, which is no sign of a cleared bitmap")
def allocated():
    story = Story()
    story.vm.quit()
    second = story.point()  # of a shut-off disk: what is allocated counts
    story.vm.start()
    new = story.host.path("new.qcow2")
    story.host.virsh("blockcopy", "web", "vda", new, "--wait", "--pivot", "--transient-job")
    story.write(2)
    story.vm.quit()
    equal(show(story.host, second), {"vda": "tracked"})
    equal(changed(story.host, second), at(2))
    run("qemu-img", "bitmap", "--clear", new, second.split("\\")[1])
    equal(show(story.host, second), {"vda": "disabled"})


@test("flattened by QEMU without its bits, the point is lost, and says so")
def streamed():
    story = Story()
    story.snapshot("one")
    story.write(2)
    node = [n["node-name"] for n in story.vm.qmp("query-named-block-nodes") if n["file"].endswith("one.qcow2")
            and n["drv"] == "qcow2"]
    story.vm.qmp("block-stream", **{"device": node[0], "job-id": "stream"})
    wait_until(lambda: not story.vm.qmp("query-block-jobs"), "it is flat")
    # libvirt hasn't noticed, and believes in the image below still.
    equal(show(story.host, story.first), {"vda": "unreadable"})
    story.host.fail(32775, "changes", story.first, sentence="shut the VM down")
    story.vm.quit()
    story.redefine()
    story.vm.start()
    for turn in ("running", "shut off"):
        disk = story.host.ok("show", story.first)["Disks"][0]
        equal(disk["Verdict"], "disabled", turn)
        matches(disk["Reason"], "lacks changes that it has in .*web-vda.qcow2")
        story.host.fail(32775, "changes", story.first)
        if turn == "running":
            story.vm.quit()


@test("a secret that libvirt keeps to itself is no key for a shut-off disk, and the sentence says so")
def private():
    story = Story(disks=[Disk("vda", passphrase="s3cret")])
    story.vm.quit()
    equal(changed(story.host, story.first), at(1))
    story.host.fail(32775, "create", "web", sentence="encrypted.*private")
    story.host.fail(32775, "destroy", story.first, sentence="encrypted.*private")
    story.vm.start()
    story.host.ok("destroy", story.first)


@test("a disk that is resized has another size than the point, running and shut off; the others go on")
def resized():
    story = Story(disks=2)
    story.host.virsh("blockresize", "web", "vdb", "80M")
    for turn in ("running", "shut off"):
        answer = story.host.ok("show", story.first)
        equal({d["Target"]: d["Verdict"] for d in answer["Disks"]}, {"vda": "tracked", "vdb": "size-differs"})
        matches(answer["Disks"][1]["Reason"], "virtual size of 83886080 bytes, and 67108864 at the reference point")
        answer = story.host.fail(32775, "changes", story.first, sentence="size-differs")
        equal(answer["Disks"][0]["Changes"], at(1)["vda"], turn)
        if turn == "running":
            newer = story.point()
            equal(show(story.host, newer), {"vda": "tracked", "vdb": "tracked"})
            story.vm.quit()
    equal(show(story.host, newer), {"vda": "tracked", "vdb": "tracked"})


@test("a disk that is plugged isn't anchored; one that is unplugged isn't attached")
def plugged():
    story = Story()
    host, path = story.host, story.host.image("later.qcow2")
    host.virsh("attach-disk", "web", path, "vdb", "--driver", "qemu", "--subdriver", "qcow2", "--persistent")
    newer = story.point()
    for turn in ("running", "shut off"):
        equal(show(host, story.first), {"vda": "tracked", "vdb": "unanchored"}, turn)
        answer = host.ok("changes", story.first)
        equal([d["Target"] for d in answer["Disks"]], ["vda"], turn)
        equal([d["Target"] for d in answer["OtherDisks"]], ["vdb"], turn)
        equal(show(host, newer), {"vda": "tracked", "vdb": "tracked"}, turn)
        if turn == "running":
            story.vm.quit()
    story.vm.start()
    host.virsh("detach-disk", "web", "vdb", "--config")
    story.vm.quit()
    equal(show(host, story.first), {"vda": "tracked"})
    answer = host.ok("show", newer)
    equal({d["Target"]: d["Verdict"] for d in answer["Disks"]}, {"vda": "tracked", "vdb": "no-file"})
    matches(answer["Disks"][1]["Reason"], "isn't attached")


@test("an encrypted disk has points running and shut off, with and without an overlay")
def encrypted():
    off = Libvirt()
    disk = Disk("vda", passphrase="s3cret")
    disk.secret = off.secret("s3cret", private=False)
    story = Story(off, disks=[disk])
    story.vm.quit()
    second = story.point()
    equal(show(off, second), {"vda": "tracked"})
    story.vm.start()
    story.write(2)
    # Not made by libvirt: QEMU would take 10 s for its LUKS header.
    over, key = make_encrypted(off.path("over.qcow2"), "64M", "s3cret"), write_file(off.path("key"), "s3cret")
    run("qemu-img", "rebase", "-u", "-F", "qcow2", "-b", story.vm.path("vda"), "--object",
        f"secret,id=key,file={key}", "--image-opts", f"driver=qcow2,file.filename={over},encrypt.key-secret=key")
    secret = story.vm.xml[story.vm.xml.index("<encryption"):story.vm.xml.index("</encryption>")] + "</encryption>"
    xml = write_file(off.path("snapshot.xml"), "<domainsnapshot><disks><disk name='vda'><driver type='qcow2'/>"
                     f"<source file='{over}'>{secret}</source></disk></disks></domainsnapshot>")
    off.virsh("snapshot-create", "web", xml, "--disk-only", "--no-metadata", "--reuse-external")
    equal(story.vm.path("vda"), over)
    story.redefine(forgets=False)
    story.write(3)
    story.expect({story.first: at(1, 2, 3), second: at(2, 3)})
    story.vm.quit()
    off.ok("destroy", second)
    equal(second.split("\\")[1] in bitmaps(story.vm.disks(inactive=True)["vda"]), False)


@test("a held VM is let go before what its guest overwrites has no room, and isn't held where there is little")
def room():
    place = os.path.join(tmp(), "room")
    os.mkdir(place)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=777", "none", place]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        skip("nothing can be mounted here")
    host = Libvirt()  # only now, as it has its own view of what is mounted
    try:
        image = host.give(make_image(os.path.join(place, "vda.qcow2"), "32M"))
        vm = host.domain("web", disks=[Disk("vda", path=image)]).start()
        frozen = host.ok("freeze", "web")
        filler = os.path.join(place, "filler")
        with open(filler, "wb") as file:
            file.write(bytes(59 * MIB))
        wait_until(lambda: not host.ok("snapshots"), "it is let go")
        equal((vm.checkpoints(), os.listdir(place)), ([], sorted(["filler", "vda.qcow2"])))
        host.fail(32768, "freeze", "web", sentence="nearly full.*web")
        host.fail(32768, "backup", "web", host.path("b"), sentence="nearly full.*web")
        true(not os.path.exists(host.path("b")), "a directory is left")
        os.unlink(filler)
        frozen = host.ok("freeze", "web")
        host.ok("discard", frozen["Snapshot"])
        vm.quit()
    finally:
        host.close()
        run("umount", place)


main()
