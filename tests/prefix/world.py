# SPDX-License-Identifier: MIT
"""A made-up Wine, a made-up prefix and an ntpool.dll in a directory of their own, and the tool run on them."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
TOOL = os.path.join(ROOT, 'tools', 'ntpool-prefix')
OURS = '"native,builtin"'
TEXT_AT = 0x400  # code bytes of the made-up DLLs: changed to make another version

SYSTEM_REG = ('WINE REGISTRY Version 2\n;; All keys relative to REGISTRY\\\\Machine\n\n#arch=win64\n'
              '\n[Software\\\\A] 1\n"a"="b"\n')
USER_REG = ''.join([
    'WINE REGISTRY Version 2\n;; All keys relative to REGISTRY\\\\User\\\\S-1-5-21-0-0-0-1000\n\n#arch=win64\n',
    '\n[Control Panel\\\\Colors] 1795403627\n#time=1dd7af8a77bd4c4\n"Bin"=hex:01,02,\\\n  03,04\n',
    '"Text"="a \\"b\\" [c]"\n',
    '\n[Software\\\\Wine\\\\AppDefaults] 1795403619\n#time=1dd7af8a2f81c82\n',
    '\n[Software\\\\Wine\\\\DllOverrides] 1795403619\n#time=1dd7af8a2f80648\n',
    '\n[Volatile Environment] 1795403619\n@="\\x00e9"\n"A"=str(2):"%B%"\n'])


class World:
    """Use as a context manager; `forward` and `write_pe` are the built commands."""

    def __init__(self, forward, write_pe):
        self.forward, self.write_pe = forward, write_pe

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix='ntpool-world-')
        self.prefix = os.path.join(self.path, 'prefix')
        self.wine = os.path.join(self.path, 'wine')
        self.system32 = os.path.join(self.prefix, 'drive_c', 'windows', 'system32')
        self.user_reg = os.path.join(self.prefix, 'user.reg')
        self.ntpool = os.path.join(self.path, 'ntpool.dll')
        self.tmp = os.path.join(self.path, 'tmp')
        for directory in (os.path.join(self.wine, 'x86_64-windows'), self.system32, self.tmp):
            os.makedirs(directory)
        self.pe = subprocess.run([self.write_pe], stdout=subprocess.PIPE, check=True).stdout
        self.set_wine(b'8')
        self.make_ntpool(b'1')
        for name in ('kernel32.dll', 'kernelbase.dll'):
            shutil.copy2(self.wine_dll(name), self.system32)
        put(os.path.join(self.prefix, 'system.reg'), SYSTEM_REG)
        put(self.user_reg, USER_REG)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(('NTPOOL_', 'WINE'))}
        self.env.update(HOME=self.path, TMPDIR=self.tmp, NTPOOL_DLL=self.ntpool, NTPOOL_FORWARD=self.forward)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def wine_dll(self, name):
        return os.path.join(self.wine, 'x86_64-windows', name)

    def variant(self, mark, name):
        body = mark + name.encode()
        return self.pe[:TEXT_AT] + body + self.pe[TEXT_AT + len(body):]

    def set_wine(self, version):
        for name in ('kernel32.dll', 'kernelbase.dll'):
            put(self.wine_dll(name), self.variant(version, name))

    def make_ntpool(self, version):
        """Any DLL that exports all the names will do: the forwarder makes one."""
        source = os.path.join(self.path, 'source.dll')
        put(source, self.variant(version, 'ntpool'))
        subprocess.run([self.forward, source, self.ntpool, '--module', 'ntdll', '--exports',
                        os.path.join(ROOT, 'dlls', 'kernel32', 'exports.txt')], check=True)

    def run(self, *arguments, tool=(TOOL,), wine_dir=True, kill_after=0, **env):
        where = ['--wine-dir', self.wine] if wine_dir and arguments[0] != 'uninstall' else []
        if '--prefix' not in arguments:
            where += ['--prefix', self.prefix]
        environment = dict(self.env, **env)
        if kill_after:
            environment['NTPOOL_PREFIX_KILL_AFTER'] = str(kill_after)
        return subprocess.run([*([] if tool[0] != TOOL else [sys.executable]), *tool, *arguments, *where],
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def do(self, *arguments, **options):
        """Runs the tool, which has to succeed; its output."""
        result = self.run(*arguments, **options)
        if result.returncode:
            raise AssertionError(f'{arguments} ended with {result.returncode}: {result.stdout}{result.stderr}')
        return result.stdout

    def read(self, name):
        return get(os.path.join(self.system32, name))

    def registry(self):
        return get(self.user_reg).decode('latin-1')


def put(path, data):
    with open(path, 'wb') as f:
        f.write(data.encode('latin-1') if isinstance(data, str) else data)


def get(path):
    with open(path, 'rb') as f:
        return f.read()


def snapshot(directory):
    """Everything about a tree that has to be as before: names, kinds, permissions, contents, file times."""
    tree = {}
    for base, directories, names in os.walk(directory):
        for name in directories + names:
            path = os.path.join(base, name)
            status = os.lstat(path)
            where = os.path.relpath(path, directory)
            if stat.S_ISREG(status.st_mode):
                modified = None if name == 'user.reg' else status.st_mtime_ns
                tree[where] = (status.st_mode, modified, get(path))
            else:
                tree[where] = (status.st_mode, os.readlink(path) if stat.S_ISLNK(status.st_mode) else None)
    return tree


def difference(before, after):
    return sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
