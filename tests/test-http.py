#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""TAP: the listener over real sockets: requests and answers, limits, attacks on where a request ends."""
import os
import socket
import time

from cairntest import *
from httptest import *


@test("a connection is kept, and each request answered for itself")
def keep_alive():
    with Server() as server, server.connect() as client:
        first = client.post(body="one")
        equal((first.status, first.header("content-type")), (200, "text/plain"))
        matches(first.body.decode(), r"^alice 65534 65534 authenticated 127\.0\.0\.1:\d+\none$")
        for i in range(50):
            equal(client.post(body=f"body {i}" * i).body.split(b"\n", 1)[1], f"body {i}".encode() * i)
        equal(client.post("/echo/").status, 200)
        equal(client.post(method="M-POST").status, 200)
        equal(client.post(body=b"x" * 300000 + b"\0y").body.split(b"\n", 1)[1], b"x" * 300000 + b"\0y")


@test("two requests in one packet get two answers, in order")
def pipelined():
    with Server() as server, server.connect() as client:
        one = f"POST /defer HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: 2\r\n\r\n50"
        client.send(one + one.replace("\r\n\r\n50", "\r\n\r\n10") + one.replace("/defer", "/elsewhere"))
        equal([client.answer().body.split(b"\n")[1] for _ in range(3)], [b"50", b"10", b"50"])


@test("paths and methods that there aren't")
def routes():
    with Server() as server, server.connect() as client:
        equal([client.post(path).status for path in ("/", "/echo2", "/echo//", "/ech", "//echo", "/../echo")], [404] * 6)
        equal(client.post("/get").header("allow"), "GET")
        equal([client.post("/echo", method=method).status for method in ("GET", "PUT", "BREW")], [405, 405, 501])
        equal(client.post("/get", "", method="GET").status, 200)


@test("where a request ends is said once, or the connection ends")
def smuggling():
    inner = f"POST /echo HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: 5\r\n\r\ninner"
    wrong = [
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 0",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding : chunked",
        "Content-Length : 5",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 0x5",
        "Content-Length: ",
        "Content-Length: 5 5",
        "Host: y\r\nContent-Length: 5",
        "A: b\rContent-Length: 5",
    ]
    with Server() as server:
        for headers in wrong:
            with server.connect() as client:
                client.send(f"POST /echo HTTP/1.1\r\nHost: x\r\n{basic()}\r\n{headers}\r\n\r\n", "0\r\n\r\n" + inner)
                answer = client.rest()  # up to the end of the connection
                true(answer.startswith(b"HTTP/1.1 400 "), f"{headers!r}: {answer}")
                true(b"inner" not in answer, f"{headers!r}: its body was taken for a request")
        for length in ("99999999999", str(2**32 + 10), str(2**63), str(2**64 + 5), "9" * 400):
            with server.connect() as client:
                client.send(f"POST /echo HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: {length}\r\n\r\n")
                equal(client.answer().status, 413, length)
        with server.connect() as client:
            equal(client.post().status, 200)


@test("a chunked request is taken, and is the last of its connection")
def chunked():
    with Server(body_bytes=1000) as server:
        with server.connect() as client:
            client.send(f"POST /echo HTTP/1.1\r\nHost: x\r\n{basic()}\r\nTransfer-Encoding: chunked\r\n\r\n",
                        "3\r\nabc\r\n", "A;x=y\r\n0123456789\r\n", "0\r\n\r\n")
            answer = client.answer()
            equal((answer.status, answer.body.split(b"\n")[1]), (200, b"abc0123456789"))
            true(client.has_ended(), "the connection goes on")
        with server.connect() as client:
            client.send(f"POST /echo HTTP/1.1\r\nHost: x\r\n{basic()}\r\nTransfer-Encoding: chunked\r\n\r\n",
                        "3E9\r\n" + "x" * 1001 + "\r\n0\r\n\r\n")
            equal(client.answer().status, 413)


