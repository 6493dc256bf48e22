#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Application consistency: a guest is frozen while its point is made, and thawed whatever happens."""
import threading

from cairnvirt import *

FREEZE, THAW = "guest-fsfreeze-freeze", "guest-fsfreeze-thaw"
SOON = 20
APPLICATION = ("create", "web", "--consistency", "application")


clean_places = []


def place():
    """A host and its domain with an agent: another test's, if that has left nothing behind."""
    if clean_places:
        return clean_places.pop()
    host = Libvirt()
    return host, host.domain("web", disks=2, agent=True).start(paused=False)


def start(host, *args):
    """Starts cairn on HOST, in a process group of its own."""
    return spawn("--store", host.store, "--connect", host.connect, "--json", *args, start_new_session=True)


def nothing_left(host, vm):
    """Neither in the store, nor in libvirt, nor in QEMU, nor in the guest."""
    equal(host.ok("list"), [])
    equal((vm.checkpoints(), vm.bitmaps("vda"), vm.bitmaps("vdb")), ([], {}, {}))
    equal(host.ok("doctor")["Findings"], [])
    true(not vm.agent.is_frozen, "the guest is still frozen")


def leave(host, vm):
    """The end of a test that left nothing."""
    nothing_left(host, vm)
    clean_places.append((host, vm))


def start_and_hold(host, vm):
    """A cairn that has the guest frozen: QEMU stops when it freezes, so making the checkpoint lasts."""
    vm.agent.before(FREEZE, lambda: os.kill(vm.pid, signal.SIGSTOP))
    process = start(host, *APPLICATION)
    vm.agent.wait_frozen(SOON)
    return process


def let_go(vm):
    """QEMU goes on. What libvirtd had begun for cairn, living or dead, it has ended afterwards."""
    os.kill(vm.pid, signal.SIGCONT)
    vm.agent.obey()
    vm.qmp("query-status")


def end(process):
    """Waits for its end; gives its exit status and error message."""
    _, message = process.communicate(timeout=TIMEOUT_SECONDS)
    return process.returncode, message.decode()


def is_job_running(host):
    return "Job type: None" not in re.sub(" +", " ", host.virsh("domjobinfo", "web"))


@test("the guest is frozen when the checkpoint is made, and only then; the point says so everywhere")
def consistent():
    host, vm = place()
    seen = []
    for command in (FREEZE, THAW):
        vm.agent.before(command, lambda: seen.append((vm.agent.is_frozen, len(vm.bitmaps("vda")))))
    point = host.ok(*APPLICATION)["ReferencePoint"]
    vm.agent.obey()
    equal(seen, [(False, 0), (True, 1)], "frozen, and bitmaps, before freezing and thawing")
    true(not vm.agent.is_frozen, "the guest stays frozen")
    crash = host.ok("create", "web", "--consistency", "crash")["ReferencePoint"]
    equal(vm.agent.commands(), [FREEZE, THAW])
    levels = {p["InstanceID"]: p["ConsistencyLevel"] for p in host.ok("list", "web")}
    equal(levels, {point: 1, crash: 2})
    files = host.ok("export", point, host.mkdir("transfer"))
    other = Host(connect=host.uri)
    other.ok("import", "web", files["ExportedConfigFilePath"], files["ExportedRuntimeFilePath"])
    equal([(p["InstanceID"], p["ConsistencyLevel"]) for p in other.ok("list")], [(point, 1)])
    for made in (point, crash):
        host.ok("destroy", made)
    leave(host, vm)


@test("a backup's guest is frozen while its job and checkpoint are begun, and not while it is copied")
def backed_up():
    host, vm = place()
    seen, n_commands = [], len(vm.agent.commands())
    for command in (FREEZE, THAW):
        vm.agent.before(command, lambda: seen.append((len(vm.bitmaps("vda")), is_job_running(host))))
    point = host.ok("backup", "web", host.path("full"), "--consistency", "application")["ReferencePoint"]
    vm.agent.obey()
    equal((seen, vm.agent.commands()[n_commands:]), ([(0, False), (1, True)], [FREEZE, THAW]))
    equal(host.ok("show", point)["ConsistencyLevel"], 1)
    vm.agent.before(THAW, vm.agent.lapse)
    host.fail(32775, "backup", "web", host.path("never"), "--consistency", "application",
              sentence="of 2 file systems .* only 0 still")
    vm.agent.obey()
    true(not is_job_running(host) and not glob.glob(host.path(".*.scratch")), "the job is left")
    host.ok("destroy", point)
    leave(host, vm)


