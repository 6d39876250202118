# SPDX-License-Identifier: MIT
"""ntpool-prefix on a prefix of the Wine at hand. The tests build on one another, in this order, in one prefix."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tap
from tap import check, contains, equal
from world import OURS, ROOT, difference, get, snapshot

FORWARD, PROBE, NTPOOL = map(os.path.abspath, sys.argv[1:4])
TOOL = os.path.join(ROOT, 'tools', 'ntpool-prefix')
# What tests/run-under-wine says of addresses goes for this Wine, too.
WINE = ['setarch', '-R', 'wine'] if subprocess.run(['setarch', '-R', 'true'], stderr=subprocess.DEVNULL,
                                                   check=False).returncode == 0 else ['wine']
LIMIT = 300  # seconds for anything that Wine does; on a quiet machine a boot takes ten
DLLS = ('kernel32.dll', 'kernelbase.dll')
API_SET = 'api-ms-win-core-threadpool-l1-2-0.dll'
KEY = 'AppDefaults\\\\probe.exe\\\\DllOverrides'

here = tempfile.mkdtemp(prefix='ntpool-wine-')
prefix = os.path.join(here, 'prefix')
system32 = os.path.join(prefix, 'drive_c', 'windows', 'system32')
environment = dict(os.environ, WINEPREFIX=prefix, WINEDEBUG='-all',
                   WINEDLLOVERRIDES='winedbg.exe,winemenubuilder.exe=d;mscoree,mshtml=',
                   NTPOOL_FORWARD=FORWARD, NTPOOL_DLL=NTPOOL)
environment.pop('NTPOOL_LOG', None)


def exports(name):
    with open(os.path.join(ROOT, 'dlls', name, 'exports.txt'), encoding='ascii') as f:
        return [line.split('#')[0].strip() for line in f if line.split('#')[0].strip()]


ASKED = [DLLS[0], *exports('kernel32'), 'ReadFile', DLLS[1], *exports('kernelbase'), API_SET, 'CreateThreadpoolWork']


def wine(*arguments):
    result = subprocess.run([*WINE, *arguments], env=environment, cwd=here, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=LIMIT, check=False)
    return result.returncode, result.stdout.decode('utf-8', 'replace').replace('\r\n', '\n')


def idle():
    """Waits until the prefix has no wineserver any more."""
    subprocess.run(['wineserver', '-w'], env=environment, timeout=LIMIT, check=True)


def tool(*arguments, kill_after=0):
    return subprocess.run([sys.executable, TOOL, *arguments], capture_output=True, text=True, check=False,
                          env=dict(environment, NTPOOL_PREFIX_KILL_AFTER=str(kill_after)))


def do(*arguments):
    result = tool(*arguments)
    equal((result.returncode, result.stderr), (0, ''), f'{arguments}')
    return result.stdout


def probe(name):
    """Runs the probe under a program's name; for each DLL and export the file that serves it."""
    status, output = wine(os.path.join(here, name), *ASKED)
    idle()
    equal(status, 0, f'{name}: {output}')
    contains(output, 'callbacks ran\n', name)
    lines = [line.split(' ', 2) for line in output.splitlines() if re.match(r'\S+\.dll ', line)]
    equal(len(lines), len([a for a in ASKED if not a.endswith('.dll')]), f'answers of {name}')
    return {(dll, export): os.path.basename(path.replace('\\', '/')) for dll, export, path in lines}, \
        output.splitlines()[-1]


def on_ntpool(name):
    served, page = probe(name)
    wrong = {k: v for k, v in served.items() if v != ('kernel32.dll' if k[1] == 'ReadFile' else 'ntpool.dll')}
    equal(wrong, {}, f'{name} is served by')
    equal(page, code_page, 'code page')


def on_builtin(name):
    served, page = probe(name)
    equal(served, builtin, f'{name} is served by')
    equal(page, code_page, 'code page')


def everyday():
    """What everyday commands print, without what differs from run to run anyway."""
    said = {}
    for command in (['cmd', '/c', 'dir'], ['cmd', '/c', 'dir', '/b', 'C:\\windows\\system32\\drivers'],
                    ['reg', 'query', 'HKCU\\Software\\Wine\\Debug'],
                    ['reg', 'query', 'HKLM\\System\\CurrentControlSet\\Control\\Nls\\CodePage', '/v', 'ACP'],
                    ['tasklist'], ['msiexec', '/?'], ['wineboot', '-u'], ['cmd', '/c', 'exit 7']):
        status, output = wine(*command)
        # The directory's own entries carry the time of the last change beside it.
        lines = [line for line in output.splitlines() if ' free' not in line and '<DIR>' not in line]
        if command == ['tasklist']:
            # Services come up by and by; these two are always there (Wine 8.0 lists nothing at all).
            lines = [name for name in ('services.exe', 'tasklist.exe') if name in output.lower()]
        said[' '.join(command)] = (status, lines)
    idle()
    return said


