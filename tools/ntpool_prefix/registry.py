# SPDX-License-Identifier: MIT
"""Edits of Wine's registry files that leave every byte alone that is not meant."""

import re
import time

MAGIC = 'WINE REGISTRY Version 2'
_ESCAPES = {'a': '\a', 'b': '\b', 'e': '\x1b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '0': '\0'}
_ESCAPE = re.compile(r'\\(x[0-9a-fA-F]{1,4}|[0-7]{1,3}|.)')
_VALUE_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"=')
_FILETIME_EPOCH = 11644473600


def _lines(text):
    # Not splitlines(): that also splits at characters which are ordinary ones in latin-1.
    return re.findall(r'[^\n]*\n|[^\n]+', text)


def _unescape(text):
    def one(match):
        code = match.group(1)
        if code[0] == 'x' and len(code) > 1:
            return chr(int(code[1:], 16))
        if code in _ESCAPES:
            return _ESCAPES[code]
        if code.isdigit() and all(c in '01234567' for c in code):
            return chr(int(code, 8))
        return code
    return _ESCAPE.sub(one, text)


def _escape(text):
    out = []
    for c in text:
        if c in '\\"[]':
            out.append('\\' + c)
        elif ' ' <= c <= '~':
            out.append(c)
        else:
            units = c.encode('utf-16-le')
            out.extend(f'\\x{units[i] | units[i + 1] << 8:04x}' for i in range(0, len(units), 2))
    return ''.join(out)


def _folded(text):
    """Names compare without case; characters outside the first plane as the two units that Wine writes."""
    units = text.encode('utf-16-le', 'surrogatepass')
    return ''.join(chr(units[i] | units[i + 1] << 8) for i in range(0, len(units), 2)).lower()


def _key_name(line):
    """The key that a section header names, None for any other line."""
    if not line.startswith('['):
        return None
    end = 1
    while end < len(line) and line[end] != ']':
        end += 2 if line[end] == '\\' else 1
    return _folded(_unescape(line[1:end])) if end < len(line) else None


class RegistryFile:
    """One .reg file as lines. Sections are found anew each time: files are small, edits few."""

    def __init__(self, data):
        self.lines = _lines(data.decode('latin-1'))

    def data(self):
        return ''.join(self.lines).encode('latin-1')

    def well_formed(self):
        return bool(self.lines) and self.lines[0].rstrip('\r\n') == MAGIC and self.lines[-1].endswith('\n')

    def architecture(self):
        for line in self.lines:
            if line.startswith('#arch='):
                return line[len('#arch='):].strip()
            if line.startswith('['):
                break
        return None

    def _headers(self):
        return [(i, name) for i, name in enumerate(map(_key_name, self.lines)) if name is not None]

    def _extent(self, key):
        """First line of a section and the one after its last line that is not blank; None without the section."""
        wanted = _folded(key)
        headers = self._headers()
        for n, (start, name) in enumerate(headers):
            if name == wanted:
                end = headers[n + 1][0] if n + 1 < len(headers) else len(self.lines)
                return start, self._content_end(end)
        return None

    def _content_end(self, end):
        while end > 0 and not self.lines[end - 1].strip():
            end -= 1
        return end

    def _value_extent(self, key, name):
        extent = self._extent(key)
        if not extent:
            return None
        start, end = extent
        for i in range(start + 1, end):
            match = _VALUE_NAME.match(self.lines[i])
            if match and _folded(_unescape(match.group(1))) == _folded(name):
                after = i + 1
                while after < end and self.lines[after][0] not in '"@#;\r\n':
                    after += 1
                return i, after
        return None

    def has_key(self, key):
        """Whether the key exists: as a section, or because a key below it does."""
        wanted = _folded(key)
        return any(name == wanted or name.startswith(wanted + '\\') for _, name in self._headers())

    def is_empty_section(self, key):
        """Whether the key has a section of its own that holds no values."""
        extent = self._extent(key)
        return bool(extent) and not any(line[0] in '"@' for line in self.lines[extent[0] + 1:extent[1]])

    def has_section(self, key):
        return self._extent(key) is not None

    def section_text(self, key):
        start, end = self._extent(key)
        return ''.join(self.lines[start:end])

    def insert_section(self, key, text=None):
        """Adds a section where the sorted order wants it; `text` brings back one that was there before."""
        now = time.time()
        if text is None:
            filetime = int((now + _FILETIME_EPOCH) * 10_000_000)
            name = '\\\\'.join(_escape(part) for part in key.split('\\'))
            text = f'[{name}] {int(now)}\n#time={filetime:x}\n'
        wanted = _folded(key).split('\\')
        at = len(self.lines)
        for line, name in self._headers():
            if name.split('\\') > wanted:
                at = line
                break
        at = self._content_end(at)
        self.lines[at:at] = ['\n'] + _lines(text)

    def remove_section(self, key):
        start, end = self._extent(key)
        if start > 0 and not self.lines[start - 1].strip():
            start -= 1
        del self.lines[start:end]

    def raw_value(self, key, name):
        """A value's lines as they stand in the file, None when it does not exist."""
        extent = self._value_extent(key, name)
        return ''.join(self.lines[extent[0]:extent[1]]) if extent else None

    def set_raw_value(self, key, name, raw):
        """Puts a value's lines into an existing section; None removes the value."""
        lines = _lines(raw) if raw is not None else []
        extent = self._value_extent(key, name)
        if extent:
            self.lines[extent[0]:extent[1]] = lines
        elif lines:
            end = self._extent(key)[1]
            self.lines[end:end] = lines
