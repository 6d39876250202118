# SPDX-License-Identifier: MIT
"""test_run_under_wine.py RUN-UNDER-WINE

run-under-wine with a loader that is made up: what it is started with.
"""

import os
import shutil
import subprocess
import sys
import tempfile

import tap
from tap import Skip, equal

UNDER_WINE = os.path.abspath(sys.argv[1])
NO_RANDOMIZATION = 0x40000  # of personality(2)

here = tempfile.mkdtemp(prefix='ntpool-run-under-wine-')
loader = os.path.join(here, 'wine64')
prefix = os.path.join(here, 'prefix')


def make():
    os.mkdir(prefix)
    with open(os.path.join(prefix, 'system.reg'), 'w', encoding='ascii'):
        pass
    with open(loader, 'w', encoding='ascii') as f:
        f.write('#!/bin/sh\ncat /proc/self/personality\nprintf "<%s>" "$@"\nexit 7\n')
    os.chmod(loader, 0o755)


def run(*command):
    """The exit code, whether addresses are random, and the arguments."""
    result = subprocess.run([UNDER_WINE, *command], capture_output=True, text=True, check=False, timeout=60,
                            env=dict(os.environ, WINE=loader, WINESERVER='/bin/false', NTPOOL_TEST_PREFIX=prefix))
    personality, _, arguments = result.stdout.partition('\n')
    return result.returncode, not int(personality, 16) & NO_RANDOMIZATION, arguments


def test_arguments_and_exit_code():
    code, _, arguments = run('program.exe', 'a b', '', '*')
    equal((code, arguments), (7, '<program.exe><a b><><*>'), 'what the loader was started with')


def test_the_heap_is_kept_out_of_the_way():
    if subprocess.run(['setarch', '-R', 'true'], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise Skip('this container does not allow it')
    equal(run('program.exe')[1], False, 'random addresses')


def test_a_preloader_does_that_by_itself():
    with open(loader + '-preloader', 'w', encoding='ascii'):
        pass
    with open('/proc/self/personality', encoding='ascii') as f:
        equal(run('program.exe')[1], not int(f.read(), 16) & NO_RANDOMIZATION, 'random addresses')


try:
    make()
    status = tap.run([(name[5:].replace('_', ' '), test) for name, test in list(globals().items())
                      if name.startswith('test_')])
finally:
    shutil.rmtree(here, ignore_errors=True)
sys.exit(status)
