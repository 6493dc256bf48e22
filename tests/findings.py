# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of cairn doctor share."""
import hashlib

from cairntest import *


def doctor(host, *args, **more):
    """The findings as [(kind, object, repaired)], VMs' names and sentences apart: host.said. The
    exit status must be what they ask for."""
    result = host.cairn("--json", "doctor", *args, **more)
    equal(result.err, "", f"standard error of {args}")
    equal(result.json and result.json.get("ReturnValue"), 0, str(result))
    findings = result.json["Findings"]
    for finding in findings:
        equal(sorted(finding), ["Kind", "Object", "Repaired", "Sentence", "VM"], "keys")
    host.said = [f["Sentence"] for f in findings]
    is_open = any(not f["Repaired"] and not f["Kind"].startswith("foreign-") for f in findings)
    equal(result.status, 1 if is_open else 0, f"exit status with {findings}")
    return [(f["Kind"], f["Object"], f["Repaired"]) for f in findings]


def found(kind, *objects, repaired=False):
    return [(kind, name, repaired) for name in objects]


def guid(point):
    return point.split("\\")[1]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
