# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running a real cairnd, for the tests of the service.

    from cairnservice import *

    host = Host()
    vm = host.vm("web")
    service = Service(host)                       # started, on free ports, with the host's store
    client = service.soap()                       # or service.cimxml(); see cairnclients.py
    answer = client.invoke(service.points, "CreateReferencePoint", AffectedSystem=vm_ref(vm))
    job = service.finish(client, answer)          # where it is one
    service.stop()                                # SIGTERM; the end must be clean

Users who may sign in, all with the password "secret": whoever runs the test (service.user), some of passwd, and
"stranger", who isn't in passwd. Services end with the test program.

Environment: CAIRND (the program; default: build/src/daemon/cairnd).
"""
import atexit
import pwd
import signal
import subprocess

from cairnclients import *

CAIRND = os.environ.get("CAIRND", os.path.join(SOURCE_ROOT, "build", "src", "daemon", "cairnd"))
LISTENERS = ("wsman", "wsman-tls", "cimxml", "cimxml-tls", "unix", "metrics")
POINT_SERVICE = "Msvm_VirtualSystemReferencePointService"
POINT = "Msvm_VirtualSystemReferencePoint"
ME = pwd.getpwuid(os.getuid()).pw_name
# crypt(3) with few rounds.
HASHES = {"secret": "$6$rounds=1000$cairn$CNTvStM/0TtoLNivyFSc4HPcGOAqQNGAC5Db0eIjsXBWAJGZ4yHzFe1sBtIsYQXwH3PMcvvVnT00"
                    "L/R28acfD/",
          "changed": "$6$rounds=1000$cairn$mQO31OxeexwV9xBk0/Oz/1wB8HfFXyszEoY8k1dfkSbPCNcU7An2dPFVcmSA9F4xxxMem06yG.2"
                     "z7nYct0daR."}
USERS = {ME: "secret", "daemon": "secret", "nobody": "secret", "stranger": "secret"}
START_SECONDS = 30
ENDED = ("7", "8", "9", "10", "32768")


def vm_ref(vm):
    """The Ref of a VM: its GUID, or what `cairn vm add --json` says."""
    guid = vm if isinstance(vm, str) else vm["VirtualSystemIdentifier"]
    return Ref("Msvm_ComputerSystem", CreationClassName="Msvm_ComputerSystem", Name=guid)


def point_ref(instance_id, guid=None):
    """The Ref of a point by its InstanceID, with VM GUID as second key (default: that in the InstanceID)."""
    return Ref(POINT, InstanceID=instance_id,
               VirtualSystemIdentifier=guid or instance_id.split(":", 1)[1].split("\\")[0])


class Service:
    """A cairnd on HOST's store, started unless START is false. CONFIG: values by "group.key", on top of those
    that every test needs; None removes one. ENV: changes to its environment. PREFIX: a command to run it under."""

    def __init__(self, host, start=True, synchronous_ms=None, users=None, env=None, prefix=(), config=None,
                 listeners=("wsman", "cimxml", "unix", "metrics")):
        self.host, self.user, self.prefix = host, ME, list(prefix)
        self.env = {**getattr(host, "env", {}), **(env or {})}
        self.uid = getattr(host, "uid", None) if os.getuid() == 0 else None  # cairnvirt.Session's
        if self.uid is not None:
            self.user = pwd.getpwuid(self.uid).pw_name
            self.prefix = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", *self.prefix]
        self.log, self.socket = host.path("cairnd.log"), host.path("sock")
        self.config_file, self.password_file = host.path("cairnd.conf"), host.path("passwords")
        self.process, self.ports, self._skipped = None, {}, 0
        self.values = {"store.uri": host.store, "hypervisor.connect": host.connect or "images:",
                       "auth.password-file": self.password_file, "paths.import": tmp(), "paths.export": tmp()}
        for name in listeners:
            self.values[f"listen.{name}"] = self.socket if name == "unix" else "127.0.0.1:0"
        if synchronous_ms is not None:
            self.values["jobs.synchronous-ms"] = synchronous_ms
        self.values.update(config or {})
        self._points = None
        self.set_users(users or USERS)
        self.write_config()
        atexit.register(self.kill9)
        if start:
            self.start()

    # -- what it reads --

    def set_users(self, users):
        """Writes the password file: {user: "secret" or "changed"}."""
        with open(self.password_file + ".new", "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            if self.uid is not None:
                os.fchown(file.fileno(), self.uid, self.uid)
            file.writelines(f"{user}:{HASHES[word]}\n" for user, word in users.items())
        os.replace(self.password_file + ".new", self.password_file)

    def write_config(self, **changes):
        """Writes the configuration file; CHANGES to it by "group__key" ("_" for "-")."""
        self.values.update({name.replace("__", ".").replace("_", "-"): v for name, v in changes.items()})
        groups = {}
        for name, value in self.values.items():
            group, _, key = name.partition(".")
            if value is not None:
                groups.setdefault(group, []).append(f"{key}={value}\n")
        return write_file(self.config_file, "".join(f"[{g}]\n{''.join(keys)}" for g, keys in groups.items()))

    # -- its life --

    def command(self, *args):
        return [*self.prefix, CAIRND, "--config", self.config_file, *args]

    def run(self, *args):
        """Runs it in the foreground, to its end: the Result."""
        try:
            done = self._run(*args)
        except subprocess.TimeoutExpired:
            fail(f"cairnd {args} is still running")
        return Result(self.command(*args), done.returncode, done.stdout, done.stderr)

    def _run(self, *args):
        return subprocess.run(self.command(*args), stdin=subprocess.DEVNULL, capture_output=True, cwd=self.host.dir,
                              env=environment(**self.env), timeout=START_SECONDS, check=False)

    def refuses_to_start(self, *patterns, status=1):
        """It ends at once with STATUS, and one line on standard error that matches PATTERNS."""
        result = self.run()
        true(result.status == status, f"should end with status {status}: {result}")
        one_line(result)
        for pattern in patterns:
            matches(result.err, pattern, "standard error")
        return result.err

    def start(self):
        """Starts it, and waits until it listens."""
        self._skipped = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.host.dir, env=environment(**self.env))
        wanted = [name for name in LISTENERS if self.values.get(f"listen.{name}")]
        try:
            wait_until(lambda: len(self._listening()) == len(wanted) or self.process.poll() is not None,
                       "cairnd listens", START_SECONDS)
        finally:
            true(self.process.poll() is None, f"cairnd ended with {self.process.returncode}: {self.said()}")
        self.ports = dict(zip(wanted, self._listening()))
        return self

    @property
    def points(self):
        """The Ref of the service of reference points."""
        if self._points is None:
            self._points = self.soap().enumerate(POINT_SERVICE, mode="EnumerateEPR")[0]
        return self._points

    def said(self):
        """Its log since the last start."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(self._skipped)
            return log.read()

    def _listening(self):
        return [int(port) for port in re.findall(r"listening on .*\(port (\d+)\)$", self.said(), re.MULTILINE)]

    def port(self, listener):
        return self.ports[listener]

    @property
    def pid(self):
        return self.process.pid

    def stop(self, status=0):
        """SIGTERM; it must end with STATUS, and no sanitizer may have spoken."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(status)

    def wait(self, status=0):
        """Its end, by itself."""
        try:
            got = self.process.wait(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            fail(f"cairnd is still running: {self.said()[-2000:]}")
        self.process = None
        true(got == status, f"cairnd ended with {got}: {self.said()[-4000:]}")
        true("Sanitizer" not in self.said() and "runtime error:" not in self.said(), self.said()[-4000:])
        return self

    def kill9(self):
        """It dies."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self):
        """Another one, after its end."""
        if self.process is not None:
            self.stop()
        return self.start()

    def reload(self):
        """SIGHUP, and waits until it said what came of it."""
        count = self.said().count(" reload")
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.said().count(" reload") > count, "cairnd has reloaded")

    # -- clients --

    def soap(self, user=..., password="secret", **more):
        """A WS-Management client with a connection of its own, signed in; USER None: isn't."""
        return Soap(Connection(self.port("wsman"), self.user if user is ... else user, password), **more)

    def cimxml(self, user=..., password="secret"):
        """The same of CIM-XML."""
        return CimXml(Connection(self.port("cimxml"), self.user if user is ... else user, password))

    def clients(self, **more):
        """One of each protocol."""
        return [self.soap(**more), self.cimxml(**more)]

    def finish(self, client, answer):
        """The job that ANSWER names, once it has ended (polled by Get, as J1 does); checks that it was never
        seen in a state before 4 (J2)."""
        equal(answer.value, 4096, f"return value of {answer}")
        ref = answer.out["Job"]

        def look():
            job = client.get(ref)
            true(int(job["JobState"]) >= 4, f"a job that hasn't begun: {job}")
            return job if job["JobState"] in ENDED else None

        return wait_until(look, f"the job of {answer} ends")


