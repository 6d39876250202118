# SPDX-License-Identifier: MIT
"""A Wine prefix on disk."""

import os

from . import Refused, files
from .registry import RegistryFile

SIGNATURE = slice(0x40, 0x60)
_BUILTIN = (b'Wine builtin DLL', b'Wine placeholder DLL')


def is_wines_own(data):
    """Whether a DLL in a prefix is what Wine itself puts there."""
    return data[SIGNATURE].rstrip(b'\0') in _BUILTIN


def _child(directory, name):
    """An entry of a directory, found without regard to case as Wine does."""
    exact = os.path.join(directory, name)
    if os.path.lexists(exact):
        return exact
    for entry in os.listdir(directory):
        if entry.lower() == name:
            return os.path.join(directory, entry)
    return exact


class Prefix:
    def __init__(self, path):
        self.path = os.path.realpath(path)
        if os.path.lexists(path) and not os.path.isdir(self.path):
            raise Refused(f'{path}: this is not a directory. Name the directory that holds the prefix with --prefix.')
        if not os.path.isdir(self.path):
            raise Refused(f'{path}: there is no such prefix. Make it with "WINEPREFIX={path} wineboot -i", or name '
                          'another with --prefix.')
        self._check_registry()
        drive = os.path.realpath(os.path.join(self.path, 'dosdevices', 'c:'))
        if not os.path.isdir(drive):
            drive = os.path.join(self.path, 'drive_c')
        self.system32 = drive
        for name in ('windows', 'system32'):
            if os.path.isdir(self.system32):
                self.system32 = _child(self.system32, name)
        if not os.path.isdir(self.system32):
            self._not_a_prefix('it has no drive_c/windows/system32')
        self.state = os.path.join(self.path, '.ntpool')
        self.user_reg = os.path.realpath(os.path.join(self.path, 'user.reg'))

    def _not_a_prefix(self, why):
        raise Refused(f'{self.path}: this is not a Wine prefix: {why}. Name one with --prefix, or let Wine complete it '
                      f'with "WINEPREFIX={self.path} wineboot -i".')

    def _check_registry(self):
        for name in ('system.reg', 'user.reg'):
            try:
                registry = RegistryFile(files.read(os.path.join(self.path, name)))
            except FileNotFoundError:
                self._not_a_prefix(f'it has no {name}')
            if not registry.well_formed():
                self._not_a_prefix(f'{name} is damaged or not a registry file that this tool understands')
            architecture = registry.architecture()
            if architecture == 'win32':
                raise Refused(f'{self.path}: this prefix is for 32-bit programs only (#arch=win32 in {name}), and '
                              'ntpool is 64-bit. Make a 64-bit prefix: WINEARCH=win64 WINEPREFIX=... wineboot -i.')
            if name == 'system.reg' and architecture != 'win64':
                self._not_a_prefix('system.reg does not say #arch=win64')

    def check_writable(self):
        owner = os.stat(self.path).st_uid
        if owner != os.geteuid():
            raise Refused(f'{self.path}: this prefix belongs to user {owner}, and you are user {os.geteuid()}. Run '
                          'this as its owner, as Wine demands as well.')
        for path in (self.path, self.system32, self.user_reg) + ((self.state,) if os.path.isdir(self.state) else ()):
            if not os.access(path, os.W_OK):
                raise Refused(f'{path}: you may not write here. Give yourself the permission (chmod u+w).')

    def dll(self, name):
        return _child(self.system32, name)

    def saved(self, name):
        return os.path.join(self.state, name + '.original')

    def registry(self):
        registry = RegistryFile(files.read(self.user_reg))
        if not registry.well_formed():
            self._not_a_prefix('user.reg is damaged')
        return registry

    def write_registry(self, registry):
        data = registry.data()
        if data == files.read(self.user_reg):
            return False
        files.write(self.user_reg, data, os.stat(self.user_reg).st_mode & 0o777)
        return True
