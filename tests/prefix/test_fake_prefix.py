# SPDX-License-Identifier: MIT
"""ntpool-prefix on made-up prefixes: what it does, that it can be undone, that it does not mind being repeated."""

import os
import shutil
import sys

import tap
from tap import check, contains, equal
from world import OURS, ROOT, USER_REG, World, difference, get, put, snapshot

FORWARD, WRITE_PE = map(os.path.abspath, sys.argv[1:3])
APP_KEY = '[Software\\\\Wine\\\\AppDefaults\\\\%s\\\\DllOverrides]'
VALUES = f'"kernel32"={OURS}\n"kernelbase"={OURS}\n'


def world():
    return World(FORWARD, WRITE_PE)


def section(registry, header):
    """The text of a section, without its header."""
    check(header in registry, f'user.reg has no {header}')
    text = registry.split(header, 1)[1].split('\n', 1)[1]
    return text.split('\n[', 1)[0]


def unchanged(before, w, what):
    equal(difference(before, snapshot(w.prefix)), [], what)


def test_install_places_everything():
    with world() as w:
        out = w.do('install', '--app', 'server.exe')
        contains(out, 'server.exe', 'output')
        equal(w.read('ntpool.dll'), get(w.ntpool), 'ntpool.dll')
        for name in ('kernel32.dll', 'kernelbase.dll'):
            copy, source = w.read(name), get(w.wine_dll(name))
            equal(copy[0x40:0x60], bytes(32), f'signature of {name}')
            equal(copy[0x400:0x600], source[0x400:0x600], f'code of {name}')
            contains(copy, b'C:\\windows\\system32\\ntpool.CreateThreadpoolWork\0', name)
        contains(w.read('kernel32.dll'), b'ntpool.UnregisterWait\0', 'kernel32.dll')
        check(b'ntpool.UnregisterWait\0' not in w.read('kernelbase.dll'), 'kernelbase.dll got a name of kernel32 alone')
        contains(section(w.registry(), APP_KEY % 'server.exe'), VALUES, 'values of server.exe')
        equal(section(w.registry(), '[Software\\\\Wine\\\\DllOverrides]').count(OURS), 0, 'global values')
        contains(w.do('status'), 'all in order', 'status')


def test_all_is_global():
    with world() as w:
        before = snapshot(w.prefix)
        contains(w.do('install', '--all'), 'all programs', 'output')
        contains(section(w.registry(), '[Software\\\\Wine\\\\DllOverrides]'), VALUES, 'global values')
        w.do('uninstall', '--all')
        unchanged(before, w, 'after uninstall --all')


REGISTRIES = {
    'as Wine makes it': USER_REG,
    'without any Wine keys': USER_REG.split('\n[Software')[0],
    'without keys': USER_REG.split('\n[Control')[0],
    'with our key last': USER_REG.split('\n[Volatile')[0].split('\n[Software\\\\Wine\\\\DllOverrides')[0],
    'with an empty key of the program': USER_REG.replace(
        '\n[Volatile', f'\n{APP_KEY % "Server.EXE"} 5\n#time=5\n\n[Volatile'),
    'with values of the program': USER_REG.replace(
        '\n[Volatile', f'\n{APP_KEY % "SERVER.exe"} 5\n#time=5\n"*d3d9"="native"\n"Kernel32"="builtin"\n'
        '"x"=hex:01,\\\n  02\n\n[Volatile'),
    'with our values already': USER_REG.replace('\n[Volatile', f'\n{APP_KEY % "server.exe"} 5\n{VALUES}\n[Volatile'),
    'with one value already': USER_REG.replace(
        '\n[Volatile', f'\n{APP_KEY % "server.exe"} 5\n"kernelbase"={OURS}\n\n[Volatile'),
    'with a blank line at the end': USER_REG + '\n',
    'with a global override': USER_REG.replace(
        '=1dd7af8a2f80648\n', '=1dd7af8a2f80648\n"kernel32"="builtin"\n"z"=""\n'),
    'with characters that end lines elsewhere': USER_REG.replace('"a \\"b', '"a\x85\x0c\x1c\x0b \\"b'),
}


