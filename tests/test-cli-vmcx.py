#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cairn vmcx: dump, check and recover, on genuine files and on odd ones."""
import math
import os
import shutil
import struct
import zlib

from cairntest import *

SAMPLE = os.environ.get("VMCX_SAMPLE", os.path.join(SOURCE_ROOT, "build", "tests", "vmcx-sample"))


def sample(shape):
    """A container that the sample program wrote."""
    path = os.path.join(tmp(), shape + ".vmcx")
    if not os.path.exists(path):
        run(SAMPLE, shape, path)
    return path


def dump(path, **more):
    """The parsed tree; must succeed in silence."""
    result = cairn("vmcx", "dump", path, "--json", **more)
    equal((result.status, result.err), (0, ""), str(result))
    return result.json


def walk(keys, path=""):
    """(path, key) of every key, in order."""
    for key in keys:
        here = path + "/" + key["name"]
        yield here, key
        yield from walk(key.get("children", []), here)


def check_key(key):
    wanted = {"name", "type", "seq", "flags"}
    wanted |= {"next", "children"} if key["type"] == "node" else {"value"}
    true(set(key) <= wanted and set(key) >= wanted - {"flags"}, f"properties: {sorted(key)}")
    true(key.get("flags", 1) != 0, f"flags of 0 are left out: {key['name']}")
    kinds = {"node": type(None), "int": int, "uint": int, "double": (float, str), "string": str,
             "array": str, "bool": bool}
    true(isinstance(key.get("value"), kinds[key["type"]]), f"type of the value: {key}")


@test("a genuine .vmcx is dumped whole")
def genuine_configuration():
    keys = dump(shared("data", "hyperv", "test.vmcx"))
    found = dict(walk(keys))
    for key in found.values():
        check_key(key)
    name = found["/configuration/properties/name"]
    equal((name["type"], bool(name["value"])), ("string", True))
    created = found["/configuration/properties/creation_time"]
    matches(created["value"], "^[0-9a-f]{16}$")
    true(len(found) > 300, f"{len(found)} keys")
    for key in found.values():
        order = [k["seq"] for k in key.get("children", [])]
        equal(order, sorted(order), "siblings by insertion sequence")


@test("a genuine .vmrs is dumped whole, repeated names and flags included")
def genuine_runtime():
    keys = list(walk(dump(shared("data", "hyperv", "test.vmrs"))))
    for _, key in keys:
        check_key(key)
    paths = [path for path, _ in keys]
    true(len(paths) > len(set(paths)), "repeated names are kept")
    true(any(key.get("flags") == 2 for _, key in keys), "flags are told")


@test("every type and every odd value is told exactly")
def types():
    keys = dump(sample("types"))
    equal([k["name"] for k in keys], ["node", "large"])
    node = {f"{k['name']}{k['seq']}": k for k in keys[0]["children"]}
    value = [k.get("value") for k in keys[0]["children"]]
    equal(value[0], -2**63)
    equal(value[1], 2**64 - 1)
    equal(value[2], 0.1)
    equal(value[3:5], ["Infinity", "NaN"])
    true(math.isinf(float(value[3])) and math.isnan(float(value[4])), "readable by float()")
    equal(value[5], "grüß\n\"")
    equal(value[6], "a\ud800b\0\U0001faa8")
    equal(value[7], "")
    equal(value[8:10], ["00a7ff", ""])
    equal(value[10:12], [True, False])
    childless = keys[0]["children"][12]
    equal((childless["children"], childless["next"]), ([], 0))
    equal(keys[0]["next"], len(node) + 1)
    large = keys[1]
    equal((large["value"], large["flags"]), ("5a" * 100000, 1))


@test("people get an indented tree without control characters")
def text():
    result = cairn("vmcx", "dump", sample("types"))
    equal((result.status, result.err), (0, ""))
    matches(result.out, r'(?m)^  uint \(uint\) 18446744073709551615$')
    matches(result.out, r'(?m)^  string \(string\) "grüß\\x0a""$')
    matches(result.out, r'(?m)^large \(array\) 100000 bytes: (5a){32}\.\.\.$')
    matches(cairn("--verbose", "vmcx", "dump", sample("types")).out, "(5a){100000}")


@test("a tree 20,000 levels deep, and one 50,000 wide, are dumped")
def deep_and_wide():
    result = cairn("vmcx", "dump", sample("deep"), "--json")
    equal((result.status, result.err), (0, ""))
    equal((result.out.count("{"), result.out.count("}")), (20000, 20000))
    true(result.out.endswith("]}" * 20000 + "]\n"), "closes every level")
    equal(len(cairn("vmcx", "dump", sample("deep")).out.splitlines()), 20000)
    equal(len(dump(sample("wide"))[0]["children"]), 50000)