def everyday_as_before(when):
    now = everyday()
    changed = [f'{c}: {now[c]} instead of {said}' for c, said in before_everyday.items() if now[c] != said]
    equal(changed, [], f'everyday commands {when}')


def files():
    return {name: get(os.path.join(system32, name)) for name in DLLS}


def registry():
    with open(os.path.join(prefix, 'user.reg'), encoding='latin-1') as f:
        return f.read()


def test_the_builtin_pool_before():
    global builtin, code_page, before_everyday, placeholders
    for name in ('probe.exe', 'other.exe'):
        shutil.copy2(PROBE, os.path.join(here, name))
    subprocess.run(['wineboot', '-i'], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=LIMIT, check=True)
    idle()
    builtin, code_page = probe('probe.exe')
    check('ntpool.dll' not in builtin.values(), f'ntpool.dll in a new prefix: {builtin}')
    before_everyday = everyday()
    placeholders = files()


def test_a_prefix_in_use():
    with subprocess.Popen([*WINE, os.path.join(here, 'probe.exe'), 'hold'], env=environment, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as holder:
        holder.stdout.readline()
        before = snapshot(system32)
        for arguments in (('install', '--app', 'probe.exe'), ('uninstall',)):
            result = tool(*arguments)
            equal(result.returncode, 1, f'{arguments}')
            contains(result.stderr, 'this prefix is in use', 'message')
        equal(difference(before, snapshot(system32)), [], 'changed')
        check(not os.path.exists(os.path.join(prefix, '.ntpool')), 'a refused install left its directory')
        holder.stdin.close()
    idle()


def test_back_to_the_byte():
    before = snapshot(prefix)
    do('install', '--app', 'probe.exe', '--all')
    do('uninstall')
    equal(difference(before, snapshot(prefix)), [], 'after install and uninstall')


def test_one_program():
    do('install', '--app', 'probe.exe')
    on_ntpool('probe.exe')
    on_builtin('other.exe')
    everyday_as_before('on ntpool')
    contains(do('status'), 'all in order', 'status after Wine wrote its registry')


def test_wineboot_leaves_the_copies():
    copies = files()
    os.unlink(os.path.join(prefix, '.update-timestamp'))
    equal(wine('wineboot', '-u')[0], 0, 'wineboot -u')
    idle()
    equal([n for n in DLLS if files()[n] != copies[n]], [], 'changed by wineboot -u')
    contains(do('status'), 'all in order', 'status')
    on_ntpool('probe.exe')


def test_uninstall_of_one_program():
    do('install', '--app', 'other.exe')
    on_ntpool('other.exe')
    do('uninstall', '--app', 'other.exe')
    on_builtin('other.exe')
    on_ntpool('probe.exe')
    do('uninstall')
    on_builtin('probe.exe')
    equal([n for n in DLLS if files()[n] != placeholders[n]], [], 'files that are not back')
    check(not os.path.exists(os.path.join(system32, 'ntpool.dll')), 'ntpool.dll is still there')
    check(OURS not in registry() and KEY not in registry(), 'user.reg still has our values')
    contains(registry(), '[Software\\\\Wine\\\\AppDefaults]', 'the key that was there before')


def test_the_whole_prefix():
    do('install', '--all')
    everyday_as_before('on ntpool')
    on_ntpool('probe.exe')
    on_ntpool('other.exe')
    contains(do('status'), 'all in order', 'status')
    do('uninstall')
    everyday_as_before('after uninstall')
    on_builtin('probe.exe')


def test_interrupted():
    for step in (4, 8, 10, 12):
        check(tool('install', '--app', 'probe.exe', kill_after=step).returncode < 0, f'not killed at step {step}')
        equal(wine('cmd', '/c', 'exit 7')[0], 7, f'cmd after step {step}')
        idle()
        served, _ = probe('probe.exe')
        check(set(served.values()) in (set(builtin.values()), {'kernel32.dll', 'ntpool.dll'}), f'a mix at step {step}')
        do('uninstall')
    on_builtin('probe.exe')


def clean_up():
    with contextlib.suppress(subprocess.SubprocessError):
        subprocess.run(['wineserver', '-k'], env=environment, timeout=LIMIT, check=False)
        idle()
    shutil.rmtree(here, ignore_errors=True)


try:
    code = tap.run([(name[5:].replace('_', ' '), test) for name, test in list(globals().items())
                    if name.startswith('test_')])
finally:
    clean_up()
sys.exit(code)
