#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What cairnvirt.py promises to the tests that use it."""
from cairnvirt import *


@test("two hosts are strangers")
def strangers():
    a, b = Libvirt(), Libvirt()
    a.domain("web")
    equal(a.virsh("list", "--all", "--name").split(), ["web"])
    equal(b.virsh("list", "--all", "--name").split(), [])
    true(not can_mount() or a.virsh("hostname") != b.virsh("hostname"), "the same host name")
    matches(b.virsh("capabilities"), f"<uuid>{b.uuid}</uuid>")


@test("a paused domain has disks of every kind, and writes to them reach the bitmaps")
def writes():
    host = Libvirt()
    vm = host.domain("web", disks=[
        Disk("vda"), Disk("sda", bus="scsi"), Disk("vdb", passphrase="open"), Disk("hda", bus="ide", fmt="raw"),
        Disk("hdc", bus="ide", device="cdrom", fmt="raw"),
        Disk("vdc", backing=host.image("base.qcow2"))]).start()
    tracked = ("vda", "sda", "vdb", "vdc")
    vm.checkpoint("monday", *(part for target in tracked for part in ("--diskspec", target)))
    for target in tracked + ("hda",):
        vm.write(target, 0x20000, 100, pattern=7)
    for target in tracked:
        equal(vm.bitmaps(target), {"monday": ["auto"]}, target)
    equal(vm.checkpoints(), ["monday"])
    sizes = host.virsh("checkpoint-dumpxml", "web", "monday", "--size")
    equal(sizes.count("size='65536'"), len(tracked), sizes)
    paths = vm.disks()
    vm.quit()
    equal(vm.bitmaps("vda"), {"monday": ["auto"]})
    io(paths["vdc"], "read -P 7 0x20000 100", "read -P 0 0x20064 100")
    io(paths["hda"], "read -P 7 0x20000 100", fmt="raw")


@test("a write that QEMU would refuse fails the test")
def refused():
    vm = Libvirt().domain("web", disks=[Disk("vda"), Disk("vdb", readonly=True)]).start()
    for target, offset in (("vda", 1 << 40), ("vdb", 0)):
        try:
            vm.write(target, offset, 512)
        except Failure:
            continue
        fail(f"an impossible write to {target} was taken for good")


@test("a crash leaves the bitmaps in use")
def crash():
    vm = Libvirt().domain("web").start().checkpoint("monday")
    vm.quit().start().kill9()
    equal(vm.state(), "shut off")
    equal(vm.bitmaps("vda"), {"monday": ["auto", "in-use"]})


@test("domains outlive their libvirtd, however it ends")
def restart():
    host = Libvirt()
    vm = host.domain("web", transient=True).start().checkpoint("monday")
    for end in (host.stop, host.kill9):
        end()
        true(is_alive(vm.pid), "QEMU ended")
        host.start()
        equal(vm.state(), "paused")
        equal(vm.checkpoints(), ["monday"])
    vm.destroy()
    equal(vm.state(), None)


@test("nothing outlives the host")
def close():
    host = Libvirt()
    pids = [host.domain("web").start().pid, host.pid]
    host.close()
    equal([is_alive(pid) for pid in pids], [False, False])


@test("live migration brings bitmaps along, with shared disks and with copied ones")
def migration():
    a, b = Libvirt(), Libvirt()
    vm = a.domain("web", disks=2).start(paused=False).checkpoint("monday")
    there = vm.migrate(b, "--persistent")
    equal((vm.state(), there.state()), ("shut off", "running"))
    equal(there.disks(), {"vda": a.path("web-vda.qcow2"), "vdb": a.path("web-vdb.qcow2")})
    equal(there.bitmaps("vdb"), {"monday": ["auto"]})
    there.undefine()
    back = there.migrate(a, "--persistent", with_disks=True)
    equal((there.state(), back.state()), (None, "running"))
    equal(back.disks()["vda"], a.path("2-web-vda.qcow2"))
    equal(back.bitmaps("vdb"), {"monday": ["auto"]})
    equal((vm.checkpoints(), back.host), (["monday"], a))


@test("an ordinary user has a libvirtd of their own, too")
def session():
    host = Session()
    vm = host.domain("web", disks=[Disk("vda"), Disk("vdb", passphrase="open")]).start().checkpoint("monday")
    vm.write("vdb", 0x20000, 100)
    equal(os.stat(f"/proc/{vm.pid}").st_uid, host.uid)
    host.restart()
    equal((vm.state(), vm.bitmaps("vdb")), ("paused", {"monday": ["auto"]}))
    equal(host.virsh("list", "--name").split(), ["web"])
    pids = [vm.pid, host.pid]
    host.close()
    equal([is_alive(pid) for pid in pids], [False, False])


@test("nothing of a test outlives it, not even when it is killed")
def killed():
    program = f"import sys; sys.path.insert(0, {os.path.join(SOURCE_ROOT, 'tests')!r})\n" \
        "from cairnvirt import *\nhost = Libvirt()\nvm = host.domain('web').start(paused=False)\n" \
        "print(tmp(), host.pid, vm.pid, flush=True)\ntime.sleep(100)"
    victim = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    place, *pids = victim.stdout.readline().split()
    victim.kill()
    victim.communicate()
    wait_until(lambda: not any(is_alive(pid) for pid in pids), "libvirtd and QEMU end")
    shutil.rmtree(place)


@test("the agent freezes and thaws, fails, hangs, and goes away as it is told")
def agent():
    host = Libvirt()
    vm = host.domain("web", agent=True).start(paused=False)
    host.virsh("domfsfreeze", "web")
    true(vm.agent.is_frozen, "not frozen")
    host.restart()
    vm.agent.wait_connected()
    host.virsh("domfsthaw", "web")
    vm.agent.fail("guest-fsfreeze-freeze", "a file system is busy")
    host.virsh_fails("domfsfreeze", "web", sentence="a file system is busy")
    vm.agent.unplug()
    host.virsh_fails("domfsfreeze", "web", sentence="agent is not connected")
    vm.agent.plug()
    vm.agent.hang("guest-fsfreeze-freeze")
    waiting = subprocess.Popen(["virsh", "-c", host.uri, "domfsfreeze", "web"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    wait_until(lambda: len(vm.agent.commands()) == 4, "the last freeze comes")
    true(waiting.poll() is None and not vm.agent.is_frozen, "the agent didn't hang")
    vm.kill9()
    waiting.wait(TIMEOUT_SECONDS)
    equal([command.rpartition("-")[2] for command in vm.agent.commands()], ["freeze", "thaw", "freeze", "freeze"])


main()
