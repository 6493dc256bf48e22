#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""TAP: who asks: every way in, every way that must stay shut, and what is remembered of it."""
import pwd
import shutil
import ssl
import stat
import struct

from cairntest import *
from httptest import *


def encoded(pair):
    return "Authorization: Basic " + base64.b64encode(pair).decode()


def is_shut(answer, what=""):
    equal((answer.status, answer.header("www-authenticate")), (401, 'Basic realm="cairn"'), what)


@test("nobody is nobody until he shows who he is, whatever the header says")
def not_signed_in():
    wrong = {
        "absent": [], "empty": ["Authorization:"], "blank": ["Authorization:   "], "garbage": ["Authorization: \xff\x01%s%n"],
        "scheme alone": ["Authorization: Basic"], "scheme and blank": ["Authorization: Basic  "],
        "no base64": ["Authorization: Basic !!!!"], "half of base64": ["Authorization: Basic YWxpY2U6c2VjcmV"],
        "no colon": [encoded(b"alicesecret")], "no user": [encoded(b":secret")], "no password": [encoded(b"alice:")],
        "a NUL": [encoded(b"alice:secret\0")], "a NUL in the name": [encoded(b"alice\0x:secret")],
        "a newline": [encoded(b"alice\n:secret")], "wrong": [basic(password="secret1")],
        "another case": [basic("Alice")], "a stranger": [basic("mallory")], "long": [encoded(b"alice:" + b"x" * 3000)],
        "longer": [encoded(b"alice:" + b"x" * 15000)], "twice": [basic(), basic()], "twice, other": [basic("x"), basic()],
        "Negotiate": ["Authorization: Negotiate YIIK"], "Bearer": ["Authorization: Bearer abc"],
        "mutual": ["Authorization: http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"],
    }
    with Server() as server, server.connect() as client:
        for name, headers in wrong.items():
            is_shut(client.post("/echo", "hi", *headers, auth=False), name)
            is_shut(client.post("/defer", "1", *headers, auth=False), name)
            if headers:  # whoever says who he is must show it, also where nobody may
                is_shut(client.post("/echo", "hello", *headers, auth=False), name)
        equal(client.post().status, 200)
        with server.connect() as other:
            answer = other.post("/echo", "hi", "Authorization: Basic " + "A" * 65536, auth=False)
            true(answer.status in (401, 431), f"64 KiB: {answer}")


@test("a connection's earlier requests count for nothing in the next one")
def each_request():
    with Server() as server, server.connect() as client:
        equal(client.post().body.split()[0], b"alice")
        is_shut(client.post(auth=False))
        equal(client.post("/echo", "hi", basic("bob", "geheim"), auth=False).body.split()[0], b"bob")
        equal(client.post("/echo", "hello", auth=False).body.split()[0], b"nobody")
        is_shut(client.post("/echo", "hi", basic("bob", "secret"), auth=False))
        equal(client.post().body.split()[0], b"alice")


@test("nobody gets only what nobody may, and little of a body is kept for him")
def anonymous():
    with Server() as server, server.connect() as client:
        matches(client.post("/echo", "hello", auth=False).body.decode(), r"^nobody \d+ \d+ anonymous ")
        is_shut(client.post("/defer", "hello", auth=False))
        server.logged("<6> ", "request for '/defer' from ", "refused with 401 (0 more before it): Sign in")
        is_shut(client.post("/echo", "x" * 500000, auth=False))
        equal(server.counts()["checked-passwords"], 0)


@test("a user of this host has his own uid and gid")
def host_user():
    me = pwd.getpwuid(os.getuid())
    with Server(password_file=password_file(tmp(), **{me.pw_name: "secret"})) as server, server.connect() as client:
        matches(client.post("/echo", "hi", basic(me.pw_name), auth=False).body.decode(),
                f"^{me.pw_name} {me.pw_uid} {me.pw_gid} authenticated ")


