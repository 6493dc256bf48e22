#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""prune: which points of an owner go, which stay for the sake of a backup, and that they are gone."""
from cairntest import *


class Pruned:
    """A VM with backups: each is BACKUP (owner, number of the one it follows)."""

    def __init__(self, backups):
        self.host = Host()
        self.disks = [d["Path"] for d in self.host.vm("web", 2, "1M")["Disks"]]
        self.points = []
        for number, (owner, since) in enumerate(backups):
            more = [] if since is None else ["--since", self.points[since]]
            answer = self.host.ok("backup", "web", self.host.path(f"b{number}"), "--owner", owner, *more)
            self.points.append(answer["ReferencePoint"])

    def ids(self, *numbers):
        """The InstanceIDs of the points of these numbers."""
        return [self.points[n] for n in numbers]

    def prune(self, keep, owner, destroyed, kept):
        """Prunes, and compares with the numbers of points that are to go and to stay."""
        answer = self.host.ok("prune", "web", "--keep", keep, "--owner", owner)
        equal(answer, {"ReturnValue": 0, "Destroyed": self.ids(*destroyed), "Kept": self.ids(*kept)})
        self.there()

    def there(self):
        """What the store lists is what every disk has bitmaps of, and nothing else is found."""
        there = [p["InstanceID"] for p in self.host.ok("list")]
        for disk in self.disks:
            equal(sorted(bitmaps(disk)), sorted(p.rpartition("\\")[2] for p in there))
        equal(self.host.ok("doctor")["Findings"], [])
        return there


@test("the newest of one owner stay, those of others too, and what goes leaves the images")
def several_owners():
    web = Pruned([("a", None), ("b", None), ("a", None), ("", None), ("a", None), ("b", None)])
    web.prune(9, "a", [], [0, 2, 4])
    web.prune(2, "a", [0], [2, 4])
    web.prune(1, "b", [1], [5])
    web.prune(0, "", [3], [])
    web.prune(0, "a", [2, 4], [])
    equal(web.there(), web.ids(5))
    equal(web.host.ok("prune", "web", "--keep", 0, env={"CAIRN_OWNER": "b"})["Destroyed"], web.ids(5))
    equal(web.there(), [])
    matches(web.host.text("prune", "web", "--keep", 0, "--owner", "b"), "no reference points")


@test("the point that a kept backup was made from stays, its own base doesn't")
def bases():
    web = Pruned([("a", None), ("a", 0), ("a", 1), ("a", None), ("a", 2)])
    web.prune(2, "a", [0, 1], [2, 3, 4])
    web.prune(1, "a", [3], [2, 4])
    web.prune(0, "a", [2, 4], [])


@test("what another owner's backup was made from stays")
def bases_of_others():
    web = Pruned([("a", None), ("a", None), ("b", 0)])
    web.prune(0, "a", [1], [0])
    web.prune(0, "b", [2], [])
    web.prune(0, "a", [0], [])


@test("a recovery checkpoint isn't pruned; what its export was made from stays")
def snapshots():
    web = Pruned([("a", None), ("a", None)])
    snapshot = web.host.ok("freeze", "web", "--owner", "a")["Snapshot"]
    web.host.ok("export", snapshot, web.host.path("out"), "--base", web.points[0])
    equal(web.host.ok("prune", "web", "--keep", 2, "--owner", "a")["Kept"], web.points)
    web.points.append(web.host.ok("convert", snapshot)["ReferencePoint"])
    web.prune(1, "a", [1], [0, 2])
    web.prune(0, "a", [0, 2], [])


@test("log-based points lose their data with them")
def logs():
    web = Pruned([])
    for _ in range(3):
        web.points.append(web.host.ok("create", "web", "--type", "log", "--owner", "a")["ReferencePoint"])
    equal(len(os.listdir(web.host.path("logs"))), 3)
    # The newest one's log begins at the one before it.
    web.prune(1, "a", [0], [1, 2])
    equal(sorted(os.listdir(web.host.path("logs"))), [point.rpartition("\\")[2] for point in web.points[1:]])
    web.prune(0, "a", [1, 2], [])
    equal(os.listdir(web.host.path("logs")), [])


@test("one that can't be destroyed ends it, and the answer names those that were")
def stopped():
    host = Host()
    disks = [host.image("a.qcow2", "1M"), host.image("b.qcow2", "1M")]
    args = [("--disk", f"vda={disks[0]}"), ("--disk", f"vdb={disks[1]}")]
    guid = host.ok("vm", "add", "web", *args[0])["VirtualSystemIdentifier"]
    points = [host.ok("create", "web", "--owner", "a")["ReferencePoint"]]
    # The VM gets a second disk, which the first point knows nothing of.
    pair = host.ok("export", points[0], host.mkdir("out"))
    host.ok("vm", "remove", "web", "--force")
    host.ok("vm", "add", "web", *args[0], *args[1], "--uuid", guid)
    host.ok("import", "web", pair["ExportedConfigFilePath"], pair["ExportedRuntimeFilePath"])
    points += [host.ok("create", "web", "--owner", "a")["ReferencePoint"] for _ in range(2)]
    os.rename(disks[1], host.path("aside"))
    result = host.cairn("prune", "web", "--keep", 0, "--owner", "a")
    equal((result.status, result.out), (1, f"Destroyed {points[0]}\n"))
    matches(result.err, "'vdb'")
    answer = host.fail(32775, "prune", "web", "--keep", 0, "--owner", "a", sentence="'vdb'")
    equal(answer["Destroyed"], [])
    equal([p["InstanceID"] for p in host.ok("list")], points[1:])
    os.rename(host.path("aside"), disks[1])
    equal(host.ok("prune", "web", "--keep", 0, "--owner", "a")["Destroyed"], points[1:])
    host.fail(32773, "prune", "nix", "--keep", 0, "--owner", "a", sentence="'nix'")


main()
