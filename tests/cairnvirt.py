# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hosts with a libvirtd of their own, and domains on them, for tests that need running VMs.

    from cairnvirt import *

    @test("a point of a running domain tells what the guest wrote")
    def changes():
        host = Libvirt("a")                       # a libvirtd that nobody else sees
        vm = host.domain("web", disks=2).start()  # paused, without a guest; QEMU is real
        point = host.ok("create", "web")["ReferencePoint"]
        vm.write("vda", 0x10000, 100)             # through QEMU's block layer, as a guest's would be
        equal(host.ok("changes", point)["Disks"][0]["Changes"], [[0x10000, 0x10000]])
        vm.quit()                                 # a clean end within 20 ms; kill9() is an unclean one

A Libvirt is a cairntest.Host whose cairn commands get its URI. Its directories in /etc, /run and /var, host
name and UUID are its own (virthost.py), so two of them are two hosts with shared storage. They and all their
QEMUs end with the test program, however it ends. A libvirtd takes 0.1 s to start, a domain 0.3 s.

Environment: CAIRN_VIRT_CACHE, a directory that keeps what takes long to make: what libvirt found out about
QEMU (0.6 s), and the guest.
"""
import atexit
import functools
import glob
import os
import signal
import subprocess
import sys
import uuid

from cairntest import *
from libvirtapi import Connection, LibvirtError
from virtagent import Agent
from virtdomain import *

LIBVIRTD = "/usr/sbin/libvirtd"
HOLDER = os.path.join(SOURCE_ROOT, "tests", "virthost.py")
DRIVERS = ("qemu", "secret")  # others look after the machine's network, storage, devices
PLACES = {"etc": "/etc/libvirt", "run": "/run/libvirt", "lib": "/var/lib/libvirt", "log": "/var/log/libvirt",
          "cache": "/var/cache/libvirt"}
START_SECONDS = 60

LIBVIRTD_CONF = """\
unix_sock_rw_perms = "0777"
auth_unix_rw = "none"
"""
QEMU_CONF = """\
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = [ ]
cgroup_controllers = [ ]
stdio_handler = "file"
"""


@functools.cache
def can_mount():
    """Whether we may make namespaces and mount there."""
    probe = subprocess.run(["unshare", "--mount", "--uts", "mount", "--bind", "/etc", "/etc"], check=False,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if probe.returncode != 0:
        print("mounting isn't allowed here: every libvirtd is an ordinary user's", file=sys.stderr)
    return probe.returncode == 0


class Libvirt(Host):
    """A host with a libvirtd of its own, started unless START is false.

    .uri: for any libvirt client; .uuid: the host's UUID; .log: libvirtd's messages; .pid: libvirtd's. It is
    the system's libvirtd, of root ("qemu:///system"); where mounting isn't allowed (to users who aren't root,
    in some containers), all hosts are Sessions."""

    KIND = "system"
    SOCKET = "sock/libvirt-sock"
    PID_FILES = "run/qemu"  # of QEMUs

    def __new__(cls, *_, **__):
        return super().__new__(cls if can_mount() else Session)

    def __init__(self, name=None, start=True):
        super().__init__(name)
        self.root = self.mkdir("libvirt")
        self.uri = self.connect = f"qemu+unix:///{self.KIND}?socket={self.root}/{self.SOCKET}"
        self.pid_files = os.path.join(self.root, self.PID_FILES)
        self.uuid = str(uuid.uuid4())
        self.log = self.path("libvirtd.log")
        self.pid = None
        self._connection = None
        self._holder = None
        atexit.register(self.close)
        if start:
            self.start()

    # -- libvirtd --

    def start(self):
        """Starts libvirtd, and waits until it answers."""
        if self._holder is None:
            self._holder = self._start_holder()
        self._holder.stdin.write(b"start\n")
        self.pid = int(self._holder.stdout.readline())
        try:
            wait_until(self._answers, "libvirtd answers", START_SECONDS)
        except Failure as failure:
            fail(f"{failure}; its log ends: {tail(self.log)}")
        return self

    def stop(self):
        """Ends libvirtd as an administrator would; its domains run on."""
        self._end(signal.SIGTERM)

    def kill9(self):
        """libvirtd crashes; its domains run on."""
        self._end(signal.SIGKILL)

    def restart(self):
        """Another libvirtd for the same domains."""
        self.stop()
        return self.start()

    def close(self):
        """The host is gone, with everything that ran on it."""
        self._drop_connection()
        if self._holder is not None:
            self._holder.stdin.close()
            status = self._holder.wait(timeout=START_SECONDS)
            self._holder.stdout.close()
            self._holder = None
            true(status == 0, "virthost.py failed; it says why on standard error")
        self.pid = None

    # -- clients --

    def virsh(self, *args, **more):
        """Runs virsh, which must succeed; gives its output."""
        return run("virsh", "-q", "-c", self.uri, *args, **more)

    def virsh_fails(self, *args, sentence=None):
        """Runs virsh, which must fail and say what SENTENCE matches; gives what it said."""
        done = subprocess.run(["virsh", "-q", "-c", self.uri] + [str(a) for a in args],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=TIMEOUT_SECONDS)
        true(done.returncode != 0, f"virsh {args} should fail: {done.stdout}")
        if sentence:
            matches(done.stderr, sentence, f"virsh {args}")
        return done.stderr

    @property
    def api(self):
        """A connection to libvirtd (libvirtapi.Connection), made anew after each start."""
        if self._connection is None:
            self._connection = Connection(self.uri)
        return self._connection

    def secret(self, passphrase, private=True):
        """Makes a secret that encrypted disks name; gives its UUID. PRIVATE: libvirt tells it to QEMU alone."""
        key = str(uuid.uuid4())
        xml = (f"<secret ephemeral='no' private='{'yes' if private else 'no'}'><uuid>{key}</uuid>"
               f"<usage type='volume'><volume>{key}</volume></usage></secret>")
        self.virsh("secret-define", write_file(self.path("secret.xml"), xml))
        self.virsh("secret-set-value", key, "--file", write_file(self.path("secret"), passphrase), "--plain")
        return key

    def domain(self, name="vm", disks=1, **options):
        """Makes (defines) a domain: see Domain."""
        return Domain(self, name, disks, **options)

    def give(self, path):
        """Makes PATH, that the test made, belong to whom QEMU runs as; gives PATH."""
        return path

    def image(self, *args, **more):
        return self.give(super().image(*args, **more))

    def new_path(self, name):
        """A path in the host's directory where nothing is yet: NAME, or one like it."""
        number = 1
        path = self.path(name)
        while os.path.exists(path):
            number += 1
            path = self.path(f"{number}-{name}")
        return path

    # -- how it is done --

    def _setup(self):
        """What virthost.py is told."""
        for part in list(PLACES) + ["sock"]:
            os.makedirs(os.path.join(self.root, part), exist_ok=True)
        write_file(f"{self.root}/etc/libvirtd.conf", LIBVIRTD_CONF + f'unix_sock_dir = "{self.root}/sock"\n'
                   f'host_uuid = "{self.uuid}"\n')
        write_file(f"{self.root}/etc/qemu.conf", QEMU_CONF)
        return {"command": [LIBVIRTD, "-f", "/etc/libvirt/libvirtd.conf", "-p", f"{self.root}/libvirtd.pid"],
                "env": self._environment(), "log": self.log,
                "binds": self._binds(), "hostname": os.path.basename(self.dir), "uid": None}

    def _environment(self, **more):
        """libvirtd's: it finds no message bus, on which it would ask the machine's systemd for scopes."""
        return environment(LIBVIRT_DRIVER_DIR=self._drivers(), DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent",
                           DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent", **more)

    def _binds(self):
        """What stands over the machine's own files on this host."""
        binds = []
        for part, place in PLACES.items():
            os.makedirs(place, exist_ok=True)  # empty, where libvirt isn't installed as a service
            binds.append((os.path.join(self.root, part), place))
        os.makedirs(os.path.join(self.root, "cache", "qemu", "capabilities"), exist_ok=True)
        binds.append((cache_directory("capabilities"), "/var/cache/libvirt/qemu/capabilities"))
        for other in glob.glob("/usr/bin/qemu-system-*"):  # each would be probed for seconds
            if os.path.realpath(other) != os.path.realpath(EMULATOR):
                binds.append((os.devnull, other))
        if os.path.exists("/etc/hosts"):  # libvirtd looks for its name there, or asks the network
            names = f"127.0.0.1 localhost {os.path.basename(self.dir)}\n"
            binds.append((write_file(os.path.join(self.root, "hosts"), names), "/etc/hosts"))
        return binds + self._user_binds()

    def _user_binds(self):
        """libvirtd insists on a user that only libvirt-daemon-system makes."""
        binds = []
        for path, name, rest in (("/etc/passwd", "libvirt-qemu", "x:64055:64055::/nonexistent:/bin/false"),
                                 ("/etc/group", "libvirt-qemu", "x:64055:"), ("/etc/group", "kvm", "x:64056:")):
            own = os.path.join(self.root, os.path.basename(path))
            with open(own if os.path.exists(own) else path, encoding="utf-8") as known:
                content = known.read()
            if not re.search(f"^{name}:", content, re.MULTILINE):
                content = content.rstrip("\n") + f"\n{name}:{rest}\n"
            write_file(own, content)
            if (own, path) not in binds:
                binds.append((own, path))
        return binds

    def _drivers(self):
        """A directory with the drivers that libvirtd may load."""
        own = os.path.join(self.root, "drivers")
        os.makedirs(own, exist_ok=True)
        for driver in DRIVERS:
            found = glob.glob(f"/usr/lib/*/libvirt/connection-driver/libvirt_driver_{driver}.so")
            true(found, f"libvirt's {driver} driver isn't installed; tools/install-packages does it")
            if not os.path.lexists(os.path.join(own, os.path.basename(found[0]))):
                os.symlink(found[0], os.path.join(own, os.path.basename(found[0])))
        return own

    def _start_holder(self):
        holder = subprocess.Popen([sys.executable, HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  bufsize=0, start_new_session=True, cwd=self.dir)
        holder.stdin.write(json.dumps(self._setup()).encode() + b"\n")
        true(holder.stdout.readline() == b"ready\n", "virthost.py didn't start; it says why on standard error")
        return holder

    def _answers(self):
        if not is_alive(self.pid):
            fail("libvirtd ended at once")
        try:
            return self.api.version()
        except LibvirtError:
            return False

    def _end(self, number):
        self._drop_connection()
        os.kill(self.pid, number)
        wait_until(lambda: not is_alive(self.pid), "libvirtd ends")
        self.pid = None

    def _drop_connection(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Session(Libvirt):
    """An ordinary user's own libvirtd, as behind "qemu:///session". cairn runs as that user, with .env."""

    KIND = "session"
    SOCKET = "run/libvirt/libvirt-sock"
    PID_FILES = "run/libvirt/qemu/run"

    def __init__(self, name=None, start=True):
        self.uid = NOBODY if os.getuid() == 0 else os.getuid()
        super().__init__(name, start=False)
        # Short, because libvirt and cairn make sockets far below them.
        self._etc, self._sockets = (os.path.join(tmp(), f"{kind}{Host._count}") for kind in "es")
        self.env = {"HOME": self.root, "XDG_RUNTIME_DIR": f"{self.root}/run", "XDG_DATA_HOME": f"{self.root}/lib",
                    "XDG_CONFIG_HOME": self._etc, "XDG_CACHE_HOME": f"{self.root}/cache",
                    "XDG_STATE_HOME": f"{self.root}/state", "CAIRN_RUNTIME_DIR": self._sockets}
        self.give(self.dir)
        self.give(self.root)
        if start:
            self.start()

    def give(self, path):
        if os.getuid() == 0:
            os.chown(path, self.uid, self.uid)
        return path

    def cairn(self, *args, **more):
        if os.getuid() == 0:
            more.setdefault("uid", self.uid)
        return super().cairn(*args, **dict(more, env={**self.env, **more.get("env", {})}))

    def _setup(self):
        for part in ("run", "lib", "cache", "state", self._sockets, self._etc, f"{self._etc}/libvirt"):
            os.makedirs(os.path.join(self.root, part), exist_ok=True)
            self.give(os.path.join(self.root, part))
        write_file(f"{self._etc}/libvirt/libvirtd.conf", f'host_uuid = "{self.uuid}"\n')
        write_file(f"{self._etc}/libvirt/qemu.conf", 'security_driver = "none"\nstdio_handler = "file"\n')
        return {"command": [LIBVIRTD, "-p", f"{self.root}/run/libvirtd.pid"],
                "env": self._environment(**self.env), "log": self.log, "binds": [],
                "hostname": None, "uid": self.uid if os.getuid() == 0 else None}


def tail(path):
    """The end of a log, for a failure's message."""
    with open(path, encoding="utf-8", errors="replace") as log:
        return log.read()[-2000:]
