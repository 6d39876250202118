# SPDX-License-Identifier: MIT
"""The rules that sources have to keep: each finds what breaks it in one file's text."""

import re

# Each floor may include headers of these folders of dlls/ntpool; headers beside a file need no folder in their name.
MAY_INCLUDE = {
    'api': {'api', 'diag', 'tp', 'nt'},
    'diag': {'diag', 'tp', 'sched', 'nt'},
    'tp': {'tp', 'sched', 'nt'},
    'sched': {'sched', 'nt'},
    'nt': {'nt'},
}

# Headers that come with the compiler and need no system below them.
FREESTANDING = {'limits.h', 'stdalign.h', 'stdarg.h', 'stdatomic.h', 'stdbool.h', 'stddef.h', 'stdint.h'}

# The folders where Windows' own headers may be included.
WINDOWS = ('api/', 'nt/windows/')

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
_INCLUDE_LIKE = re.compile(r'^[ \t]*#[ \t]*include.*$', re.MULTILINE)
_POOL_NAME = re.compile(r'\bP?TP_\w+|\bTp[A-Z]\w*')


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


def include_faults(path, text):
    """What a file of dlls/ntpool (path below it) must not include."""
    folder = path.rpartition('/')[0]
    floor = path.partition('/')[0]
    found = _INCLUDE.findall(text)
    if len(found) != len(_INCLUDE_LIKE.findall(text)):
        yield f'{path}: an #include that is neither "..." nor <...>'
    for quote, header in found:
        if quote == '"':
            target = _resolve(folder, header).partition('/')[0]
            if target not in MAY_INCLUDE[floor]:
                yield f'{path}: includes "{header}", which is no business of {floor}/'
        elif header not in FREESTANDING and not path.startswith(WINDOWS):
            yield f'{path}: includes <{header}>; only {" and ".join(WINDOWS)} may ask the system'


def mention_faults(path, text):
    """The scheduler knows nothing of the objects above it."""
    if path.startswith('sched/'):
        for name in sorted(set(_POOL_NAME.findall(text))):
            yield f'{path}: mentions {name}'
