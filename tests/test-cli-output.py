#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes where: one line on standard error or none, whole JSON or none, odd names, full devices."""
import functools
import json
import os
import re
import shutil
import subprocess

from cairntest import *

N_EXTENTS = 6000  # their JSON is more than a pipe holds
ODD_NAMES = ["two words", "grüß 石 🪨", 'quo"te', "apo'strophe", "back\\slash", "new\nline", "\x1b[1mbold",
             "-dash", "--json", "per%scent", "a=b", "{}", "null", "slash/name"]


@test("odd VM names and labels either come back as they are or are refused in one sentence")
def odd_names():
    host = Host()
    disk = host.image("a.qcow2", "1M")
    kept = []
    for i, name in enumerate(ODD_NAMES):
        image = shutil.copy(disk, host.path(f"{i}.qcow2"))
        result = host.cairn("--json", "vm", "add", "--disk", f"vda={image}", "--", name)
        if result.status == 1:
            equal(result.json["ReturnValue"], 32773, str(result))
            one_line(result)
            continue
        equal((result.status, result.err), (0, ""), str(result))
        equal(result.json["Name"], name)
        equal(host.ok("vm", "show", "--", name)["Name"], name)
        kept.append(name)
    true(len(kept) >= 6, f"kept: {kept}")
    equal(sorted(vm["Name"] for vm in host.ok("vm", "list")), sorted(kept))
    true(not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", host.text("vm", "list")), "no control characters")
    equal(len(host.text("vm", "list").splitlines()), len(kept) + 1, "one line each")
    host.ok("vm", "add", "labels", "--disk", f"vda={disk}")
    n_points = 0
    for label in ODD_NAMES + ["x" * 200]:
        result = host.cairn("--json", "create", "labels", f"--label={label}", f"--owner={label}")
        if result.status == 1:
            equal(result.json["ReturnValue"], 32773, str(result))
            continue
        point = host.ok("show", result.json["ReferencePoint"])
        equal((point["ElementName"], point["Owner"]), (label, label))
        n_points += 1
    shown = host.text("list", "labels")
    true(not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown), "no control characters")
    equal(len(shown.splitlines()), n_points + 1, "one line each")


@test("images with odd file names are told exactly, bytes that aren't UTF-8 as surrogates")
def odd_paths():
    host = Host()
    os.makedirs(host.path("di r"))
    empty = host.image("empty.qcow2", "1M")
    for i, name in enumerate([b"spa ce", "grüß".encode(), b"new\nline", b'"', b"a=b", b"%s", b"\xff\xfe"]):
        path = os.path.join(os.fsencode(host.path("di r")), name)
        shutil.copy(empty, path)
        result = host.cairn("--json", "vm", "add", f"vm{i}", "--disk", b"vda=" + path)
        if result.status == 1:
            equal(result.json["ReturnValue"], 32773, str(result))
            continue
        equal(result.status, 0, str(result))
        equal(os.fsencode(result.json["Disks"][0]["Path"]), path)
        relative = b"di r/" + name
        host.cairn("vm", "remove", f"vm{i}")
        result = host.cairn("--json", "vm", "add", f"vm{i}", "--disk", b"vda=" + relative)
        equal(os.fsencode(result.json["Disks"][0]["Path"]), path, "resolved against the directory")
        point = host.ok("create", f"vm{i}")
        equal(os.fsencode(point["Disks"][0]["Path"]), path)


@test("names that aren't UTF-8 are refused")
def not_utf8():
    host = Host()
    disk = host.image("a.qcow2", "1M")
    host.fail(32773, "vm", "add", b"\xff", "--disk", f"vda={disk}", sentence="UTF-8")
    host.ok("vm", "add", "vm", "--disk", f"vda={disk}")
    host.fail(32773, "create", "vm", "--label", b"\xff", sentence="UTF-8")
    host.fail(32773, "create", "vm", "--owner", b"\xff", sentence="UTF-8")
    host.fail(32773, "vm", "show", b"\xff")
    host.fail(32773, "show", b"\xff")


@test("things that aren't there: 32773, one line, for every command")
def nothing_there():
    host = Host()
    guid = "00000000-0000-4000-8000-000000000000"
    for args in [["vm", "show", "no"], ["vm", "alias", "no", guid], ["vm", "remove", "no"],
                 ["create", "no"], ["list", "no"], ["show", "no"], ["show", guid],
                 ["show", f"Microsoft:{guid}\\{guid}"], ["check", "no"], ["export", "no", host.dir],
                 ["export", "--all", "no", host.dir], ["changes", "no"], ["destroy", "no"],
                 ["remove-data", "no"], ["vm", "show", ""], ["show", ""], ["list", ""]]:
        answer = host.fail(32773, *args)
        equal(answer["Disks"], [], str(args))
        result = host.cairn(*args)
        equal((result.status, result.out), (1, ""), f"without --json: {args}")
        one_line(result)


@functools.cache
def chunky_host():
    """A host whose point has more changes than fit into a pipe, and that point."""
    host = Host()
    host.vm("vm", 1, "4G")
    image = host.path("vm-vda.qcow2")
    point = host.ok("create", "vm")["ReferencePoint"]
    io(image, *[f"write -q -z {i * 0x20000} 0x10000" for i in range(N_EXTENTS)])
    return host, point


