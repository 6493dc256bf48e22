# SPDX-License-Identifier: LGPL-2.1-or-later
"""cairnd on a host of cairntest.py: started on free ports of loopback with a password file, ended with the test.

    host = Host()
    host.vm("web")
    daemon = Daemon(host, "cimxml")
    daemon.url("cimxml")     # http://tester:secret@127.0.0.1:PORT

Environment: CAIRND (the program; default: beside CAIRN).
"""
import atexit
import base64
import http.client
import os
import re
import signal
import subprocess
import time

from cairntest import *

CAIRND = os.environ.get("CAIRND", os.path.join(os.path.dirname(CAIRN), "..", "daemon", "cairnd"))
USER, PASSWORD = "tester", "secret"
START_SECONDS = 30


class Daemon:
    """cairnd with LISTENERS ("wsman", "cimxml", "metrics") on HOST's store. SECTIONS: more of the
    configuration, {"jobs": {"synchronous-ms": "0"}}."""

    def __init__(self, host, *listeners, **sections):
        self.host = host
        self.config = host.path("cairnd.conf")
        self._write_config(listeners, sections)
        self.log = open(host.path("cairnd.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([CAIRND, "--config", self.config], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        atexit.register(self.kill)
        self.ports = dict(zip(listeners, self._wait_for_ports(len(listeners))))

    def _write_config(self, listeners, sections):
        passwords = self.host.path("passwords")
        with open(passwords, "w", encoding="utf-8") as file:
            file.write(f"{USER}:{crypt_password()}\n")
        config = {
            "listen": {name: "127.0.0.1:0" for name in listeners},
            "store": {"uri": self.host.store},
            "hypervisor": {"connect": self.host.connect or "images:"},
            "auth": {"password-file": passwords},
            "paths": {"import": self.host.dir, "export": self.host.dir},
        }
        for name, keys in sections.items():
            config.setdefault(name, {}).update(keys)
        with open(self.config, "w", encoding="utf-8") as file:
            for name, keys in config.items():
                file.write(f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()))

    def _wait_for_ports(self, n):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            ports = re.findall(r"listening on .* \(port (\d+)\)", self.lines())
            if len(ports) == n:
                return [int(port) for port in ports]
            time.sleep(0.02)
        fail(f"cairnd doesn't start:\n{self.lines()}")

    def lines(self):
        """What it has logged."""
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def url(self, listener):
        """Where LISTENER is, with a user who may sign in."""
        return f"http://{USER}:{PASSWORD}@127.0.0.1:{self.ports[listener]}"

    def post(self, listener, path, body, headers, method="POST"):
        """Posts BODY as the user; gives status, headers and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[listener], timeout=TIMEOUT_SECONDS)
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        connection.request(method, path, body, {"Authorization": f"Basic {token}", **headers})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def end(self):
        """SIGTERM; it must end by itself, and well."""
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(TIMEOUT_SECONDS), 0, f"exit status of cairnd:\n{self.lines()}")

    def kill(self):
        """Ends it however it can."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def crypt_password():
    """The line of the password file."""
    return run("openssl", "passwd", "-6", PASSWORD).strip()
