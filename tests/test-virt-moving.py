#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/moving.md: its commands work as they stand there, one section after the other, each with two new hosts."""
from cairnvirt import *

PAGE = os.path.join(SOURCE_ROOT, "docs", "moving.md")
PLACES = ("/var/lib/libvirt/images", "/data", "/srv/points")


def sections():
    """[(title, [(host, command), ...]), ...] of the sections that have commands."""
    with open(PAGE, encoding="utf-8") as page:
        parts = re.split(r"^## (.*)\n", page.read(), flags=re.MULTILINE)[1:]
    found = [(title, re.findall(r"^    (alpha|beta)\$ (.*)$", text, re.MULTILINE))
             for title, text in zip(parts[::2], parts[1::2])]
    return [(title, commands) for title, commands in found if commands]


class Pair:
    """alpha, which has VM web, running with a point and a write after it, and beta. With OWN_STORAGE neither
    sees the other's files."""

    def __init__(self, number, own_storage):
        self.hosts = {name: Libvirt(f"{name}{number}") for name in ("alpha", "beta")}
        self._roots = {name: host.mkdir("root") for name, host in self.hosts.items()}
        if not own_storage:
            self._roots["beta"] = self._roots["alpha"]
        for root in self._roots.values():
            for place in PLACES:
                os.makedirs(root + place, exist_ok=True)
        alpha = self.hosts["alpha"]
        image = make_image(f"{self._roots['alpha']}/var/lib/libvirt/images/web-vda.qcow2", "64M")
        self.vm = alpha.domain("web", disks=[Disk("vda", image)]).start(paused=False)
        self.point = alpha.ok("create", "web")["ReferencePoint"]
        self.vm.write("vda", 1 << 20, 100)

    def run(self, name, command):
        """Runs COMMAND as a shell of that host would."""
        host, peer = self.hosts[name], self.hosts["beta"]
        for there, root in self._roots.items():
            command = command.replace(f"{there}:/", f"{root}/")
        for place in PLACES:
            command = re.sub(rf"(?<![\w]){place}", self._roots[name] + place, command)
        command = command.replace("scp ", "cp ")
        command = command.replace("virsh shutdown", "virsh destroy")  # no guest would obey
        command = command.replace("qemu+ssh://beta/system", f"'{peer.uri}' --unsafe --migrateuri "
                                  f"tcp://127.0.0.1:{free_port()} --listen-address 127.0.0.1 --disks-port {free_port()}")
        env = environment(CAIRN_STORE=host.store, CAIRN_CONNECT=host.uri, LIBVIRT_DEFAULT_URI=host.uri,
                          PATH=f"{os.path.dirname(CAIRN)}:{os.environ['PATH']}")
        return run("sh", "-ec", command, env=env)


def follow(number, commands):
    """Runs them; beta then has the point, libvirt too, and the change."""
    pair = Pair(number, own_storage=any("scp " in command for _, command in commands))
    for name, command in commands:
        pair.run(name, command)
    beta = pair.hosts["beta"]
    listed = beta.ok("list")
    equal([point["InstanceID"] for point in listed], [pair.point])
    equal(beta.ok("changes", pair.point)["Disks"][0]["Changes"], [[1 << 20, GRANULARITY]])
    name = beta.virsh("list", "--all", "--name").strip()
    equal(beta.virsh("checkpoint-list", name, "--name").split(), [pair.point.partition("\\")[2]])


for position, (heading, lines) in enumerate(sections()):
    def section(position=position, lines=lines):
        follow(position, lines)
    section.__name__ = f"section{position}"
    test(heading)(section)


@test("the page has commands in four sections")
def complete():
    equal([bool(lines) for _, lines in sections()], [True] * 4)


main()
