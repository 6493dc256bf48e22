#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Backups of domains that are written to all the time, running and shut off: each restored and compared, byte for byte,
with what nbdcopy made at that moment; and what is left, and still right, after all that can go wrong.
tests/soak-backup does the same at random and for longer."""
from cairncheckpoints import *
from virtbackup import *

SEED = int(os.environ.get("CAIRN_SEED", 20261122))


@test("full, differential and log-based, live and shut off in turn: each generation is what it was")
def generations():
    machine = Machine(SEED)
    machine.keep_log()  # the first one; logs tell what came later
    full = machine.check(machine.backup())
    machine.start()
    second = machine.check(machine.freeze(full))
    third = machine.check(machine.log(second))
    fourth = machine.check(machine.backup(second))  # two since the same one
    machine.stop()
    fifth = machine.check(machine.freeze(fourth))
    for target in machine.sizes:
        machine.scribble(target)
    sixth = machine.check(machine.log(fifth))
    machine.start()
    seventh = machine.check(machine.backup(sixth))
    eighth = machine.check(machine.freeze())
    machine.check(machine.log(eighth))
    machine.check_nothing_else()
    for generation in (third, fourth, seventh):  # whatever came later
        machine.check(generation)
    true(digest_of(third) != digest_of(fourth), "nothing was written between two generations")
    true(machine.n_writes_meanwhile > 0, "nothing was written while a command copied")
    machine.close()


def digest_of(generation):
    return [hashlib.md5(open(path, "rb").read()).digest() for path in generation.references.values()]


@test("a backup that is cut off, by Ctrl-C or kill -9, its keeper too: nothing is left, the next one is right")
def cut_off():
    machine = Machine(SEED, size=128 * MB).start()
    base = machine.backup()
    machine.write("vda", MB, 100 * MB, 9)
    for since in ([], ["--since", base.point]):
        for how in (interrupt, kill_alone, kill_with_children):
            directory = machine.new_generation(None).directory
            process = machine.catch(directory, "backup", "web", directory, *since)
            how(process)
            machine.check_nothing_else(directory)
    machine.check(machine.backup(base))
    machine.keep_log()
    base = machine.backup(base)
    machine.write("vdb", MB, 100 * MB, 10)
    process = machine.catch(machine.host.path("logs", "*"), "create", "web", "--type", "log")
    kill_alone(process)
    machine.check_nothing_else()
    equal(len(os.listdir(machine.host.path("logs"))), 1, "logs")
    machine.check(machine.log(base))
    machine.close()


def interrupt(process):
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    matches(json.loads(out)["Error"], "stopped, as it was asked to")


def kill_alone(process):
    process.kill()
    process.communicate(timeout=TIMEOUT_SECONDS)


def kill_with_children(process):
    for pid in children(process.pid):
        os.kill(pid, signal.SIGKILL)
    kill_alone(process)


@test("QEMU is killed amid a backup: no point, and the next backup is full, says why, and is right")
def qemu_dies():
    machine = Machine(SEED, size=96 * MB).start()
    base = machine.backup()
    machine.write("vda", MB, 80 * MB, 9)
    directory = machine.new_generation(base).directory
    process = machine.catch(directory, "backup", "web", directory, "--since", base.point)
    machine.crash()
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    true(process.returncode == 1 and json.loads(out)["ReturnValue"] >= 32768, f"{process.returncode}: {out}")
    broken(machine, directory)
    machine.start()
    again = machine.check(machine.backup(base))
    machine.host.ok("freeze", "web")
    machine.crash()
    wait_until(lambda: machine.host.ok("snapshots") == [], "its holder notices", FREEZING_SECONDS)
    broken(machine)
    machine.check(machine.backup(again))
    machine.close()


def broken(machine, *directories):
    """Of the points there are, QEMU has left the bitmaps in use; of another point there is nothing."""
    equal(sorted(p["InstanceID"] for p in machine.host.ok("list", "web")), sorted(machine.points), "points")
    for target in machine.sizes:
        true(set(machine.vm.bitmaps(target)) <= set(map(guid_of, machine.points)), f"bitmaps of {target}")
    for directory in directories:
        true(not os.path.exists(directory) or not os.listdir(directory), "files are left")


@test("a full target: nothing is left, and the next differential is right")
def full_target():
    machine = Machine(SEED).start()
    base = machine.backup()
    machine.write("vda", MB, 40 * MB, 9)
    with machine.small_place(16 * MB) as (place, more):
        directory = os.path.join(place, "b")
        result = machine.begin("backup", "web", directory, "--since", base.point, **more)
        out, _ = result.communicate(timeout=TIMEOUT_SECONDS)
        matches(json.loads(out)["Error"], "No space left|File too large")
        machine.check_nothing_else(directory)
        frozen = machine.host.ok("freeze", "web")
        result = machine.begin("export", frozen["Snapshot"], place, **more)
        out, _ = result.communicate(timeout=TIMEOUT_SECONDS)
        matches(json.loads(out)["Error"], "No space left|File too large")
        machine.host.ok("discard", frozen["Snapshot"])
        machine.check_nothing_else(directory)
    machine.check(machine.backup(base))
    machine.close()


@test("a file missing or with one byte changed, a wrong order, one left out: refused, named, and nothing is written")
def damaged():
    machine = Machine(SEED)
    machine.keep_log()
    machine.start()
    one = machine.freeze()
    machine.wait_for_writes(10)
    two = machine.log(one)
    machine.wait_for_writes(10)
    three = machine.backup(two)
    machine.stop()
    directories = three.chain()
    to = machine.host.path("never")
    for generation in (two, three):
        for path in (*generation.paths.values(), os.path.join(generation.directory, "manifest.json")):
            good = open(path, "rb").read()
            for place in (0, machine.dice.randrange(len(good))):
                bad = good[:place] + bytes([good[place] ^ 0x41]) + good[place + 1:]
                write_back(path, bad)
                machine.host.fail(32776, "restore", *directories, "--to", to, sentence=re.escape(path))
                machine.host.fail(32776, "verify", *directories, sentence=re.escape(path))
            os.unlink(path)
            machine.host.fail(32779, "restore", *directories, "--to", to, sentence=re.escape(path))
            machine.host.fail(32779, "verify", *directories, sentence=re.escape(path))
            write_back(path, good)
    a, b, c = directories
    for order, named in (((a, c, b), b), ((c, b, a), b), ((b, a, c), a), ((a, c), c), ((b, c), b), ((c,), c)):
        machine.host.fail(32776, "restore", *order, "--to", to, sentence=re.escape(named))
    true(not os.path.exists(to), "something is restored")
    machine.check(three)
    machine.close()


def write_back(path, content):
    with open(path, "wb") as file:
        file.write(content)


@test("a disk that was resized, came later, or lost its bitmap is full, that one alone; what is discarded adds nothing")
def changed():
    machine = Machine(SEED, size=48 * MB)
    for target in machine.sizes:
        io(machine.path(target), "write -q -P 7 0 32M")
    base = machine.backup()
    machine.start()
    machine.vm.io("vda", "discard 0 32M")
    trimmed = machine.check(machine.backup(base))
    machine.stop()
    run("qemu-img", "resize", "-q", machine.path("vda"), 52 * MB + 512)
    machine.sizes["vda"] = 52 * MB + 512
    machine.start()
    resized = machine.check(machine.freeze(trimmed))
    machine.vm.qmp("block_resize", **{"node-name": machine.node("vdb"), "size": 56 * MB})
    machine.sizes["vdb"] = 56 * MB
    grown = machine.check(machine.backup(resized))
    machine.add_disk("vdc")
    added = machine.check(machine.backup(grown))
    machine.check(machine.freeze(added))
    machine.lose(added, "vdb")
    lost = machine.check(machine.backup(added))
    machine.check(machine.freeze(lost))
    machine.close()


@test("zeroes that were discarded take no room, and a disk without changes none")
def nothing_changed():
    machine = Machine(SEED, size=192 * MB)
    io(machine.path("vda"), "write -q -P 7 0 160M")
    base = machine.backup()
    machine.vm.start()
    machine.vm.io("vda", "discard 0 130M", "write -z -u 130M 30M")
    for generation in (machine.backup(base), machine.freeze(base)):
        for path in generation.paths.values():
            true(os.path.getsize(path) < MB, f"{path} has {os.path.getsize(path)} bytes")
        machine.check(generation)
    machine.host.close()


@test("a lease ends by itself, with its process, its holder; a running domain goes on, another can't start")
def leases():
    machine = Machine(SEED).start()
    base = machine.backup()
    frozen = machine.host.ok("freeze", "web", "--lease", 1)
    machine.wait_for_writes(20)
    machine.wait_for_end(frozen)
    sleeper = subprocess.Popen(["sleep", "1000"])
    frozen = machine.host.ok("freeze", "web", "--while", sleeper.pid)
    equal([s["Snapshot"] for s in machine.host.ok("snapshots", "web")], [frozen["Snapshot"]])
    machine.host.fail(32774, "freeze", "web")
    sleeper.kill()
    sleeper.wait()
    machine.wait_for_end(frozen)
    for command in (["list"], ["doctor", "--repair"]):
        machine.host.ok("freeze", "web")
        machine.kill_holder()
        machine.host.ok(*command)
        machine.check_nothing_else()
    generation = machine.check(machine.freeze(base))
    machine.stop()
    frozen = machine.host.ok("freeze", "web")
    try:
        machine.vm.start()
        fail("it starts while its disks are frozen")
    except LibvirtError as problem:
        matches(str(problem), "lock")
    machine.host.ok("discard", frozen["Snapshot"])
    machine.host.ok("freeze", "web")
    machine.kill_holder()
    machine.start()
    machine.check_nothing_else()
    machine.check(machine.backup(generation))
    machine.close()


def checkpoint(service, client, guid):
    """The Ref of a new recovery checkpoint."""
    job = ended(service, client, create(client, guid), CREATED)
    return Ref(SETTINGS, InstanceID=related(client, job, SETTINGS)["InstanceID"])


@test("through cairnd: an export that is terminated, or its cairnd killed, leaves nothing; another is right")
def through_cairnd():
    machine = Machine(SEED, size=128 * MB).start()
    machine.write("vda", MB, 120 * MB, 9)
    base = machine.freeze()
    machine.write("vda", MB, 120 * MB, 10)
    service = Service(machine.host, synchronous_ms=0)
    client, guid = service.soap(), machine.vm.uuid.upper()
    generation = machine.new_generation(base)
    generation.marks[0] = len(machine.log_of_writes)
    snapshot = checkpoint(service, client, guid)
    frozen = machine.host.ok("snapshots")[0]
    machine.copy_frozen(generation, frozen)
    out = machine.make(generation.directory)
    settings = export_settings(service, snapshot, DifferentialBackupBase=path_of(service, point_ref(base.point)))
    answer = export(client, guid, out, settings)
    wait_until(lambda: has_image(out), "it copies")
    equal(client.invoke(answer.out["Job"], "RequestStateChange", RequestedState=4).value, 0)
    equal(service.finish(client, answer)["JobState"], "8")
    equal(os.listdir(out), [])
    export(client, guid, out, settings)
    wait_until(lambda: has_image(out), "it copies")
    service.kill9()
    service.start()
    client = service.soap()
    machine.host.ok("list")
    equal(os.listdir(out), [])
    ended(service, client, export(client, guid, out, settings), EXPORTED)
    generation.marks[1] = len(machine.log_of_writes)
    answer = client.invoke(SNAPSHOTS, "ConvertToReferencePoint", AffectedSnapshot=snapshot)
    generation.point = related(client, ended(service, client, answer, CONVERTED), POINT)["InstanceID"]
    files = [{"Target": n.split(".")[0], "Kind": n.split(".")[1], "Path": os.path.join(out, n)}
             for n in os.listdir(out) if n.endswith(".qcow2")]
    machine.check(machine.done(generation, files))
    machine.check_nothing_else()
    checkpoint(service, client, guid)
    machine.kill_holder()
    client = service.restart().soap()  # by itself it looks every half minute
    query = f"SELECT * FROM {SETTINGS} WHERE VirtualSystemType = '{RECOVERY}'"
    wait_until(lambda: client.query(query) == [], "it is gone")
    machine.check_nothing_else()
    machine.check(machine.backup(generation))
    service.stop()
    machine.close()


main()
