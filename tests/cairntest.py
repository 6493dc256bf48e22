# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the system tests share: running the real `cairn` on real images, and printing TAP.

A test file looks like this:

    from cairntest import *

    @test("a point tells what was written since")
    def changes():
        host = Host()
        disk = host.image("a.qcow2", "64M")
        host.ok("vm", "add", "web", "--disk", f"vda={disk}")
        point = host.ok("create", "web")["ReferencePoint"]
        write(disk, 0x10000, 100)
        answer = host.ok("changes", point)
        equal(answer["Disks"][0]["Changes"], granules([(0x10000, 100)]))
        host.fail(32773, "show", "nothing", sentence="nothing")

    main()

Environment: CAIRN (the program; default: build/src/cli/cairn), CAIRN_PLAIN (the same without
sanitizers, which starts ten times as fast; default: CAIRN), CAIRN_SHARED (where genuine files
lie; default: ../shared beside the source tree), CAIRN_KEEP=1 (leave the temporary files).
One test alone: `CAIRN=... python3 tests/test-x.py changes` (function names, as printed on failure).
"""
import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CAIRN = os.environ.get("CAIRN", os.path.join(SOURCE_ROOT, "build", "src", "cli", "cairn"))
PLAIN = os.environ.get("CAIRN_PLAIN", CAIRN)
PLAIN_PLACES = {"CAIRN_MODULE_DIR": os.environ["CAIRN_PLAIN_MODULE_DIR"]} if "CAIRN_PLAIN_MODULE_DIR" in os.environ else {}
SHARED = os.environ.get("CAIRN_SHARED", os.path.join(SOURCE_ROOT, "..", "shared"))
GRANULARITY = 65536
NOBODY = 65534
TIMEOUT_SECONDS = 120


class Failure(Exception):
    """A check that didn't hold."""


class Skip(Exception):
    """Raised (by skip()) in a test that can't run here."""


# ---- checks ----

def fail(message):
    raise Failure(message)


def true(condition, message):
    """CONDITION holds, or the test fails with MESSAGE."""
    if not condition:
        raise Failure(message)


def equal(got, wanted, what="value"):
    """GOT is WANTED, or the test fails and shows both."""
    if got != wanted:
        raise Failure(f"{what}: got {got!r}\n  wanted {wanted!r}")


def matches(text, pattern, what="text"):
    """Regular expression PATTERN occurs in TEXT."""
    if not re.search(pattern, text):
        raise Failure(f"{what}: {text!r} doesn't match {pattern!r}")


def skip(reason):
    """Ends the test as skipped."""
    raise Skip(reason)


# ---- temporary files ----

_tmp = None


def tmp():
    """The temporary directory of this test program; removed at its end. World-readable, so that
    tests can run cairn as another user."""
    global _tmp
    if _tmp is None:
        _tmp = os.path.realpath(tempfile.mkdtemp(prefix="cairn-test-"))
        os.chmod(_tmp, 0o755)
        atexit.register(_remove_tmp, os.getpid())
    return _tmp


def _remove_tmp(owner):
    if os.getpid() != owner:
        return
    if os.environ.get("CAIRN_KEEP"):
        print(f"# kept: {_tmp}")
    else:
        shutil.rmtree(_tmp, ignore_errors=True)


def shared(*parts):
    """Path of a file of the shared reference material; skips the test where it is absent."""
    path = os.path.join(SHARED, *parts)
    if not os.path.exists(path):
        skip(f"{path} isn't here")
    return path


# ---- running programs ----

class Result:
    """What a program did: status (negative: died of a signal), out and err (text; undecodable bytes
    as lone surrogates), json (parsed out, or None)."""

    def __init__(self, args, status, out, err):
        self.args = args
        self.status = status
        self.out = out.decode("utf-8", "surrogateescape") if out is not None else ""
        self.err = err.decode("utf-8", "surrogateescape") if err is not None else ""
        try:
            self.json = json.loads(self.out)
        except (ValueError, RecursionError):
            self.json = None

    def __str__(self):
        shown = " ".join(_quote(a) for a in self.args)
        return f"{shown}\n  status {self.status}\n  out {self.out[:2000]!r}\n  err {self.err[:2000]!r}"


