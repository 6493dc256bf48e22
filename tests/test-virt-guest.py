#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What virtguest.py promises to the tests that use it."""
from virtguest import *

MIB = 1 << 20


@test("a guest boots, writes where it is told, and goes on on another host")
def journey():
    a, b = Libvirt(), Libvirt()
    vm = Guest(a, "web", disks=2).boot().checkpoint("monday")
    vm.write("vda", 0x20000, 100, pattern=7).scatter("vdb", MIB, 65536, 2 * MIB, 3)
    equal(vm.md5("vda", 0x20000, 100), hashlib.md5(b"\7" * 100).hexdigest())
    matches(a.virsh("checkpoint-dumpxml", "web", "monday", "--size"), "bitmap='monday' size='196608'")
    sums = [vm.md5("vdb", MIB, 8 * MIB), vm.md5("vda", 0, MIB)]
    vm.start_writer("vda", "vdb")
    there = vm.migrate(b, "--persistent", "--undefinesource", with_disks=True)
    back = there.migrate(a, "--persistent")
    before = int(back.shell("cat /writes"))
    wait_until(lambda: int(back.shell("cat /writes")) > before + 1, "the writer goes on")
    true(back.stop_writer() > before, "the writer's count went down")
    true([back.md5("vdb", MIB, 8 * MIB), back.md5("vda", 0, MIB)] != sums, "the writer wrote nothing")
    back.shutdown()
    equal(back.bitmaps("vdb"), {"monday": ["auto"]})


@test("a command that fails in the guest fails the test")
def failure():
    vm = Guest(Libvirt(), "web").boot()
    equal(vm.shell("echo one; echo two >&2"), "one\ntwo\n")
    try:
        vm.shell("echo hello; false")
    except Failure as error:
        matches(str(error), "hello")
        return
    fail("the failure wasn't seen")


main()
