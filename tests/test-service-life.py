#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a cairnd: several clients, clients that vanish, kill -9 and SIGTERM in the middle of a method, SIGHUP,
sockets from systemd, configurations that are wrong."""
import random
import shutil
import socket
import threading
import time

from cairnservice import *

AT_ONCE_MS = 60000
# What only a start finds out.
NOT_CHECKED = "listened on|no listener|store|password file"


def create(client, service, vm):
    return client.invoke(service.points, "CreateReferencePoint", AffectedSystem=vm_ref(vm), ReferencePointType=2)


# ---- several clients ----

@test("two clients at once: each of their points is whole, and none is lost")
def together():
    host = Host()
    vms = [host.vm("web"), host.vm("db")]
    service = Service(host, synchronous_ms=AT_ONCE_MS)
    made, problems = [], []

    def work(client, vm):
        try:
            for _ in range(5):
                answer = create(client, service, vm)
                equal(answer.value, 0, f"ReturnValue of {answer}")
                made.append(answer.out["ResultingReferencePoint"].keys["InstanceID"])
                client.get(answer.out["ResultingReferencePoint"])
        except Exception as problem:  # pylint: disable=broad-except
            problems.append(problem)

    # Two on one VM, which take turns, and one on another: children of either must not keep the other's locks.
    threads = [threading.Thread(target=work, args=args) for args in
               zip((service.soap(), service.cimxml(), service.soap()), (vms[0], vms[0], vms[1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(problems, [])
    equal(sorted(p["InstanceID"] for p in host.ok("list", plain=True)), sorted(made))
    equal((len(made), len(set(made))), (15, 15))
    for vm, n in zip(vms, (10, 5)):
        equal(len(bitmaps(vm["Disks"][0]["Path"])), n)
    service.stop()


@test("a client that vanishes in the middle of a request leaves a whole point, and others are served")
def vanishing():
    host = Host()
    vm = host.vm("web")
    service = Service(host, synchronous_ms=AT_ONCE_MS, env={"CAIRN_QSD": slow_helper(host, 0.3)})
    client = service.soap()
    whole = request(service, "CreateReferencePoint", AffectedSystem=vm_ref(vm), ReferencePointType=2)
    for cut in (0, 40, whole.index(b"\r\n\r\n") + 4, len(whole) // 2, len(whole) - 1, len(whole)):
        with socket.create_connection(("127.0.0.1", service.port("wsman"))) as connection:
            connection.sendall(whole[:cut])
        client.enumerate(POINT_SERVICE)
    wait_until(lambda: len(host.ok("list", "web", plain=True)) == 1, "the one that was whole is done")
    equal([d["Verdict"] for p in host.ok("list", "web", plain=True) for d in p["Disks"]], ["tracked"])
    equal(metric(service, "cairnd_methods_running"), 0)
    wait_until(lambda: metric(service, "cairnd_connections") <= 2, "their connections are closed")
    service.stop()


def request(service, method, **arguments):
    """The bytes of a call of the service, as its client would send them."""
    sent = []

    class Recorder(Connection):
        def post(self, path, body, **headers):
            more = {name.replace("_", "-"): value for name, value in headers.items()}
            lines = {**self.headers, "Content-Length": len(body), **more}
            head = "".join(f"{k}: {v}\r\n" for k, v in lines.items())
            sent.append(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n{body}".encode())
            raise Failure("recorded")

    try:
        Soap(Recorder(0, ME)).invoke(service.points, method, **arguments)
    except Failure:
        pass
    return sent[0]


def metric(service, name):
    connection = http.client.HTTPConnection("127.0.0.1", service.port("metrics"), timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return int(re.search(rf"^{name} (\d+)$", text, re.MULTILINE).group(1))


# ---- killed ----

class Killed:
    """A VM that is created on, or imported to, by a cairnd that dies."""

    def __init__(self, n_disks=2, **service):
        a, self.host = Host(), Host()
        vm = a.vm("web", n_disks=n_disks)
        self.id = a.ok("create", "web", plain=True)["ReferencePoint"]
        pair = a.ok("export", self.id, a.mkdir("out"), plain=True)
        self.pair = {"ConfigFilePath": pair["ExportedConfigFilePath"],
                     "RuntimeStateFilePath": pair["ExportedRuntimeFilePath"]}
        self.originals = [disk["Path"] for disk in vm["Disks"]]
        self.disks = [self.host.path(os.path.basename(path)) for path in self.originals]
        self.restore()
        self.vm = vm["VirtualSystemIdentifier"]
        options = [part for i, disk in enumerate(self.disks) for part in ("--disk", f"vd{'ab'[i]}={disk}")]
        self.host.ok("vm", "add", "web", "--uuid", self.vm, *options, plain=True)
        self.service = Service(self.host, synchronous_ms=0, **service)

    def arguments(self, method):
        more = self.pair if method.startswith("Import") else {"ReferencePointType": 2}
        return {"AffectedSystem": vm_ref(self.vm), **more}

    def begin(self, method):
        """Asks for it; gives the job's Ref."""
        return self.service.soap().invoke(self.service.points, method, **self.arguments(method)).out["Job"]

    def send(self, method):
        """Asks for it, and doesn't wait for an answer."""
        connection = socket.create_connection(("127.0.0.1", self.service.port("wsman")))
        connection.sendall(request(self.service, method, **self.arguments(method)))
        return connection

    def restore(self):
        """The disks are as they were when they came, with the bitmap of the point to be imported."""
        for disk, original in zip(self.disks, self.originals):
            shutil.copyfile(original, disk)

    def forget(self):
        """Whatever was imported is not, so that it can be again."""
        if self.id in self.points():
            self.host.ok("destroy", self.id, plain=True)
            self.restore()

    def points(self):
        return [point["InstanceID"] for point in self.host.ok("list", "web", plain=True)]

    def jobs(self):
        return {job["InstanceID"]: job for job in self.service.soap().enumerate("Msvm_ConcreteJob")}

    def check(self, job, before):
        """After the restart: JOB (an instance) has ended, and says what is so; gives its state."""
        ref = Ref("Msvm_ConcreteJob", InstanceID=job["InstanceID"])
        error = self.service.soap().invoke(ref, "GetError").out["Error"]
        points = self.points()
        true(job["JobState"] in ("7", "10"), f"job after the restart: {job}")
        equal((job["ErrorDescription"] is None, job["ErrorCode"] == "0", error is None), (job["JobState"] == "7",) * 3,
              f"what {job} says")
        if job["JobState"] == "7":
            equal(len(points), len(before) + 1, "points after a job that completed")
        self.check_whole(points)
        return job["JobState"]

    def check_whole(self, points):
        """Each point has a bitmap on every disk, and there are no others. (That of the point to be imported is there
        before the point.)"""
        for point in self.host.ok("list", "web", plain=True):
            equal([disk["Verdict"] for disk in point["Disks"]], ["tracked"] * len(self.disks), f"{point}")
        guids = {id_.split("\\")[1] for id_ in [*points, self.id]}
        for disk in self.disks:
            equal(set(bitmaps(disk)) | {self.id.split("\\")[1]}, guids, f"bitmaps of {disk}")