@test("a right password is checked once, also when many ask at the same time; a wrong one each time")
def remembered():
    slow = crypt.crypt("secret", "$6$rounds=200000$cairntest$")
    with Server(password_file=password_file(tmp(), alice=slow)) as server:
        clients = [server.connect() for _ in range(8)]
        begin = f"POST /echo HTTP/1.1\r\nHost: x\r\n{basic()}\r\nContent-Length: 0\r\n\r\n"
        for client in clients:
            client.send(begin)
        equal([client.answer().status for client in clients], [200] * 8)
        for _ in range(125):
            equal([client.post().status for client in clients], [200] * 8)
        equal(server.counts()["checked-passwords"], 1)
        for n in range(2, 5):
            is_shut(clients[0].post("/echo", "hi", basic(password="wrong"), auth=False))
            equal(server.counts()["checked-passwords"], n)
        equal(server.counts()["refused-sign-ins"], 3)
        for client in clients:
            client.close()


@test("a changed password file takes effect for the next request")
def changed_file():
    with Server() as server, server.connect() as client:
        def try_(user, password):
            time.sleep(0.15)  # the file is looked at every 100 ms
            return client.post("/echo", "hi", basic(user, password), auth=False).status

        equal((try_("alice", "secret"), try_("bob", "geheim")), (200, 200))
        path = password_file(server.directory, alice="other")
        equal((try_("alice", "secret"), try_("alice", "other"), try_("bob", "geheim")), (401, 200, 401))
        with open(path, "r+", encoding="utf-8") as written_in_place:  # same inode, same size
            text = written_in_place.read().replace(sha512("other"), sha512("third"))
            written_in_place.seek(0)
            written_in_place.write(text)
        equal((try_("alice", "other"), try_("alice", "third")), (401, 200))
        os.chmod(path, 0o622)
        equal(try_("alice", "third"), 503)
        server.logged("password file", "may be written by others", "chmod 0600")
        os.chmod(path, 0o600)
        equal(try_("alice", "third"), 200)
        os.unlink(path)
        equal(try_("alice", "third"), 503)
        equal(client.post("/echo", "hello", auth=False).status, 200)


@test("a reload forgets what was remembered")
def reload():
    with Server() as server, server.connect() as client:
        equal(client.post().status, 200)
        equal(server.command("reload"), "reloaded")
        equal(client.post().status, 200)
        equal(server.counts()["checked-passwords"], 2)
        os.unlink(os.path.join(server.directory, "passwords"))
        matches(server.command("reload"), "password file '.*' can't be opened: No such file")


@test("the kinds of hashes that crypt(3) knows; locked users")
def hashes():
    users = {"yes": crypt.crypt("secret", "$y$j75$F5Jx5fExrKuPp53xLKQ..1"), "five": crypt.crypt("secret", "$5$cairn$"),
             "six": sha512("secret"), "blow": crypt.crypt("secret", "$2b$04$cairncairncairncairncu")}
    path = password_file(tmp(), **users)
    with open(path, "a", encoding="utf-8") as out:
        out.write(f"locked:!{sha512('secret')}\nshadow:{sha512('secret')}:19000:0:99999:7:::\nyes:{sha512('second')}\n")
    with Server(password_file=path) as server, server.connect() as client:
        for user in ("yes", "five", "six", "blow", "shadow"):
            equal(client.post("/echo", "hi", basic(user), auth=False).status, 200, user)
            is_shut(client.post("/echo", "hi", basic(user, "second"), auth=False), user)
        is_shut(client.post("/echo", "hi", basic("locked"), auth=False))


@test("a password file that can't be trusted or read is refused with a sentence")
def bad_files():
    path = password_file(tmp(), alice="secret")
    for mode, sentence in ((0o666, "may be written by others"), (0o620, "may be written by others")):
        os.chmod(path, mode)
        matches(refused_start(password_file=path), sentence)
    os.chmod(path, 0o600)
    for line, sentence in (("alice", "line 1 .* is not 'user:hash'"), (":x", "is not 'user:hash'"),
                           ("alice:plain", "no hash that crypt"), ("alice:", "no hash that crypt")):
        write_file(path, line + "\n")
        matches(refused_start(password_file=path), sentence)
    matches(refused_start(password_file=path + ".none"), "can't be opened: No such file")
    matches(refused_start(password_file=tmp()), "is not a regular file")


