# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest agent that the test speaks for, in a domain without a guest.

    vm = host.domain("web", agent=True).start(paused=False)  # libvirt asks no paused guest
    vm.agent.fail("guest-fsfreeze-freeze", "a file system is busy")
    vm.agent.hang("guest-fsfreeze-freeze")
    vm.agent.before("guest-fsfreeze-thaw", vm.agent.lapse)  # the guest thaws by itself
    vm.agent.obey()
    vm.agent.wait_frozen()          # then kill cairn, say
    vm.agent.wait_thawed()
    equal(vm.agent.commands(), ["guest-fsfreeze-freeze", "guest-fsfreeze-thaw"])

libvirtd connects to the socket of the agent's channel, as QEMU does; the Agent listens there in a thread of
the test. But libvirtd does so only when QEMU has told it that the guest opened the channel, and there is no
guest: plug() does the guest driver's part, writing to the virtio device's registers through QEMU's qtest.
"""
import contextlib
import json
import os
import re
import socket
import struct
import threading
import time

from cairntest import *

AGENT_COMMANDS = ("guest-sync", "guest-sync-delimited", "guest-ping", "guest-info", "guest-fsfreeze-status",
                  "guest-fsfreeze-freeze", "guest-fsfreeze-freeze-list", "guest-fsfreeze-thaw")


class Agent:
    """The agent in DOMAIN's guest. It takes commands from any number of libvirtds, one after another."""

    def __init__(self, domain, n_filesystems=2):
        self.domain = domain
        self.n_filesystems = n_filesystems
        self._changed = threading.Condition()
        self._commands = []   # (seconds, command), without syncs
        self._answers = {}    # command: error, or None to hang
        self._acts = {}       # command: what to do first
        self._is_frozen = False
        self._n_peers = 0     # QEMU and libvirtd
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        os.chmod(self.path, 0o777)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def path(self):
        return self.domain.socket("agent")

    # -- what it does --

    def fail(self, command, error="refused"):
        """From now on it answers COMMAND with an error."""
        with self._changed:
            self._answers[command] = error

    def hang(self, command):
        """From now on it doesn't answer COMMAND, nor does it obey."""
        self.fail(command, None)

    def before(self, command, act):
        """From now on it calls ACT() before it does COMMAND, and does nothing else until that returns."""
        with self._changed:
            self._acts[command] = act

    def lapse(self):
        """The guest thaws by itself."""
        with self._changed:
            self._is_frozen = False
            self._changed.notify_all()

    def obey(self):
        """From now on it does as it is told."""
        with self._changed:
            self._answers.clear()
            self._acts.clear()

    # -- what it was told --

    def commands(self):
        """The commands that came so far, without syncs and questions."""
        return [command for _, command in self.history()]

    def history(self):
        """[(time.monotonic() when it came, command)]"""
        with self._changed:
            return [entry for entry in self._commands if re.search("freeze$|freeze-list$|thaw$", entry[1])]

    @property
    def is_frozen(self):
        with self._changed:
            return self._is_frozen

    def wait_for(self, command, seconds=TIMEOUT_SECONDS):
        """Waits until COMMAND has come, obeyed or not."""
        self._wait(lambda: any(command == name for _, name in self._commands), seconds, f"no {command}")

    def wait_connected(self, seconds=TIMEOUT_SECONDS):
        """Waits until libvirtd talks to the agent, which takes a moment after a restart of libvirtd."""
        self._wait(lambda: self._n_peers >= 2, seconds, "libvirtd didn't connect to the agent")

    def wait_frozen(self, seconds=TIMEOUT_SECONDS):
        self._wait(lambda: self._is_frozen, seconds, "the guest wasn't frozen")

    def wait_thawed(self, seconds=TIMEOUT_SECONDS):
        self._wait(lambda: not self._is_frozen, seconds, "the guest stays frozen")

    def _wait(self, condition, seconds, otherwise):
        with self._changed:
            true(self._changed.wait_for(condition, seconds), f"{otherwise} within {seconds} s")

    # -- how it answers --

    def _accept(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        gone = contextlib.suppress(OSError)  # libvirtd, in the middle
        with self._counted(), gone, peer, peer.makefile("rb") as lines:
            for line in lines:
                try:
                    asked = json.loads(line.lstrip(b"\xff"))
                except ValueError:
                    continue
                answer = self._answer(asked["execute"], asked.get("arguments", {}))
                if answer is not None:
                    mark = b"\xff" if asked["execute"] == "guest-sync-delimited" else b""
                    peer.sendall(mark + json.dumps(answer).encode() + b"\n")

    @contextlib.contextmanager
    def _counted(self):
        for change in (1, -1):
            with self._changed:
                self._n_peers += change
                self._changed.notify_all()
            if change > 0:
                yield

    def _answer(self, command, arguments):
        with self._changed:
            self._commands.append((time.monotonic(), command))
            self._changed.notify_all()
            act = self._acts.get(command)
        if act:
            act()
        with self._changed:
            if command in self._answers:
                error = self._answers[command]
                return error and {"error": {"class": "GenericError", "desc": error}}
            answer = self._obey(command, arguments)
            self._changed.notify_all()
            return answer

    def _obey(self, command, arguments):
        if command.startswith("guest-sync"):
            return {"return": arguments["id"]}
        if command in ("guest-fsfreeze-freeze", "guest-fsfreeze-freeze-list", "guest-fsfreeze-thaw"):
            was_frozen, self._is_frozen = self._is_frozen, not command.endswith("thaw")
            return {"return": self.n_filesystems if was_frozen != self._is_frozen else 0}
        if command == "guest-fsfreeze-status":
            return {"return": "frozen" if self._is_frozen else "thawed"}
        if command == "guest-info":
            supported = [{"name": name, "enabled": True, "success-response": True} for name in AGENT_COMMANDS]
            return {"return": {"version": "7.2.0", "supported_commands": supported}}
        if command == "guest-ping":
            return {"return": {}}
        return {"error": {"class": "CommandNotFound", "desc": f"The command {command} has not been found"}}

    # -- its channel --

    def device_xml(self):
        return (f"<channel type='unix'><source mode='connect' path='{self.path}'/>"
                "<target type='virtio' name='org.qemu.guest_agent.0'/></channel>")

    def command_line_xml(self):
        return (f"<qemu:commandline><qemu:arg value='-qtest'/>"
                f"<qemu:arg value='unix:{self.domain.socket('qtest')},server=on,wait=off'/></qemu:commandline>")

    def plug(self):
        """The guest's driver opens the channel, and libvirtd connects to the agent."""
        with self._driver() as driver:
            driver.open_port(1)
        self.wait_connected()

    def unplug(self):
        """The guest's driver lets go of the channel; libvirtd finds no agent any more."""
        with self._driver() as driver:
            driver.reset()
        self._wait(lambda: self._n_peers < 2, TIMEOUT_SECONDS, "libvirtd still talks to the agent")

    @contextlib.contextmanager
    def _driver(self):
        """A driver that the firmware doesn't disturb: both would set the same registers."""
        was_running = self.domain.state() == "running"
        if was_running:
            self.domain.suspend()
        with SerialDriver(self.domain.socket("qtest")) as driver:
            yield driver
        if was_running:
            self.domain.resume()


class SerialDriver:
    """The little of a virtio-serial driver that tells QEMU that a port was opened. Source: Virtual I/O Device
    specification 1.1, 4.1.4.8 (legacy PCI), 2.6 (split virtqueues), 5.3 (console device); QEMU's
    docs/devel/qtest.rst for the protocol."""

    SERIAL_DEVICE = 0x10031AF4
    GUEST_FEATURES, QUEUE_PFN, QUEUE_SIZE, QUEUE_SELECT, QUEUE_NOTIFY, STATUS = 4, 8, 12, 14, 16, 18
    MULTIPORT = 1 << 1
    CONTROL_QUEUE = 3
    PORT_OPEN = 6
    MEMORY = 0x100000  # nobody else uses the guest's memory

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._lines = self._socket.makefile("r")
        slot = self._find()
        if not self._config(slot, 0x04) & 1:  # no firmware was here
            self._config(slot, 0x10, 0xC000)
        self._io_base = self._config(slot, 0x10) & ~3
        self._config(slot, 0x04, 0x5)  # I/O and bus master

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._lines.close()
        self._socket.close()

    def reset(self):
        """No driver is there."""
        self._out("b", self.STATUS, 0)

    def open_port(self, port):
        """A driver comes up and opens PORT. QEMU looks at the queue as soon as the driver says it's there, so
        that says so last."""
        self.reset()
        self._out("b", self.STATUS, 3)  # found, and can be driven
        self._out("l", self.GUEST_FEATURES, self.MULTIPORT)
        self._out("w", self.QUEUE_SELECT, self.CONTROL_QUEUE)
        n_entries = self._in("w", self.QUEUE_SIZE)
        message = self.MEMORY + 0x10000
        self._write(message, struct.pack("<IHH", port, self.PORT_OPEN, 1))
        self._write(self.MEMORY, struct.pack("<QIHH", message, 8, 0, 0))
        self._write(self.MEMORY + 16 * n_entries, struct.pack("<HHH", 0, 1, 0))  # one available: the first
        self._out("l", self.QUEUE_PFN, self.MEMORY >> 12)
        self._out("b", self.STATUS, 7)
        self._out("w", self.QUEUE_NOTIFY, self.CONTROL_QUEUE)

    def _find(self):
        for slot in range(32):
            if self._config(slot, 0) == self.SERIAL_DEVICE:
                return slot
        return fail("the domain has no virtio-serial device")

    def _config(self, slot, register, value=None):
        self._ask(f"outl 0xcf8 {0x80000000 | slot << 11 | register:#x}")
        if value is None:
            return int(self._ask("inl 0xcfc"), 0)
        return self._ask(f"outl 0xcfc {value:#x}")

    def _out(self, width, register, value):
        self._ask(f"out{width} {self._io_base + register:#x} {value:#x}")

    def _in(self, width, register):
        return int(self._ask(f"in{width} {self._io_base + register:#x}"), 0)

    def _write(self, address, content):
        self._ask(f"write {address:#x} {len(content):#x} 0x{content.hex()}")

    def _ask(self, command):
        self._socket.sendall(command.encode() + b"\n")
        while True:
            words = self._lines.readline().split()
            if not words or words[0] != "IRQ":
                true(words and words[0] == "OK", f"qtest {command}: {words}")
                return words[1] if len(words) > 1 else ""