@test("a guest that can't be frozen, or thaws too early, gets no point at all")
def refused():
    host, vm = place()
    agent = vm.agent
    n_filesystems = agent.n_filesystems

    def refuse(sentence, **more):
        host.fail(32775, *APPLICATION, sentence=["'web'", sentence, "crash consistency|domfsthaw"], **more)
        agent.obey()
        agent.n_filesystems = n_filesystems
        agent.wait_thawed(1)
        nothing_left(host, vm)

    agent.fail(FREEZE, "a file system is busy")
    refuse("a file system is busy")
    agent.n_filesystems = 0
    refuse("no file system")
    agent.before(THAW, agent.lapse)
    refuse("of 2 file systems .* only 0 still")
    agent.fail(THAW, "no luck")
    refuse("can't be thawed .*no luck.*background")
    vm.suspend()
    refuse("let the VM run")
    vm.resume()
    agent.unplug()
    refuse("no guest agent that is connected")
    agent.plug()
    host.domain("idle", disks=1)
    host.fail(32775, "create", "idle", "--consistency", "application", sentence="is shut off")
    leave(host, vm)


@test("another program's freeze isn't ours to thaw")
def foreign():
    host, vm = place()
    host.virsh("domfsfreeze", "web")
    vm.agent.fail(FREEZE, "Command guest-fsfreeze-freeze has been disabled: the agent is in frozen state")
    host.fail(32775, *APPLICATION, sentence="the agent is in frozen state")
    true(vm.agent.is_frozen, "somebody else's freeze was thawed")
    vm.agent.obey()
    host.virsh("domfsthaw", "web")
    leave(host, vm)


@test("an agent that hangs is given up in time, and thawed when it wakes up")
def hangs():
    host, vm = place()
    awake = threading.Event()
    vm.agent.before(FREEZE, awake.wait)
    begin = time.monotonic()
    host.fail(32775, *APPLICATION, sentence="didn't freeze .* within [12]\\.", env={"CAIRN_TIMEOUT_MS": 1500})
    true(time.monotonic() - begin < 10, "it took too long to give up")
    nothing_left(host, vm)
    n_commands = len(vm.agent.commands())
    awake.set()
    wait_until(lambda: vm.agent.commands()[n_commands:] == [THAW], "the keeper's thaw follows", SOON)
    vm.agent.wait_thawed(1)
    vm.agent.obey()
    leave(host, vm)


@test("a cairn that is killed while the guest is frozen: it is thawed at once, and nothing is left")
def killed():
    host, vm = place()
    for number in (signal.SIGKILL, signal.SIGINT):
        process = start_and_hold(host, vm)
        os.killpg(process.pid, number)
        vm.agent.wait_thawed(1)
        equal(end(process)[0], -number)
        let_go(vm)
        nothing_left(host, vm)
    clean_places.append((host, vm))


@test("when its keeper is killed too, the next command thaws")
def both_killed():
    host, vm = place()
    may_fail = threading.Event()
    vm.agent.fail(THAW)
    vm.agent.before(THAW, may_fail.wait)
    n_commands = len(vm.agent.commands())
    process = start(host, *APPLICATION)
    wait_until(lambda: vm.agent.commands()[n_commands:] == [FREEZE, THAW], "the thaw comes", SOON)
    for pid in children(process.pid) + [process.pid]:
        os.kill(pid, signal.SIGKILL)
    end(process)
    may_fail.set()
    host.virsh_fails("domfsthaw", "web")  # waits until the dead one's was answered
    vm.agent.obey()
    true(vm.agent.is_frozen and vm.checkpoints(), "there is nothing to recover")
    leave(host, vm)


@test("libvirtd dies while the guest is frozen: it is thawed as soon as there is one again, and nothing is left")
def libvirtd_dies():
    host, vm = place()
    process = start_and_hold(host, vm)
    host.kill9()
    equal(end(process)[0], 1)
    os.kill(vm.pid, signal.SIGCONT)
    after_libvirtd(host, vm)
    vm.agent.before(THAW, host.kill9)
    vm.agent.fail(THAW)
    host.fail(32771, *APPLICATION, sentence="can't be thawed .* can't be removed .* tries again")
    after_libvirtd(host, vm)
    leave(host, vm)


def after_libvirtd(host, vm):
    """There is a libvirtd again."""
    true(vm.agent.is_frozen, "who thawed it?")
    vm.agent.obey()
    host.start()
    vm.agent.wait_thawed(10)
    nothing_left(host, vm)


