#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How clients find the service and its points, and pass references: the cases S, L and I of what is known about
Hyper-V's clients, through a real cairnd, and through clients that others wrote (wbemcli, curl)."""
from cairnservice import *

CLASS_URI = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*"
ASSOCIATION = "Msvm_ReferencePointOfVirtualSystem"


class Scene:
    """A VM "web" with two disks and three points, and one "other" without, behind a cairnd."""

    def __init__(self, **service):
        self.host = Host()
        self.vm, self.other = self.host.vm("web", n_disks=2), self.host.vm("other")
        self.guid = self.vm["VirtualSystemIdentifier"]
        self.ids = [self.host.ok("create", "web", "--label", f"n{i}", plain=True)["ReferencePoint"] for i in range(3)]
        self.service = Service(self.host, **service)
        self.server = self.service.points.keys["SystemName"]
        self.clients = [*self.service.clients(), self.service.soap(base=WMI)]

    def full_path(self, ref):
        return f"\\\\{self.server}\\root\\virtualization\\v2:{ref.path()}"

    def soap(self):
        return (client for client in self.clients if client.name == "WS-Management")


def ids(instances):
    return [instance["InstanceID"] for instance in instances]


# ---- S: finding the service ----

@test("S1-S3, S6: the service is one instance, found by class, by __CLASS and by a part of its keys")
def service_found():
    scene = Scene()
    for client in scene.clients:
        equal([s["Name"] for s in client.enumerate(POINT_SERVICE)], [scene.service.points.keys["Name"]])
        found = client.query(f"SELECT * FROM {POINT_SERVICE} WHERE __CLASS='{POINT_SERVICE}'")
        equal([(s["Started"], s["EnabledState"]) for s in found], [("true", "2")], "S3")
        equal(client.query(f"SELECT * FROM {POINT_SERVICE} WHERE __CLASS='CIM_Service'"), [])
    for client, code in zip(scene.clients, ("DestinationUnreachable", 5, "DestinationUnreachable")):
        refused(code, client.enumerate, "Msvm_NotAClass", sentence="Msvm_NotAClass")  # S2
    part = Ref(POINT_SERVICE, CreationClassName=POINT_SERVICE)
    for client in scene.soap():  # S6, also as the target of a method
        equal(client.get(part)["Name"], scene.service.points.keys["Name"])
        equal(client.invoke(part, "StartService").value, 1)
        equal(client.invoke(part, "RequestStateChange", RequestedState=2).value, 0)
    scene.service.stop()


@test("S4, S5: the class tells its methods' parameters, and the texts of their return values")
def class_told():
    scene = Scene()
    soap, cim_xml = scene.service.clients()
    selected = Ref("*", ClassName=POINT_SERVICE)
    told, _ = soap.send(f"{TRANSFER}/Get", CLASS_URI, "", selected)
    shown = next(e for e in told.iter() if local(e) == "CLASS")
    for shown in (shown, cim_xml.operation("GetClass", ClassName=f'<CLASSNAME NAME="{POINT_SERVICE}"/>',
                                           LocalOnly="<VALUE>FALSE</VALUE>")[0]):
        method = next(e for e in shown.iter()
                      if local(e) == "METHOD" and e.get("NAME") == "ImportReferencePointMetadata")
        parameters = {e.get("NAME"): e for e in method if local(e).startswith("PARAMETER")}
        equal(sorted(parameters), ["AffectedSystem", "ConfigFilePath", "Job", "RuntimeStateFilePath"])
        equal(parameters["AffectedSystem"].get("REFERENCECLASS"), "Msvm_ComputerSystem")
        qualifiers = {e.get("NAME"): [v.text for v in e.iter() if local(v) == "VALUE"] for e in method
                      if local(e) == "QUALIFIER"}
        texts = dict(zip(qualifiers["ValueMap"], qualifiers["Values"]))
        equal((texts["4096"], texts["32773"]), ("Method Parameters Checked - Job Started", "Invalid parameter"))
    scene.service.stop()


# ---- L: listing points ----

