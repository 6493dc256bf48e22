#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The classes of the network service: their MOF compiles, and has what clients rely on."""
from cairntest import *
from mof import MofError, compile_text

VIRTUALIZATION, CIMV2 = "root/virtualization/v2", "root/cimv2"


def schema(*arguments):
    result = cairn("schema", "--mof", *arguments)
    equal((result.status, result.err), (0, ""), "cairn schema")
    return result


def mof(*arguments):
    return schema(*arguments).out


def classes(namespace=VIRTUALIZATION):
    return compile_text(mof())[namespace]


def shape(feature):
    return ("reference " if feature.is_reference else "") + feature.type + ("[]" if feature.is_array else "")


@test("the MOF compiles, whole and namespace by namespace")
def compiles():
    whole = compile_text(mof())
    equal(sorted(whole), [CIMV2, VIRTUALIZATION])
    for name, spelled in (VIRTUALIZATION, r"root\virtualization\v2"), (CIMV2, "ROOT/CIMV2"):
        part = compile_text(mof("--namespace", spelled))
        equal({key: sorted(value) for key, value in part.items()}, {name: sorted(whole[name])})
    equal(compile_text(schema("--json").json["MOF"]).keys(), whole.keys())
    matches(cairn("schema", "--mof", "--namespace=root/default").err, "no namespace 'root/default'; there are root/virt")
    matches(cairn("schema").err, "--mof is missing")


# What to do to our MOF (a regular expression, and what becomes of its first match), and what the compiler says then.
MISTAKES = [
    (r"class CIM_Job : CIM_LogicalElement", "class CIM_Job : CIM_Nothing", "class CIM_Nothing isn't defined"),
    (r"class CIM_Job :", "class Job :", "a class's name has a schema's name"),
    (r"uint16 JobType;", "uint17 JobType;", "class uint17 isn't defined"),
    (r"uint16 JobType;", "uint16 JobType", "where ] should be"),
    (r"CIM_ConcreteJob REF Job", "CIM_ConcreteJobs REF Job", "class CIM_ConcreteJobs isn't defined"),
    (r"CIM_ConcreteJob REF Job", "Msvm_ComputerSystem REF Job", "isn't defined"),
    (r"EmbeddedInstance \(\"CIM_Error\"\)", 'EmbeddedInstance ("CIM_Mistake")', "class CIM_Mistake isn't defined"),
    (r"Qualifier MaxLen[^;]*;", "", "qualifier maxlen isn't declared"),
    (r"MaxLen \(64\)", 'MaxLen ("64")', "is no uint32"),
    (r"MaxLen \(64\)", "MaxLen (-1)", "is no uint32"),
    (r"MaxLen \(64\)", "Out", "qualifier out doesn't belong to a property"),
    (r"MaxLen \(64\)", "MaxLen {64}", "needs a value in parentheses"),
    (r"Override \(\"InstanceID\"\),\n", "", "of that name is inherited"),
    (r"Override \(\"InstanceID\"\)", 'Override ("Name")', "of that name is inherited"),
    (r"Override \(\"InstanceID\"\)([^;]*)string InstanceID;", r'Override ("InstanceID")\1uint32 InstanceID;', "overrides a string"),
    (r"Override \(\"Antecedent\"\)([^;]*)CIM_ManagedElement REF", r'Override ("Antecedent")\1CIM_Error REF', "overrides a CIM_Manag"),
    (r"Override \(\"GetError\"\)([^;]*)string Error\)", r'Override ("GetError")\1string Mistake)', "other parameters"),
    (r"\[Description \(\"How a reference point[^;]*;", r"\g<0> [Key] string Id;", "has some already"),
    (r"\[Association,\n Dynamic", "[Dynamic", "only one of it and .* is an association"),
    (r"\[Association,\n Abstract", "[Abstract, Association", "Association isn't the first"),
    (r"CIM_ManagedElement REF Dependent;", "string Dependent;", "association of 1 references"),
    (r"string JobStatus;", r"\g<0> CIM_LogicalElement REF Other;", "has references and is no association"),
    (r"string JobStatus;", r"\g<0> string JOBSTATUS;", "is there twice"),
    (r"\[Dynamic", "[Abstract, Dynamic", "has instances, and is abstract or"),
    (r'ValueMap \{"0", ', 'ValueMap {"0", "0", ', "values, .* texts"),
    (r'ValueMap \{"0", "1"', 'ValueMap {"0", "0"', "out of range, or there already"),
    (r'ValueMap \{"0", "1"', 'ValueMap {"0", "65536"', "out of range"),
    (r'ValueMap \{"0", "1"', 'ValueMap {"0", "one"', "in its ValueMap"),
    (r'"Whatever is managed"', r'"Whatever is \\managed"', "no token begins with"),
    (r'"Whatever is managed"', '"Whatever is\nmanaged"', "no token begins with"),
    (r"In \(false\),\n *Out", "In (false)", "goes neither in nor out"),
    (r"#pragma namespace", "#pragma locale", "only #pragma namespace"),
    (r"\Z", "class CIM_Job {};", "class CIM_Job is defined twice|isn't defined"),
]