@test("an unknown user costs the time of a known one")
def timing():
    slow = crypt.crypt("secret", "$6$rounds=60000$cairntest$")
    with Server(password_file=password_file(tmp(), alice=slow)) as server, server.connect() as client:
        def time_of(user):
            begin = time.monotonic()
            is_shut(client.post("/echo", "hi", basic(user, "wrong"), auth=False))
            return time.monotonic() - begin

        known = min(time_of("alice") for _ in range(4))
        unknown = min(time_of(f"mallory{i}") for i in range(4))
        true(known / 2 < unknown < known * 2, f"known {known * 1000:.1f} ms, unknown {unknown * 1000:.1f} ms")


@test("many failures make the next check wait, but nobody else's, and none of what is remembered")
def back_off():
    with Server() as server, server.connect() as client:
        def time_of(*headers, status):
            begin = time.monotonic()
            equal(client.post("/echo", "hi", *headers, auth=False).status, status)
            return time.monotonic() - begin

        time_of(basic(), status=200)
        first = max(time_of(basic(password=f"wrong {i}"), status=401) for i in range(10))
        later = [time_of(basic(password=f"wrong again {i}"), status=401) for i in range(3)]
        true(first < 0.09, f"one of the first failures took {first:.3f} s")
        true(later[0] > 0.08 and later[1] > 0.15 and later[2] > 0.3, f"later ones took {later}")
        true(time_of(basic(), status=200) < 0.05, "what is remembered waits too")
        true(time_of(basic("bob", "geheim"), status=200) < 0.09, "another user waits")
        server.command("reload")
        time_of(basic(), status=200)  # late, but right; that ends it
        true(time_of(basic(password="wrong"), status=401) < 0.09, "it goes on after a right password")


@test("what is logged of a refusal can't be mistaken for another line")
def log_lines():
    with Server() as server, server.connect() as client:
        client.post("/echo", "hi", basic("eve' from 10.0.0.1 accepted\u202e\u0085"), auth=False)
        line = server.logged("refused")
        matches(line, r"^<5> \d+: sign-in of 'eve\\x27 from 10\.0\.0\.1 accepted\\xe2\\x80\\xae\\xc2\\x85' from 127\.0\.0\.1:\d+ refused: ")
        true("secret" not in " ".join(server.log), "the password is in the log")


@test("without a password file PAM decides, also about the account")
def pam():
    if not any(os.path.exists(f"/lib/{triple}/security/pam_exec.so") for triple in os.listdir("/lib")):
        skip("there is no pam_exec.so")
    directory = tmp()
    script = os.path.join(directory, "ask")
    write_file(script, '#!/bin/sh\n[ "$PAM_TYPE" = auth ] || [ "$PAM_USER" != expired ] || exit 1\n'
                       '[ "$PAM_TYPE" = account ] || [ "$(tr -d "\\000")" = secret ]\n')
    os.chmod(script, 0o755)
    write_file(os.path.join(directory, "cairnd"),
               f"auth required pam_exec.so quiet expose_authtok {script}\naccount required pam_exec.so quiet {script}\n")
    with Server(users=False, pam_directory=directory) as server, server.connect() as client:
        equal([client.post().status for _ in range(5)], [200] * 5)
        equal(server.counts()["checked-passwords"], 1)
        is_shut(client.post("/echo", "hi", basic(password="wrong"), auth=False))
        is_shut(client.post("/echo", "hi", basic("expired"), auth=False))
        server.logged("sign-in of 'expired'", "refused: PAM service 'cairnd' says: ")
        is_shut(client.post("/echo", "hi", encoded(b"alice:"), auth=False))
        os.unlink(os.path.join(directory, "cairnd"))
        equal(client.post("/echo", "hi", basic("bob"), auth=False).status, 503, "status without the service's file")