@test("L1, L2: points of a VM by association, both directions, the newest last")
def associated():
    scene = Scene()
    vm, point = vm_ref(scene.vm), point_ref(scene.ids[1])
    for client in scene.clients:
        equal(sorted(ids(client.associated(vm, ASSOCIATION, POINT))), scene.ids)
        equal(sorted(ids(client.associated(vm, result=POINT)))[-1], scene.ids[-1])
        equal(client.associated(vm_ref(scene.other), result=POINT), [])
        equal([s["ElementName"] for s in client.associated(point, ASSOCIATION, "Msvm_ComputerSystem")], ["web"])
        pairs = {(a["Antecedent"].keys["Name"], a["Dependent"].keys["InstanceID"])
                 for a in client.enumerate(ASSOCIATION)}
        equal(pairs, {(scene.guid, i) for i in scene.ids})
    for client in scene.soap():
        for path in (vm.path(), scene.full_path(vm), f"Msvm_ComputerSystem.Name='{scene.guid.lower()}',"
                     "CreationClassName='Msvm_ComputerSystem'"):
            found = client.query(f"ASSOCIATORS OF {{{path}}} WHERE ResultClass = {POINT}")
            equal(sorted(ids(found)), scene.ids, path)
            found = client.query(f"REFERENCES OF {{{path}}} WHERE ResultClass = {ASSOCIATION}")
            equal(sorted(a["Dependent"].keys["InstanceID"] for a in found), scene.ids, path)
    scene.service.stop()


@test("L3-L5, L8, L9: points by VM, by InstanceID in both spellings, by path")
def queried():
    scene = Scene()
    id_ = scene.ids[1]
    doubled = id_.replace("\\", "\\\\")
    path = scene.full_path(point_ref(id_)).replace("\\", "\\\\").replace('"', '\\"')
    for client in scene.clients:
        for guid in (scene.guid, scene.guid.lower()):
            equal(sorted(ids(client.query(f"SELECT * FROM {POINT} WHERE VirtualSystemIdentifier='{guid}'"))), scene.ids)
        for where in (f"InstanceID='{id_}'", f"InstanceID='{doubled}'", f'InstanceID="{doubled.lower()}"',
                      f"__PATH='{path}'"):
            equal(ids(client.query(f"SELECT * FROM {POINT} WHERE {where}")), [id_], where)
        equal(sorted(ids(client.query(f"SELECT InstanceID, ElementName FROM {POINT} WHERE ElementName LIKE 'n[02]'"))),
              scene.ids[::2])
        prefix = f"Microsoft:{scene.guid}\\"  # L4
        true(all(p["InstanceID"].startswith(prefix) and "CreationTime" not in p for p in client.enumerate(POINT)),
             prefix)
        client.associated(point_ref(id_), result="Msvm_StorageAllocationSettingData")  # L8: may be empty
    scene.service.stop()


@test("L6, L7: a point tells all that clients keep, its arrays complete and parallel")
def complete():
    scene = Scene()
    for client in scene.clients:
        for i, id_ in enumerate(scene.ids):
            point = client.get(point_ref(id_))
            equal([point[n] for n in ("InstanceID", "ElementName", "ConsistencyLevel", "ReferencePointType",
                                      "HasAssociatedData", "VirtualSystemIdentifier")],
                  [id_, f"n{i}", "2", "2", "false", scene.guid])
            equal(point["VirtualDiskIdentifiers"], [d["VirtualDiskIdentifier"] for d in scene.vm["Disks"]])
            tracking = point["ResilientChangeTrackingIdentifiers"]
            true(len(tracking) == 2 and all(re.fullmatch(r"rctX(:[0-9a-f]+){6}", t) for t in tracking), tracking)
            # B1: the disk by that identifier, backslashes as they are.
            disks = client.query("SELECT * FROM Msvm_StorageAllocationSettingData WHERE InstanceID="
                                 f"'{point['VirtualDiskIdentifiers'][1]}'")
            equal([d.list("HostResource") for d in disks], [[scene.vm["Disks"][1]["Path"]]])
    scene.service.stop()