@test("killed with -9 at any moment of a create: the point is whole or not there, and the job says which")
def killed_creating():
    kill_often(Killed(), "CreateReferencePoint")


@test("killed with -9 at any moment of an import: the point is whole or not there, and the job says which")
def killed_importing():
    kill_often(Killed(), "ImportReferencePointMetadata")


def kill_often(scene, method, rounds=16):
    """The moments lie between the request's sending and a bit after the job's end."""
    ends = []
    longest_s = how_long(scene, method)
    for round_ in range(rounds):
        scene.forget()
        before, known = scene.points(), scene.jobs()
        with scene.send(method):
            time.sleep(longest_s * random.uniform(round_, round_ + 1) / rounds)
            scene.service.kill9()
        scene.service.start()
        new = [job for id_, job in scene.jobs().items() if id_ not in known]
        ends.append([scene.check(job, before) for job in new])
        if not new:
            equal(scene.points(), before, "points, when it never was a job")
            scene.check_whole(before)
    print(f"# killed within {longest_s * 1000:.0f} ms; jobs: {ends}", flush=True)
    true(["10"] in ends, "no job was cut off")
    scene.service.stop()


def how_long(scene, method):
    """From the request's sending to a bit after the job's end, in seconds."""
    known = scene.jobs()
    begin = time.monotonic()
    with scene.send(method):
        new = wait_until(lambda: [job for id_, job in scene.jobs().items() if id_ not in known
                                  and job["JobState"] in ENDED], "the job ends")
    equal(new[0]["JobState"], "7", f"{new[0]}")
    return 1.3 * (time.monotonic() - begin)


