# SPDX-License-Identifier: MIT
"""Finds the builtin DLLs of the Wine in use."""

import os
import re
import shutil

from . import Refused
from .programs import VALUES

ARCH = 'x86_64-windows'
DLLS = tuple(f'{name}.dll' for name in VALUES)
_LIBRARIES = ('.', 'lib/wine', 'lib64/wine', 'lib/x86_64-linux-gnu/wine')


class Wine:
    def __init__(self, directory):
        self.directory = directory

    def dll(self, name):
        return os.path.join(self.directory, ARCH, name)


def _at(directory):
    directory = os.path.realpath(directory)
    if all(os.path.isfile(os.path.join(directory, ARCH, name)) for name in DLLS):
        return Wine(directory)
    return None


def _loader():
    loader = os.environ.get('WINELOADER')
    if loader:
        found = shutil.which(loader)
        if not found:
            raise Refused(f'WINELOADER={loader}: there is no such program. Correct or unset WINELOADER.')
        return found
    for name in ('wine', 'wine64', 'wine-stable'):
        found = shutil.which(name)
        if found:
            return found
    raise Refused('no wine in PATH. Install Wine, or name its library directory with --wine-dir.')


def _homes(program):
    """Directories that a wine command points to: its own and, if it is a script, those of the programs it names."""
    pending, seen = [program], []
    while pending and len(seen) < 20:
        path = pending.pop(0)
        for directory in (os.path.dirname(os.path.abspath(path)), os.path.dirname(os.path.realpath(path))):
            if directory not in seen:
                seen.append(directory)
        try:
            with open(path, 'rb') as f:
                head = f.read(65536)
        except OSError:
            continue
        if head.startswith(b'#!'):
            named = re.findall(r'/[\w.+/-]*/wine[\w.+-]*', head.decode('latin-1'))
            pending += [p for p in named if os.path.isfile(p) and os.access(p, os.X_OK)]
    return seen


def find(explicit=None):
    """The Wine whose library directory is named, else the one that the wine command starts."""
    if explicit is not None:
        if not os.path.isdir(explicit):
            raise Refused(f'--wine-dir {explicit}: there is no such directory.')
        for below in ('.', '..') + _LIBRARIES[1:]:
            wine = _at(os.path.join(explicit, below))
            if wine:
                return wine
        raise Refused(f'--wine-dir {explicit}: there is no {ARCH}/kernel32.dll and kernelbase.dll. '
                      'Name the directory that holds them; 64-bit Wine 8.0 or newer is needed.')
    loader = _loader()
    for home in _homes(loader):
        # Beside the loader, in the tree whose bin holds it, and in Debian's multiarch sibling of /usr/lib/wine.
        for below in ('.', '..', '../x86_64-linux-gnu/wine') + tuple(f'../{lib}' for lib in _LIBRARIES[1:]):
            wine = _at(os.path.join(home, below))
            if wine:
                return wine
    raise Refused(f'{loader}: cannot find the library directory of this Wine (the one that holds {ARCH}/kernel32.dll). '
                  'Name it with --wine-dir; 64-bit Wine 8.0 or newer is needed.')