@test("one at a time, many at a time, and paths alone: the same points")
def enumerated():
    scene = Scene()
    for client in scene.soap():
        for size in (None, 1, 2, 100):
            equal(sorted(ids(client.enumerate(POINT, size=size))), scene.ids)
        refs = client.enumerate(POINT, mode="EnumerateEPR", size=100)
        equal(sorted(r.keys["InstanceID"] for r in refs), scene.ids)
        both = client.enumerate(POINT, mode="EnumerateObjectAndEPR", size=2)
        equal([[p["InstanceID"], r] for p, r in both], [[r.keys["InstanceID"], r] for r in refs])
        libvirts = client.enumerate("*", filter_xml=wql(f"SELECT * FROM {POINT} "), pull_class=POINT)
        equal(sorted(ids(libvirts)), scene.ids, "enumerated on *, pulled on the class")
    scene.service.stop()


# ---- I: how Import's arguments come ----

def exported(scene):
    pair = scene.host.ok("export", scene.ids[0], scene.host.mkdir("out"), plain=True)
    return pair["ExportedConfigFilePath"], pair["ExportedRuntimeFilePath"]


@test("I1-I4: AffectedSystem as an EPR, as a whole instance, wrapped, as a path; what is missing is null")
def soap_arguments():
    scene = Scene(synchronous_ms=60000)
    config, runtime = exported(scene)
    vm = vm_ref(scene.vm)
    for client in scene.soap():
        uri = client.uri(POINT_SERVICE)
        whole = "".join(f"<q:{n}>{v}</q:{n}>" for n, v in vm.keys.items())
        wrapped = f"<a:EndpointReference>{epr(vm, client.base)}</a:EndpointReference>"
        for given in (epr(vm, client.base), wrapped, epr(vm_ref(scene.guid.lower()), client.base), escape(vm.path()),
                      escape(scene.full_path(vm)), epr(vm, CIM_SCHEMA),
                      f'<q:Msvm_ComputerSystem xmlns:q="{client.uri("Msvm_ComputerSystem")}">{whole}'
                      "</q:Msvm_ComputerSystem>"):
            equal(import_by_hand(client, scene, uri, given, config, runtime), "0", given)
        equal(import_by_hand(client, scene, uri, epr(vm_ref(scene.other), client.base), config, runtime), "32773")
        elsewhere = escape(scene.full_path(vm).replace(scene.server, "ELSEWHERE"))
        equal(import_by_hand(client, scene, uri, elsewhere, config, runtime), "32773", "another host's VM")
        equal(client.invoke(scene.service.points, "ImportReferencePointMetadata").value, 32773, "I4")
    scene.service.stop()


def import_by_hand(client, scene, uri, given, config, runtime):
    body = (f'<p:ImportReferencePointMetadata_INPUT xmlns:p="{uri}"><p:RuntimeStateFilePath>{runtime}'
            f"</p:RuntimeStateFilePath><p:AffectedSystem>{given}</p:AffectedSystem><p:ConfigFilePath>{config}"
            "</p:ConfigFilePath></p:ImportReferencePointMetadata_INPUT>")
    output, _ = client.send(f"{uri}/ImportReferencePointMetadata", POINT_SERVICE, body, scene.service.points)
    return output.findtext(f"{{{uri}}}ReturnValue")