@test("a body up to the limit is taken, beyond it the client is told")
def body_limit():
    with Server(body_bytes=1000) as server, server.connect() as client:
        equal(client.post(body="x" * 1000).status, 200)
        equal(client.post(body="x" * 1001).status, 413)
        equal(client.post(body="x" * 5000000).status, 413)
        equal(client.post(body="x").status, 200)  # the connection can be used on
        client.send(f"POST /echo HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
        equal(client.answer().status, 413)
        true(server.counts()["refused-limits"] >= 3, "not counted")


@test("a client that waits for it is told to send its body")
def continues():
    with Server() as server, server.connect() as client:
        client.send(f"POST /echo HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        equal(client.answer().status, 100)
        client.send("hi")
        equal(client.answer().status, 200)


@test("headers beyond the limit, and garbage, end the connection and nothing else")
def garbage():
    with Server() as server:
        for bytes_ in (b"\0" * 100, b"\xff" * 70000, b"GET\r\n\r\n", b"POST /echo HTTP/9.9\r\n\r\n", b"POST /echo\r\n\r\n",
                       b"\r\n" * 50000, b"POST " + b"/" * 70000 + b" HTTP/1.1\r\n\r\n",
                       b"POST /echo HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20000 + b"\r\n",
                       b"POST /echo HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
                       b"POST /echo HTTP/1.1\r\nHost: x\r\nA\0B: c\r\nContent-Length: 0\r\n\r\n",
                       b"POST /echo HTTP/1.1\r\nContent-Length: 0\r\n\r\n",  # no Host
                       b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 600):
            with server.connect() as client:
                try:
                    client.send(bytes_)
                    client.socket.shutdown(socket.SHUT_WR)
                    answer = client.answer()
                    true(answer is None or answer.status >= 400, f"{bytes_[:40]}: {answer}")
                except OSError:
                    pass  # it was ended while we wrote
        with server.connect() as client:
            equal(client.post().status, 200)


@test("a request must come whole in time, though bytes trickle; an answer may take longer")
def slow():
    with Server(idle_s=1) as server:
        clients = [server.connect() for _ in range(4)]
        head = f"POST /defer HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: 4\r\n"
        clients[1].send(head)
        clients[2].send(head + "\r\n1")
        clients[3].send(head + "\r\n1800")
        begin = time.monotonic()
        alive = set(range(3))
        while alive and time.monotonic() - begin < 3:
            for i in list(alive):
                try:
                    if i:
                        clients[i].send("A" if i == 1 else "0" if time.monotonic() - begin > 10 else "")
                    if clients[i].has_ended(0.05):
                        alive.discard(i)
                except OSError:
                    alive.discard(i)
        took = time.monotonic() - begin
        true(not alive, f"connections {alive} are still open")
        true(0.9 < took < 2.5, f"ended after {took:.1f} s")
        equal(clients[3].answer().status, 200)
        true(server.counts()["refused-limits"] >= 1, "not counted")
        for client in clients:
            client.close()


@test("as many connections as allowed; others are turned away, and let in later")
def connection_limit():
    with Server(connections=5) as server:
        clients = [server.connect() for _ in range(5)]
        equal([client.post().status for client in clients], [200] * 5)
        with server.connect() as sixth:
            true(sixth.has_ended(), "a sixth connection is open")
        clients[0].close()
        wait_until(lambda: server.counts()["connections"] == 4, "a connection ends", 5)
        with server.connect() as again:
            equal(again.post().status, 200)
        for client in clients:
            client.close()


def own_address():
    """An address of this host that isn't loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            skip("this host has no address but loopback")
        return probe.getsockname()[0]


@test("an address has a limit of its own, loopback hasn't")
def address_limit():
    address = own_address()
    with Server(wsman="0.0.0.0:0", per_address=3) as server:
        near = [server.connect() for _ in range(6)]
        equal([client.post().status for client in near], [200] * 6)
        far = [server.connect(host=address) for _ in range(3)]
        equal([client.post("/echo", "hello", auth=False).status for client in far], [200] * 3)
        with server.connect(host=address) as fourth:
            true(fourth.has_ended(), "a fourth connection is open")
        far[0].close()
        wait_until(lambda: server.counts()["connections"] == 8, "a connection ends", 5)
        with server.connect(host=address) as again:
            equal(again.post("/echo", "hello", auth=False).status, 200)
        for client in near + far:
            client.close()


@test("work that blocks keeps nobody else waiting, and too much of it is refused at once")
def workers():
    with Server(workers=2) as server:
        slow = [server.connect() for _ in range(2)]
        for client in slow:
            client.send(f"POST /defer HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: 3\r\n\r\n700")
        begin = time.monotonic()
        with server.connect() as quick:
            equal([quick.post().status for _ in range(20)], [200] * 20)
            true(time.monotonic() - begin < 0.6, "the others waited")
        wait_until(lambda: server.counts()["under-way"] == 2, "the quick ones are done", 5)
        equal([client.answer().status for client in slow], [200, 200])
        for client in slow:
            client.close()


@test("a streamed answer comes whole, and one that fails is cut off where the client sees it")
def streamed():
    with Server() as server:
        with server.connect() as client:
            answer = client.post("/stream", "64")
            true(answer.whole, "cut off")
            equal(len(answer.body), 6 + 64 * 65536)
            equal(answer.header("x-test"), "a??b?")
            equal(answer.body[6:].split(b"\n")[0], bytes([ord("a") + 64 % 26]) * 65535)
            equal(client.post("/stream", "0").body, b"first\n")
            failed = client.post("/stream", "!3")
            true(not failed.whole, "it looks whole")
            true(client.has_ended(), "the connection goes on")
        with server.connect() as client:  # HTTP/1.0 has no chunks: the end of the connection is the end
            client.send(f"POST /stream HTTP/1.0\r\n{basic()}\r\nContent-Length: 1\r\n\r\n2")
            received = b""
            while part := client.socket.recv(65536):
                received += part
            true(received.endswith(b"\n") and len(received.split(b"\r\n\r\n", 1)[1]) == 6 + 2 * 65536, "not whole")


@test("clients that vanish leave nothing behind")
def vanished():
    with Server() as server:
        for path, body in (("/defer", "100"), ("/stream", "2000"), ("/elsewhere", "x"), ("/echo", "y")):
            for _ in range(5):
                with server.connect() as client:
                    client.send(f"POST {path} HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        with server.connect() as client:
            client.send(f"POST /echo HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: 100\r\n\r\nxxx")
        wait_until(lambda: server.counts()["connections"] == 0, "all connections end", 5)
        wait_until(lambda: server.counts()["under-way"] == 0, "all requests end", 5)


@test("at the end, requests under way are answered, and those beyond the grace are cut off")
def ending():
    with Server() as server:
        with server.connect() as short, server.connect() as idle, server.connect() as reading:
            equal(idle.post().status, 200)
            short.send(f"POST /defer HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: 3\r\n\r\n200")
            reading.send(f"POST /stream HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: 6\r\n\r\n900000")
            time.sleep(0.05)
            begin = time.monotonic()
            server.process.stdin.close()
            answer = short.answer()
            equal((answer.status, answer.header("connection")), (200, "close"))
            equal(server.process.wait(timeout=SECONDS), 0)
            took = time.monotonic() - begin
            true(0.4 < took < 2, f"the end took {took:.1f} s, with 0.5 s of grace")
            true(not reading.answer().whole, "60 GB came whole")


@test("a socket that was passed on is listened on; a Unix socket tells who is there")
def sockets():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with Server(fds=[listening.fileno()], wsman_socket=listening.fileno()) as server:
            equal(server.ports["wsman"], listening.getsockname()[1])
            with server.connect() as client:
                equal(client.post().status, 200)
    path = os.path.join(tmp(), "socket")
    with Server(unix=path) as server:
        matches(refused_start(unix=path), f"'{path}' can't be listened on: Address already in use")
        equal(os.stat(path).st_mode & 0o777, 0o660)
        with server.connect_unix(path) as client:
            answer = client.post(auth=False).body.decode()
            matches(answer, rf" {os.getuid()} {os.getgid()} authenticated unix:pid {os.getpid()}\n")
            equal(client.post().body.split()[0], b"alice")  # who says who he is must show it
            equal(client.post("/echo", "hi", basic(password="wrong"), auth=False).status, 401)
    true(not os.path.exists(path), "the socket is left")
    killed = Server(unix=path)
    killed.process.kill()
    killed.end()
    true(os.path.exists(path), "nothing is left to start over")
    with Server(unix=path) as again, again.connect_unix(path) as client:
        equal(client.post(auth=False).status, 200)


@test("an address that can't be listened on is refused with a sentence")
def addresses():
    with Server() as server:
        matches(refused_start(wsman=f"127.0.0.1:{server.ports['wsman']}"), "Address already in use; choose another")
    for wrong in ("127.0.0.1", "::1:5985", "nowhere.invalid:1", "[::1"):
        matches(refused_start(wsman=wrong), f"'{re.escape(wrong)}' is no address to listen on")
    with Server(wsman="[::1]:0") as server, server.connect(host="::1") as client:
        matches(client.post().body.decode(), r"authenticated \[::1\]:\d+\n")


main()
