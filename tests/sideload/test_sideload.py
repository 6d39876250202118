# SPDX-License-Identifier: MIT
"""test_sideload.py RUN-UNDER-WINE NTPOOL-RUN.exe NTPOOL.dll NTPOOL-FAR.dll VICTIM.exe MIXED.exe LINKED.exe NTPOOL-REWRITE
NTPOOL-FORWARD BARE.exe NEWER.exe SYSTEM-EARLY.exe SYSTEM-LATE.exe

A program that knows nothing of ntpool, as it is and through the launcher: it must do the same, and say who served it.
"""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import tap
from tap import check, contains, equal

(UNDER_WINE, LAUNCHER, NTPOOL, FAR, VICTIM, MIXED, LINKED, REWRITE, FORWARD, BARE,
 NEWER, SYSTEM_EARLY, SYSTEM_LATE) = map(os.path.abspath, sys.argv[1:14])
LIMIT = 240  # seconds for anything; on a quiet machine a run takes one
FOLDER = os.path.dirname(VICTIM)
PREFIX_TOOL = os.path.join(os.path.dirname(UNDER_WINE), '..', 'tools', 'ntpool-prefix')

here = tempfile.mkdtemp(prefix='ntpool-sideload-')
environment = dict(os.environ, NTPOOL_TEST_PREFIX=os.environ.get('NTPOOL_TEST_PREFIX') or os.path.join(
    os.path.dirname(os.path.dirname(FOLDER)), 'wineprefix'))
environment.pop('NTPOOL_LOG', None)


def windows(path):
    return 'Z:' + path.replace('/', '\\')


def run(*command, text='', terminal=None, **extra):
    """Exit code, standard output, standard error. Those go through files: processes that Wine leaves must not hold up."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as given:
        given.write(text.encode())
        given.seek(0)
        code = subprocess.run([UNDER_WINE, *command], stdin=given if terminal is None else terminal, stdout=out, stderr=err, cwd=here, timeout=LIMIT,
                              env=dict(environment, **extra), check=False).returncode
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode('utf-8', 'replace').replace('\r\n', '\n'))
        # Wine's own, now and then: a process closes its socket at exit while a thread of it still uses that.
        texts[1] = re.sub(r'^wine client error:.*\n', '', texts[1], flags=re.MULTILINE)
        return code, *texts


def launch(*arguments, dll=NTPOOL, **options):
    return run(LAUNCHER, '--dll', windows(dll), *arguments, **options)


def servers(text):
    """Who served each use, by what the victim said of itself."""
    found = dict(re.findall(r'^(.*) by (\S+)$', text, re.MULTILINE))
    check(found, f'no uses in {text!r}')
    return set(found.values())


def log_of(*arguments, **options):
    """What launch gives, and the log's lines, without what differs from run to run."""
    path = os.path.join(here, 'log.txt')
    if os.path.exists(path):
        os.unlink(path)
    result = launch('--log', windows(path), *arguments, **options)
    with open(path, encoding='utf-8') as f:
        return result, [re.sub(r'^ntpool\[\d+\] ', '', line) for line in f.read().splitlines()]


def test_untouched():
    """What the victim does by itself is what all runs are compared with."""
    global expected
    code, expected, said = run(VICTIM)
    equal((code, servers(said)), (0, {'ntdll.dll'}), said)
    check(expected.count(': good\n') == len(expected.splitlines()) >= 15, expected)


def same_as_untouched(result, server):
    code, output, said = result
    equal(output, expected, 'standard output')
    equal(code, 0, 'exit code')
    equal(servers(said), {server}, 'served by')


def test_every_way_to_the_functions_leads_to_ntpool():
    result, log = log_of(VICTIM)
    same_as_untouched(result, 'ntpool.dll')
    contains(log[0], 'up version=', 'log')
    contains(log[0], 'program=victim.exe mode=launched', 'log')
    check(re.match(r'redirected exports=96 imports=\d\d modules=3 children=no$', log[1]), log[1])
    contains(log[2], 'down work=200 simple=2 timer=1 wait=1 io=0 legacy_work=1 legacy_wait=1 legacy_timer=1', 'log')
    equal(len(log), 3, f'lines in {log}')