@test("killed while a method holds the VM: the lock is gone, the job is in state 10, nothing is left")
def killed_holding():
    scene = Killed(env={"CAIRN_QSD": None})
    service, host = scene.service, scene.host
    service.env = {"CAIRN_QSD": slow_helper(host, 60)}
    service.restart()
    job = scene.begin("CreateReferencePoint")
    wait_until(lambda: children(service.pid), "create started its helper")
    equal(service.soap().get(job)["JobState"], "4")
    service.kill9()
    service.env = {}
    service.start()
    equal((scene.check(service.soap().get(job), []), scene.points()), ("10", []))
    matches(service.soap().get(job)["ErrorDescription"], "cut off|ended|stopped|killed|restart")
    answer = service.finish(service.soap(), create(service.soap(), service, scene.vm))
    equal(answer["JobState"], "7", "the VM can be used at once")
    service.stop()


@test("SIGTERM lets a job end first; nothing new is taken meanwhile")
def terminated():
    host = Host()
    vm = host.vm("web")
    service = Service(host, synchronous_ms=0, env={"CAIRN_QSD": slow_helper(host, 1)})
    job = create(service.soap(), service, vm).out["Job"]
    service.process.send_signal(signal.SIGTERM)
    wait_until(lambda: is_refused(service.port("wsman")), "it listens no more")
    equal(service.process.poll(), None, "it ended before the job")
    service.wait()
    equal(len(host.ok("list", "web", plain=True)), 1)
    service.start()
    equal(service.soap().get(job)["JobState"], "7", "the job, after a restart")
    service.stop()


@test("signals that come while it starts are minded")
def early_signals():
    service = Service(Host(), start=False)
    for _ in range(10):
        with open(service.log, "wb") as log:
            process = subprocess.Popen(service.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env=environment())
        while os.path.getsize(service.log) == 0:  # its first listener; no pause, as it takes a millisecond
            equal(process.poll(), None, "status before it listened")
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(timeout=30), 0, "status after SIGTERM")


def is_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


# ---- reloading ----

@test("SIGHUP: another password counts at once, the old one no more; a wrong configuration changes nothing")
def reloaded():
    host = Host()
    vm = host.vm("web")
    service = Service(host, synchronous_ms=AT_ONCE_MS)
    client = service.soap()
    equal(create(client, service, vm).value, 0)
    service.set_users({ME: "changed"})
    service.reload()
    refused(401, client.enumerate, POINT)
    equal(len(service.soap(password="changed").enumerate(POINT)), 1)
    service.write_config(jobs__synchronous_ms=0)
    service.reload()
    client = service.soap(password="changed")
    equal(create(client, service, vm).value, 4096)
    service.write_config(jobs__synchronous_ms="soon")
    service.reload()
    matches(service.said(), r"reload: .*synchronous-ms is 'soon'.*everything stays as it was")
    equal(create(client, service, vm).value, 4096)
    service.write_config(jobs__synchronous_ms=0, paths__export="/nowhere")
    service.reload()
    answer = client.invoke(service.points, "ExportReferencePoint", ReferencePoint=point_ref(
        client.enumerate(POINT)[0]["InstanceID"]), ExportDirectory=host.mkdir("out"))
    equal(answer.value, 32769, "a directory that isn't allowed any more")
    service.stop()


# ---- systemd ----

ACTIVATE = """\
import fcntl, os, socket, sys
names = sys.argv[1].split(",")
listeners = [socket.create_server(("127.0.0.1", 0)) for _ in names]
for name, listener in zip(names, listeners):
    with open(sys.argv[2] + "." + name, "w") as file:
        file.write(str(listener.getsockname()[1]))
fds = [fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD, 100) for listener in listeners]
for at, fd in enumerate(fds):
    os.dup2(fd, 3 + at, inheritable=True)
os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=":".join(names))
os.execv(sys.argv[3], sys.argv[3:])
"""


