# SPDX-License-Identifier: MIT
"""Reads lists of names, module definitions, and the export and import directories of a 64-bit PE file."""

import struct


def name_list(text):
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith('#')]


def definition(text):
    """The exports of a module definition: name -> the function behind it, or the name itself."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(';')]
    exports = {}
    for line in lines[lines.index('EXPORTS') + 1:]:
        name, _, function = (part.strip() for part in line.partition('='))
        if not function:
            name = function = name.split()[0]
        if name in exports:
            raise AssertionError(f'{name} is defined twice')
        exports[name] = function
    return exports


class Image:
    def __init__(self, path):
        with open(path, 'rb') as f:
            self.data = f.read()
        header = self._number(0x3c, 'I')
        if self.data[header:header + 4] != b'PE\0\0' or self._number(header + 24, 'H') != 0x20b:
            raise AssertionError(f'{path}: not a 64-bit PE file')
        self.directories = header + 24 + 112
        table = header + 24 + self._number(header + 20, 'H')
        # Of each section: size in memory, address, size in the file, place in the file.
        self.sections = [struct.unpack_from('<4I', self.data, table + 40 * i + 8)
                         for i in range(self._number(header + 6, 'H'))]

    def _number(self, offset, kind):
        return struct.unpack_from('<' + kind, self.data, offset)[0]

    def _offset(self, address):
        for size, start, _, place in self.sections:
            if start <= address < start + size:
                return place + address - start
        raise AssertionError(f'address {address:#x} lies in no section')

    def _text(self, address):
        start = self._offset(address)
        return self.data[start:self.data.index(b'\0', start)].decode('ascii')

    def _directory(self, index):
        return self._number(self.directories + 8 * index, 'I')

    def exports(self):
        table = self._offset(self._directory(0))
        names = self._offset(self._number(table + 32, 'I'))
        return {self._text(self._number(names + 4 * i, 'I')) for i in range(self._number(table + 24, 'I'))}

    def imported_dlls(self):
        entry, found = self._offset(self._directory(1)), set()
        while self._number(entry + 12, 'I'):
            found.add(self._text(self._number(entry + 12, 'I')).lower())
            entry += 20
        return found
