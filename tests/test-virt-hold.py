#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running domains' disks held still: what is read is of the moment, or an error, and nothing is left."""
from cairnvirt import *

MIB = 1 << 20
SOON = 20
SHELL = os.environ.get("FROZEN_SHELL", os.path.join(SOURCE_ROOT, "build", "tests", "frozen-shell"))


class Shell:
    """A frozen-shell of HOST's domain "web"; it ends with the test program."""

    def __init__(self, host):
        self.process = subprocess.Popen([SHELL, host.uri, "web"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment())
        atexit.register(self.close)

    def begin(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return self

    def answer(self):
        said = self.process.stdout.readline()
        return json.loads(said) if said[:1] in '["{t' else said

    def __call__(self, *words):
        """The answer; a str with code and sentence when it fails."""
        return self.begin(*words).answer()

    def fails(self, code, sentence, *words):
        said = self(*words)
        matches(str(said), f"^{code} .*{sentence}", " ".join(words))

    def kill9(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=TIMEOUT_SECONDS)
        self.process.stdout.close()


def nothing_left(host, vm, checkpoints=()):
    """Neither a job, nor its place, nor scratch files, nor what was made for reading."""
    wait_until(lambda: "Job type: None" in re.sub(" +", " ", host.virsh("domjobinfo", "web")), "no job", SOON)
    wait_until(lambda: not glob.glob(os.path.join(tmp(), "run", f"*{vm.uuid.upper()}/")), "its directory is gone", SOON)
    equal(glob.glob(host.path(".*.scratch")), [], "scratch files")
    equal(vm.checkpoints(), list(checkpoints))
    equal([n for n in vm.qmp("query-named-block-nodes", flat=True) if n["drv"] == "copy-before-write"], [])
    true("cairn-reading" not in json.dumps(vm.qmp("query-named-block-nodes", flat=True)), "a copy is left")


def read(path, offset, length):
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(length)


@test("three disks at one moment, a raw one too, read in two ways, exact for each one's own base")
def held():
    host = Libvirt()
    vm = host.domain("web", disks=[Disk("vda"), Disk("vdb"), Disk("vdc", fmt="raw")]).start()
    shell, other = Shell(host), Shell(host)
    equal((shell("add", "A"), vm.write("vdb", 7 * MIB, 10) and shell("add", "B")), (True, True))
    for target in ("vda", "vdb", "vdc"):
        vm.write(target, MIB, 65536, 1)
    addresses = shell("freeze", "NEW", "A", "B")
    for target in ("vda", "vdb", "vdc"):
        vm.write(target, MIB, 2 * MIB, 2)
    equal(other("open", "NEW"), addresses)
    for target, address in zip(("vda", "vdb", "vdc"), addresses):
        copies = [host.path(f"{target}.{who}") for who in ("shell", "other", "nbdcopy")]
        equal((shell("dump", target, copies[0]), other("dump", target, copies[1])), (True, True))
        run("nbdcopy", address, copies[2])
        for copy in copies:
            run("cmp", copies[0], copy)
        equal(read(copies[0], MIB, 2 * MIB), bytes([1]) * 65536 + bytes(2 * MIB - 65536), target)
    old, both = [[MIB, 65536]], [[MIB, 2 * MIB]]
    for who in (shell, other):
        equal([who("changes", "vda", "A"), who("changes", "vdb", "B")], [old, old], "as of the moment")
        equal([who("changes", "vdb", "A"), who("ask", "vdb", "B")], [both + [[7 * MIB, 65536]], both], "as of now")
        equal([who("changes", "vda", "GONE"), who("changes", "vdc", "A")], ["missing", "unsupported-format"])
    equal(other("remove", "A"), True)
    equal([shell("changes", "vda", "A"), shell("changes", "vdb", "B"), shell("end")], ["missing", old, True])
    equal([other("ask", target, "NEW") for target in ("vda", "vdb")], [both, both])
    other.fails(32775, "held for 'NEW' any more", "changes", "vdb", "B")
    nothing_left(host, vm, ["B", "NEW"])


@test("kill -9 of who holds, also while libvirt begins, also of its keeper: nothing is left")
def killed():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    reader = Shell(host)
    for with_keeper in (False, True):
        shell = Shell(host)
        true(isinstance(shell("freeze", "HELD"), list), "it isn't held")
        equal(len(glob.glob(host.path(".*.scratch"))), 2)
        equal(len(reader("open", "HELD")), 2)
        for pid in children(shell.process.pid) if with_keeper else ():
            os.kill(pid, signal.SIGKILL)
        shell.kill9()
        if with_keeper:
            equal(len(reader("open", "HELD")), 2, "who ended it?")
            equal(len(reader("freeze", "NEXT")), 2, "the dead one's job is in the way")
            Shell(host).fails(32775, "held for 'HELD' any more", "open", "HELD")
            equal((reader("end"), reader("remove", "NEXT")), (True, True))
        else:
            wait_until(lambda: isinstance(reader("open", "HELD"), str), "the view is over", SOON)
            reader.fails(32775, "held for 'HELD' any more", "open", "HELD")
        equal(reader("remove", "HELD"), True)
        nothing_left(host, vm)
    shell = Shell(host)
    equal(shell("ask", "vda", "NONE"), "missing")
    os.kill(vm.pid, signal.SIGSTOP)
    shell.begin("freeze", "HELD")
    time.sleep(0.3)
    shell.kill9()
    os.kill(vm.pid, signal.SIGCONT)
    wait_until(lambda: reader("remove", "HELD") is True, "QEMU is done with it", SOON)
    nothing_left(host, vm)


@test("a domain that was stopped and started: errors, never another moment's data, and others can hold it")
def stopped():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    shell, other = Shell(host), Shell(host)
    shell("add", "A")
    shell("freeze", "HELD", "A")
    vm.quit()
    for _ in range(2):
        shell.fails(32775, "aren't held for 'HELD' any more", "changes", "vda", "A")
        other.fails(32775, "held for 'HELD' any more", "open", "HELD")
        vm.start() if vm.state() == "shut off" else None
    matches(str(shell("dump", "vda", host.path("dump"))), "^[0-9]+ .*vda")
    vm.write("vda", MIB, 10)
    equal(other("ask", "vda", "A"), [[MIB, 65536]])
    true(isinstance(other("freeze", "LATER"), list), "it can't be held again")
    equal(shell("end"), True)
    equal(other("dump", "vda", host.path("dump")), True, "the end of the old one ended the new one")
    equal(other("changes", "vda", "A"), [[MIB, 65536]])
    host.virsh("domjobabort", "web")
    other.fails(32775, "aren't held for 'LATER' any more", "changes", "vda", "A")
    equal(shell("ask", "vda", "A"), [[MIB, 65536]])
    equal(other("end"), True)
    nothing_left(host, vm, ["A", "HELD", "LATER"])


@test("a base that libvirt doesn't know is lent to it, one that isn't there leaves the others exact")
def bases():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    shell = Shell(host)
    shell("add", "A")
    shell("add", "B")
    vm.write("vda", MIB, 10)
    vm.qmp("block-dirty-bitmap-remove", node=vm._device("vdb")["inserted"]["node-name"], name="B")
    for name in ("A", "B"):
        host.virsh("checkpoint-delete", "web", name, "--metadata")
    true(isinstance(shell("freeze", "NEW", "A", "B"), list), "it can't be held")
    vm.write("vda", 5 * MIB, 10)
    equal([shell("changes", "vda", "A"), shell("changes", "vdb", "B")], [[[MIB, 65536]], "missing"])
    equal(vm.checkpoints(), ["NEW"])
    shell("end")
    nothing_left(host, vm, ["NEW"])


@test("what a reader that was killed left at the job, the next one removes; a new disk is read by itself")
def readings():
    host = Libvirt()
    vm = host.domain("web", disks=1).start()
    shell, other = Shell(host), Shell(host)
    shell("add", "A")
    shell("freeze", "HELD")
    vm.write("vda", MIB, 10)
    job = ElementTree.fromstring(host.virsh("backup-dumpxml", "web"))
    node = f"libvirt-{job.find('disks/disk').get('index')}-format"
    vm.qmp("block-dirty-bitmap-add", node=node, name="cairn-reading", disabled=True)
    vm.qmp("block-export-add", **{"type": "nbd", "id": "cairn-reading", "node-name": node, "name": "cairn-reading",
                                  "bitmaps": ["cairn-reading"]})
    equal(other("ask", "vda", "A"), [[MIB, 65536]])
    equal([e["id"] for e in vm.qmp("query-block-exports")], [f"libvirt-nbd-{node}"])
    host.virsh("attach-disk", "web", make_image(host.path("new.qcow2"), "64M"), "vdb", "--subdriver", "qcow2",
               "--live")
    equal(other("add", "B"), True)
    vm.write("vdb", 3 * MIB, 10)
    equal([other("ask", target, "B") for target in ("vda", "vdb")], [[], [[3 * MIB, 65536]]])
    shell("end")
    nothing_left(host, vm, ["A", "HELD", "B"])


@test("another program's job, an encrypted disk, a name that is there: refused, and nothing is left")
def refused():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    shell = Shell(host)
    job = write_file(host.path("backup.xml"), f"""<domainbackup mode='pull'><server transport='unix'
        socket='{host.path("nbd")}'/><disks><disk name='vda' type='file'><scratch file='{host.path("scratch")}'/>
        </disk></disks></domainbackup>""")
    host.virsh("backup-begin", "web", job)
    shell.fails(32774, "another program", "freeze", "NEW")
    host.virsh("domjobabort", "web")
    shell("add", "NEW")
    shell.fails(32775, "has a bitmap 'NEW' already", "freeze", "NEW")
    shell("remove", "NEW")
    nothing_left(host, vm)
    vm.destroy().undefine()
    vm = host.domain("web", disks=[Disk("vda"), Disk("vdb", passphrase="secret")]).start()
    shell.fails(32770, "'vdb' of VM 'web' is encrypted", "freeze", "NEW")
    nothing_left(host, vm)


@test("a domain's definition is told without secrets, and where its UEFI variables lie")
def state():
    host = Libvirt()
    nvram = write_file(host.path("vars.fd"), "x" * 100)
    code = write_file(host.path("code.fd"), "x" * 100)
    boot = f"<loader readonly='yes' type='pflash'>{code}</loader><nvram>{nvram}</nvram>"
    host.domain("web", boot=boot, devices="<graphics type='vnc' passwd='hidden'/>")
    told = Shell(host)("state")
    matches(told["definition"], "<domain type='qemu'>")
    true("hidden" not in told["definition"], "the password is told")
    equal((told["nvram"], told["tpm"]), (nvram, None))
    os.unlink(nvram)
    equal(Shell(host)("state")["nvram"], None)


main()
