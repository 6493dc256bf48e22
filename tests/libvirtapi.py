# SPDX-License-Identifier: LGPL-2.1-or-later
"""The few calls of libvirt's C API that tests make often, through ctypes: starting virsh for each would
take 20 ms. Whatever else a test wants of libvirt, it asks virsh for (cairnvirt.Libvirt.virsh)."""
import ctypes
import json
import time

START_PAUSED = 1
CREATE_PAUSED = 1
XML_SECURE, XML_INACTIVE = 1, 2
UNDEFINE_EVERYTHING = 1 | 2 | 4 | 16  # managed save, snapshots, NVRAM, checkpoints
MONITOR_HMP = 1
STATES = ["no state", "running", "idle", "paused", "in shutdown", "shut off", "crashed", "pmsuspended"]

_ERROR_FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
_silent = _ERROR_FUNCTION(lambda *_: None)  # else the library prints every error
_libvirt = None
_libvirt_qemu = None


class LibvirtError(Exception):
    """What libvirt said when a call failed."""


def _load():
    global _libvirt, _libvirt_qemu
    if _libvirt is not None:
        return
    _libvirt = ctypes.CDLL("libvirt.so.0")
    _libvirt_qemu = ctypes.CDLL("libvirt-qemu.so.0")
    for name in ("virConnectOpen", "virDomainLookupByName", "virDomainDefineXML", "virDomainCreateXML",
                 "virDomainGetXMLDesc"):
        getattr(_libvirt, name).restype = ctypes.c_void_p
    _libvirt.virGetLastErrorMessage.restype = ctypes.c_char_p
    _libvirt.virSetErrorFunc(None, _silent)


def _checked(result):
    if result is None or result == -1:
        raise LibvirtError(_libvirt.virGetLastErrorMessage().decode(errors="replace"))
    return result


def _text(pointer):
    """Takes a string that libvirt allocated."""
    text = ctypes.string_at(pointer).decode(errors="replace")
    ctypes.CDLL(None).free(ctypes.c_void_p(pointer))
    return text


class Connection:
    """One connection to a libvirtd; domains go by their names."""

    def __init__(self, uri):
        _load()
        self._connection = ctypes.c_void_p(_checked(_libvirt.virConnectOpen(uri.encode())))

    def close(self):
        _libvirt.virConnectClose(self._connection)

    def version(self):
        """QEMU's; libvirtd answers this when it has found out what QEMU can do."""
        version = ctypes.c_ulong()
        _checked(_libvirt.virConnectGetVersion(self._connection, ctypes.byref(version)))
        return version.value

    def define(self, xml):
        self._free(_checked(_libvirt.virDomainDefineXML(self._connection, xml.encode())))

    def create(self, xml, paused):
        """Starts a transient domain. One of that name that has just stopped may still be on its way out."""
        flags = CREATE_PAUSED if paused else 0
        for _ in range(100):
            try:
                self._free(_checked(_libvirt.virDomainCreateXML(self._connection, xml.encode(), flags)))
                return
            except LibvirtError as problem:
                if "already being removed" not in str(problem):
                    raise
                time.sleep(0.05)
        raise LibvirtError("the domain before it isn't removed within 5 s")

    def start(self, name, paused):
        self._on(name, _libvirt.virDomainCreateWithFlags, START_PAUSED if paused else 0)

    def resume(self, name):
        self._on(name, _libvirt.virDomainResume)

    def suspend(self, name):
        self._on(name, _libvirt.virDomainSuspend)

    def destroy(self, name):
        self._on(name, _libvirt.virDomainDestroy)

    def undefine(self, name):
        self._on(name, _libvirt.virDomainUndefineFlags, UNDEFINE_EVERYTHING)

    def xml(self, name, inactive=False):
        flags = XML_SECURE | (XML_INACTIVE if inactive else 0)
        return _text(self._on(name, _libvirt.virDomainGetXMLDesc, flags))

    def state(self, name):
        """One of STATES, or None when there is no such domain."""
        state, reason = ctypes.c_int(), ctypes.c_int()
        try:
            self._on(name, _libvirt.virDomainGetState, ctypes.byref(state), ctypes.byref(reason), 0)
        except LibvirtError as error:
            if "Domain not found" in str(error):
                return None
            raise
        return STATES[state.value]

    def monitor(self, name, command, hmp=False):
        """What QEMU's monitor answers: text (HMP), or the answer's object (QMP; COMMAND is one)."""
        answer = ctypes.c_char_p()
        sent = command if hmp else json.dumps(command)
        self._on(name, _libvirt_qemu.virDomainQemuMonitorCommand, sent.encode(), ctypes.byref(answer),
                 MONITOR_HMP if hmp else 0)
        text = answer.value.decode(errors="replace")
        ctypes.CDLL(None).free(answer)
        return text if hmp else json.loads(text)

    def _on(self, name, function, *args):
        domain = _checked(_libvirt.virDomainLookupByName(self._connection, name.encode()))
        try:
            return _checked(function(ctypes.c_void_p(domain), *args))
        finally:
            self._free(domain)

    @staticmethod
    def _free(domain):
        _libvirt.virDomainFree(ctypes.c_void_p(domain))