def test_ntpool_more_than_4_gib_away():
    same_as_untouched(launch(VICTIM, dll=FAR), 'ntpool-far.dll')


def test_the_dll_beside_the_launcher():
    shutil.copy2(LAUNCHER, here)
    shutil.copy2(NTPOOL, here)
    same_as_untouched(run(os.path.join(here, 'ntpool-run.exe'), VICTIM), 'ntpool.dll')


# ---- images that are unusual ---------------------------------------------------------------------------------


def copy_plugins():
    for dll in ('imported', 'forward', 'forwarded', 'later', 'apiset', 'delay'):
        shutil.copy2(os.path.join(FOLDER, f'plugin-{dll}.dll'), here)


class Image:
    """A copy of a PE file that is to be changed."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            self.data = bytearray(f.read())
        self.header = self.get('I', 0x3c)
        count = self.get('H', self.header + 6)
        table = self.header + 24 + self.get('H', self.header + 20)
        self.sections = [struct.unpack_from('<4I', self.data, table + 40 * i + 8) for i in range(count)]

    def get(self, kind, offset):
        return struct.unpack_from('<' + kind, self.data, offset)[0]

    def put(self, kind, offset, *values):
        struct.pack_into('<' + kind, self.data, offset, *values)

    def directory(self, index):
        return self.header + 24 + 112 + 8 * index

    def offset(self, address):
        for size, start, _, place in self.sections:
            if start <= address < start + size:
                return place + address - start
        raise AssertionError(f'address {address:#x} lies in no section')

    def save(self, name):
        """Beside the plug-ins, which the program needs."""
        path = os.path.join(here, name)
        with open(path, 'wb') as f:
            f.write(self.data)
        copy_plugins()
        return path


def test_imports_without_a_table_of_names():
    """As some linkers write them: which function a slot is for can be told only by what the loader put into it."""
    image = Image(VICTIM)
    entry = image.offset(image.get('I', image.directory(1)))
    while image.get('I', entry + 12):
        image.put('I', entry, 0)
        entry += 20
    same_as_untouched(launch(image.save('nameless.exe')), 'ntpool.dll')


def bound(path):
    """As BIND.EXE leaves it: the slots hold addresses of DLLs as they were then, and a directory says which those were."""
    image = Image(path)
    entry = image.offset(image.get('I', image.directory(1)))
    names = []
    while image.get('I', entry + 12):
        place = image.offset(image.get('I', entry + 12))
        names.append(bytes(image.data[place:image.data.index(0, place) + 1]))
        table, slot = (image.offset(image.get('I', entry + field)) for field in (0, 16))
        while image.get('Q', table):
            image.put('Q', slot, 0x7ff00000dead)
            table, slot = table + 8, slot + 8
        image.put('I', entry + 4, 0xffffffff)
        entry += 20
    start = image.header + 24 + image.get('H', image.header + 20) + 40 * len(image.sections)
    texts = 8 * (len(names) + 1)
    whole = texts + sum(map(len, names))
    check(start + whole <= image.get('I', image.header + 24 + 60), 'no room in the headers')
    for index, name in enumerate(names):
        image.put('IHH', start + 8 * index, 0x12345678, texts, 0)
        image.data[start + texts:start + texts + len(name)] = name
        texts += len(name)
    image.put('II', image.directory(11), start, whole)
    return image


def test_bound_imports():
    path = bound(VICTIM).save('bound.exe')
    same_as_untouched(run(path), 'ntdll.dll')
    same_as_untouched(launch(path), 'ntpool.dll')


def bare(count):
    """BARE with no more data directories, none for imports, and an optional header that ends behind the last."""
    image = Image(BARE)
    image.put('Q', image.directory(1), 0)
    size = 112 + 8 * count
    table = image.header + 24 + image.get('H', image.header + 20)
    sections = image.data[table:table + 40 * len(image.sections)]
    image.data[image.header + 24 + size:image.header + 24 + size + len(sections)] = sections
    image.put('H', image.header + 20, size)
    image.put('I', image.header + 24 + 108, count)
    return image.save(f'directories-{count}.exe')


def test_no_import_directory():
    for path in (BARE, bare(16), bare(11), bare(2)):  # the first has an empty one
        equal(run(path), (21, 'bare: good\n', 'bare by ntdll.dll\n'), f'{path}, untouched')
        equal(launch(path), (21, 'bare: good\n', 'bare by ntpool.dll\n'), f'{path}, launched')
        equal(launch(path, dll=FAR)[2], 'bare by ntpool-far.dll\n', f'{path}, launched')
    path = bare(1)
    equal(run(path)[0], 21, f'{path}, untouched')
    refused(127, 'have no place for an import directory', path)


def test_functions_that_the_system_lacks():
    """What ntpool has more than kernel32 and kernelbase is found there too."""
    code, output, said = run(NEWER)
    equal((code, output.count(', 0 unsorted\n')), (0, 2), output)
    names = [int(count) for count in re.findall(r': (\d+) names', said)]
    for dll in (NTPOOL, FAR):
        code, launched, said = launch(NEWER, dll=dll)
        equal((code, launched.count(': good\n')), (0, 3), launched)
        equal(servers(said), {os.path.basename(dll)}, 'served by')
        equal(re.findall('.* lost, .*', launched), re.findall('.* lost, .*', output), 'looked up')
        more = 2 if 'missing' in output else 0
        equal([int(count) for count in re.findall(r': (\d+) names', said)], [count + more for count in names], 'names')


def refused(code, words, *arguments, dll=NTPOOL):
    ended, output, said = launch(*arguments, dll=dll)
    equal((ended, output), (code, ''), f'{arguments}: {said}')
    contains(said, words, f'{arguments}')
    contains(said, 'ntpool-run: ', f'{arguments}')


def test_refusals():
    image = Image(VICTIM)
    image.put('H', image.header + 4, 0x14c)
    image.put('H', image.header + 24, 0x10b)
    refused(123, 'a 32-bit x86 program', image.save('narrow.exe'))
    image = Image(VICTIM)
    image.put('H', image.header + 4, 0xaa64)
    refused(123, 'an ARM64 program', image.save('arm.exe'))
    image = Image(VICTIM)
    _, start, _, place = image.sections[0]
    image.put('2I', image.directory(14), start, 72)
    image.put('IHHIII', place, 72, 2, 5, 0, 0, 1)
    refused(124, '.NET', image.save('managed.exe'))
    image = Image(VICTIM)
    image.put('I', image.directory(1), 0x7fffff00)
    broken = image.save('broken.exe')
    check(launch(broken)[0] in (125, 127), 'an import directory that lies nowhere')
    with open(os.path.join(here, 'text.exe'), 'w', encoding='ascii') as f:
        f.write('#!/bin/sh\necho this is no program for Windows\n' * 9)
    refused(125, 'not a Windows program', os.path.join(here, 'text.exe'))
    refused(125, 'this is a DLL', os.path.join(here, 'plugin-later.dll'))
    refused(121, 'there is no such program', 'nowhere\\nothing')
    refused(121, 'on the search path', 'nothing-of-that-name')
    refused(121, 'there is no such program', windows(here) + '\\')
    refused(122, 'there is no such file', VICTIM, dll=os.path.join(here, 'nothing.dll'))
    refused(122, 'this is not an ntpool.dll', VICTIM, dll=os.path.join(here, 'text.exe'))
    refused(122, 'this is not an ntpool.dll', VICTIM, dll=os.path.join(here, 'plugin-later.dll'))
    refused(120, 'no option --nonsense', '--nonsense', VICTIM)
    refused(120, 'no program given')
    refused(120, '--log needs a value', '--log')


def test_a_program_that_may_not_be_opened():
    target = os.path.join(here, 'held.exe')
    shutil.copy2(VICTIM, target)
    code, output, said = run(VICTIM, 'hold', windows(target), windows(LAUNCHER), '--dll', windows(NTPOOL),
                             windows(target))
    equal((code, output), (0, 'held: exit code 126\n'), said)
    contains(said, 'cannot be opened', 'message')


# ---- what is the program's own --------------------------------------------------------------------------------


def test_what_the_program_was_started_with():
    """Through cmd, which hands its command line on as it is."""
    told = []
    for launcher in ('', f'{windows(LAUNCHER)} --dll {windows(NTPOOL)} ', f'{windows(LAUNCHER)} --children '
                     f'--dll={windows(NTPOOL)} -- '):
        with open(os.path.join(here, 'tell.cmd'), 'w', encoding='ascii') as f:
            f.write(f'@cd ..\n@{launcher}"{windows(VICTIM)}"  tell "a b"  c\\"d  "e\\\\" --log x   " "\n')
        code, output, said = run('cmd', '/c', windows(os.path.join(here, 'tell.cmd')), text='one\ntwo\n')
        equal(code, 0, said)
        contains(output, f'command line: <"{windows(VICTIM)}"  tell "a b"  c\\"d  "e\\\\" --log x   " ">', 'told')
        contains(output, f'directory: <{windows(os.path.dirname(here))}>', 'told')
        contains(output, 'input: <one>\ninput: <two>\n', 'told')
        told.append(output)
    equal(told[1], told[0], 'through the launcher')
    equal(told[2], told[0], 'through the launcher, with children')


def test_exit_codes():
    for code in (0, 1, 77, 255):
        equal(launch(VICTIM, 'child', str(code))[0], code, 'exit code')
    # All 32 bits: the first is what Windows says of a process that runs, the second an access violation.
    for code in (259, 0xc0000005):
        output = run(VICTIM, 'hold', windows(__file__), windows(LAUNCHER), '--dll', windows(NTPOOL), windows(VICTIM),
                     'child', str(code - (1 << 32) if code >> 31 else code))[1]
        equal(output, f'child: good\nheld: exit code {code}\n', 'exit code')


def test_ctrl_c():
    ours, theirs = os.openpty()  # gives the programs a console
    try:
        idle = []
        for launcher in ((), (windows(LAUNCHER), '--dll', windows(NTPOOL))):
            code, output, said = run(VICTIM, 'interrupt', *launcher, windows(VICTIM), 'wait', terminal=theirs)
            equal((code, output), (0, 'interrupted: exit code 5\n'), f'{launcher}: {said}')
            idle.append(run(VICTIM, 'interrupt', *launcher, windows(VICTIM), 'idle', terminal=theirs)[:2])
        contains(idle[0][1], 'interrupted: exit code', 'without a handler')
        check('exit code 6' not in idle[0][1], f'without a handler: {idle[0]}')
        equal(idle[1], idle[0], 'without a handler, through the launcher')
    finally:
        os.close(theirs)
        os.close(ours)


# ---- children ----------------------------------------------------------------------------------------------------


def test_children():
    code, output, said = run(VICTIM, 'children')
    equal((code, servers(said)), (0, {'ntdll.dll'}), 'untouched')
    equal(output.count('child: good\n'), 4, output)
    result = launch(VICTIM, 'children')
    equal(result[:2], (code, output), 'children left alone')
    equal(servers(result[2]), {'ntdll.dll'}, 'children left alone')
    result, log = log_of('--children', VICTIM, 'children')
    equal(result[:2], (code, output), 'children taken along')
    equal(servers(result[2]), {'ntpool.dll'}, 'children taken along')
    equal(len([line for line in log if 'program=victim.exe mode=launched' in line]), 5, f'{log}')
    equal(len([line for line in log if 'program=cmd.exe mode=launched' in line]), 1, f'{log}')


# ---- two pools in one process, and one pool twice --------------------------------------------------------------


def test_objects_of_the_systems_pool():
    code, output, said = run(MIXED)
    equal((code, servers(said)), (0, {'ntdll.dll'}), said)
    equal(output.count(': good\n'), 9, output)
    contains(said, 'our pool and their group: served', 'one pool')
    ended, told, said = launch(MIXED)
    equal((ended, told), (code, output), 'two pools')
    equal(servers(said), {'ntdll.dll'}, 'objects of ntdll are served by')
    for mix in ('our pool and their group', 'their pool and our group'):
        contains(said, f'{mix}: refused, error 87\n', 'two pools')


def test_the_systems_own_dlls():
    """One that was there before ntpool keeps its pool; one that is loaded later is led to ntpool."""
    for program, server in ((SYSTEM_EARLY, 'ntdll.dll'), (SYSTEM_LATE, 'ntpool.dll')):
        told = run(program)
        equal((told[0], servers(told[2])), (0, {'ntdll.dll'}), f'{program}, untouched: {told}')
        launched = launch(program)
        equal((launched[:2], servers(launched[2])), (told[:2], {server}), f'{program}, launched')


def one_pool(log, name):
    """The log of one process: one copy came up, and its callbacks are all there."""
    ups = [line for line in log if line.startswith('up ')]
    equal(len(ups), 1, f'copies that serve, in {log}')
    contains(ups[0], f'program={name} ', 'log')
    return next(line for line in log if line.startswith('down '))


def test_launcher_and_linked():
    (code, output, said), log = log_of(LINKED, dll=FAR)
    equal(code, 0, f'{output}{said}')
    check('not ok' not in output, output)
    contains(one_pool(log, 'linked.exe'), 'work=1000 ', 'log')


def test_launcher_and_rewritten():
    path = os.path.join(here, 'victim.exe')
    copy_plugins()
    shutil.copy2(NTPOOL, here)
    subprocess.run([REWRITE, VICTIM, '-o', path], check=True, stdout=subprocess.DEVNULL, timeout=LIMIT)
    result, log = log_of(path, dll=FAR)
    same_as_untouched(result, 'ntpool-far.dll')
    contains(one_pool(log, 'victim.exe'), 'work=200 ', 'log')


def test_launcher_and_prefix():
    prefix = os.path.join(here, 'prefix')
    own = {'NTPOOL_TEST_PREFIX': prefix}
    equal(run('cmd', '/c', 'exit', **own)[0], 0, 'a prefix is made')
    server = dict(environment, WINEPREFIX=prefix)
    try:
        subprocess.run(['wineserver', '-k'], env=server, check=False, timeout=LIMIT)
        subprocess.run(['wineserver', '-w'], env=server, check=False, timeout=LIMIT)
        subprocess.run([sys.executable, PREFIX_TOOL, 'install', '--prefix', prefix, '--app', 'victim.exe'], check=True,
                       env=dict(environment, NTPOOL_FORWARD=FORWARD, NTPOOL_DLL=NTPOOL), stdout=subprocess.DEVNULL,
                       timeout=LIMIT)
        result, log = log_of(VICTIM, dll=FAR, **own)
        # Whichever the loader attached first serves all.
        same_as_untouched(result, 'ntpool-far.dll' if 'ntpool-far.dll' in servers(result[2]) else 'ntpool.dll')
        contains(one_pool(log, 'victim.exe'), 'work=200 ', 'log')
    finally:
        subprocess.run(['wineserver', '-k'], env=server, check=False, timeout=LIMIT)


def test_dry_run():
    code, output, _ = launch('--dry-run', VICTIM)
    equal(code, 0, 'exit code')
    for line in (f'program: {windows(VICTIM)}', f'ntpool: {windows(NTPOOL)}', '  plugin-imported.dll\n'):
        contains(output, line, 'output')
    names = re.findall(r'    from (\S+): (.*)', output)
    equal([dll.lower() for dll, _ in names], ['kernel32.dll'] * 2, output)
    contains(names[0][1], 'RegisterWaitForSingleObject', 'of the program')
    check('CreateEventW' not in output, 'what is not redirected')


def test_help_and_version():
    for option, words in (('--help', 'usage: ntpool-run.exe'), ('--version', 'ntpool-run ')):
        code, output, said = run(LAUNCHER, option)
        equal((code, said), (0, ''), option)
        contains(output, words, option)


try:
    status = tap.run([(name[5:].replace('_', ' '), test) for name, test in list(globals().items())
                      if name.startswith('test_')])
finally:
    shutil.rmtree(here, ignore_errors=True)
sys.exit(status)