def _quote(arg):
    text = os.fsdecode(arg)
    return text if re.fullmatch(r"[\w@%+=:,./\\-]+", text) else repr(text)


def environment(**changes):
    """The environment that tests run cairn in: nothing of the machine's own configuration. CHANGES
    are set on top; None removes a variable."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("CAIRN_")}
    empty = os.path.join(tmp(), "cairn.conf")
    if not os.path.exists(empty):
        open(empty, "w").close()
    env.update(CAIRN_CONFIG=empty, CAIRN_RUNTIME_DIR=os.path.join(tmp(), "run"),
               XDG_STATE_HOME=os.path.join(tmp(), "state"), LC_ALL="C.UTF-8", TZ="UTC")
    # A sanitizer's report must not look like cairn's own exit status 1. Its guess where the thread-local
    # variables of modules lie goes wrong with libvirt, and then crashes the search for leaks.
    env["ASAN_OPTIONS"] = "exitcode=99:intercept_tls_get_addr=0:" + os.environ.get("ASAN_OPTIONS", "detect_leaks=1")
    env["LSAN_OPTIONS"] = "exitcode=99:" + os.environ.get("LSAN_OPTIONS", "")
    env["UBSAN_OPTIONS"] = ("exitcode=99:halt_on_error=1:print_stacktrace=1:"
                            + os.environ.get("UBSAN_OPTIONS", ""))
    if "CAIRN_MODULE_DIR" in os.environ:
        env["CAIRN_MODULE_DIR"] = os.environ["CAIRN_MODULE_DIR"]
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = str(value)
    return env


def _is_reachable(path):
    """Whether everybody may search every directory above PATH."""
    while path != "/":
        path = os.path.dirname(path)
        if not os.stat(path).st_mode & 0o001:
            return False
    return True


def _program_for(uid):
    """CAIRN, and what to set in its environment; a copy where only root reaches the build."""
    if uid is None or _is_reachable(os.path.realpath(CAIRN)):
        return CAIRN, {}
    place = os.path.join(tmp(), "program")
    if not os.path.isdir(place):
        os.mkdir(place)
        os.chmod(place, 0o755)
        parts = [CAIRN] + re.findall(r"=> (\S+/lib(?:cairn|vmcx)\.so\S*)", run("ldd", CAIRN))
        for directory in os.environ.get("CAIRN_MODULE_DIR", "").split(":"):
            if directory:
                parts += [entry.path for entry in os.scandir(directory)
                          if entry.name.endswith(".so") or entry.name in ("cairn-holder", "cairn-keeper")]
        for part in parts:
            shutil.copy(part, place)
    return os.path.join(place, "cairn"), {"LD_LIBRARY_PATH": place, "CAIRN_MODULE_DIR": place}


def children(pid):
    """The process ids of the children of PID."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as listed:
            found += [int(child) for child in listed.read().split()]
    return found


def cairn(*args, env=None, cwd=None, uid=None, stdout=subprocess.PIPE, timeout=TIMEOUT_SECONDS,
          plain=False):
    """Runs cairn with ARGS as they are and gives the Result; fails the test only when it died of a
    signal, hung, or a sanitizer spoke. ENV: changes as for environment(). UID: run as that user
    (the test must be root). PLAIN: without sanitizers, for many runs that all go one way."""
    program, places = (PLAIN, PLAIN_PLACES) if plain else _program_for(uid)
    command = [program] + [a if isinstance(a, bytes) else str(a) for a in args]
    more = {"user": uid, "group": uid, "extra_groups": []} if uid is not None else {}
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, env=environment(**{**places, **(env or {})}),
                              cwd=cwd or tmp(), timeout=timeout, check=False, **more)
    except subprocess.TimeoutExpired:
        fail(f"{command}: still running after {timeout} s")
    result = Result(command, done.returncode, done.stdout, done.stderr)
    true(result.status in (0, 1, 2), f"crashed or complained: {result}")
    true("Sanitizer" not in result.err and "runtime error:" not in result.err, str(result))
    return result