@test("a cairn that is stopped doesn't keep the guest frozen, and makes no point when it goes on")
def stopped():
    host, vm = place()
    process = start_and_hold(host, vm)
    time.sleep(0.3)  # it has said that the guest is frozen
    os.kill(process.pid, signal.SIGSTOP)
    let_go(vm)
    vm.agent.wait_thawed(60)  # 10, or 40 when it hadn't said so yet
    os.kill(process.pid, signal.SIGCONT)
    status, message = end(process)
    matches(message, "only 0 still")
    equal(status, 1)
    leave(host, vm)


def start_changes(host, point):
    """A `changes` that is stopped in the middle of its backup job."""
    while True:
        process = start(host, "changes", point)
        while process.poll() is None and not glob.glob(os.path.join(tmp(), "run", "*", "nbd")):
            time.sleep(0.0005)
        process.send_signal(signal.SIGSTOP)
        if process.poll() is None and is_job_running(host):
            return process
        process.kill()
        end(process)


def kill_all(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@test("a backup job of a `changes` that is killed is ended at once, by its keeper or by the next one")
def jobs():
    host, vm = place()
    point = host.ok("create", "web")["ReferencePoint"]
    process = start_changes(host, point)
    kill_all([process.pid])
    end(process)
    wait_until(lambda: not is_job_running(host), "the keeper ends the job", 1)
    wait_until(lambda: not glob.glob(os.path.join(tmp(), "run", "*/")), "its directory is gone", 1)
    process = start_changes(host, point)
    host.kill9()
    process.send_signal(signal.SIGCONT)
    end(process)
    host.start()
    wait_until(lambda: not is_job_running(host), "the keeper ends the job that its cairn couldn't", 10)
    for command in (("changes", point), ("doctor", "web", "--repair")):
        process = start_changes(host, point)
        kill_all(children(process.pid) + [process.pid])
        end(process)
        true(is_job_running(host), "who ended it?")
        host.ok(*command)
        true(not is_job_running(host), f"{command} leaves the dead one's job")
    host.ok("destroy", point)
    leave(host, vm)


@test("a QEMU that may not write where the job's socket lies: 32769, and what to do about it")
def confined():
    if os.getuid() != 0:
        skip("only root can make a directory that QEMU may not write to")
    host = Session()  # whose QEMU is another user's
    host.domain("web").start()
    point = host.ok("create", "web")["ReferencePoint"]
    env = {"CAIRN_RUNTIME_DIR": os.path.join(tmp(), "own")}
    host.fail(32769, "changes", point, uid=None, env=env, sentence="Permission denied.*AppArmor.*CAIRN_RUNTIME_DIR")


@contextlib.contextmanager
def orphan_keeper(*args):
    """A keeper whose cairn has died (its process id); it must end soon after what is done meanwhile."""
    program = next(path for directory in os.environ["CAIRN_MODULE_DIR"].split(":")
                   for path in [os.path.join(directory, "cairn-keeper")] if os.path.exists(path))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = os.posix_spawn(program, ["cairn-keeper", *args], environment(),
                             file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), 3)])
        theirs.close()
        equal(ours.recv(1), b"r", "the keeper's first word")
    yield pid
    wait_until(lambda: os.waitpid(pid, os.WNOHANG)[0], "the keeper ends", SOON)


@test("a keeper thaws, and ends a job, that libvirtd begins only after the cairn has died")
def late():
    host, vm = place()
    with orphan_keeper("thaw", host.uri, vm.uuid):
        wait_until(lambda: vm.agent.commands()[-2:] == [THAW, THAW], "it finds nothing to thaw, twice", SOON)
        host.virsh("domfsfreeze", "web")
        vm.agent.wait_thawed(5)
    job = write_file(host.path("backup.xml"), f"""<domainbackup mode='pull'><server transport='unix'
        socket='{host.path("nbd")}'/><disks><disk name='vda' type='file'><scratch file='{host.path("scratch")}'/>
        </disk></disks></domainbackup>""")
    for mark, is_ours in ((f"socket='{host.path('nbd')}'", True), ("socket='another'", False)):
        with orphan_keeper("end-job", host.uri, vm.uuid, host.path("place"), mark) as keeper:
            time.sleep(0.1)
            host.virsh("backup-begin", "web", job)
            if is_ours:
                wait_until(lambda: not is_job_running(host), "the keeper ends the job", SOON)
            else:
                time.sleep(1)
                true(is_job_running(host), "it ended another program's job")
                host.virsh("domjobabort", "web")
                os.kill(keeper, signal.SIGKILL)
    leave(host, vm)


main()