def reversal(text):
    def test():
        for programs in (['--app', 'server.exe'], ['--all'], ['--app', 'server.exe', '--app', 'b.exe', '--all'],
                         ['--app', 'a.exe', '--app', 'zürich 💻 [x].exe']):
            with world() as w:
                put(w.user_reg, text)
                os.chmod(w.user_reg, 0o640)
                before = snapshot(w.prefix)
                w.do('install', *programs)
                equal(w.run('install', *programs).returncode, 0, 'a second install')
                contains(w.do('status'), 'all in order', 'status')
                w.do('uninstall')
                unchanged(before, w, f'after uninstall of {programs}')
    return test


def test_repeated_install_changes_nothing():
    with world() as w:
        w.do('install', '--app', 'server.exe')
        before = snapshot(w.prefix)
        contains(w.do('install', '--app', 'SERVER.EXE'), 'nothing had to be changed', 'output')
        unchanged(before, w, 'after a second install')


def test_programs_come_and_go():
    with world() as w:
        before = snapshot(w.prefix)
        w.do('install', '--app', 'a.exe')
        w.do('install', '--app', 'b.exe', '--app', 'c.exe')
        contains(w.do('status'), 'for a.exe, b.exe, c.exe', 'status')
        w.do('uninstall', '--app', 'B.exe')
        check(APP_KEY % 'b.exe' not in w.registry(), 'b.exe is still in user.reg')
        contains(w.do('status'), 'for a.exe, c.exe.', 'status')
        w.do('uninstall', '--app', 'a.exe', '--app', 'c.exe')
        unchanged(before, w, 'after the last program left')


def test_uninstall_of_nothing():
    with world() as w:
        before = snapshot(w.prefix)
        contains(w.do('uninstall'), 'not installed', 'uninstall')
        contains(w.do('status'), 'not installed', 'status')
        unchanged(before, w, 'after uninstall')


def test_renewal_after_wine_upgrade():
    with world() as w:
        before = snapshot(w.prefix)
        w.do('install', '--app', 'server.exe')
        w.set_wine(b'9')
        result = w.run('status')
        equal(result.returncode, 1, 'status')
        contains(result.stdout, 'stale', 'status')
        contains(w.do('install', '--app', 'server.exe'), 'placed in system32: kernelbase.dll, kernel32.dll', 'output')
        equal(w.read('kernel32.dll')[0x400:0x40d], b'9kernel32.dll', 'renewed copy')
        w.do('status')
        w.do('uninstall')
        unchanged(before, w, 'after uninstall')


def test_renewal_of_ntpool():
    with world() as w:
        w.do('install', '--app', 'server.exe')
        w.make_ntpool(b'2')
        contains(w.do('status'), 'another ntpool.dll', 'status')
        contains(w.do('install', '--app', 'server.exe'), 'placed in system32: ntpool.dll', 'output')
        equal(w.read('ntpool.dll'), get(w.ntpool), 'ntpool.dll')


def test_values_changed_by_the_user_stay():
    with world() as w:
        w.do('install', '--app', 'server.exe')
        put(w.user_reg, w.registry().replace(f'"kernel32"={OURS}', '"kernel32"="builtin"\n"other"="native"'))
        result = w.run('status')
        equal(result.returncode, 1, 'status')
        contains(result.stdout, 'no longer both', 'status')
        w.do('uninstall')
        equal(section(w.registry(), APP_KEY % 'server.exe').split('\n', 1)[1],
              '"kernel32"="builtin"\n"other"="native"\n', 'values')


def test_install_over_a_changed_value_brings_it_back():
    with world() as w:
        w.do('install', '--app', 'server.exe')
        put(w.user_reg, w.registry().replace(f'"kernel32"={OURS}', '"kernel32"="builtin"'))
        w.do('install', '--app', 'server.exe')
        w.do('status')
        w.do('uninstall')
        contains(w.registry(), '"kernel32"="builtin"', 'user.reg')