def spawn(*args, env=None, cwd=None, prefix=(), uid=None, **more):
    """Starts cairn (under the commands of PREFIX, e.g. ["strace", "-f"]) and gives the Popen, for
    tests that kill it or run several at once. UID as for cairn()."""
    program, places = _program_for(uid)
    if uid is not None:
        more.update(user=uid, group=uid, extra_groups=[])
    return subprocess.Popen(list(prefix) + [program] + [str(a) for a in args],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=environment(**{**places, **(env or {})}),
                            cwd=cwd or tmp(), **more)


def run(*args, **more):
    """Runs another program, which must succeed; gives its standard output as text."""
    done = subprocess.run([str(a) for a in args], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, timeout=TIMEOUT_SECONDS, **more)
    true(done.returncode == 0, f"{args} ended with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def wait_until(condition, what, seconds=TIMEOUT_SECONDS):
    """Waits until CONDITION() is true and gives its value; fails the test when that takes too long."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        true(time.monotonic() < end, f"after {seconds} s still not so: {what}")
        time.sleep(0.005)


def is_alive(pid):
    """Whether process PID is there and not a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def write_file(path, content):
    """Makes a file of text; gives its path."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    return path


# ---- a host: a directory with a store and images ----

class Host:
    """One host: a directory with images and a store of its own. CONNECT: the URI of the hypervisor that
    its VMs belong to (default: cairn's own, plain images)."""

    _count = 0

    def __init__(self, name=None, connect=None):
        Host._count += 1
        self.dir = os.path.join(tmp(), name or f"host{Host._count}")
        os.makedirs(self.dir, exist_ok=True)
        self.store = f"sqlite:{self.dir}/cairn.db"
        self.connect = connect

    def path(self, *parts):
        """An absolute path in the host's directory."""
        return os.path.join(self.dir, *parts)

    def mkdir(self, name):
        """A new directory in the host's; gives its path."""
        os.makedirs(self.path(name), exist_ok=True)
        return self.path(name)

    def image(self, name, size="64M", fmt="qcow2", options=None, backing=None):
        """Makes an image with qemu-img; gives its absolute path. OPTIONS as for qemu-img -o."""
        return make_image(self.path(name), size, fmt, options, backing)

    def vm(self, name="vm", n_disks=1, size="64M", **more):
        """Makes a VM with qcow2 images vda, vdb, ...; gives its JSON object."""
        args = []
        for i in range(n_disks):
            target = "vd" + "abcdefghijklmnopqrstuvwxyz"[i]
            args += ["--disk", f"{target}={self.image(f'{name}-{target}.qcow2', size, **more)}"]
        return self.ok("vm", "add", name, *args)

    def cairn(self, *args, **more):
        """Runs cairn on this host's store, in its directory; gives the Result."""
        more.setdefault("cwd", self.dir)
        connect = ("--connect", self.connect) if self.connect else ()
        return cairn("--store", self.store, *connect, *args, **more)

    def ok(self, *args, **more):
        """Runs cairn --json, which must succeed in silence; gives the parsed answer."""
        result = self.cairn("--json", *args, **more)
        true(result.status == 0, f"should succeed: {result}")
        equal(result.err, "", f"standard error of {args}")
        true(result.json is not None, f"no JSON: {result}")
        return result.json

    def text(self, *args, **more):
        """Runs cairn without --json, which must succeed in silence; gives standard output."""
        result = self.cairn(*args, **more)
        true(result.status == 0, f"should succeed: {result}")
        equal(result.err, "", f"standard error of {args}")
        return result.out

    def fail(self, code, *args, sentence=None, **more):
        """Runs cairn --json, which must fail with return value CODE as the contract says: status 1,
        one line on standard error, {"ReturnValue","Error","Disks"}. SENTENCE: a regular expression
        (or a list of them) that the error matches. Gives the parsed answer."""
        result = self.cairn("--json", *args, **more)
        true(result.status == 1, f"should fail with status 1: {result}")
        one_line(result)
        answer = result.json
        true(isinstance(answer, dict), f"no JSON object: {result}")
        equal(answer.get("ReturnValue"), code, f"ReturnValue of {result}")
        true(isinstance(answer.get("Error"), str) and answer["Error"], f"no Error: {result}")
        true(isinstance(answer.get("Disks"), list), f"no Disks: {result}")
        patterns = [sentence] if isinstance(sentence, str) else (sentence or [])
        for pattern in patterns:
            matches(answer["Error"], pattern, "Error")
        return answer

    def usage(self, *args, **more):
        """Runs cairn, which must refuse its arguments: status 2, one line on standard error, nothing
        on standard output. Gives the line."""
        result = self.cairn(*args, **more)
        true(result.status == 2, f"should be wrong usage: {result}")
        equal(result.out, "", f"standard output of {args}")
        one_line(result)
        return result.err


def one_line(result):
    """Exactly one line stands on standard error, without control characters."""
    lines = result.err.split("\n")
    true(len(lines) == 2 and lines[0].strip() and lines[1] == "", f"not one line: {result}")
    true(not re.search(r"[\x00-\x1f\x7f]", lines[0]), f"control character: {result}")


# ---- images ----

def make_image(path, size="64M", fmt="qcow2", options=None, backing=None):
    """Makes an image with qemu-img and gives its path."""
    args = ["qemu-img", "create", "-q", "-f", fmt]
    if options:
        args += ["-o", options]
    if backing:
        args += ["-b", backing, "-F", "qcow2"]
    run(*args, path, *([size] if size else []))
    return path


def write(path, offset, length, pattern=0x5A, fmt="qcow2"):
    """Guest writes of LENGTH bytes at OFFSET, through qemu-io."""
    io(path, f"write -q -P {pattern} {offset} {length}", fmt=fmt)


def io(path, *commands, fmt="qcow2"):
    """qemu-io COMMANDS on an image (much faster together than one by one)."""
    args = ["qemu-io", "-t", "unsafe", "-f", fmt]  # no fsync: a test's image needs to survive nothing
    for command in commands:
        args += ["-c", command]
    return run(*args, path)


def bitmaps(path):
    """The persistent bitmaps of a qcow2 image: {name: [flags]}."""
    info = json.loads(run("qemu-img", "info", "-U", "--output=json", path))
    found = info.get("format-specific", {}).get("data", {}).get("bitmaps", [])
    return {b["name"]: sorted(b["flags"]) for b in found}


def granules(ranges, granularity=GRANULARITY, size=None):
    """The extents [[offset, length], ...] that RANGES of writes make dirty: rounded to granules,
    sorted, merged, clipped to SIZE."""
    found = []
    for offset, length in sorted(ranges):
        start = offset // granularity * granularity
        end = -(-(offset + length) // granularity) * granularity
        end = min(end, size) if size is not None else end
        if found and start <= found[-1][1]:
            found[-1][1] = max(end, found[-1][1])
        elif start < end:
            found.append([start, end])
    return [[start, end - start] for start, end in found]


# ---- running the tests ----

_tests = []


def test(title):
    """Marks a function as a test; TITLE says what it proves."""
    def mark(function):
        _tests.append((title, function))
        return function
    return mark


def _run_one(number, title, function):
    try:
        function()
    except Skip as reason:
        print(f"ok {number} - {title} # SKIP {reason}", flush=True)
        return True
    except Exception as problem:  # pylint: disable=broad-except
        print(f"not ok {number} - {title}")
        text = str(problem) if isinstance(problem, Failure) else traceback.format_exc()
        where = traceback.extract_tb(problem.__traceback__)
        lines = [f"line {f.lineno}" for f in where if f.filename == sys.argv[0]]
        for line in text.splitlines() + [" > ".join(lines)]:
            print(f"# {line}")
        print(f"# again: CAIRN={CAIRN} python3 {sys.argv[0]} {function.__name__}", flush=True)
        return False
    print(f"ok {number} - {title}", flush=True)
    return True


def main():
    """Runs the tests (those named on the command line, else all) and ends the process."""
    sys.stdout.reconfigure(errors="backslashreplace")
    wanted = sys.argv[1:]
    chosen = [t for t in _tests if not wanted or t[1].__name__ in wanted]
    print(f"1..{len(chosen)}", flush=True)
    good = [_run_one(i + 1, title, function) for i, (title, function) in enumerate(chosen)]
    sys.exit(0 if chosen and all(good) else 1)
