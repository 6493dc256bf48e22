#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cairn.conf restricts what callers may do: what isn't understood in it is refused, never ignored."""
import os
import re

from cairntest import *

GOOD = ["", "# nothing\n", "[paths]\n", "[paths]\nimport=/a;/b;\nexport = /c\n", "[hypervisor]\nconnect=images:\n",
        "[listen]\nany=1\n[store]\nx=y\n[auth]\nz=\n[jobs]\nretention=5\n", "[paths]\nimport=/\n[paths]\nexport=/\n"]

# What stands in the file -> what the sentence must hold besides the file's name.
BAD = [
    (b"\0" * 4096, r"NUL byte at 0x0,.*write it anew"),
    (b"[paths]\nimport=/a\n" + b"\0" * 100, r"NUL byte at 0x12,"),
    (b"[path]\nimport=/a\n", r"group \[path\] isn't known; .*paths, hypervisor"),
    (b"[Paths]\nimport=/a\n", r"group \[Paths\]"),
    (b"[paths ]\nimport=/a\n", r"group \[paths \]"),
    (b"[listen]\n[daemon]\n", r"group \[daemon\]"),
    (b"[paths]\nexports=/a\n", r"\[paths\] has no key 'exports'; .*import, export"),
    (b"[paths]\nImport=/a\n", r"\[paths\] has no key 'Import'"),
    (b"[paths]\nimport=/a\nimport[de]=/b\n", r"\[paths\] has no key 'import\[de\]'"),
    (b"[hypervisor]\nconnection=images:\n", r"\[hypervisor\] has no key 'connection'; .*connect"),
    (b"[paths]\nimport=/a/\xff\n", r"value of \[paths\] import is wrong"),
    (b"[paths]\nexport=/a\\q\n", r"value of \[paths\] export is wrong"),
    (b"[hypervisor]\nconnect=a\\q\n", r"value of \[hypervisor\] connect is wrong"),
    (b"[paths]\nimport=srv/in\n", r"\[paths\] import has 'srv/in', which isn't an absolute path"),
    (b"[paths]\nimport=/a; /b\n", r"\[paths\] import has ' /b'"),
    (b"import=/a\n", r"can't be understood"),
    (b"[paths]\nimport\n", r"can't be understood"),
    (b"\xef\xbb\xbf\xef[paths]\nimport=/a\n", r"can't be understood"),
    (b"#" * ((1 << 20) + 1), r"more than 1048576 bytes"),
]


def with_config(host, text):
    path = host.path("cairn.conf")
    with open(path, "wb") as f:
        f.write(text)
    return {"CAIRN_CONFIG": path}


@test("what is understood is taken")
def good():
    host = Host()
    for text in GOOD:
        equal(host.ok("vm", "list", env=with_config(host, text.encode())), [], text)


@test("a slip in the file is refused by every command: file, group, key, remedy")
def bad():
    host = Host()
    for text, sentence in BAD:
        env = with_config(host, text)
        answer = host.fail(32773, "vm", "list", env=env, sentence=sentence)
        matches(answer["Error"], f"^configuration '{re.escape(env['CAIRN_CONFIG'])}'.*; ")


@test("a file that isn't there or isn't one")
def not_a_file():
    host = Host()
    os.mkfifo(host.path("fifo"))
    for path, sentence in [(host.path("absent"), "No such file"), (host.dir, "isn't a regular file"),
                           (host.path("fifo"), "isn't a regular file"),
                           ("/dev/zero", "isn't a regular file")]:
        host.fail(32773, "vm", "list", env={"CAIRN_CONFIG": path}, sentence=sentence)


@test("an empty list allows no directory")
def empty_list():
    host = Host()
    host.vm()
    point = host.ok("create", "vm")["ReferencePoint"]
    for text, code in [("[paths]\nexport=\n", 32769), ("[paths]\nimport=\n", 0)]:
        env = with_config(host, text.encode())
        if code:
            host.fail(code, "export", point, host.dir, env=env, sentence="outside the directories")
        else:
            host.ok("export", point, host.dir, env=env)


main()