@test("a full device, a closed pipe and a closed descriptor are failures, said in one line")
def full_output():
    host, point = chunky_host()
    commands = [["--version"], ["--help"], ["vm", "list"], ["--json", "vm", "list"],
                ["--json", "changes", point], ["changes", point], ["--json", "vm", "show", "absent"]]
    for args in commands:
        with open("/dev/full", "wb") as full:
            result = host.cairn(*args, stdout=full)
        equal(result.status, 1, str(result))
        one_line(result)
        reading, writing = os.pipe()
        os.close(reading)
        result = host.cairn(*args, stdout=writing)
        os.close(writing)
        equal(result.status, 1, str(result))
        one_line(result)
    matches(host.cairn("vm", "list", stdout=os.open("/dev/full", os.O_WRONLY)).err, "No space left")


@test("a file that would pass the size limit is a failure, said in one line, and nothing is lost")
def file_size_limit():
    host = Host()
    host.vm("vm", 1, "1M")
    done = subprocess.run(["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", CAIRN, "--store", host.store,
                           "--json", "create", "vm"], env=environment(), capture_output=True)
    result = Result(done.args, done.returncode, done.stdout, done.stderr)
    equal(result.status, 1, str(result))
    one_line(result)
    matches(result.json["Error"], "File too large")
    equal(host.ok("list", "vm"), [], "no point was made")
    host.ok("create", "vm")
    equal(len(bitmaps(host.path("vm-vda.qcow2"))), 1, "bitmaps")


@test("with standard output closed nothing is done, and never is the store written over")
def closed_output():
    host = Host()
    host.vm()
    for closed in ["1", "0,1", "0,1,2", "1,2"]:
        shell = "".join(f"exec {fd}>&-; " for fd in closed.split(","))
        done = subprocess.run(["sh", "-c", shell + 'exec "$@"', "sh", CAIRN, "--store", host.store,
                               "--json", "create", "vm"], env=environment(), capture_output=True)
        equal(done.returncode, 1, f"closed {closed}: {done}")
    for closed in ["0", "2", "0,2"]:
        shell = "".join(f"exec {fd}>&-; " for fd in closed.split(","))
        done = subprocess.run(["sh", "-c", shell + 'exec "$@"', "sh", CAIRN, "--store", host.store,
                               "--json", "vm", "list"], env=environment(), capture_output=True)
        equal((done.returncode, len(json.loads(done.stdout))), (0, 1), f"closed {closed}: {done}")
    equal(host.ok("list", "vm"), [], "no point was made")


@test("long output is whole")
def long_output():
    host, point = chunky_host()
    extents = host.ok("changes", point)["Disks"][0]["Changes"]
    equal(extents, [[i * 0x20000, 0x10000] for i in range(N_EXTENTS)])
    equal(len(host.text("changes", point).splitlines()), N_EXTENTS + 1)


@test("relative paths are those of the working directory; the store's too")
def relative_paths():
    host = Host()
    host.image("a.qcow2", "1M")
    here = {"cwd": host.dir}
    for uri, env in [("sqlite:here.db", {}), (None, {"CAIRN_STORE": "sqlite:there.db"})]:
        more = ["--store", uri] if uri else []
        result = cairn(*more, "--json", "vm", "add", "vm", "--disk", "vda=./a.qcow2", env=env, **here)
        equal((result.status, result.err), (0, ""), str(result))
        equal(result.json["Disks"][0]["Path"], host.path("a.qcow2"))
    true(os.path.exists(host.path("here.db")) and os.path.exists(host.path("there.db")), "stores")
    os.mkdir(host.path("gone"))
    done = subprocess.run(["sh", "-c", 'cd gone && rmdir ../gone && exec "$@"', "sh", CAIRN, "--json",
                           "--store", host.store, "vmcx", "dump", "x"], cwd=host.dir,
                          env=environment(), capture_output=True)
    equal(done.returncode, 1, str(done))


@test("without --store: $CAIRN_STORE, else the user's state directory")
def default_store():
    host = Host()
    if os.getuid() == 0:
        os.chmod(host.dir, 0o777)
        result = cairn("--json", "vm", "list", uid=NOBODY, env={"XDG_STATE_HOME": host.path("state")})
    else:
        result = cairn("--json", "vm", "list", env={"XDG_STATE_HOME": host.path("state")})
    equal((result.status, result.out), (0, "[]\n"), str(result))
    true(os.path.exists(host.path("state", "cairn", "cairn.db")), "made below $XDG_STATE_HOME")


@test("a store or a connection that can't be: one sentence, the right code")
def wrong_uris():
    host = Host()
    image = host.image("a.qcow2", "1M")
    for store in ["", "nonsense", "postgres:x", "sqlite:", f"sqlite:{host.dir}"]:
        result = cairn("--json", "--store", store, "vm", "list")
        equal(result.status, 1, str(result))
        one_line(result)
        equal(set(result.json), {"ReturnValue", "Error", "Disks"})
    for connect in ["nonsense", "vbox:///session"]:
        result = host.cairn("--json", "--connect", connect, "vm", "list")
        equal(result.status, 1, str(result))
        one_line(result)
    result = cairn("--json", "--store", f"sqlite:{image}", "vm", "list")
    equal(result.status, 1, "an image isn't a store")
    one_line(result)


@test("a terminal sees progress of long work only, and nothing is left of it")
def terminal():
    import pty
    host = Host()
    host.vm()
    try:
        master, slave = pty.openpty()
    except OSError as missing:
        skip(f"no terminal can be made here: {missing}")
    done = subprocess.run([CAIRN, "--store", host.store, "--json", "create", "vm"], stderr=slave,
                          stdout=subprocess.PIPE, env=environment())
    os.close(slave)
    os.set_blocking(master, False)
    try:
        seen = os.read(master, 4096)
    except (BlockingIOError, OSError):
        seen = b""
    equal(done.returncode, 0)
    true(seen == b"" or seen.endswith(b"\r\x1b[K"), f"left on the terminal: {seen}")


main()
