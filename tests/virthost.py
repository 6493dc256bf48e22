#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps the processes of one test host (cairnvirt.Libvirt): started with pipes, obeys lines, and when its
input ends (its test ended, or was killed) kills everything that ever ran on the host.

The first line is JSON: {"command": argument list of libvirtd, "log": file for its output, "env": its
environment, "binds": [[directory, mount point], ...], "hostname": its name, "uid": user or null}. With binds
it works in mount and UTS namespaces of its own. Then each line "start" starts the command and answers its
process id.

It is the reaper of all processes below it: a QEMU that libvirtd let go of would otherwise be reaped by
process 1, in containers seconds later or never, and libvirtd waits for that in `destroy`.
"""
import ctypes
import json
import os
import select
import signal
import socket
import sys

CLONE_NEWNS, CLONE_NEWUTS = 0x00020000, 0x04000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_CHILD_SUBREAPER = 36
libc = ctypes.CDLL(None, use_errno=True)


def must(status, what):
    if status != 0:
        sys.exit(f"virthost: {what}: {os.strerror(ctypes.get_errno())}")


def enter_namespaces(binds, hostname):
    must(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS), "can't make namespaces")
    must(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "can't make mounts private")
    for source, target in binds:
        must(libc.mount(source.encode(), target.encode(), None, MS_BIND, None), f"can't mount over {target}")
    socket.sethostname(hostname)


def start(setup):
    """Starts the command; gives its process id."""
    pid = os.fork()
    if pid:
        return pid
    log = os.open(setup["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        os.execve(setup["command"][0], setup["command"], setup["env"])
    finally:
        os._exit(127)


def reap():
    """Lets ended children go; whether any is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def kill_all():
    """Orphans come to us, so this ends when nothing is left."""
    while reap():
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as listed:
            for pid in listed.read().split():
                os.kill(int(pid), signal.SIGKILL)
        signal.sigtimedwait([signal.SIGCHLD], 0.05)


def main():
    setup = json.loads(sys.stdin.buffer.raw.readline())
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if setup["uid"] is not None:  # after this, the interpreter's own files may be out of reach
        os.setgroups([])
        os.setgid(setup["uid"])
        os.setuid(setup["uid"])
    if setup["binds"]:
        enter_namespaces(setup["binds"], setup["hostname"])
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([0, wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
            reap()
        if 0 in readable:
            if not sys.stdin.buffer.raw.readline():
                break
            print(start(setup), flush=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    kill_all()


main()