@test("check says ok of good files")
def check_good():
    for path in [sample("types"), sample("wide")]:
        result = cairn("--json", "vmcx", "check", path)
        equal((result.status, result.err, result.json), (0, "", {"ok": True}))
    result = cairn("vmcx", "check", sample("types"))
    equal((result.status, result.err, result.out), (0, "", "Good.\n"))


def damaged(offset, name="damaged.vmcx"):
    """A copy of the sample with one byte flipped."""
    path = os.path.join(tmp(), name)
    with open(sample("types"), "rb") as source:
        content = bytearray(source.read())
    content[offset] ^= 1
    with open(path, "wb") as target:
        target.write(content)
    return path


@test("check tells the offset of the damage, dump tells 32776")
def check_damaged():
    path = damaged(0x3000 + 40)
    result = cairn("--json", "vmcx", "check", path)
    equal(result.status, 1)
    one_line(result)
    equal(set(result.json), {"ok", "Offset", "Error"})
    equal(result.json["ok"], False)
    true(0x3000 <= result.json["Offset"] <= 0x3000 + 40, f"offset {result.json['Offset']:#x}")
    matches(result.json["Error"], "0x3")
    Host().fail(32776, "vmcx", "dump", path, sentence="0x3")


@test("files that can't be read, aren't there or aren't containers are refused")
def refused():
    host = Host()
    empty = host.path("empty")
    open(empty, "w").close()
    host.fail(32776, "vmcx", "dump", empty)
    host.fail(32773, "vmcx", "dump", host.path("absent"), sentence="absent")
    host.fail(32773, "vmcx", "dump", host.dir)
    host.fail(32773, "vmcx", "dump", "/dev/null")
    host.fail(32773, "vmcx", "dump", "")
    for path in [empty, host.path("absent"), host.dir, ""]:
        result = host.cairn("--json", "vmcx", "check", path)
        equal((result.status, result.json["ok"]), (1, False))
        one_line(result)
    if os.getuid() == 0:
        locked = host.path("locked")
        shutil.copy(sample("types"), locked)
        os.chmod(locked, 0o600)
        host.fail(32769, "vmcx", "dump", locked, uid=NOBODY)


@test("a relative path is that of the working directory")
def relative():
    host = Host()
    shutil.copy(sample("types"), host.path("here.vmcx"))
    equal(len(host.ok("vmcx", "dump", "here.vmcx")), 2)
    equal(len(host.ok("vmcx", "dump", "./here.vmcx")), 2)


def pending_copy(path):
    """Marks the newest commit in PATH's log as pending again; gives a path and the entry count."""
    with open(path, "rb") as source:
        content = bytearray(source.read())
    best = None
    for copy in (0, 0x1000):
        sequence = struct.unpack_from("<H", content, copy + 8)[0]
        best = max(best, (sequence, copy)) if best else (sequence, copy)
    log, = struct.unpack_from("<Q", content, best[1] + 26)
    struct.pack_into("<I", content, log + 8, 1)
    struct.pack_into("<I", content, log + 4, 0)
    struct.pack_into("<I", content, log + 4, zlib.crc32(content[log:log + 34]))
    where, size = struct.unpack_from("<QI", content, log + 34)
    content[where:where + size] = b"\xcc" * size
    dirty = os.path.join(tmp(), "dirty.vmcx")
    with open(dirty, "wb") as target:
        target.write(content)
    return dirty


@test("recover writes a clean copy, shows nothing, and refuses an existing file")
def recover():
    host = Host()
    good = shared("data", "hyperv", "test.vmcx")
    dirty = pending_copy(good)
    out = host.path("out.vmcx")
    equal(host.ok("vmcx", "recover", dirty, out), {"ok": True})
    with open(good, "rb") as left, open(out, "rb") as right:
        true(left.read() == right.read(), "the copy is the file as it was")
    equal(dump(dirty), dump(good), "the pending log is shown as applied")
    matches(host.text("vmcx", "check", dirty), "pending")
    result = host.cairn("--json", "vmcx", "recover", dirty, out)
    equal((result.status, result.json["ok"]), (1, False))
    one_line(result)
    result = host.cairn("--json", "vmcx", "recover", damaged(0x3000 + 40), host.path("never"))
    equal((result.status, result.json["ok"]), (1, False))
    equal(sorted(os.listdir(host.dir)), ["out.vmcx"], "nothing else is left")


main()