@test("PAM's service 'other' lets nobody in")
def pam_other():
    directory = tmp()
    write_file(os.path.join(directory, "other"), "auth required pam_permit.so\naccount required pam_permit.so\n")
    write_file(os.path.join(directory, "there"), "auth required pam_deny.so\n")
    for name, pattern in (("none", f"PAM service file '{directory}/none' isn't there .*; install it"),
                          ("there/../other", "no name of a PAM service"), ("..", "no name of a PAM service"),
                          (os.path.join(directory, "other"), "no name of a PAM service")):
        matches(refused_start(users=False, pam_directory=directory, pam_service=name), pattern)
    with Server(users=False, pam_directory=directory, pam_service="none", wsman="",
                unix=os.path.join(directory, "sock")) as server:
        client = server.connect_unix(os.path.join(directory, "sock"))
        equal(client.post("/echo", "hi", auth=False).status, 200, "status of a process's request")
        equal(client.post("/echo", "hi", basic(), auth=False).status, 503, "status of a password")


@test("the PAM service that is installed takes root, and nobody outside group cairn")
def pam_service():
    with open(os.path.join(SOURCE_ROOT, "packaging", "cairnd.pam"), encoding="utf-8") as file:
        text = file.read()
    for kind in ("auth", "account"):
        true(f"@include common-{kind}\n" in text, f"it doesn't ask for {kind}")
        text = text.replace(f"@include common-{kind}\n", f"{kind} required pam_permit.so\n")
    directory = tmp()
    write_file(os.path.join(directory, "cairnd"), text)
    with Server(users=False, pam_directory=directory) as server, server.connect() as client:
        equal(client.post("/echo", "hi", basic("root"), auth=False).status, 200, "root's sign-in")
        equal(client.post("/echo", "hi", basic("daemon"), auth=False).status, 401, "daemon's sign-in")


@test("a password doesn't cross the network in the clear")
def in_the_clear():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            skip("this host has no address but loopback")
        address = probe.getsockname()[0]
    with Server(wsman="0.0.0.0:0") as server:
        with server.connect(host=address) as far:
            answer = far.post()
            equal((answer.status, answer.header("www-authenticate")), (403, None))
            matches(answer.body.decode(), "TLS")
            server.logged("<5> ", "request for '/echo' from ", "refused with 403", "password would cross the network")
            equal(far.post("/defer", "1", auth=False).status, 403)
            equal(far.post("/echo", "hello", auth=False).status, 200)
            equal(server.counts()["checked-passwords"], 0)
        with server.connect() as near:
            equal(near.post().status, 200)


# ---- TLS ----

def openssl(*arguments, directory):
    run("openssl", *arguments, cwd=directory)


def trust(path, certificate=None):
    context = ssl.create_default_context(cafile=path)
    if certificate:
        context.load_cert_chain(*certificate)
    return context


@test("the first start makes a certificate that clients can trust, and the next one keeps it")
def made_certificate():
    directory = tmp()
    certificate, key = os.path.join(directory, "c.pem"), os.path.join(directory, "k.pem")
    options = {"wsman_tls": "127.0.0.1:0", "certificate": certificate, "key": key}
    with Server(**options) as server:
        equal(stat.S_IMODE(os.stat(key).st_mode), 0o600)
        for name in ("127.0.0.1", "localhost", socket.gethostname()):
            context = trust(certificate)
            connected = socket.create_connection(("127.0.0.1", server.ports["wsman-tls"]))
            with Client(context.wrap_socket(connected, server_hostname=name)) as client:
                true(client.socket.version() in ("TLSv1.2", "TLSv1.3"), client.socket.version())
                equal(client.post().status, 200)
                equal(len(client.post("/stream", "40").body), 6 + 40 * 65536)
                equal(client.post(body="x" * 900000).status, 200)
                is_shut(client.post(auth=False))
        with server.connect("wsman-tls") as client:  # a ClientHello of TLS 1.1
            hello = bytes.fromhex("0302") + bytes(32) + bytes.fromhex("00 0004 c014 c013 0100")
            client.send(b"\x16\x03\x01" + struct.pack(">HBBH", len(hello) + 4, 1, 0, len(hello)) + hello)
            answer = client.rest()
            true(answer[:1] != b"\x16", f"TLS 1.1 is spoken: {answer[:20]}")
        with server.connect("wsman-tls") as client:  # no TLS at all
            client.send("POST /echo HTTP/1.1\r\nHost: x\r\n\r\n")
            client.rest()
    before = open(certificate, "rb").read()
    with Server(**options):
        equal(open(certificate, "rb").read(), before)


