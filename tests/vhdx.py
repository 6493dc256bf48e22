#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a VHDX look as one that wasn't closed: it names a log, which is empty. QEMU reads it all the same;
Cairn leaves it to QEMU. As a program: vhdx.py FILE."""
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def name_log(path):
    """Gives both headers of the VHDX at PATH a log's GUID, and their checksums."""
    with open(path, "r+b") as file:
        for place in (0x10000, 0x20000):
            file.seek(place)
            header = bytearray(file.read(4096))
            header[4:8] = bytes(4)
            header[48:64] = b"a log's own GUID"
            header[4:8] = struct.pack("<I", crc32c(header))
            file.seek(place)
            file.write(header)


if __name__ == "__main__":
    name_log(sys.argv[1])
