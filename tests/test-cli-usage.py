#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wrong usage of every command, options anywhere, help: nothing here touches a VM."""
from cairntest import *

COMMANDS = ["vm add", "vm list", "vm show", "vm alias", "vm remove", "create", "list", "show", "check",
            "export", "import", "changes", "destroy", "remove-data", "schema", "vmcx dump",
            "vmcx check", "vmcx recover", "backup", "restore", "verify", "freeze", "snapshots", "convert",
            "discard", "prune"]

# Command, how many arguments it needs, how many it takes.
COUNTS = {"vm add": (1, 1), "vm list": (0, 0), "vm show": (1, 1), "vm alias": (2, 2),
          "vm remove": (1, 1), "create": (1, 1), "list": (0, 1), "show": (1, 1), "check": (1, 1),
          "export": (2, 2), "import": (3, 3), "changes": (1, 1), "destroy": (1, 1),
          "remove-data": (1, 1), "schema": (0, 0), "vmcx dump": (1, 1), "vmcx check": (1, 1), "vmcx recover": (2, 2),
          "backup": (2, 2), "freeze": (1, 1), "snapshots": (0, 1), "convert": (1, 1), "discard": (1, 1),
          "prune": (1, 1)}

# Options of commands; every other command refuses them.
OPTIONS = {"--disk=a=/b": ["vm add", "export", "changes"], "--uuid=x": ["vm add"],
           "--force": ["vm remove", "destroy", "discard"], "--type=rct": ["create"],
           "--consistency=crash": ["create", "backup", "freeze"],
           "--owner=o": ["create", "destroy", "backup", "freeze", "discard", "prune"],
           "--label=l": ["create", "backup", "freeze"], "--base=p": ["export"], "--all": ["export"],
           "--point=g": ["import"], "--check": ["import"], "--offset=0": ["changes"],
           "--length=1": ["changes"], "--mof": ["schema"], "--namespace=n": ["schema"],
           "--since=p": ["backup"], "--lease=1": ["freeze"], "--while=1": ["freeze"], "--keep=1": ["prune"]}


@test("no command, an unknown one, half a one")
def no_command():
    host = Host()
    matches(host.usage(), "no command given; usage: cairn ")
    matches(host.usage("frobnicate"), "no command 'frobnicate'; usage: cairn ")
    matches(host.usage("vm"), "second word .*missing")
    matches(host.usage("vmcx"), "second word .*missing")
    matches(host.usage("vm", "frobnicate"), "no command 'vm frobnicate'")
    matches(host.usage("add", "x"), "no command 'add'")
    matches(host.usage("help", "frobnicate"), "no command 'frobnicate'")
    matches(host.usage(""), "no command ''")
    matches(host.usage("-"), "no command '-'")


@test("too few and too many arguments, for every command")
def counts():
    host = Host()
    for command, (fewest, most) in COUNTS.items():
        words = command.split()
        options = ["--disk", "a=/b"] if command == "vm add" else []
        if fewest:
            line = host.usage(*words, *options, *["x"] * (fewest - 1))
            matches(line, f"is missing; usage: cairn {command} ")
        line = host.usage(*words, *options, *["x"] * most, "extra")
        matches(line, f"too many: 'extra'; usage: cairn {command}")


@test("a command refuses the options of others, for every command and option")
def foreign_options():
    host = Host()
    for command, (fewest, _) in COUNTS.items():
        words = command.split()
        line = host.usage(*words, *["x"] * fewest, "--frobnicate")
        matches(line, f"Unknown option --frobnicate; usage: cairn {command}")
        for option, owners in OPTIONS.items():
            if command not in owners:
                line = host.usage(*words, *["x"] * fewest, option, plain=True)
                matches(line, "Unknown option")


@test("an option without its value, a value for one that has none, a short one")
def option_values():
    host = Host()
    for option in ["--store", "--connect"]:
        matches(cairn_usage("vm", "list", option), f"Missing argument for {option}")
    matches(host.usage("vm", "list", "--json=yes"), "--json takes no value: '--json=yes'")
    matches(host.usage("destroy", "x", "--force=no"), "--force takes no value")
    matches(host.usage("--verbose=", "list"), "--verbose takes no value")
    matches(host.usage("vm", "list", "-j"), "Unknown option -j")


def cairn_usage(*args):
    """Wrong usage without a --store of the test's own."""
    result = cairn(*args)
    equal((result.status, result.out), (2, ""), str(result))
    one_line(result)
    return result.err