def test_empty_parent_key_dropped_by_wine():
    parent = '\n[Software\\\\Wine\\\\AppDefaults] 1795403619\n#time=1dd7af8a2f81c82\n'
    with world() as w:
        before = snapshot(w.prefix)
        w.do('install', '--app', 'a.exe')
        # Wine writes no section for a key that has no values and is not the last of its branch.
        check(parent in w.registry(), 'no parent section')
        put(w.user_reg, w.registry().replace(parent, ''))
        w.do('install', '--app', 'b.exe')
        w.do('uninstall', '--app', 'a.exe')
        w.do('uninstall', '--app', 'b.exe')
        unchanged(before, w, 'after uninstall')


def test_wines_own_file_put_back():
    """As after somebody deleted our copies and ran wineboot."""
    with world() as w:
        w.do('install', '--app', 'server.exe')
        for name in ('kernel32.dll', 'kernelbase.dll'):
            shutil.copy2(w.wine_dll(name), w.system32)
        equal(w.run('status').returncode, 1, 'status')
        w.do('install', '--app', 'server.exe')
        w.do('status')
        shutil.copy2(w.wine_dll('kernel32.dll'), w.system32)
        w.do('uninstall')
        equal(w.read('kernel32.dll'), get(w.wine_dll('kernel32.dll')), 'kernel32.dll')
        equal(sorted(os.listdir(w.system32)), ['kernel32.dll', 'kernelbase.dll'], 'system32')


def test_case_and_links():
    """File names in another case, a placeholder that is a symbolic link, drive C elsewhere."""
    with world() as w:
        os.rename(os.path.join(w.system32, 'kernel32.dll'), os.path.join(w.system32, 'KERNEL32.dll'))
        os.unlink(os.path.join(w.system32, 'kernelbase.dll'))
        os.symlink(w.wine_dll('kernelbase.dll'), os.path.join(w.system32, 'kernelbase.dll'))
        os.rename(os.path.join(w.prefix, 'drive_c', 'windows'), os.path.join(w.prefix, 'drive_c', 'Windows'))
        os.rename(os.path.join(w.prefix, 'drive_c'), os.path.join(w.path, 'c'))
        os.mkdir(os.path.join(w.prefix, 'dosdevices'))
        os.symlink('../../c', os.path.join(w.prefix, 'dosdevices', 'c:'))
        os.rename(w.user_reg, os.path.join(w.path, 'user.reg'))
        os.symlink('../user.reg', w.user_reg)
        before, drive = snapshot(w.prefix), snapshot(os.path.join(w.path, 'c'))
        w.do('install', '--app', 'server.exe')
        equal(sorted(os.listdir(os.path.join(w.path, 'c/Windows/system32'))),
              ['KERNEL32.dll', 'kernelbase.dll', 'ntpool.dll'], 'system32')
        w.do('status')
        w.do('uninstall')
        unchanged(before, w, 'prefix after uninstall')
        equal(difference(drive, snapshot(os.path.join(w.path, 'c'))), [], 'drive C after uninstall')


def test_default_prefix():
    with world() as w:
        os.rename(w.prefix, os.path.join(w.path, '.wine'))
        w.prefix = os.path.join(w.path, '.wine')
        for env in ({}, {'WINEPREFIX': w.prefix}):
            code = (f'import sys; sys.path.insert(0, {os.path.join(ROOT, "tools")!r}); from ntpool_prefix import cli; '
                    'sys.exit(cli.main(["status"], "."))')
            result = w.run('status', tool=(sys.executable, '-Bc', code), **env)
            equal((result.returncode, result.stderr), (0, ''), 'status')
            contains(result.stdout, w.prefix, 'status')


