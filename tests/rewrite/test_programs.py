# SPDX-License-Identifier: MIT
"""test_programs.py REWRITE RUN-UNDER-WINE NTPOOL.dll VICTIM.exe PLUGIN.dll

Rewrites programs that run, and runs them: the same output as before, and ntpool's log says who served. Speaks TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

REWRITE, RUN, NTPOOL, VICTIM, PLUGIN = map(os.path.abspath, sys.argv[1:6])
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'prefix'))
import tap  # noqa: E402
from tap import check, contains, equal  # noqa: E402

TIME_LIMIT = 240
EXPECTED = ['work callbacks: 100', 'timer: yes, 1', 'wait: yes, 1', 'native work item: yes', 'plug-in: 5']


class Folder:
    """The program and its DLL in a folder of their own."""

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix='ntpool-rewrite-')
        self.path = self.temporary.name
        shutil.copy(VICTIM, self.at('victim.exe'))
        shutil.copy(PLUGIN, self.at('plugin.dll'))
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def at(self, name):
        return os.path.join(self.path, name)

    def rewrite(self, *arguments):
        result = subprocess.run([REWRITE, *arguments], cwd=self.path, capture_output=True, text=True, timeout=TIME_LIMIT)
        equal(result.returncode, 0, f'exit code of {arguments}: {result.stderr}')
        return result.stdout

    def run(self):
        """Output lines and the log's counters, {} when ntpool was not there."""
        log = self.at('log.txt')
        if os.path.exists(log):
            os.remove(log)
        environment = dict(os.environ, NTPOOL_LOG='Z:' + log.replace('/', '\\'))
        result = subprocess.run([RUN, self.at('victim.exe'), 'items'], cwd=self.path, env=environment,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT)
        equal(result.returncode, 42, f'exit code: {result.stdout}{result.stderr}')
        if not os.path.exists(log):
            return result.stdout.splitlines(), {}
        with open(log, encoding='ascii') as lines:
            down = [line for line in lines if ' down ' in line]
        equal(len(down), 1, 'closing lines in the log')
        return result.stdout.splitlines(), {key: int(n) for key, n in re.findall(r'(\w+)=(\d+)', down[0])}


def served(counters, **wanted):
    equal({key: counters.get(key) for key in wanted}, wanted, 'callbacks that ntpool ran')


def untouched():
    with Folder() as folder:
        equal(folder.run(), (EXPECTED, {}), 'an untouched program')


def program_alone():
    with Folder() as folder:
        said = folder.rewrite('victim.exe', '--in-place')
        for part in ('from KERNEL32.dll: ', 'from api-ms-win-core-threadpool-l1-2-0.dll: ', 'from ntdll.dll: ',
                     'from KERNELBASE.dll (delay-loaded): CloseThreadpoolWait'):
            contains(said, part, 'report')
        shutil.copy(NTPOOL, folder.at('ntpool.dll'))
        output, counters = folder.run()
        equal(output, EXPECTED, 'output')
        served(counters, work=100, timer=1, wait=1, legacy_work=1)


def program_and_dll():
    with Folder() as folder:
        folder.rewrite('victim.exe', '--in-place')
        folder.rewrite('plugin.dll', '--in-place')
        shutil.copy(NTPOOL, folder.at('ntpool.dll'))
        output, counters = folder.run()
        equal(output, EXPECTED, 'output')
        served(counters, work=100, timer=1, wait=1, legacy_work=6)


def dll_alone():
    with Folder() as folder:
        folder.rewrite('plugin.dll', '--in-place')
        shutil.copy(NTPOOL, folder.at('ntpool.dll'))
        output, counters = folder.run()
        equal(output, EXPECTED, 'output')
        served(counters, work=0, timer=0, wait=0, legacy_work=5)


def and_back():
    with Folder() as folder:
        folder.rewrite('victim.exe', '--in-place')
        folder.rewrite('plugin.dll', '--in-place')
        folder.rewrite('victim.exe', '--undo')
        folder.rewrite('plugin.dll', '--undo')
        for name, original in (('victim.exe', VICTIM), ('plugin.dll', PLUGIN)):
            with open(folder.at(name), 'rb') as now, open(original, 'rb') as before:
                check(now.read() == before.read(), f'{name} is not what it was')
        equal(folder.run(), (EXPECTED, {}), 'the program after an undo')


sys.exit(tap.run([
    ('an untouched program runs on the system\'s pool', untouched),
    ('a rewritten program: imports from kernel32, an API set, ntdll, and delay-loaded ones', program_alone),
    ('a rewritten program with a rewritten DLL', program_and_dll),
    ('a rewritten DLL in an untouched program', dll_alone),
    ('both undone', and_back),
]))