@test("values that an option can't have")
def wrong_values():
    host = Host()
    matches(host.usage("create", "x", "--type", "full"), "'full' is neither 'rct' nor 'log'")
    matches(host.usage("create", "x", "--consistency", "file"), "'crash' nor 'application'")
    matches(host.usage("vm", "add", "x"), "no --disk given")
    for disk in ["", "vda", "=", "=/x", "vda="]:
        matches(host.usage("vm", "add", "x", "--disk", disk), "isn't TARGET=PATH")
    matches(host.usage("export", "x", "/y", "--all", "--disk", "z"), "exclude each other")
    matches(host.usage("export", "x", "/y", "--all", "--base", "z"), "exclude each other")
    for lease in ["", "0", "0d", "d", "5x", "1.5h", "-1", "+1", "1 h", "36601d", "99999999999999999999"]:
        matches(host.usage("freeze", "x", "--lease", lease), "isn't a time")
    for pid in ["", "x", "0", "-1", "2147483648", "1k"]:
        matches(host.usage("freeze", "x", "--while", pid), "isn't the number of a process")
    matches(host.usage("prune", "x", "--owner", "o"), "--keep is missing")
    matches(host.usage("prune", "x", "--keep", "1"), "--owner is missing")
    for keep in ["", "x", "-1", "4294967296", "1d"]:
        matches(host.usage("prune", "x", "--owner", "o", "--keep", keep), "isn't a number of points")
    for command in [["backup", "x", "/y"], ["freeze", "x"]]:
        matches(host.usage(*command, "--consistency", "file"), "'crash' nor 'application'")
    matches(host.usage("changes", "x", "--disk", "a", "--disk", "b"), "once")
    matches(host.usage("changes", "x", "--length", "0"), "more than 0")


@test("numbers are decimal or 0x..., nothing else, 64 bits")
def numbers():
    host = Host()
    for text in ["", " ", "x", "0x", "0x0x1", "1g", "1k", "1.5", "-1", "+1", " 1", "1 ", "0b1", "1e3",
                 "0xg", "18446744073709551616", "0x10000000000000000", "٣"]:
        for option in ["--offset", "--length"]:
            line = host.usage("changes", "x", f"{option}={text}", plain=option == "--length")
            matches(line, "isn't a whole number of bytes")
    for text in ["0", "007", "18446744073709551615", "0xFFFFFFFFFFFFFFFF", "0XAb"]:
        equal(host.cairn("changes", "x", "--offset", text).status, 1, "a number, but no such point")


@test("wrong usage says one line, with --json as well, whatever the arguments hold")
def one_line_always():
    host = Host()
    for mistake in ["a\nb", "\x1b[31mred", "tab\t", "\x7f", "grüß", b"\xff\xfe", "%s%n", "a" * 5000]:
        host.usage(mistake)
        host.usage("--json", mistake)
        host.usage("vm", "show", "x", mistake)
        host.usage("vm", "add", "x", "--disk", mistake)
    matches(host.usage("a\nb"), r"'a\\x0ab'")


@test("options stand before, between or after the words of a command")
def placement():
    host = Host()
    store = ["--store", host.store]
    for args in [["--json", *store, "vm", "list"], ["vm", "list", "--json", *store],
                 ["vm", "--json", *store, "list"], [*store, "vm", "--json", "list"],
                 [f"--store={host.store}", "vm", "list", "--json", "--verbose"],
                 ["--verbose", "--json", "vm", "--connect", "images:", "list", *store],
                 ["--json", *store, "--", "vm", "list"]]:
        result = cairn(*args)
        equal((result.status, result.out, result.err), (0, "[]\n", ""), str(args))
    host.fail(32773, "export", "--base", "b", "p", host.dir, sentence="'p'")
    matches(host.usage("vm", "show", "--", "--json", "x"), "too many: 'x'")
    host.fail(32773, "vm", "show", "--", "--json", sentence="--json")


@test("help goes to standard output and names every command and its usage")
def help_text():
    for args in [["--help"], ["-h"], ["help"], ["--json", "--help"]]:
        result = cairn(*args)
        equal((result.status, result.err), (0, ""), str(result))
        for command in COMMANDS:
            matches(result.out, rf"(?m)^  {command}\b")
        for line in result.out.splitlines():
            true(len(line) <= 120, f"a long line: {line}")
    for command in COMMANDS:
        usages = {cairn("help", *command.split()).out, cairn(*command.split(), "--help", plain=True).out,
                  cairn("-h", *command.split(), plain=True).out}
        equal(len(usages), 1, f"the same help in three ways: {command}")
        matches(usages.pop(), f"^Usage: cairn {command}")
    matches(cairn("help", "vm").out, "vm alias VM GUID")


@test("the version")
def version():
    for args in [["--version"], ["--version", "--json"], ["vm", "list", "--version"]]:
        result = cairn(*args)
        equal((result.status, result.err), (0, ""))
        matches(result.out, r"^cairn \d+\.\d+\.\d+\n$")


main()