def test_ways_to_name_a_prefix():
    """Blanks and other letters in its name, a relative path, a symbolic link, and no home directory."""
    with world() as w:
        place = os.path.join(w.path, 'my prefixes')
        os.mkdir(place)
        os.rename(w.prefix, os.path.join(place, 'pr\u00e9fixe "\u65e5"'))
        w.prefix = os.path.join(place, 'pr\u00e9fixe "\u65e5"')
        os.symlink(w.prefix, os.path.join(place, 'link'))
        before = snapshot(w.prefix)
        relative = os.path.relpath(w.prefix)
        del w.env['HOME']
        for where in (('--prefix', w.prefix), ('--prefix', relative), ('--prefix', w.prefix + '/.//'),
                      ('--prefix', os.path.join(place, 'link')), ('--prefix', os.path.join(place, 'link', ''))):
            for command in (['install', '--app', 'caf\u00e9 2.exe'], ['status'], ['uninstall']):
                contains(w.do(*command, *where), f'{w.prefix}: ntpool is', f'{command} {where}')
            unchanged(before, w, f'uninstall {where}')
        os.rename(w.prefix, os.path.join(os.fsencode(place), b'pre\xfffix'))
        w.prefix = os.path.join(place, os.fsdecode(b'pre\xfffix'))
        for encoding in ('ascii', 'utf-8:strict'):
            for command in (['install', '--app', 'caf\u00e9 2.exe'], ['status'], ['uninstall']):
                w.do(*command, PYTHONIOENCODING=encoding)
            unchanged(before, w, f'uninstall where output is {encoding}')


WINES = {
    'Debian': ('bin/wine', '#!/bin/sh\nexec {root}/lib/wine/wine64 "$@"\n', 'lib/x86_64-linux-gnu/wine',
               'lib/wine/wine64'),
    'one tree': ('opt/wine-devel/bin/wine', '', 'opt/wine-devel/lib/wine', None),
    'lib64': ('usr/bin/wine', '', 'usr/lib64/wine', None),
    'a wrapper elsewhere': ('bin/wine', '#!/bin/sh\nexec "{root}/store/wine-9/bin/wine" "$@"\n',
                            'store/wine-9/lib/wine', 'store/wine-9/bin/wine'),
}


def finds_wine(command, text, library, loader):
    def test():
        with world() as w:
            root = os.path.join(w.path, 'root')
            for path, content in ((command, text.format(root=root)), (loader, '\x7fELF')):
                if path:
                    os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                    put(os.path.join(root, path), content)
                    os.chmod(os.path.join(root, path), 0o755)
            os.makedirs(os.path.dirname(os.path.join(root, library)), exist_ok=True)
            os.rename(w.wine, os.path.join(root, library))
            link = os.path.join(w.path, 'links')
            os.mkdir(link)
            os.symlink(os.path.join(root, command), os.path.join(link, 'wine'))
            for env in ({'PATH': os.path.dirname(os.path.join(root, command))}, {'PATH': link},
                        {'WINELOADER': os.path.join(root, command), 'PATH': '/nowhere'}):
                out = w.do('install', '--app', 'server.exe', wine_dir=False, **env)
                contains(out, 'server.exe', 'install')
                contains(w.do('status', wine_dir=False, **env), os.path.join(root, library), 'status')
                w.do('uninstall')
    return test


def test_installed_layout():
    with world() as w:
        data = os.path.join(w.path, 'inst', 'share', 'ntpool')
        tool = os.path.join(w.path, 'inst', 'bin', 'ntpool-prefix')
        shutil.copytree(os.path.join(ROOT, 'tools', 'ntpool_prefix'), os.path.join(data, 'ntpool_prefix'))
        os.mkdir(os.path.dirname(tool))
        shutil.copy2(os.path.join(ROOT, 'tools', 'ntpool-prefix'), tool)
        shutil.copy2(w.ntpool, os.path.dirname(tool))
        shutil.copy2(w.forward, os.path.join(data, 'ntpool-forward'))
        for name in ('kernel32', 'kernelbase'):
            shutil.copy2(os.path.join(ROOT, 'dlls', name, 'exports.txt'), os.path.join(data, name + '.exports'))
        del w.env['NTPOOL_DLL'], w.env['NTPOOL_FORWARD']
        w.do('install', '--app', 'server.exe', tool=(tool,))
        contains(w.do('status', tool=(tool,)), 'all in order', 'status')


TESTS = [(name[5:].replace('_', ' '), test) for name, test in list(globals().items()) if name.startswith('test_')]
TESTS += [(f'user.reg {name} comes back to the byte', reversal(text)) for name, text in REGISTRIES.items()]
TESTS += [(f'the DLLs of Wine are found: {name}', finds_wine(*parts)) for name, parts in WINES.items()]

sys.exit(tap.run(TESTS))
