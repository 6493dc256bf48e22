#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two processes create, export, import and destroy points of one VM at once, and a third reads.

1,000 operations. Each worker works on points that it made itself, so "no such point" can't be right:
every operation succeeds or says 32774. Afterwards the store and the images agree."""
import multiprocessing
import random
import sqlite3
import subprocess
import time

from survive import *

N_OPERATIONS = int(os.environ.get("CAIRN_OPERATIONS", "1000"))
N_WORKERS = 2
MAX_POINTS = 6  # per worker
BUSY = 32774


class Worker:
    """One of the processes: a loop of random operations on points of its own."""

    def __init__(self, host, number):
        self.host = host
        self.out = host.mkdir(f"out{number}")
        self.random = random.Random(number)
        self.points = []  # ours, in the store
        self.pairs = {}  # point -> its exported pair
        self.counts = {}

    def run(self, operation, *args):
        result = self.host.cairn("--json", operation, *args)
        key = (operation, result.status == 0)
        self.counts[key] = self.counts.get(key, 0) + 1
        true(result.json is not None, f"no JSON: {result}")
        if result.status == 0:
            equal(result.err, "", f"standard error: {result}")
            return result.json
        one_line(result)
        equal(result.json["ReturnValue"], BUSY, f"{result}")
        return None

    def create(self):
        answer = self.run("create", "vm")
        if answer:
            self.points.append(answer["ReferencePoint"])

    def destroy(self):
        point = self.random.choice(self.points)
        if self.run("destroy", point):
            self.points.remove(point)
            for path in self.pairs.pop(point, []):
                os.unlink(path)

    def export(self):
        point = self.random.choice(self.points)
        answer = self.run("export", point, self.out)
        if answer:
            self.pairs[point] = [answer["ExportedConfigFilePath"],
                                 answer["ExportedRuntimeFilePath"]]

    def bring_in(self):
        """The point is there, so importing it again is right and changes nothing."""
        point = self.random.choice(sorted(self.pairs))
        answer = self.run("import", "vm", *self.pairs[point])
        if answer:
            equal(answer["ReferencePoints"], [point], "points imported")

    def step(self):
        ways = []
        if len(self.points) < MAX_POINTS:
            ways += [self.create, self.create]
        if len(self.points) > 1:
            ways += [self.destroy]
        if self.points:
            ways += [self.export]
        if self.pairs:
            ways += [self.bring_in]
        self.random.choice(ways)()


def work(host, number, answers):
    worker = Worker(host, number)
    problem = None
    try:
        for _ in range(N_OPERATIONS // N_WORKERS):
            worker.step()
    except Exception as caught:  # pylint: disable=broad-except
        problem = f"worker {number}: {caught}"
    answers.put((number, worker.points, worker.counts, problem))


def read_on(host, stop, answers):
    """Lists and asks for changes, as long as the others work."""
    counts = {}
    problem = None
    try:
        while not stop.is_set():
            listed = host.cairn("--json", "list", "vm")
            equal(listed.status, 0, f"list: {listed}")
            counts["list"] = counts.get("list", 0) + 1
            for point in listed.json[-2:]:
                asked = host.cairn("--json", "changes", point["InstanceID"])
                # It may be gone since (32773), going (32775: its bitmap is), or its image is open.
                code = asked.json["ReturnValue"]
                true(code in (0, 32773, BUSY, 32775), f"changes: {asked}")
                counts[code] = counts.get(code, 0) + 1
            time.sleep(0.02)
    except Exception as caught:  # pylint: disable=broad-except
        problem = f"reader: {caught}"
    answers.put(("reader", [], counts, problem))


def collect(host):
    """Runs them all; gives every worker's points."""
    context = multiprocessing.get_context("fork")
    answers, stop = context.Queue(), context.Event()
    workers = [context.Process(target=work, args=(host, i, answers)) for i in range(N_WORKERS)]
    reader = context.Process(target=read_on, args=(host, stop, answers))
    for process in [*workers, reader]:
        process.start()
    told = [answers.get(timeout=280) for _ in workers]
    stop.set()
    told.append(answers.get(timeout=60))
    for process in [*workers, reader]:
        process.join()
    for number, _, counts, problem in told:
        print(f"# {number}: " + ", ".join(f"{k}: {v}" for k, v in sorted(counts.items(), key=str)),
              flush=True)
        true(problem is None, problem)
    n_done = sum(sum(counts.values()) for number, _, counts, _ in told if number != "reader")
    equal(n_done, N_OPERATIONS // N_WORKERS * N_WORKERS, "operations")
    return [point for _, points, _, _ in told for point in points]


@test(f"{N_OPERATIONS} operations of two processes on one VM: each succeeds or says 32774")
def at_once():
    host = Host()
    host.vm("vm", 2, "4M")
    for disk in DISKS:
        run("qemu-img", "bitmap", "--add", host.path(disk), "foreign")
    points = collect(host)
    listed = [p["InstanceID"] for p in host.ok("list", "vm")]
    equal(sorted(listed), sorted(points), "points in the store")
    wanted = {name: ["auto"] for name in ["foreign"] + [guid_of(p) for p in points]}
    for disk in DISKS:
        true(unlocked(host.path(disk)), f"{disk} is locked still")
        equal(bitmaps(host.path(disk)), wanted, f"bitmaps of {disk}")
        check = subprocess.run(["qemu-img", "check", host.path(disk)], capture_output=True,
                               text=True, check=False)
        equal(check.returncode, 0, f"qemu-img check of {disk}: {check.stdout}{check.stderr}")
    with sqlite3.connect(host.path("cairn.db")) as store:
        equal(store.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "the store")
        equal(store.execute("PRAGMA foreign_key_check").fetchall(), [], "its references")
        equal(store.execute("SELECT count(*) FROM intent").fetchall(), [(0,)], "intents left")
    stray = [name for number in range(N_WORKERS) for name in os.listdir(host.path(f"out{number}"))
             if not name.endswith((".vmcx", ".vmrs"))]
    equal(stray, [], "stray files")


main()