# ---- who is in the way ----

class Held:
    """A process that holds something in a with statement; END ends it (default: SIGKILL)."""

    def __init__(self, command, wait, end=None, **env):
        self.end = end
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment(**env))
        wait(self.process)

    @classmethod
    def image(cls, path):
        """A qemu-io that has an image open."""
        return cls(["qemu-io", "-f", "qcow2", path], lambda process: process.stdout.read(1), b"quit\n")

    @classmethod
    def vm(cls, host):
        """A create of the command line that hangs in its helper, and holds VM "web"."""
        return cls([CAIRN, "--store", host.store, "create", "web"],
                   lambda process: wait_until(lambda: children(process.pid), "create started its helper"),
                   CAIRN_QSD=slow_helper(host, 60))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        helpers = children(self.process.pid)
        if not self.end:
            self.process.kill()
        self.process.communicate(self.end)
        wait_until(lambda: not any(map(is_alive, helpers)), "its helpers have ended")


def slow_helper(host, seconds=0.6):
    """A qemu-storage-daemon that takes SECONDS to start, for CAIRN_QSD. (No shell: it would be killed by the
    heartbeat that cairn gives its helpers.)"""
    path = write_file(host.path(f"slow-{seconds}"), f"#!{sys.executable} -S\nimport os, sys, time\n"
                      f"time.sleep({seconds})\nos.execvp('qemu-storage-daemon', sys.argv)\n")
    os.chmod(path, 0o755)
    return path
