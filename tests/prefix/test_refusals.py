# SPDX-License-Identifier: MIT
"""Everything that ntpool-prefix and ntpool-forward refuse: the message names it, and nothing changes."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys

import tap
from tap import check, contains, equal
from world import SYSTEM_REG, TOOL, USER_REG, World, difference, get, put, snapshot

FORWARD, WRITE_PE = map(os.path.abspath, sys.argv[1:3])
TESTS = []


def world():
    return World(FORWARD, WRITE_PE)


def refused(w, expected, *arguments, tool=None, **options):
    before = snapshot(w.path)
    result = w.run(*arguments, **options, **({'tool': tool} if tool else {}))
    equal((result.returncode, result.stdout), (1, ''), f'{arguments}: {result.stderr}')
    for part in expected:
        contains(result.stderr, part, 'message')
    check('Traceback' not in result.stderr, result.stderr)
    equal(difference(before, snapshot(w.path)), [], 'changed by a refusal')


def test(name):
    def add(function):
        TESTS.append((name, function))
        return function
    return add


def refusal(name, expected, *arguments, installed=False, **options):
    """Adds a test: the spoiling that the decorated function does to a world makes these arguments refused."""
    arguments = arguments or ('install', '--app', 'server.exe')

    def add(spoil):
        def body():
            with world() as w:
                if installed:
                    w.do('install', '--app', 'server.exe')
                more = spoil(w) or {}
                refused(w, expected, *arguments, **options, **more)
        TESTS.append((name, body))
        return spoil
    return add


def nothing(_):
    pass


INSTALL = ('install', '--app', 'server.exe')

for what, given, said in (
        ('no program', ['install'], 'name a program: install --app NAME.exe'),
        ('an empty program name', ['install', '--app', ''], 'the name is empty'),
        ('a path as program', ['install', '--app', 'C:\\a.exe'], 'that is a path'),
        ('a Unix path as program', ['install', '--app', './a.exe'], 'that is a path'),
        ('a quote in the program name', ['install', '--app', 'a".exe'], 'no Windows program can have this name'),
        ('a line break in the program name', ['install', '--app', 'a\n.exe'], 'no Windows program can have this name'),
        ('a pattern as program', ['uninstall', '--app', '*.exe'], 'no Windows program can have this name'),
        ('bytes that are no text as program', ['install', '--app', b'a\xff.exe'],
         'no Windows program can have this name'),
        ('a very long program name', ['install', '--app', 'a' * 252 + '.exe'], 'longer than 255'),
        ('a program name without .exe', ['install', '--app', 'server'], 'ends in .exe'),
        ('an extension as program', ['install', '--app', '.exe'], 'ends in .exe'),
        ('a blank after the program name', ['install', '--app', 'a.exe '], 'ends in .exe'),
        ('a Wine directory that is not there', [*INSTALL, '--wine-dir', '/nowhere'], '--wine-dir /nowhere'),
        ('an empty Wine directory', [*INSTALL, '--wine-dir', '/etc'], 'x86_64-windows/kernel32.dll'),
        ('an ntpool.dll that is not there', [*INSTALL, '--dll', '/nowhere/ntpool.dll'], '/nowhere/ntpool.dll')):
    refusal(f'refused: {what}', [said], *given, wine_dir='--wine-dir' not in given)(nothing)

for command in (INSTALL, ('uninstall',), ('status',)):
    name = command[0]
    refusal(f'{name}: no prefix', ['/nowhere', 'no such prefix'], *command, '--prefix', '/nowhere')(nothing)
    refusal(f'{name}: an empty prefix name', ['--prefix: the name is empty'], *command, '--prefix', '')(nothing)
    refusal(f'{name}: a file as prefix', [TOOL, 'not a directory'], *command, '--prefix', TOOL)(nothing)

    @refusal(f'{name}: not a prefix', ['not a Wine prefix', 'no system.reg'], *command)
    def _(w):
        os.unlink(os.path.join(w.prefix, 'system.reg'))

    @refusal(f'{name}: no user.reg', ['not a Wine prefix', 'no user.reg'], *command)
    def _(w):
        os.unlink(w.user_reg)

    @refusal(f'{name}: no system32', ['not a Wine prefix', 'system32'], *command)
    def _(w):
        shutil.rmtree(w.system32)

    @refusal(f'{name}: a 32-bit prefix', ['32-bit', '#arch=win32'], *command)
    def _(w):
        put(os.path.join(w.prefix, 'system.reg'), SYSTEM_REG.replace('win64', 'win32'))

    @refusal(f'{name}: a prefix of unknown architecture', ['#arch=win64'], *command)
    def _(w):
        put(os.path.join(w.prefix, 'system.reg'), SYSTEM_REG.replace('#arch=win64\n', ''))

    @refusal(f'{name}: user.reg cut off', ['user.reg is damaged'], *command)
    def _(w):
        put(w.user_reg, USER_REG[:-1])

    @refusal(f'{name}: user.reg of another kind', ['user.reg is damaged'], *command)
    def _(w):
        put(w.user_reg, 'REGEDIT4\n')

    @refusal(f'{name}: a damaged manifest', ['manifest.json: damaged', 'wineboot -u'], *command, installed=True)
    def _(w):
        path = os.path.join(w.prefix, '.ntpool', 'manifest.json')
        put(path, get(path)[:-40])

    @refusal(f'{name}: a manifest without files', ['manifest.json: damaged'], *command, installed=True)
    def _(w):
        put(os.path.join(w.prefix, '.ntpool', 'manifest.json'), '{"format": 1}')

    @refusal(f'{name}: a manifest of another version', ['another version'], *command, installed=True)
    def _(w):
        put(os.path.join(w.prefix, '.ntpool', 'manifest.json'), '{"format": 2}')

for command in (INSTALL, ('uninstall',)):
    name = command[0]

    @refusal(f'{name}: a foreign kernel32.dll', ['kernel32.dll', 'Move it away'], *command, installed=True)
    def _(w):
        put(os.path.join(w.system32, 'kernel32.dll'), b'MZ' + bytes(200))

    @refusal(f'{name}: a foreign ntpool.dll', ['ntpool.dll', 'Move it away'], *command, installed=True)
    def _(w):
        put(os.path.join(w.system32, 'ntpool.dll'), w.pe)

    @refusal(f'{name}: the kept original is gone', ['kernelbase.dll.original', 'wineboot -u'], *command, installed=True)
    def _(w):
        os.unlink(os.path.join(w.prefix, '.ntpool', 'kernelbase.dll.original'))


@refusal('install: a foreign ntpool.dll before', ['ntpool.dll', 'not a file that this tool put there'])
def _(w):
    shutil.copy2(w.ntpool, w.system32)


@refusal('install: a foreign kernelbase.dll before', ['kernelbase.dll', 'neither Wine\'s own'])
def _(w):
    put(os.path.join(w.system32, 'kernelbase.dll'), b'')


@refusal('install: no kernel32.dll', ['kernel32.dll', 'missing', 'wineboot -u'])
def _(w):
    os.unlink(os.path.join(w.system32, 'kernel32.dll'))


@refusal('install: a DLL of Wine that is cut off', ['kernel32.dll', 'This Wine is not understood'])
def _(w):
    put(w.wine_dll('kernel32.dll'), w.pe[:0x900])


@refusal('install: a DLL of Wine without the signature', ['kernelbase.dll', 'not a Wine builtin DLL', 'not understood'])
def _(w):
    put(w.wine_dll('kernelbase.dll'), w.pe[:0x40] + bytes(32) + w.pe[0x60:])


@refusal('install: an old Wine with .dll.so files', ['--wine-dir', 'x86_64-windows'])
def _(w):
    shutil.rmtree(os.path.join(w.wine, 'x86_64-windows'))
    put(os.path.join(w.wine, 'kernel32.dll.so'), '\x7fELF')


@refusal('install: no wine in PATH', ['no wine in PATH', '--wine-dir'], wine_dir=False, PATH='/nowhere')
def _(w):
    pass


@refusal('install: a wine without DLLs', ['cannot find the library directory', '--wine-dir'], wine_dir=False)
def _(w):
    os.mkdir(os.path.join(w.path, 'bin'))
    put(os.path.join(w.path, 'bin', 'wine'), '#!/bin/sh\n')
    os.chmod(os.path.join(w.path, 'bin', 'wine'), 0o755)
    return {'PATH': os.path.join(w.path, 'bin')}


@refusal('install: an ntpool.dll that lacks an export', ['ntpool.dll', 'does not export'])
def _(w):
    put(w.ntpool, w.pe)


@refusal('install: an ntpool.dll that is none', ['ntpool.dll', 'not a PE file'])
def _(w):
    put(w.ntpool, 'text')


refusal('install: no ntpool-forward', ['/nowhere/forward', 'ntpool-forward'],
        NTPOOL_FORWARD='/nowhere/forward')(nothing)
refusal('uninstall: a program that has it not', ['not installed for b.exe', 'server.exe'],
        'uninstall', '--app', 'b.exe', installed=True)(nothing)
refusal('install: no program, but installed', ['install --app server.exe'], 'install', installed=True)(nothing)


def lock_directory(w, base):
    status = os.stat(w.prefix)
    directory = os.path.join(base, f'server-{status.st_dev:x}-{status.st_ino:x}')
    os.makedirs(directory)
    return directory


@contextlib.contextmanager
def locked(directory, then=''):
    """The lock of a wineserver, held by another process: this one would lose it by reading the file."""
    hold = ('import fcntl, sys\nf = open("lock", "w")\nfcntl.lockf(f, fcntl.LOCK_EX)\n'
            f'{then}\nprint(flush=True)\nsys.stdin.read()')
    with subprocess.Popen([sys.executable, '-c', hold], cwd=directory, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield
        process.stdin.close()


def in_use(w):
    for command in (INSTALL, ('uninstall',)):
        refused(w, ['this prefix is in use', 'wineserver -w'], *command)
    w.do('status')


@test('a running wineserver, where Debian has its lock')
def _():
    with world() as w:
        put(os.path.join(w.prefix, 'wineserver'), 'wine-test')
        directory = lock_directory(w, os.path.join(w.tmp, 'wine-test'))
        with locked(directory):
            in_use(w)
        w.do('install', '--app', 'server.exe')


@test('a running wineserver, where Wine has its lock')
def _():
    with world() as w:
        base = f'/tmp/.wine-{os.getuid()}'
        made = not os.path.isdir(base)
        directory = lock_directory(w, base)
        try:
            with locked(directory):
                in_use(w)
            w.do('install', '--app', 'server.exe')
        finally:
            shutil.rmtree(directory)
            if made:
                os.rmdir(base)


@test('a running wineserver, found by its working directory')
def _():
    with world() as w:
        directory = lock_directory(w, w.path)
        with locked(directory):
            in_use(w)
        # One that has given up its lock is done with the registry, even if it is not quite gone.
        with locked(directory, 'fcntl.lockf(f, fcntl.LOCK_UN)'):
            w.do('install', '--app', 'server.exe')


@test('two tools at once')
def _():
    with world() as w:
        fd = os.open(w.prefix, os.O_RDONLY)
        fcntl.flock(fd, fcntl.LOCK_EX)
        for command in (INSTALL, ('uninstall',)):
            refused(w, ['another ntpool-prefix'], *command)
        os.close(fd)


def without_powers():
    """A command prefix under which permissions count also for root."""
    if os.geteuid() != 0:
        return ()
    if not shutil.which('setpriv'):
        raise tap.Skip('running as root without setpriv')
    return ('setpriv', '--bounding-set=-all', '--inh-caps=-all')


def unwritable(name, select):
    @test(f'no permission to write {name}')
    def _():
        with world() as w:
            w.do('install', '--app', 'a.exe')
            tool = (*without_powers(), sys.executable, TOOL)
            path = select(w)
            mode = os.stat(path).st_mode
            os.chmod(path, 0o555)
            try:
                for command in (INSTALL, ('uninstall',)):
                    refused(w, [path, 'may not write here'], *command, tool=tool)
                contains(w.do('status', tool=tool), 'all in order', 'status')
            finally:
                os.chmod(path, mode)


unwritable('the prefix', lambda w: w.prefix)
unwritable('system32', lambda w: w.system32)
unwritable('user.reg', lambda w: w.user_reg)
unwritable('the tool\'s directory', lambda w: os.path.join(w.prefix, '.ntpool'))


@test('a prefix of somebody else')
def _():
    if os.geteuid() != 0:
        raise tap.Skip('needs root')
    with world() as w:
        os.chown(w.prefix, 65534, 65534)
        refused(w, ['belongs to user 65534'], *INSTALL)


@test('a wrong command line')
def _():
    with world() as w:
        before = snapshot(w.path)
        for arguments in ((), ('instal',), ('status', '--app', 'a.exe'), ('install', '--app')):
            result = subprocess.run([sys.executable, TOOL, *arguments], env=w.env, capture_output=True, text=True,
                                    check=False)
            equal(result.returncode, 2, f'{arguments}')
            contains(result.stderr, 'usage:', f'{arguments}')
        equal(difference(before, snapshot(w.path)), [], 'changed')


def forward(w, *arguments):
    return subprocess.run([FORWARD, *arguments], cwd=w.path, capture_output=True, text=True, check=False)


@test('a file that cannot be written: it is named, and the way back is open')
def _():
    limit = 200_000
    with world() as w:
        put(w.user_reg, USER_REG + '\n[Software\\\\Zzz] 1\n' + '"value"="text"\n' * (limit // 10))
        before = snapshot(w.path)
        result = w.run(*INSTALL, tool=('prlimit', f'--fsize={limit}', sys.executable, TOOL))
        equal(result.returncode, 1, result.stderr)
        contains(result.stderr, f'{w.user_reg}: File too large. Once that is mended', 'message')
        w.do('uninstall')
        equal(difference(before, snapshot(w.path)), [], 'after the uninstall')


@test('ntpool-forward leaves no output when it refuses')
def _():
    with world() as w:
        good = os.path.join(w.path, 'good.dll')
        put(good, w.pe)
        put(os.path.join(w.path, 'list'), '# comment\n  CreateThreadpoolWork # and why\r\n\nNew')
        put(os.path.join(w.path, 'empty'), '# nothing\n')
        put(os.path.join(w.path, 'twice'), 'New\nNew\n')
        put(os.path.join(w.path, 'odd'), 'New.Name\n')
        put(os.path.join(w.path, 'text'), 'no DLL\n')
        for arguments, said in (
                (('text', 'out', '--module', 'm', '--exports', 'list'), 'text: not a PE file'),
                (('none', 'out', '--module', 'm', '--exports', 'list'), 'none: No such file'),
                (('.', 'out', '--module', 'm', '--exports', 'list'), '.: Is a directory'),
                (('good.dll', 'out', '--module', '', '--exports', 'list'), 'module'),
                (('good.dll', 'out', '--module', 'm', '--exports', 'none'), 'none: No such file'),
                (('good.dll', 'out', '--module', 'm', '--exports', 'empty'), 'empty: it names no exports'),
                (('good.dll', 'out', '--module', 'm', '--exports', 'twice'), 'twice: a name to redirect is listed'),
                (('good.dll', 'out', '--module', 'm', '--exports', 'odd'), 'odd: a name to redirect'),
                (('good.dll', 'no/out', '--module', 'm', '--exports', 'list'), 'no/out: No such file'),
                (('good.dll', 'tmp', '--module', 'm', '--exports', 'list'), 'tmp: Is a directory')):
            before = snapshot(w.path)
            result = forward(w, *arguments)
            equal((result.returncode, result.stdout), (1, ''), f'{arguments}: {result.stderr}')
            contains(result.stderr, said, 'message')
            equal(difference(before, snapshot(w.path)), [], 'changed by a refusal')
        for arguments in ((), ('good.dll', 'out'), ('good.dll', 'out', 'more', '--module', 'm', '--exports', 'list'),
                          ('good.dll', 'out', '--module', 'm', '--exports'), ('--verify', 'good.dll')):
            equal(forward(w, *arguments).returncode, 2, f'{arguments}')
        equal(forward(w, 'good.dll', 'out', '--module', 'm', '--exports', 'list').returncode, 0, 'a good command line')
        contains(get(os.path.join(w.path, 'out')), b'm.New\0', 'output')
        contains(forward(w, '--verify', 'good.dll', '--exports', 'list').stderr, 'does not export New', 'message')
        equal(forward(w, '--verify', 'out', '--exports', 'list').returncode, 0, 'verify')


sys.exit(tap.run(TESTS))