@test("systemd's sockets are served, and it is told of start, reload and end")
def systemd():
    host = Host()
    host.vm("web")
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(host.path("notify"))
    told.settimeout(20)
    activate = write_file(host.path("activate.py"), ACTIVATE)
    service = Service(host, start=False, listeners=(), env={"NOTIFY_SOCKET": host.path("notify")},
                      prefix=(sys.executable, activate, "wsman,cimxml,strange", host.path("port")))
    service.start()
    equal(hear(told), "READY=1")
    service.ports = {name: int(open(host.path(f"port.{name}"), encoding="ascii").read())
                     for name in ("wsman", "cimxml")}
    for client in service.clients():
        equal(len(client.enumerate(POINT_SERVICE)), 1)
    matches(service.said(), "socket named 'strange', which is none of ours")
    service.reload()
    matches(hear(told), r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
    equal(hear(told), "READY=1")
    service.process.send_signal(signal.SIGTERM)
    equal(hear(told), "STOPPING=1")
    service.wait()
    told.close()


def hear(told):
    return told.recv(4096).decode()


# ---- configurations ----

@test("a wrong configuration is one sentence and status 1; a right one is shown by --check-config")
def configurations():
    host = Host()
    service = Service(host, start=False)
    good = dict(service.values)
    for changes, *patterns in (
            ({"jobs.synchronous-ms": "soon"}, r"\[jobs\] synchronous-ms is 'soon'", "number from 0"),
            ({"jobs.synchronous-ms": "60001"}, "60001", "60000"),
            ({"jobs.nothing": "1"}, r"\[jobs\] has no key 'nothing'"),
            ({"listen.wsmann": "127.0.0.1:0"}, r"\[listen\] has no key 'wsmann'"),
            ({"listen.wsman": "nonsense"}, "nonsense"),
            ({"listen.wsman": "127.0.0.1:99999"}, "99999"),
            ({"listen.wsman": "192.0.2.1:5985"}, "192.0.2.1"),
            ({f"listen.{name}": None for name in LISTENERS}, "no listener"),
            ({"listen.unix": "/dev/null/sock"}, "/dev/null/sock"),
            ({"store.uri": "sqlite:/dev/null/db"}, "/dev/null/db"),
            ({"store.uri": "mysql:x"}, "mysql"),
            ({"auth.password-file": host.path("nothing")}, "password file", "nothing"),
            ({"listen.wsman": ":33985"}, "':33985' is no address"),
            ({"listen.unix": "sock"}, r"\[listen\] unix is 'sock'; give a path from / on"),
            ({"tls.key": "a.key"}, r"\[tls\] key is 'a.key'; give a path from / on"),
            ({"tls.client-ca": "/x"}, "client-ca has no client-users"),
            ({"limits.workers": "0"}, r"\[limits\] workers is '0'; give a number from 1 to 256"),
            ({"limits.idle-seconds": "0"}, "number from 1"),
            ({"hypervisor.connect": "bogus:"}, "connection 'bogus:' is of no known kind"),
            ({"auth.password-file": None, "auth.pam-service": "cairn-none"}, "/etc/pam.d/cairn-none' isn't there"),
            ({"paths.import": "relative"}, "relative")):
        service.values = {**good, **changes}
        service.write_config()
        try:
            refused = service.refuses_to_start(*patterns)
            if not re.search(NOT_CHECKED, refused):
                checked = service.run("--check-config")
                equal((checked.status, checked.out, checked.err), (1, "", refused), "--check-config")
        except Failure as problem:
            raise Failure(f"{changes}: {problem}") from problem
    write_file(service.config_file, "[listen\nwsman=1")
    service.refuses_to_start(re.escape(service.config_file))
    service.config_file = host.path("nowhere.conf")
    service.refuses_to_start("nowhere.conf", "--config")
    service.config_file = host.path("cairnd.conf")
    service.values = good
    service.write_config()
    os.chmod(service.password_file, 0o666)
    service.refuses_to_start("may be written by others", "chmod 0600")
    os.chmod(service.password_file, 0o600)
    shown = service.run("--check-config")
    equal((shown.status, shown.err), (0, ""))
    matches(shown.out, r"\[jobs\]\nsynchronous-ms=200\n")
    matches(shown.out, rf"\[store\]\nuri={host.store}\n")
    equal(service.run("--nonsense").status, 2)
    equal(service.run("argument").status, 2)


@test("a port that is taken is one sentence, and leaves the other alone")
def taken():
    host, other = Host(), Host()
    service, second = Service(host), Service(other, start=False)
    second.write_config(listen__wsman=f"127.0.0.1:{service.port('wsman')}")
    second.refuses_to_start(str(service.port("wsman")), "use|bind")
    second.write_config(listen__wsman="127.0.0.1:0", listen__unix=service.socket)
    second.refuses_to_start(re.escape(service.socket))
    equal(len(Soap(Connection(unix=service.socket)).enumerate(POINT_SERVICE)), 1)
    service.kill9()
    service.start()  # a socket file that a killed one left isn't in the way
    equal(len(Soap(Connection(unix=service.socket)).enumerate(POINT_SERVICE)), 1)
    service.stop()
    true(not os.path.exists(service.socket), "the socket file is left")


main()
