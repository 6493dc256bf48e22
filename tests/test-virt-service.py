#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service of the library that stays open is right about libvirt's domains, right after whatever happens to
them, without watching for events: test-virt-service.py, with SERVICE_SHELL in the environment."""
from cairnvirt import *

SHELL = os.environ["SERVICE_SHELL"]


class Service:
    """A process with one open service (service-shell.c)."""

    def __init__(self, host):
        self.process = subprocess.Popen([SHELL, host.store, host.connect], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment())

    def ask(self, *words):
        """The lines of the answer, each as its words."""
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        answer = []
        while True:
            line = self.process.stdout.readline()
            true(line, f"the service ended: {self.process.poll()}")
            if line == ".\n":
                return answer
            answer.append(line.split())

    def verdicts(self):
        """[verdict of each disk of each point]"""
        return [line[2] if line[0] != "error" else line for line in self.ask("list", "web")]

    def footprint(self):
        """Open descriptors and threads."""
        return [len(os.listdir(f"/proc/{self.process.pid}/{kind}")) for kind in ("fd", "task")]

    def close(self):
        self.process.stdin.close()
        equal(self.process.wait(TIMEOUT_SECONDS), 0, "how the service ended")
        self.process.stdout.close()


def setup():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    point = host.ok("create", "web")["ReferencePoint"]
    return host, vm, point, Service(host)


@test("right after each event, with one open service")
def events():
    host, vm, point, service = setup()
    tracked, written = ["tracked"] * 2, []

    def check(what):
        equal(service.verdicts(), tracked, what)
        equal(vm.checkpoints(), [point.split("\\")[1]], what)
        if vm.state() == "paused":
            written.append((len(written) * 2 * GRANULARITY, 1))
            vm.write("vda", *written[-1])
        equal(service.ask("changes", point), [["vda", str(o), str(n)] for o, n in granules(written)], what)

    check("at first")
    before = service.footprint()
    for end in (vm.quit, vm.destroy):
        end()
        check("stopped")
        vm.start()
        check("started")
    vm.undefine()  # it runs on, transient, and libvirt has forgotten the checkpoints
    vm.define()
    check("undefined and defined while it ran")
    vm.quit().undefine()
    equal(service.verdicts()[0][:2], ["error", "32773"])
    vm.define()
    check("defined again")
    vm.start()
    for end in (host.stop, host.kill9):
        end()
        equal(service.verdicts()[0][:2], ["error", "32777"])
        host.start()
        check("libvirtd restarted")
    host.virsh("managedsave", "web")
    check("saved")
    vm.start()
    check("restored")
    host.virsh("blockcopy", "web", "vda", host.path("copy.qcow2"), "--wait", "--pivot", "--transient-job")
    check("copied")
    equal(service.footprint(), before, "descriptors and threads")
    vm.kill9()
    equal(service.verdicts(), ["missing", "in-use"], "crashed")  # libvirt's copy of the bitmap wasn't saved
    service.close()


@test("a libvirtd that stops answering is given up, and found again when it goes on")
def hangs():
    host, vm, _, service = setup()
    equal(service.verdicts(), ["tracked"] * 2)
    before = service.footprint()
    os.kill(host.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        equal(service.verdicts()[0][:2], ["error", "32777"])
        print(f"# given up after {time.monotonic() - began:.0f} s")
    finally:
        os.kill(host.pid, signal.SIGCONT)
    equal(service.verdicts(), ["tracked"] * 2)
    equal(service.footprint(), before, "descriptors and threads")
    vm.quit()
    equal(service.verdicts(), ["tracked"] * 2)
    service.close()


main()
