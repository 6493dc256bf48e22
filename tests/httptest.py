# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests of the listener share: tests/http-server run with options, and clients that send exactly
the bytes that they are told to.

Environment: HTTP_SERVER (the program; default: build/tests/http-server).
"""
import base64
import crypt
import os
import queue
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from cairntest import SOURCE_ROOT, fail, tmp, true

SERVER = os.environ.get("HTTP_SERVER", os.path.join(SOURCE_ROOT, "build", "tests", "http-server"))
SECONDS = 10


def basic(user="alice", password="secret"):
    """An Authorization header's line."""
    pair = user.encode() + b":" + password.encode()
    return "Authorization: Basic " + base64.b64encode(pair).decode()


def sha512(password):
    """A hash that takes a millisecond or two."""
    return crypt.crypt(password, "$6$rounds=1000$cairntest$")


def password_file(directory, **users):
    """A password file; users' passwords, or hashes when they begin with $."""
    path = os.path.join(directory, "passwords")
    lines = [f"{user}:{word if word.startswith('$') else sha512(word)}\n" for user, word in users.items()]
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write("# users\n\n" + "".join(lines))
    os.chmod(path + ".new", 0o600)
    os.rename(path + ".new", path)
    return path


class Answer:
    """An answer as it came: status, headers (lower case names; a list of values each), body, whether all came."""

    def __init__(self, status, headers, body, whole):
        self.status, self.headers, self.body, self.whole = status, headers, body, whole

    def header(self, name):
        return (self.headers.get(name.lower()) or [None])[0]

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:200]!r} whole={self.whole}"


class Client:
    """One connection."""

    def __init__(self, connected):
        self.socket = connected
        self.socket.settimeout(SECONDS)
        self.kept = b""

    def send(self, *parts):
        for part in parts:
            self.socket.sendall(part if isinstance(part, bytes) else part.encode("latin-1"))
        return self

    def _receive(self):
        try:
            got = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLError):
            got = b""
        self.kept += got
        return bool(got)

    def _take(self, n):
        while len(self.kept) < n and self._receive():
            pass
        taken, self.kept = self.kept[:n], self.kept[n:]
        return taken

    def _line(self):
        while b"\r\n" not in self.kept and self._receive():
            pass
        line, _, self.kept = self.kept.partition(b"\r\n")
        return line

    def answer(self):
        """The next answer; None when the connection ends without one."""
        first = self._line()
        if not first:
            return None
        headers = {}
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            headers.setdefault(name.lower(), []).append(value.strip())
        if "transfer-encoding" in headers:
            body, whole = self._chunks()
        else:
            n = int(headers.get("content-length", ["0"])[0])
            body = self._take(n)
            whole = len(body) == n
        return Answer(int(first.split()[1]), headers, body, whole)

    def _chunks(self):
        body = b""
        while True:
            n = int(self._line() or b"-1", 16)
            if n <= 0:
                return body, n == 0 and self._line() == b""
            body += self._take(n)
            if self._line() != b"":
                return body, False

    def post(self, path="/echo", body="hi", *headers, auth=True, method="POST"):
        """A whole request; its answer."""
        if isinstance(body, str):
            body = body.encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
        if auth:
            lines.append(basic())
        self.send("\r\n".join(lines) + "\r\n\r\n", body)
        return self.answer()

    def rest(self):
        """All that comes until the other side ends the connection."""
        while self._receive():
            pass
        return self._take(len(self.kept))

    def has_ended(self, seconds=SECONDS):
        """The other side ends the connection, with nothing more said."""
        self.socket.settimeout(seconds)
        try:
            return self.kept == b"" and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server:
    """tests/http-server with options; ends at the end of the `with`."""

    def __init__(self, fds=(), users=True, env=(), **options):
        self.directory = tempfile.mkdtemp(dir=tmp())
        if users and "password_file" not in options:
            options["password_file"] = password_file(self.directory, alice="secret", bob="geheim")
        options.setdefault("wsman", "127.0.0.1:0")
        arguments = [f"{name.replace('_', '-')}={value}" for name, value in options.items()]
        self.process = subprocess.Popen([SERVER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, errors="replace", pass_fds=fds,
                                        env=os.environ | dict(env))
        self.log = []
        self.lines = queue.Queue()
        self.readers = [threading.Thread(target=read, daemon=True)
                        for read in (self._read_log, self._read_output)]
        for reader in self.readers:
            reader.start()
        self.ports = {}
        self.is_ready = False
        while line := self.lines.get(timeout=SECONDS):
            if line == "ready":
                self.is_ready = True
                break
            name, port = line.split()
            self.ports[name] = int(port)

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def _read_output(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put("")

    def connect(self, listener="wsman", host="127.0.0.1", context=None):
        connected = socket.create_connection((host, self.ports[listener]), timeout=SECONDS)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Client(context.wrap_socket(connected, server_hostname=host) if context else connected)

    def connect_unix(self, path):
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(path)
        return Client(connected)

    def command(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.lines.get(timeout=SECONDS)

    def counts(self):
        return {name: int(n) for name, n in (item.split("=") for item in self.command("counts").split())}

    def logged(self, *parts, seconds=SECONDS):
        """The first log line with all of PARTS in it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in list(self.log):
                if all(part in line for part in parts):
                    return line
            time.sleep(0.01)
        return fail(f"no log line with {parts}: {self.log}")

    def end(self):
        if self.process.poll() is None and not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            status = self.process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "not at all"
        for reader in self.readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return status

    def __enter__(self):
        true(self.is_ready, f"the server didn't start: {self.log}")
        return self

    def __exit__(self, kind, *_):
        status = self.end()
        if kind is None and status != 0:
            fail(f"the server ended with {status}: {self.log[-40:]}")


def refused_start(**options):
    """The sentence with which a server refuses to start."""
    server = Server(**options)
    status = server.end()
    true(not server.is_ready and status == 1 and server.log, f"it started: {server.log}")
    return server.log[-1]