@test("I5: Debian's wbemcli lists, gets, follows associations, imports, and is told of errors")
def wbemcli_client():
    scene = Scene(synchronous_ms=60000)
    service, (config, runtime) = scene.service, exported(scene)
    (target,) = wbemcli(service, "ein", POINT_SERVICE)
    equal(len(wbemcli(service, "ein", POINT)), 3)
    (got,) = wbemcli(service, "gi", point_ref(scene.ids[0]).path())
    matches(got, 'ElementName="n0"')
    vm = vm_ref(scene.vm).path()
    equal(len(wbemcli(service, "ain", vm, options=("-ac", ASSOCIATION))), 3)
    equal(len(wbemcli(service, "ri", vm, options=("-arc", ASSOCIATION))), 3)
    host = f"127.0.0.1:{service.port('cimxml')}"  # wbemcli writes every path so, and has no other way
    files = f'ConfigFilePath="{config}",RuntimeStateFilePath="{runtime}"'
    affected = f"AffectedSystem={host}/{NAMESPACE}:{vm}"
    (said,) = wbemcli(service, "cm", target, f"ImportReferencePointMetadata.{files},{affected}")
    matches(said, r"ImportReferencePointMetadata: 0\b")
    (said,) = wbemcli(service, "cm", target, f"ImportReferencePointMetadata.{files}")
    matches(said, r"ImportReferencePointMetadata: 32773\b")
    try:
        wbemcli(service, "ei", "Msvm_NotAClass")
        fail("wbemcli wasn't told of an unknown class")
    except Failure as problem:
        matches(str(problem), "CIM_ERR_INVALID_CLASS|Msvm_NotAClass")
    service.write_config(jobs__synchronous_ms=0)
    service.reload()
    (said,) = wbemcli(service, "cm", target, f"CreateReferencePoint.ReferencePointType=1,{affected}")
    matches(said, r'CreateReferencePoint: 4096, .*Msvm_ConcreteJob\.InstanceID="')
    service.stop()


@test("curl with a message written by hand imports, signed in by password and by who is at the socket")
def curl():
    scene = Scene(synchronous_ms=60000)
    config, runtime = exported(scene)
    base = CIM_SCHEMA + POINT_SERVICE
    selectors = "".join(f'<w:Selector Name="{n}">{v}</w:Selector>' for n, v in
                        {"__cimnamespace": NAMESPACE, **scene.service.points.keys}.items())
    message = write_file(scene.host.path("request.xml"), f"""<?xml version="1.0"?>
<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}">
  <s:Header>
    <a:To>https://kvm1:5986/wsman</a:To>
    <w:ResourceURI s:mustUnderstand="true">{base}</w:ResourceURI>
    <a:ReplyTo><a:Address s:mustUnderstand="true">{ANONYMOUS}</a:Address></a:ReplyTo>
    <a:Action s:mustUnderstand="true">{base}/ImportReferencePointMetadata</a:Action>
    <w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>
    <a:MessageID>uuid:11111111-0000-4000-8000-000000000003</a:MessageID>
    <w:SelectorSet>{selectors}</w:SelectorSet>
    <w:OperationTimeout>PT60.000S</w:OperationTimeout>
  </s:Header>
  <s:Body>
    <p:ImportReferencePointMetadata_INPUT xmlns:p="{base}">
      <p:AffectedSystem>{epr(vm_ref(scene.vm), CIM_SCHEMA)}</p:AffectedSystem>
      <p:ConfigFilePath>{config}</p:ConfigFilePath>
      <p:RuntimeStateFilePath>{runtime}</p:RuntimeStateFilePath>
    </p:ImportReferencePointMetadata_INPUT>
  </s:Body>
</s:Envelope>
""")
    url = f"http://127.0.0.1:{scene.service.port('wsman')}/wsman"
    common = ("curl", "-s", "-H", "Content-Type: application/soap+xml;charset=UTF-8", "--data-binary", f"@{message}",
              "-w", "\n%{http_code}")
    for more in (("-u", f"{ME}:secret", url), ("--unix-socket", scene.service.socket, "http://localhost/wsman")):
        answer = run(*common, *more)
        matches(answer, r"<p:Job xsi:nil=\"true\"/>\s*<p:ReturnValue>0</p:ReturnValue>")
        matches(answer, r"<a:RelatesTo>uuid:11111111-0000-4000-8000-000000000003</a:RelatesTo>")
        equal(answer.rpartition("\n")[2], "200")
    equal(run(*common, url).rpartition("\n")[2], "401", "nobody signed in")
    identify = (f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body><i:Identify xmlns:i="{IDENTITY}"/></s:Body>'
                "</s:Envelope>")
    answer = run(*common[:5], identify, *common[6:], "-H", "WSMANIDENTIFY: unauthenticated", url)
    matches(answer, "IdentifyResponse")
    equal(answer.rpartition("\n")[2], "200", "identify, not signed in")
    scene.service.stop()


main()
