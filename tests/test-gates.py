#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""TAP: the tools that judge the others find what they are there for. Usage: test-gates.py TOP"""
import os
import shutil
import subprocess
import sys
import tempfile

TOP = sys.argv[1]

# A file that breaks a rule: the gate, the path, the text, and what the gate must say.
BAD_FILES = [
    ("layers", "src/vmcx/a.c", "#include <cairn/vm.h>\n", "vmcx may not include cairn/vm.h"),
    ("layers", "src/refpoint/a.c", '#include "service/b.h"\n', "refpoint may not include service/b.h"),
    ("layers", "src/store/sqlite/a.c", '#include "tracker/offline/b.h"\n', "may not include tracker/offline"),
    ("layers", "src/elsewhere/a.c", "", "lies in no layer"),
    ("layers", "include/cairn/a.h", '#include "refpoint/store.h"\n', "an installed header may not include"),
    ("layers", "src/refpoint/a.c", '  printf ("x");\n', "only src/cli and src/daemon print"),
    ("layers", "src/refpoint/a.c", "  exit (1);\n", "only src/cli and src/daemon print"),
    ("size", "src/vmcx/a.c", "void\nlong_one (void)\n{\n" + "  x ();\n" * 98 + "}\n", "long_one has 101 lines"),
    ("size", "src/vmcx/a.c", "\n" * 501, "src/vmcx/a.c has 501 lines"),
    ("format", "src/vmcx/a.c", "int  x;\n", "src/vmcx/a.c"),
    ("docs", "docs/a.md", "see `src/vmcx/gone.c`\n", "docs/a.md:1: there is no src/vmcx/gone.c"),
    ("docs", "docs/a.md", "calls `cairn_gone()`\n", "there is no function cairn_gone"),
    ("docs", "a.md", "[there](docs/gone.md)\n", "the link to docs/gone.md leads nowhere"),
]
# The same gates find nothing to say about these.
GOOD_FILES = [
    ("layers", "src/refpoint/a.c", '#include "refpoint/store.h"\n#include <vmcx.h>\n/* exit (1) */\n'),
    ("layers", "src/cli/a.c", '#include <cairn/cairn.h>\nprintf ("x");\n'),
    ("size", "src/vmcx/a.c", "void\nlong_one (void)\n{\n" + "  x ();\n" * 97 + "}\n"),
    ("format", "src/vmcx/a.c", "int x;\n"),
    ("docs", "docs/a.md", "see `tools/check-*`, [here](a.md#there) and <https://example.com/a.md>\n"),
]

# What a test program prints and how it ends, with the cases that must be counted.
PROGRAMS = {
    "good": ("echo 'ok 1 /a'; echo 'ok 2 /b'; echo 1..2", (2, 0, 0)),
    "bad": ("echo 'ok 1 /a'; echo 'not ok 2 /b - no'; echo 1..2; exit 1", (1, 1, 0)),
    "skips": ("echo 'ok 1 /a'; echo 'ok 2 /b # SKIP why so'; echo 1..2", (1, 0, 1)),
    "skips-all": ("echo '1..0 # SKIP why not'", (0, 0, 1)),
    "crashes": ("echo 1..2; echo 'ok 1 /a'; kill -SEGV $$", (1, 1, 0)),
    "leaks": ("echo 'ok 1 /a'; echo 1..1; exit 1", (1, 1, 0)),
    "empty": ("true", (0, 1, 0)),
    "litters": ("touch $TMPDIR/litter; echo 'ok 1 /a'; echo 1..1", (1, 1, 0)),
    "lingers": ("sleep 5 > /dev/null 2>&1 & echo 'ok 1 /a'; echo 1..1", (1, 1, 0)),
}

count = 0
failed = 0


def report(name, good, output):
    global count, failed
    count += 1
    failed += not good
    for line in "" if good else output.splitlines():
        print(f"# {line}")
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)


def judge(scratch, gate, path, text):
    tree = os.path.join(scratch, "tree")
    shutil.copytree(os.path.join(TOP, "tools"), os.path.join(tree, "tools"))
    shutil.copy(os.path.join(TOP, ".clang-format"), tree)
    for folder in ("include", "src", os.path.dirname(path)):
        os.makedirs(os.path.join(tree, folder), exist_ok=True)
    with open(os.path.join(tree, path), "w", encoding="utf-8") as source:
        source.write(text)
    done = subprocess.run([os.path.join(tree, "tools", "check-" + gate)], capture_output=True, text=True)
    shutil.rmtree(tree)
    return done.returncode, done.stdout + done.stderr


def count_cases(scratch, body):
    """What tools/run-tests makes of a project with this one test."""
    project = os.path.join(scratch, "project")
    os.makedirs(os.path.join(project, "scratch", "tmp"))
    with open(os.path.join(project, "program.sh"), "w", encoding="utf-8") as program:
        program.write(f"#!/bin/sh\n{body}\n")
    os.chmod(program.name, 0o755)
    with open(os.path.join(project, "meson.build"), "w", encoding="utf-8") as build:
        build.write("project('p')\ntest('t', find_program('program.sh'), protocol: 'tap')\n")
    subprocess.run(["meson", "setup", "b"], cwd=project, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(
        [os.path.join(TOP, "tools", "run-tests"), "b", os.path.join(project, "scratch")],
        cwd=project,
        env={**os.environ, "TMPDIR": os.path.join(project, "scratch", "tmp")},
        capture_output=True,
        text=True,
    )
    shutil.rmtree(project)
    return done.returncode, done.stdout + done.stderr


def main():
    print(f"1..{len(BAD_FILES) + len(GOOD_FILES) + len(PROGRAMS)}")
    with tempfile.TemporaryDirectory() as scratch:
        for gate, path, text, said in BAD_FILES:
            status, output = judge(scratch, gate, path, text)
            report(f"{gate} finds: {said}", status == 1 and said in output, output)
        for gate, path, text in GOOD_FILES:
            status, output = judge(scratch, gate, path, text)
            report(f"{gate} is content with a good {path}", status == 0, output)
        for name, (body, counts) in PROGRAMS.items():
            status, output = count_cases(scratch, body)
            line = "{} passed, {} failed, {} skipped".format(*counts)
            good = output.splitlines()[-1] == line and status == bool(counts[1])
            report(f"a program that {name}: {line}", good, output)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
