# SPDX-License-Identifier: MIT
"""The rules that sources have to keep: each finds what breaks it in one file's text."""

import re

# Each floor may include headers of these folders of dlls/ntpool; headers beside a file need no folder in their name.
MAY_INCLUDE = {
    'api': {'api', 'redirect', 'diag', 'tp', 'nt'},
    'redirect': {'redirect', 'nt'},
    'diag': {'diag', 'tp', 'sched', 'nt'},
    'tp': {'tp', 'sched', 'nt'},
    'sched': {'sched', 'nt'},
    'nt': {'nt'},
}

# Headers that come with the compiler and need no system below them.
FREESTANDING = {'limits.h', 'stdalign.h', 'stdarg.h', 'stdatomic.h', 'stdbool.h', 'stddef.h', 'stdint.h'}

# The folders where Windows' own headers may be included.
WINDOWS = ('api/', 'nt/windows/')
# The folders that may use the Windows half of nt/ by its own headers.
OF_WINDOWS = WINDOWS + ('redirect/',)

# How the names of each floor begin that floors below it must not know.
ABOVE = {'api': (), 'redirect': ('api', 'diag', 'tp', 'sched'), 'diag': ('api', 'redirect'),
         'tp': ('api', 'redirect', 'diag'), 'sched': ('api', 'redirect', 'diag', 'tp'),
         'nt': ('api', 'redirect', 'diag', 'tp', 'sched')}

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
_INCLUDE_LIKE = re.compile(r'^[ \t]*(?:#|%:|\?\?=)[ \t]*(?:include|import)|__has_include', re.MULTILINE)
_POOL_NAME = re.compile(r'(?<![A-Za-z0-9])P?TP_\w+|(?<![A-Za-z0-9])Tp[A-Z]\w*')


def _resolve(folder, header):
    """A quoted header as a path below dlls/ntpool."""
    if '/' not in header:
        return f'{folder}/{header}'
    if not header.startswith('.'):
        return header
    parts = folder.split('/')
    for part in header.split('/'):
        if part == '..':
            parts = parts[:-1]
        elif part != '.':
            parts.append(part)
    return '/'.join(parts)


def include_faults(path, text, headers):
    """What a file of dlls/ntpool (path below it) must not include. headers: those of dlls/ntpool."""
    folder = path.rpartition('/')[0]
    floor = path.partition('/')[0]
    text = text.replace('\\\n', '')
    found = _INCLUDE.findall(text)
    if len(found) != len(_INCLUDE_LIKE.findall(text)):
        yield f'{path}: an #include that is neither "..." nor <...>'
    for quote, header in found:
        if quote == '"':
            target = _resolve(folder, header)
            if target not in headers:
                yield f'{path}: includes "{header}", which is no header of dlls/ntpool; one of the system is <...>'
            elif target.partition('/')[0] not in MAY_INCLUDE[floor] or (
                    target.startswith('nt/windows/') and not path.startswith(OF_WINDOWS)):
                yield f'{path}: includes "{header}", which is no business of {floor}/'
        elif header not in FREESTANDING and not path.startswith(WINDOWS):
            yield f'{path}: includes <{header}>; only {", ".join(WINDOWS)} may ask the system'


def mention_faults(path, text):
    """The scheduler knows nothing of the objects above it."""
    if path.startswith('sched/'):
        for name in sorted(set(_POOL_NAME.findall(text))):
            yield f'{path}: mentions {name}'


def upward_faults(path, text):
    """A function or a type of a floor above needs no header to be declared and called."""
    above = ABOVE[path.partition('/')[0]]
    if above:
        for name in sorted(set(re.findall(rf'\b(?:{"|".join(above)})_\w+', text))):
            yield f'{path}: mentions {name}, which is of a floor above'