@test("the compiler refuses what isn't MOF or breaks its rules")
def refuses():
    text = mof("--namespace", VIRTUALIZATION)
    for pattern, put, wanted in MISTAKES:
        wrong, n = re.subn(pattern, put, text, count=1)
        equal(n, 1, f"places that match {pattern!r}")
        try:
            compile_text(wrong)
        except MofError as mistake:
            matches(str(mistake), wanted, f"{pattern} -> {put}")
        else:
            fail(f"compiles with {pattern} -> {put}")


@test("every property that libvirt's driver needs is there, with its type")
def libvirt():
    with open(shared("reference", "hyperv-clients.md"), encoding="utf-8") as page:
        section = page.read().split("### 3.1 ")[1]
    found = compile_text(mof())
    lists = dict(needed_properties(section))
    equal(len(lists), 16, "classes in the list")
    # It is listed with the one property that the drives' class hasn't.
    lists["Msvm_SerialPortSettingData"].update(lists["Msvm_ResourceAllocationSettingData"])
    for name, needed in lists.items():
        features = found[CIMV2 if name.startswith("Win32_") else VIRTUALIZATION][name.lower()].features
        for property_, wanted in needed.items():
            feature = features.get(property_.lower())
            true(feature, f"{name} has no {property_}")
            equal((feature.name, shape(feature)), (property_, wanted), f"{name}.{property_}")


def needed_properties(section):
    """(class, {property: type}) for each list, whose counts must hold."""
    for name, scalars, arrays, lines in re.findall(
            r"\*\*(\w+)\*\* \((\d+) scalars, (\d+) arrays\)\n((?:- .*\n?)+)", section):
        needed = {}
        for kind, properties in re.findall(r"- `(\w+)`: (.*)", lines):
            kind = re.sub("^int", "sint", kind)
            for one in properties.split(", "):
                needed[one.removesuffix("[]")] = kind + ("[]" if one.endswith("[]") else "")
        n_arrays = sum(kind.endswith("[]") for kind in needed.values())
        equal((len(needed) - n_arrays, n_arrays), (int(scalars), int(arrays)), f"properties read of {name}")
        yield name, needed


# Method, parameters as "direction type name", texts of some return values.
HYPERV = {0: "Completed with No Error", 4096: "Method Parameters Checked - Job Started", 32769: "Access Denied",
          32773: "Invalid parameter", 32778: "Out of memory"}
