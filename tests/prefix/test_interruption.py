# SPDX-License-Identifier: MIT
"""ntpool-prefix killed after each of its steps in turn: the prefix still starts, and the next run completes it."""

import os
import signal
import sys

import tap
from tap import check, contains, equal
from world import OURS, USER_REG, World, difference, get, put, snapshot

FORWARD, WRITE_PE = map(os.path.abspath, sys.argv[1:3])
DLLS = ('kernel32.dll', 'kernelbase.dll')
FILES = DLLS + ('ntpool.dll',)

# A value of the user's own, so that bringing it back matters at every step.
WITH_VALUES = USER_REG.replace('\n[Volatile', '\n[Software\\\\Wine\\\\AppDefaults\\\\a.exe\\\\DllOverrides] 5\n'
                               '"kernel32"="builtin"\n"d3d9"="native"\n\n[Volatile')


def world():
    w = World(FORWARD, WRITE_PE).__enter__()
    put(w.user_reg, WITH_VALUES)
    return w


def generation(w):
    """Which files lie in system32, as one value to compare."""
    return tuple(w.read(name) if os.path.exists(os.path.join(w.system32, name)) else None for name in FILES)


def starts(w, original, wholes):
    """What a loading program needs: Wine's own files or copies, and a whole set wherever an override is in force."""
    now = generation(w)
    copies = {whole[i] for whole in wholes for i in range(2)}
    for i, name in enumerate(DLLS):
        check(now[i] == original[i] or now[i] in copies, f'{name} is neither Wine\'s own nor a whole copy')
    registry = w.registry()
    check(registry.startswith('WINE REGISTRY Version 2\n') and registry.endswith('\n'), 'user.reg is not whole')
    if OURS in registry:
        check(now in wholes, 'an override is in force while the files are not a whole set')
    return now


def interrupted(prepare, arguments, completions):
    """Kills `arguments` at every step; completes with each of `completions`, then uninstalls."""
    def test():
        with_wine = ('8', '9') if prepare == 'upgrade' else ('8',)
        killed = 0
        for completion in completions:
            step = 0
            while True:
                step += 1
                w = world()
                try:
                    original, before = generation(w), snapshot(w.prefix)
                    wholes = set()
                    if prepare != 'fresh':
                        w.do('install', '--app', 'a.exe', '--app', 'b.exe')
                        wholes.add(generation(w))
                    if prepare == 'upgrade':
                        w.set_wine(with_wine[-1].encode())
                        w.make_ntpool(b'2')
                    result = w.run(*arguments, kill_after=step)
                    if arguments[0] == 'install':
                        wholes.add(whole_set(with_wine[-1]))
                    if result.returncode == 0:
                        check(step > 1, 'nothing was interrupted')
                        break
                    equal(result.returncode, -signal.SIGKILL, f'step {step}: {result.stderr}')
                    killed += 1
                    starts(w, original, wholes)
                    w.run('status')
                    w.do(*completion)
                    if completion[0] == 'install':
                        contains(w.do('status'), 'all in order', f'status after step {step} and {completion}')
                        now = generation(w)
                        equal(now, whole_set(with_wine[-1]), f'files after step {step}')
                        w.do('uninstall')
                    elif '--app' in completion:
                        w.do('status')
                        w.do('uninstall')
                    equal(difference(before, snapshot(w.prefix)), [], f'after step {step}, {completion} and uninstall')
                finally:
                    w.__exit__()
        print(f'# {killed} interruptions')
    return test


_wholes = {}


def whole_set(version):
    """The files of an undisturbed install with this Wine; the newer one comes with the newer ntpool.dll."""
    if version not in _wholes:
        with World(FORWARD, WRITE_PE) as w:
            w.set_wine(version.encode())
            if version == '9':
                w.make_ntpool(b'2')
            w.do('install', '--app', 'a.exe')
            _wholes[version] = generation(w)
    return _wholes[version]


def test_twice_interrupted():
    """An install killed late, its completion killed early, and an uninstall killed in the middle of it all."""
    w = world()
    try:
        before = snapshot(w.prefix)
        for arguments, step in ((('install', '--app', 'a.exe'), 9), (('install', '--app', 'b.exe'), 3),
                                (('uninstall',), 4), (('install', '--all'), 6), (('uninstall', '--app', 'b.exe'), 2)):
            equal(w.run(*arguments, kill_after=step).returncode, -signal.SIGKILL, f'{arguments}')
        w.do('install', '--app', 'a.exe')
        w.do('status')
        w.do('uninstall')
        equal(difference(before, snapshot(w.prefix)), [], 'after uninstall')
    finally:
        w.__exit__()


def test_a_left_program_does_not_come_back():
    """An uninstall of one program, killed, then an install of another: the first one stays out."""
    step = 0
    while True:
        step += 1
        w = world()
        try:
            w.do('install', '--app', 'a.exe', '--app', 'b.exe')
            if w.run('uninstall', '--app', 'b.exe', kill_after=step).returncode == 0:
                break
            w.do('install', '--app', 'c.exe')
            out = w.do('status')
            # Killed before anything was written down, the uninstall has not happened.
            if step > 2:
                contains(out, 'for a.exe, c.exe.', f'status after step {step}')
                check('b.exe' not in w.registry(), f'b.exe is back after step {step}')
        finally:
            w.__exit__()
    check(step > 3, 'nothing was interrupted')


def test_a_full_disk():
    """A write that fails is reported, and leaves what a later run completes."""
    w = world()
    try:
        original, before = generation(w), snapshot(w.prefix)
        limited = ('sh', '-c', 'ulimit -f 100; trap "" XFSZ; exec "$0" "$@"', sys.executable,
                   os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools', 'ntpool-prefix'))
        put(w.ntpool, get(w.ntpool) + bytes(1 << 20))
        result = w.run('install', '--app', 'a.exe', tool=limited)
        equal(result.returncode, 1, result.stdout)
        contains(result.stderr, 'File too large', 'message')
        contains(result.stderr, 'run the same command again', 'message')
        check(os.path.isdir(os.path.join(w.prefix, '.ntpool')), 'it failed before it began')
        starts(w, original, set())
        w.do('install', '--app', 'a.exe')
        w.do('status')
        w.do('uninstall')
        equal(difference(before, snapshot(w.prefix)), [], 'after uninstall')
    finally:
        w.__exit__()


INSTALL, UNINSTALL = ('install', '--app', 'a.exe'), ('uninstall',)
TESTS = [
    ('install into a fresh prefix', interrupted('fresh', INSTALL, [INSTALL, UNINSTALL])),
    ('install of one more program',
     interrupted('installed', ('install', '--app', 'c.exe', '--all'), [INSTALL, UNINSTALL])),
    ('renewal after an upgrade', interrupted('upgrade', INSTALL, [INSTALL, UNINSTALL])),
    ('uninstall', interrupted('installed', UNINSTALL, [INSTALL, UNINSTALL])),
    ('uninstall of one program', interrupted('installed', ('uninstall', '--app', 'a.exe'), [INSTALL, UNINSTALL])),
    ('several interruptions', test_twice_interrupted),
    ('a left program does not come back', test_a_left_program_does_not_come_back),
    ('a full disk', test_a_full_disk),
]

sys.exit(tap.run(TESTS))
