# SPDX-License-Identifier: MIT
"""pool-names.py KERNEL32-EXPORTS NTPOOL-DEF OUTPUT

Writes the thread-pool functions as C arrays, each sorted: those of kernel32 from the list of redirected exports, those
of ntdll from what ntpool.dll exports.
"""
import re
import sys


def listed(path):
    with open(path, encoding='ascii') as lines:
        names = [line.partition('#')[0].strip() for line in lines]
    return sorted({name for name in names if name})


def native(path):
    with open(path, encoding='ascii') as lines:
        found = [re.match(r'\s+((?:Tp|Rtl)[A-Z]\w*)\b', line) for line in lines]
    return sorted({match.group(1) for match in found if match})


def array(name, names):
    assert names, f'no names for {name}'
    return ''.join([f'static const char *const {name}[] = {{\n', *(f'    "{n}",\n' for n in names), '};\n'])


kernel32, definition, output = sys.argv[1:]
with open(output, 'w', encoding='ascii', newline='\n') as header:
    header.write(array('kernel32_names', listed(kernel32)) + array('ntdll_names', native(definition)))