CREATES = {0: "Completed with No Error", 6: "Invalid Type"}
METHODS = {
    "Msvm_VirtualSystemSnapshotService": {
        "CreateSnapshot": (["in CIM_ComputerSystem REF AffectedSystem", "in string SnapshotSettings",
                            "in uint16 SnapshotType", "in out CIM_VirtualSystemSettingData REF ResultingSnapshot",
                            "out CIM_ConcreteJob REF Job"], CREATES),
        "ConvertToReferencePoint": (["in CIM_VirtualSystemSettingData REF AffectedSnapshot",
                                     "in string ReferencePointSettings",
                                     "in out Msvm_VirtualSystemReferencePoint REF ResultingReferencePoint",
                                     "out CIM_ConcreteJob REF Job"], CREATES),
        "DestroySnapshot": (["in CIM_VirtualSystemSettingData REF AffectedSnapshot",
                             "out CIM_ConcreteJob REF Job"], CREATES),
    },
    "Msvm_VirtualSystemManagementService": {
        "ExportSystemDefinition": (["in CIM_ComputerSystem REF ComputerSystem", "in string ExportDirectory",
                                    "in string ExportSettingData", "out CIM_ConcreteJob REF Job"], HYPERV),
    },
    "Msvm_VirtualSystemReferencePointService": {
        "CreateReferencePoint": (["in Msvm_ComputerSystem REF AffectedSystem", "in string ReferencePointSettings",
                                  "in uint16 ReferencePointType",
                                  "in out Msvm_VirtualSystemReferencePoint REF ResultingReferencePoint",
                                  "out CIM_ConcreteJob REF Job"], {0: "Completed with No Error", 6: "Invalid Type"}),
        "ExportReferencePoint": (["in Msvm_VirtualSystemReferencePoint REF ReferencePoint", "in string ExportDirectory",
                                  "in string ExportSettingData", "out CIM_ConcreteJob REF Job"], HYPERV),
        "DestroyReferencePoint": (["in Msvm_VirtualSystemReferencePoint REF AffectedReferencePoint",
                                   "out CIM_ConcreteJob REF Job"], HYPERV),
        "RemoveAssociatedData": (["in Msvm_VirtualSystemReferencePoint REF AffectedReferencePoint",
                                  "out CIM_ConcreteJob REF Job"], HYPERV),
        "ImportReferencePointMetadata": (["in Msvm_ComputerSystem REF AffectedSystem", "in string ConfigFilePath",
                                          "in string RuntimeStateFilePath", "out CIM_ConcreteJob REF Job"], HYPERV),
        "StartService": ([], {1: "Not Supported", 6: "In Use"}),
        "RequestStateChange": (["in uint16 RequestedState", "out CIM_ConcreteJob REF Job", "in datetime TimeoutPeriod"],
                               {4097: "Invalid State Transition"}),
    },
    "Msvm_ImageManagementService": {
        "GetVirtualDiskChanges": (["in string Path", "in string LimitId", "in string TargetSnapshotId",
                                   "in uint64 ByteOffset", "in uint64 ByteLength", "out uint64 ProcessedByteLength",
                                   "out uint64 ChangedByteOffsets[]", "out uint64 ChangedByteLengths[]",
                                   "out CIM_ConcreteJob REF Job"], {**HYPERV, 32779: "File not found"}),
    },
    "Msvm_ConcreteJob": {
        "GetErrorEx": (["out string Errors[]"], HYPERV),
        "RequestStateChange": (["in uint16 RequestedState", "in datetime TimeoutPeriod"], {4099: "Busy"}),
    },
}


@test("methods have the documented parameters, in their order, and texts for their return values")
def methods():
    found = classes()
    for name, wanted in METHODS.items():
        for method, (parameters, texts) in wanted.items():
            feature = found[name.lower()].features[method.lower()]
            got = [" ".join(["in"] * one.qualifiers.get("in", True) + ["out"] * one.qualifiers.get("out", False)
                            + [one.type] + ["REF"] * one.is_reference + [one.name + "[]" * one.is_array])
                   for one in feature.parameters]
            equal(got, parameters, f"{name}.{method}")
            map_ = dict(zip(feature.qualifiers["valuemap"], feature.qualifiers["values"]))
            equal({value: map_.get(str(value)) for value in texts}, texts, f"{name}.{method}")


# Class, its keys, one that it derives from, one that it doesn't.
LINES = [
    ("Msvm_VirtualSystemReferencePointService", "CreationClassName Name SystemCreationClassName SystemName", "CIM_Service",
     "CIM_SettingData"),
    ("Msvm_VirtualSystemReferencePoint", "InstanceID VirtualSystemIdentifier", "CIM_ManagedElement", "CIM_LogicalElement"),
    ("Msvm_VirtualSystemReferencePointExportJob", "InstanceID", "CIM_ConcreteJob", "Msvm_ConcreteJob"),
    ("Msvm_SerialPortSettingData", "InstanceID", "CIM_ResourceAllocationSettingData", "Msvm_ResourceAllocationSettingData"),
    ("Msvm_ReferencePointOfVirtualSystem", "Antecedent Dependent", "CIM_Dependency", "CIM_HostedDependency"),
    ("Msvm_AffectedJobElement", "AffectedElement AffectingElement", "CIM_AffectedJobElement", "CIM_Dependency"),
    ("Msvm_SystemExportSettingData", "ManagedElement SettingData", "CIM_ElementSettingData", "CIM_SettingsDefineState"),
    ("Msvm_SnapshotOfVirtualSystem", "Antecedent Dependent", "CIM_SnapshotOfVirtualSystem", "CIM_HostedDependency"),
    ("Msvm_ComputerSystem", "CreationClassName Name", "CIM_System", "CIM_Service"),
]


@test("classes derive from what they should, and have the right keys")
def lines():
    found = classes()
    for name, keys, above, beside in LINES:
        one = found[name.lower()]
        equal(sorted(key.name for key in one.keys()), keys.split(), f"keys of {name}")
        true(one.is_a(above) and not one.is_a(beside), f"{name} derives from {above} and not from {beside}")
    # The CIM classes of the other namespace are others.
    host = classes(CIMV2)["win32_computersystem"]
    equal([key.name for key in host.keys()], ["Name"])
    true("operationalstatus" not in host.features, "WMI's own CIM_ManagedSystemElement is another")


main()
