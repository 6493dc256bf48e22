# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the demos have in common: a temporary directory, commands shown as they are run, and exit
status 1 when anything comes out otherwise than it must.

CAIRN_DEMO_SPOIL=1 makes one write go elsewhere than the demo notes, to prove that it would be found
out.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
GRANULE_BYTES = 64 * KIB  # a change marks this much
SPOILT_BYTES = MIB if os.environ.get("CAIRN_DEMO_SPOIL") else 0


class Mismatch(Exception):
    pass


def say(text=""):
    print(text, flush=True)


def say_wrapped(text):
    say(textwrap.fill(text, 110, initial_indent="   ", subsequent_indent="     ", break_long_words=False, break_on_hyphens=False))


def run(host, command, succeeds=True):
    """Shows COMMAND and runs it as HOST, whose store is its own; gives (standard output, standard error)."""
    say(f"{host}$ {command}")
    os.environ["CAIRN_STORE"] = f"sqlite:{os.getcwd()}/{host}/cairn.db"
    done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if (done.returncode == 0) != succeeds:
        raise Mismatch(f"it ended with status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout, done.stderr


def run_json(host, command, succeeds=True):
    output, error = run(host, command, succeeds)
    try:
        return json.loads(output), error
    except json.JSONDecodeError as wrong:
        raise Mismatch(f"what it printed is no JSON ({wrong}): {output!r}") from None


def size(count):
    """COUNT bytes as qemu-io takes them, the shorter the better."""
    for unit, letter in ((GIB, "G"), (MIB, "M"), (KIB, "k")):
        if count and count % unit == 0:
            return f"{count // unit}{letter}"
    return str(count)


def rounded(writes):
    """The granules that WRITES touch, as sorted and merged [offset, length]."""
    granules = sorted(
        {
            granule
            for offset, length in writes
            for granule in range(offset // GRANULE_BYTES, (offset + length - 1) // GRANULE_BYTES + 1)
        }
    )
    extents = []
    for granule in granules:
        start = granule * GRANULE_BYTES
        if extents and sum(extents[-1]) == start:
            extents[-1][1] += GRANULE_BYTES
        else:
            extents.append([start, GRANULE_BYTES])
    return extents


def play(story):
    """Runs STORY in a directory that goes away; gives the exit status."""
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is below `finally` happens then, too
    scratch = tempfile.mkdtemp(prefix="cairn-demo.")
    os.chdir(scratch)
    try:
        story()
    except Mismatch as mismatch:
        say(f"\ndemo: FAILED: {mismatch}")
        return 1
    finally:
        os.chdir("/")
        shutil.rmtree(scratch)
    say(f"\nAll as it must be ({time.monotonic() - started:.1f} s).")
    return 0
