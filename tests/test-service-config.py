#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cairnd's configuration: what the documents say of it is what it does, and reloading."""
import ssl

from cairnservice import *

ROW = re.compile(r"^\| `\[(\w+)\] ([\w-]+)` \| (?:`([^`]*)`)? ?\|")


def documented():
    """{(group, key): default} of the table in docs/service.md."""
    with open(os.path.join(SOURCE_ROOT, "docs", "service.md"), encoding="utf-8") as page:
        rows = [match for match in map(ROW.match, page) if match]
    return {(row[1], row[2]): row[3] or "" for row in rows}


def configured(text):
    """The same of what --check-config prints."""
    values, group = {}, None
    for line in text.splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            values[group, key] = value
    return values


def check_config(service, text):
    write_file(service.config_file, text)
    result = service.run("--check-config")
    true(result.status == 0 and not result.err, f"should be fine: {result}")
    return configured(result.out.decode() if isinstance(result.out, bytes) else result.out)


@test("docs/service.md has every key with its default, and no other")
def table():
    equal(documented(), check_config(Service(Host(), start=False), ""), "the keys and their defaults")


@test("cairnd(8) has every key, and no other")
def manual():
    with open(os.path.join(SOURCE_ROOT, "man", "cairnd.8"), encoding="utf-8") as page:
        text = page.read().split(".SH CONFIGURATION\n")[1].split(".SH ")[0].replace("\\-", "-")
    found, group = set(), None
    for name in re.findall(r"^\.TP\n\.BR? (.*)$", text, re.MULTILINE):
        if name.startswith("["):
            group = name.strip("[]")
        else:
            found.update((group, key) for key in re.findall(r"[a-z-]+", name))
    equal(found, set(documented()), "the keys")


@test("--check-config prints what the file says")
def values():
    given = {key: "7" if default.isdigit() else "/x" for key, default in documented().items()}
    given.update({("listen", name): f"127.0.0.1:{at}" for at, name in enumerate(LISTENERS) if name != "unix"})
    given["hypervisor", "connect"] = "images:"
    groups = dict.fromkeys(group for group, _ in given)
    text = "".join(f"[{group}]\n" + "".join(f"{k}={v}\n" for (g, k), v in given.items() if g == group)
                   for group in groups)
    equal(check_config(Service(Host(), start=False), text), given, "the values")


@test("after two reloads all goes on, with TLS, too")
def reload_twice():
    host = Host()
    service = Service(host, listeners=("wsman", "wsman-tls"),
                      config={"tls.certificate": host.path("own.pem"), "tls.key": host.path("own.key")})
    first = service.said()
    service.reload()
    service.reload()
    equal(service.said()[len(first):].count(" reloaded\n"), 2, "reloads that went well")
    true(not re.search("reload: ", service.said()), service.said())
    trust = ssl.create_default_context(cafile=host.path("own.pem"))
    connection = http.client.HTTPSConnection("localhost", service.port("wsman-tls"), context=trust, timeout=TIMEOUT)
    connection.request("POST", "/wsman", "", {"Content-Type": "application/soap+xml"})
    equal(connection.getresponse().status, 401, "status of a request without a sign-in")
    equal(service.soap().get(service.points)["Name"], "vsrefpointsvc", "the service's name")
    service.stop()


main()
