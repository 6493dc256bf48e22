# SPDX-License-Identifier: LGPL-2.1-or-later
"""The steps of a backup by recovery checkpoint, as clients of Hyper-V take them, for tests with a Service
(cairnservice.py) of either kind of VM:

    snapshot, job = created(service, client, vm)                  # CreateSnapshot, and its job
    answer = export(client, vm, directory, export_settings(service, snapshot))
    point = converted(service, client, snapshot)                  # ConvertToReferencePoint
"""
from cairnservice import *

SNAPSHOTS = Ref("Msvm_VirtualSystemSnapshotService", CreationClassName="Msvm_VirtualSystemSnapshotService")
MANAGEMENT = Ref("Msvm_VirtualSystemManagementService", CreationClassName="Msvm_VirtualSystemManagementService")
IMAGES = Ref("Msvm_ImageManagementService", CreationClassName="Msvm_ImageManagementService")
SETTINGS = "Msvm_VirtualSystemSettingData"
DISK = "Msvm_StorageAllocationSettingData"
COMPONENT = "Msvm_VirtualSystemSettingDataComponent"
RECOVERY, REALIZED = "Microsoft:Hyper-V:Snapshot:Recovery", "Microsoft:Hyper-V:System:Realized"
CREATED, EXPORTED, DESTROYED, CONVERTED = "70", "62", "72", "200"


def fails(answer, code, sentence):
    """ANSWER is CODE, with a SENTENCE that says why."""
    equal(answer.value, code, f"ReturnValue of {answer}")
    matches(answer.message or "", sentence, "message")


def ids(instances):
    return [instance["InstanceID"] for instance in instances]


# ---- settings, as the client stacks write them ----

def mof(class_name, **properties):
    lines = []
    for name, value in properties.items():
        texts = ['"{}"'.format(v.replace("\\", "\\\\").replace('"', '\\"')) if isinstance(v, str) else
                 str(v).lower() for v in (value if isinstance(value, list) else [value])]
        lines.append(f" {name} = " + ("{" + ", ".join(texts) + "}" if isinstance(value, list) else texts[0]) + ";\n")
    return f"instance of {class_name}\n{{\n{''.join(lines)}}};\n"


def type_of(value):
    return "boolean" if isinstance(value, bool) else "uint8" if isinstance(value, int) else "string"


def cim_xml(class_name, **properties):
    inner = "".join(f'<PROPERTY NAME="{n}" TYPE="{type_of(v)}"><VALUE>{escape(str(v))}</VALUE></PROPERTY>'
                    for n, v in properties.items())
    return f'<INSTANCE CLASSNAME="{class_name}">{inner}</INSTANCE>'


def wmi_dtd(class_name, **properties):
    inner = "".join(f'<PROPERTY NAME="{n}" CLASSORIGIN="{class_name}" TYPE="{type_of(v)}"><QUALIFIER NAME="CIMTYPE" '
                    f'PROPAGATED="true" TYPE="string"><VALUE>{type_of(v)}</VALUE></QUALIFIER><VALUE>{escape(str(v))}'
                    "</VALUE></PROPERTY>" for n, v in properties.items())
    return ('<?xml version="1.0" encoding="utf-16"?>\n<DECLARATION xmlns="http://www.dmtf.org/x"><DECLGROUP>'
            f'<VALUE.OBJECT><INSTANCE CLASSNAME="{class_name}">{inner}</INSTANCE></VALUE.OBJECT></DECLGROUP>'
            "</DECLARATION>")


def path_of(service, ref):
    """The full path, as WMI gives it."""
    return f"\\\\{service.points.keys['SystemName']}\\root\\virtualization\\v2:{ref.path()}"


def export_settings(service, snapshot, form=wmi_dtd, **more):
    settings = {"CopySnapshotConfiguration": 3, "CopyVmRuntimeInformation": False, "CopyVmStorage": True,
                "SnapshotVirtualSystem": path_of(service, snapshot), **more}
    return form("Msvm_VirtualSystemExportSettingData", **{n: v for n, v in settings.items() if v is not None})


# ---- the steps ----

def create(client, vm, **more):
    return client.invoke(SNAPSHOTS, "CreateSnapshot",
                         **{"AffectedSystem": vm_ref(vm), "SnapshotType": 32768, **more})


def related(client, job, class_name):
    """The one object of the class that the job affects: with the association's class and without (V2, V5, C5)."""
    found = client.associated(job, "CIM_AffectedJobElement", class_name)
    equal(ids(client.associated(job, "", class_name)), ids(found))
    equal(len(found), 1, f"{class_name} of {job}")
    return found[0]


def ended(service, client, answer, kind):
    """The Ref of the job of ANSWER, which must have come to a good end."""
    job = service.finish(client, answer)
    equal((job["JobState"], job["JobType"], job["ErrorDescription"]), ("7", kind, None), f"{job}")
    return answer.out["Job"]


def created(service, client, vm, **more):
    """(Ref of a new recovery checkpoint, Ref of its job)."""
    answer = create(client, vm, **more)
    job = ended(service, client, answer, CREATED)
    settings = related(client, job, SETTINGS)
    snapshot = Ref(SETTINGS, InstanceID=settings["InstanceID"])
    equal(answer.out["ResultingSnapshot"], snapshot)
    return snapshot, job


def export(client, vm, directory, settings):
    return client.invoke(MANAGEMENT, "ExportSystemDefinition", ComputerSystem=vm_ref(vm), ExportDirectory=directory,
                         ExportSettingData=settings)


def converted(service, client, snapshot, **more):
    """The point that SNAPSHOT becomes."""
    answer = client.invoke(SNAPSHOTS, "ConvertToReferencePoint", AffectedSnapshot=snapshot, **more)
    job = ended(service, client, answer, CONVERTED)
    point = related(client, job, POINT)
    equal(answer.out["ResultingReferencePoint"], point_ref(point["InstanceID"]))
    return point
