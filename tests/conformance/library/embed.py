# SPDX-License-Identifier: MIT
"""embed.py FILE OUTPUT: writes FILE's bytes as a C array named library_image."""
import sys

source, output = sys.argv[1:]
with open(source, 'rb') as stream:
    data = stream.read()
with open(output, 'w') as stream:
    stream.write('static const unsigned char library_image[] = {\n')
    for start in range(0, len(data), 20):
        stream.write(','.join(str(byte) for byte in data[start:start + 20]) + ',\n')
    stream.write('};\n')
