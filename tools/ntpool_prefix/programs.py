# SPDX-License-Identifier: MIT
"""Programs and the registry keys that hold their overrides."""

from . import Refused

# Stands for every program of the prefix where a program's name is expected; no file can be called that.
ALL = '*'

VALUES = ('kernel32', 'kernelbase')
OVERRIDE = 'native,builtin'


def program_name(name):
    """Checks a program's name as given by the user, and returns it."""
    if not name:
        raise Refused('--app: the name is empty. Give the program\'s file name, for instance --app server.exe.')
    if any(c in name for c in '/\\:'):
        raise Refused(f'--app {name}: that is a path. Wine knows programs by file name alone: give its last part.')
    bad = sorted({c for c in name if c in '*?"<>|' or ord(c) < 32 or 0xd800 <= ord(c) < 0xe000})
    if bad or len(name) > 255:
        what = f'holds {ascii(bad[0])}' if bad else 'is longer than 255 characters'
        raise Refused(f'--app {ascii(name)}: no Windows program can have this name: it {what}.')
    if not name.lower().endswith('.exe') or len(name) <= len('.exe') or name != name.strip():
        raise Refused(f'--app {name}: the name of a program ends in .exe; give it in full, for instance '
                      '--app server.exe.')
    return name


def override_key(program):
    if program == ALL:
        return 'Software\\Wine\\DllOverrides'
    return f'Software\\Wine\\AppDefaults\\{program}\\DllOverrides'


def title(program):
    return 'all programs' if program == ALL else program
