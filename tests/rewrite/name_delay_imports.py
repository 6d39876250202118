# SPDX-License-Identifier: MIT
"""name_delay_imports.py NM IN OUT

GNU ld (2.40) leaves the delay-load directory of a program empty, other linkers fill it in. Copies a program and does
that: the descriptors begin at the symbol that dlltool gives the first one.
"""
import struct
import subprocess
import sys

DIRECTORY = 13
DESCRIPTOR_SIZE = 32

nm, source, target = sys.argv[1:]
symbols = subprocess.run([nm, source], check=True, capture_output=True, text=True).stdout.split('\n')
address, = [int(line.split()[0], 16) for line in symbols if '__DELAY_IMPORT_DESCRIPTOR_' in line]
with open(source, 'rb') as file:
    image = bytearray(file.read())
optional = struct.unpack_from('<I', image, 60)[0] + 24
base, = struct.unpack_from('<Q', image, optional + 24)
directory = optional + 112 + DIRECTORY * 8
if not any(image[directory:directory + 8]):
    struct.pack_into('<II', image, directory, address - base, 2 * DESCRIPTOR_SIZE)
with open(target, 'wb') as file:
    file.write(image)