def make_certificate(directory, name, days=10, authority=None):
    openssl("req", "-x509" if not authority else "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.pem" if not authority else f"{name}.csr",
            "-subj", f"/O=Example/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
            *(["-days", str(days)] if not authority else []), directory=directory)
    if authority:
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
                "-CAcreateserial", "-out", f"{name}.pem", "-days", str(days), directory=directory)
    return os.path.join(directory, f"{name}.pem"), os.path.join(directory, f"{name}.key")


@test("a reload serves a new certificate, and keeps the old one when the new can't be used")
def new_certificate():
    directory = tmp()
    first, second = make_certificate(directory, "first"), make_certificate(directory, "second")
    used = [os.path.join(directory, name) for name in ("used.pem", "used.key")]

    def use(certificate, key):
        shutil.copy(certificate, used[0])
        shutil.copy(key, used[1])

    use(*first)
    with Server(wsman_tls="127.0.0.1:0", certificate=used[0], key=used[1]) as server:
        with server.connect("wsman-tls", context=trust(first[0])) as kept:
            use(*second)
            equal(server.command("reload"), "reloaded")
            server.connect("wsman-tls", context=trust(second[0])).close()
            equal(kept.post().status, 200)
            use(first[0], second[1])
            matches(server.command("reload"), "is of another key than")
            server.connect("wsman-tls", context=trust(second[0])).close()
    write_file(used[0], "nothing")
    matches(refused_start(wsman_tls="127.0.0.1:0", certificate=used[0], key=used[1]), "no certificates in PEM form .*; give the")
    use(*first)
    os.unlink(used[1])
    matches(refused_start(wsman_tls="127.0.0.1:0", certificate=used[0], key=used[1]), "used.key' .* can't be read")
    matches(refused_start(wsman_tls="127.0.0.1:0"), "no certificate and key are named")


@test("a client certificate is its user's; a strange, unknown or missing one is nobody's")
def client_certificates():
    directory = tmp()
    server_files = make_certificate(directory, "server")
    authority = make_certificate(directory, "authority")
    carol, dave, eve = (make_certificate(directory, name, authority="authority") for name in ("carol", "dave", "eve"))
    stranger = make_certificate(directory, "dave2")
    der = ssl.PEM_cert_to_DER_cert(open(carol[0], encoding="ascii").read())
    import hashlib
    fingerprint = hashlib.sha256(der).hexdigest().upper()
    users = os.path.join(directory, "map")
    write_file(users, f"# who\n{':'.join(fingerprint[i:i + 2] for i in range(0, 64, 2))} = carol\nCN=dave,O=Example=dave\n"
                      "CN=dave2,O=Example = dave\n")
    with Server(wsman_tls="127.0.0.1:0", certificate=server_files[0], key=server_files[1], client_ca=authority[0],
                client_map=users) as server:
        def user(certificate, *headers):
            with server.connect("wsman-tls", context=trust(server_files[0], certificate)) as client:
                answer = client.post("/echo", "hi", *headers, auth=False)
                again = client.post("/echo", "hi", *headers, auth=False)
                equal(again.status, answer.status)
                if answer.status == 401:
                    is_shut(answer)
                    equal(client.post("/echo", "hello", auth=False).body.split()[0], b"nobody")
                    equal(client.post().body.split()[0], b"alice")
                return answer.body.split()[0].decode() if answer.status == 200 else answer.status

        equal(user(carol), "carol")
        equal(user(dave), "dave")
        equal(user(dave, "Authorization: http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"), "dave")
        equal(user(dave, basic()), "alice")
        equal(user(eve), 401)
        server.logged("refused", "certificate 'CN=eve,O=Example' (SHA-256 ", "is in no line of the map")
        equal(user(stranger), 401)
        server.logged("refused", "isn't genuine")
        equal(user(None), 401)
        equal(user(None, basic()), "alice")
        write_file(users, "CN=eve,O=Example = eve\n")
        equal(server.command("reload"), "reloaded")
        equal((user(eve), user(carol)), ("eve", 401))
        equal(server.counts()["checked-passwords"] <= 3, True)


main()
