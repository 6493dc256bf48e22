#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cairnd over CIM-XML, as Debian's wbemcli sees it."""
from cairndtest import *

NAMESPACE = "root/virtualization/v2"
POINT = "Msvm_VirtualSystemReferencePoint"
SERVICE = "Msvm_VirtualSystemReferencePointService"

if not shutil.which("wbemcli"):
    print("1..0 # SKIP wbemcli isn't installed")
    sys.exit(0)

host = Host()
vm = host.vm("web")
points = [host.ok("create", "web")["ReferencePoint"] for _ in range(3)]
daemon = Daemon(host, "cimxml")


def wbemcli(operation, name="", *arguments, options=()):
    """Runs wbemcli on an object of our namespace; gives its lines, without where they are from."""
    url = f"{daemon.url('cimxml')}/{NAMESPACE}" + (f":{name}" if name else "")
    result = subprocess.run(["wbemcli", operation, *options, url, *arguments], capture_output=True, text=True,
                            timeout=TIMEOUT_SECONDS, check=False)
    true(result.returncode == 0, f"wbemcli {operation} {name}: {result.stdout}{result.stderr}")
    return [re.sub(rf"^\S*?{NAMESPACE}:", "", line) for line in result.stdout.splitlines() if line]


def refused(operation, name, *arguments):
    """What wbemcli says of an operation that must fail."""
    url = f"{daemon.url('cimxml')}/{NAMESPACE}:{name}"
    result = subprocess.run(["wbemcli", operation, url, *arguments], capture_output=True, text=True,
                            timeout=TIMEOUT_SECONDS, check=False)
    true("CIM_ERR" in result.stdout + result.stderr, f"wbemcli {operation} {name}: {result}")
    return result.stdout + result.stderr


def path_of_vm():
    return f'Msvm_ComputerSystem.CreationClassName="Msvm_ComputerSystem",Name="{vm["VirtualSystemIdentifier"]}"'


@test("points are enumerated, got by their paths and associated with their VM")
def instances():
    names = wbemcli("ein", POINT)
    equal([re.search(r'InstanceID="([^"]*)"', name)[1].replace("\\\\", "\\") for name in names], points)
    equal(len(wbemcli("ei", POINT)), 3, "instances")
    for name in names:
        matches(wbemcli("gi", name, "ReferencePointType,ElementName")[0], "ReferencePointType=2")
        matches(wbemcli("gp", name, "ConsistencyLevel")[0], "2")
        equal(wbemcli("ain", name, options=("-ac", "Msvm_ReferencePointOfVirtualSystem")), [path_of_vm()])
        equal(len(wbemcli("rin", name)), 1, "references")
    associated = wbemcli("ain", path_of_vm(), options=("-arc", POINT))
    equal(associated, names, "the VM's points")
    equal(len(wbemcli("ai", path_of_vm(), options=("-arc", POINT))), 3)
    equal(len(wbemcli("ri", path_of_vm(), options=("-arc", "Msvm_ReferencePointOfVirtualSystem"))), 3)


@test("the service is one instance, known by some of its keys")
def service():
    names = wbemcli("ein", SERVICE)
    equal(len(names), 1, "services")
    matches(wbemcli("gi", f'{SERVICE}.CreationClassName="{SERVICE}"')[0], "Started=true")


@test("classes are listed and told, methods with their parameters")
def classes():
    true(POINT in " ".join(wbemcli("ec", "CIM_ManagedElement")), "EnumerateClasses")
    true("CIM_ManagedElement" in " ".join(wbemcli("ecn")), "EnumerateClassNames")
    matches(" ".join(wbemcli("gc", POINT)), "VirtualDiskIdentifiers")
    matches(" ".join(wbemcli("gcd", SERVICE)),
            'METHOD NAME="ImportReferencePointMetadata" .*PARAMETER.REFERENCE NAME="AffectedSystem"')


def call(method, **arguments):
    """Calls a method of the service; gives its return value and the rest of the line."""
    text = ",".join(f"{name}={value}" for name, value in arguments.items())
    lines = wbemcli("cm", wbemcli("ein", SERVICE)[0], f"{method}.{text}")
    found = re.search(rf"{method}: (\d+)(.*)", lines[0])
    true(found, f"no return value: {lines}")
    return int(found[1]), found[2]


@test("points come back with ImportReferencePointMetadata, whose system is a reference")
def imports():
    exported = host.ok("export", "--all", "web", host.mkdir("out"))
    files = {
        "ConfigFilePath": '"' + exported["ExportedConfigFilePath"] + '"',
        "RuntimeStateFilePath": '"' + exported["ExportedRuntimeFilePath"] + '"',
    }
    for path in [host.dir, host.path("out")]:
        os.chmod(path, 0o755)
    for path in files.values():
        os.chmod(path.strip('"'), 0o644)
    host.ok("vm", "remove", "web", "--force")
    host.ok("vm", "add", "web", "--uuid", vm["VirtualSystemIdentifier"], "--disk",
            f"vda={vm['Disks'][0]['Path']}")
    equal(wbemcli("ein", POINT), [], "points before")
    equal(call("ImportReferencePointMetadata", AffectedSystem=path_of_vm(), **files)[0], 0, "import")
    equal(len(wbemcli("ein", POINT)), 3, "points after")
    equal([point["InstanceID"] for point in host.ok("list", "web")], points)
    code, _ = call("ImportReferencePointMetadata", AffectedSystem=path_of_vm(), ConfigFilePath='"/nowhere"',
                   RuntimeStateFilePath='"/nowhere"')
    true(code in (32769, 32773), f"of files outside the allowed directories: {code}")


@test("what isn't there, and what isn't supported, is said with CIM's status")
def refusals():
    matches(refused("gi", f'{POINT}.InstanceID="x"'), "CIM_ERR_NOT_FOUND")
    matches(refused("ei", "Msvm_Nothing"), "CIM_ERR_INVALID_CLASS")
    matches(refused("gc", "Msvm_Nothing"), "CIM_ERR_NOT_FOUND")
    matches(refused("di", wbemcli("ein", SERVICE)[0]), "CIM_ERR_NOT_SUPPORTED")


@test("M-POST is answered as it was asked")
def m_post():
    with open(os.path.join(SOURCE_ROOT, "fuzz/corpus/cimxml/qualifiers-0"), encoding="utf-8") as file:
        method, target, message = file.read().split("\n", 2)
    status, headers, body = daemon.post("cimxml", "/cimom", message, {
        "Content-Type": "application/xml", "Man": "http://www.dmtf.org/cim/mapping/http/v1.0; ns=41",
        "41-CIMOperation": "MethodCall", "41-CIMMethod": method, "41-CIMObject": target}, method="M-POST")
    equal((status, headers["41-CIMOperation"]), (200, "MethodResponse"))
    matches(body.decode(), 'QUALIFIER.DECLARATION NAME="ValueMap"')
    daemon.end()


main()
