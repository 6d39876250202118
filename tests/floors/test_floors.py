# SPDX-License-Identifier: MIT
"""test_floors.py NTPOOL-DLL: the floors of dlls/ntpool, and the lists of exports."""

import os
import re
import sys

import sources
import tables
from tap import check, equal, run

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
NTPOOL = os.path.join(ROOT, 'dlls', 'ntpool')
KERNEL32_ONLY = {'BindIoCompletionCallback', 'CancelTimerQueueTimer', 'DeleteTimerQueue', 'RegisterWaitForSingleObject',
                 'SetTimerQueueTimer', 'UnregisterWait'}
OWN_EXPORTS = {'ntpool_version', 'ntpool_serving_copy'}


def read(*path):
    with open(os.path.join(ROOT, *path), encoding='utf-8') as f:
        return f.read()


def sources_of(floor):
    """(path below dlls/ntpool, text) of each file of a floor."""
    found = []
    for folder, _, names in os.walk(os.path.join(NTPOOL, floor)):
        for name in sorted(names):
            if name.endswith(('.c', '.h', '.md')):
                path = os.path.join(folder, name)
                found.append((os.path.relpath(path, NTPOOL).replace(os.sep, '/'), read(path)))
    check(any(path.endswith('.c') for path, _ in found), f'no sources in {floor}/')
    return found


def headers():
    return {path for floor in sources.MAY_INCLUDE for path, _ in sources_of(floor) if path.endswith('.h')}


def include_faults(path, text):
    return sources.include_faults(path, text, headers())


def no_faults(rule, floor):
    faults = [fault for path, text in sources_of(floor) if not path.endswith('.md') or rule is sources.mention_faults
              for fault in rule(path, text)]
    equal(faults, [], f'{floor}/')


def includes_go_down(floor):
    known = headers()
    return lambda: no_faults(lambda path, text: sources.include_faults(path, text, known), floor)


def mentions_go_down(floor):
    return lambda: no_faults(sources.upward_faults, floor)


def every_folder_is_a_floor():
    folders = {name for name in os.listdir(NTPOOL) if os.path.isdir(os.path.join(NTPOOL, name))}
    equal(folders, set(sources.MAY_INCLUDE), 'folders of dlls/ntpool')


def the_rules_catch():
    """Each rule on a line that breaks it."""
    for path, line in (
            ('sched/a.c', '#include "tp/work.h"'), ('sched/a.c', '#include "../tp/work.h"'),
            ('sched/a.c', '#include <stdio.h>'), ('tp/a.c', '#include "api/api.h"'), ('tp/a.c', '#include HEADER'),
            ('tp/a.h', '# include <windows.h>'), ('diag/a.c', '#include <winternl.h>'),
            ('nt/nt.h', '#include "sched/pool.h"'), ('nt/a.h', '#include <winnt.h>'),
            ('nt/windows/a.c', '#include "../../sched/lot.h"'),
            ('tp/a.c', '#include "windows.h"'), ('sched/a.c', '#include "winnt.h"'), ('sched/a.c', '#include "none.h"'),
            ('tp/a.c', '#include "../../../include/ntpool.h"'), ('tp/a.c', '#\\\ninclude <windows.h>'),
            ('tp/a.c', '%:include <windows.h>'), ('tp/a.c', '#import <windows.h>'),
            ('sched/a.c', '#if __has_include(<windows.h>)'), ('redirect/a.c', '#include <windows.h>'),
            ('tp/a.c', '#include "nt/windows/ntdll.h"')):
        check(list(include_faults(path, f'int a;\n{line}\n')), f'{line} in {path} was let through')
    for line in ('TP_WORK *work;', 'PTP_POOL pool;', '// like TpPostWork', 'struct _TP_WORK *work;', 'api_TpPostWork();'):
        check(list(sources.mention_faults('sched/a.c', line)), f'{line} in sched/ was let through')
    for path, line in (('sched/a.c', 'void tp_work_post(void *);'), ('sched/a.h', 'struct tp_work *work;'),
                       ('tp/a.c', 'diag_log_up();'), ('nt/windows/a.c', 'sched_post(task);'),
                       ('diag/a.c', 'api_succeeded(0);')):
        check(list(sources.upward_faults(path, line)), f'{line} in {path} was let through')
    for path, line in (('sched/a.c', '#include "nt/nt.h"'), ('tp/a.c', '#include <stdint.h>'),
                       ('nt/windows/a.c', '#include <windows.h>'), ('nt/windows/a.c', '#include "../nt.h"')):
        equal(list(include_faults(path, line)), [], f'{line} in {path}')


def header_names(kind):
    body = re.search(rf'#define API_{kind}_EXPORTS\(EXPORT\)((?:.*\\\n)*.*\n)', read('dlls/ntpool/api/exports.h'))
    return re.findall(r'EXPORT\((\w+)\)', body.group(1))


def each_once_and_sorted(names, what):
    equal(names, sorted(set(names)), what)


def exports_h_holds_each_name_once():
    each_once_and_sorted(header_names('WIN32'), 'API_WIN32_EXPORTS')
    each_once_and_sorted(header_names('NT'), 'API_NT_EXPORTS')
    equal((len(header_names('WIN32')), len(header_names('NT'))), (51, 51), 'how many names there are')


def defined():
    return tables.definition(read('dlls/ntpool/ntpool.def'))


def the_def_has_the_names_of_exports_h():
    names = defined()
    equal(set(names), set(header_names('WIN32') + header_names('NT')) | OWN_EXPORTS, 'ntpool.def')
    for name, function in names.items():
        if name not in OWN_EXPORTS:
            equal(function, f'api_{name}', f'ntpool.def, {name}')


def kernel32_forwards_all_win32_names():
    names = tables.name_list(read('dlls/kernel32/exports.txt'))
    equal(names, header_names('WIN32'), 'dlls/kernel32/exports.txt')


def kernelbase_forwards_all_but_six():
    names = tables.name_list(read('dlls/kernelbase/exports.txt'))
    equal(names, [n for n in header_names('WIN32') if n not in KERNEL32_ONLY], 'dlls/kernelbase/exports.txt')


def one_version_everywhere():
    header = read('include/ntpool.h')
    parts = [re.search(rf'#define NTPOOL_VERSION_{part} (\d+)', header).group(1)
             for part in ('MAJOR', 'MINOR', 'PATCH')]
    version = re.search(r"version: '([^']+)'", read('meson.build')).group(1)
    equal('.'.join(parts), version, 'the version in ntpool.h and that in meson.build')


def the_dll_exports_what_the_def_says():
    equal(tables.Image(sys.argv[1]).exports(), set(defined()), 'exports of ntpool.dll')


def the_dll_imports_ntdll_alone():
    equal(tables.Image(sys.argv[1]).imported_dlls(), {'ntdll.dll'}, 'DLLs that ntpool.dll imports')


if __name__ == '__main__':
    tests = [(f'{floor}/ includes nothing from above', includes_go_down(floor)) for floor in sources.MAY_INCLUDE]
    tests += [(f'{floor}/ mentions nothing from above', mentions_go_down(floor)) for floor in sources.MAY_INCLUDE]
    tests += [('sched/ mentions no thread-pool type or function',
               lambda: no_faults(sources.mention_faults, 'sched'))]
    tests += [(function.__name__.replace('_', ' '), function) for function in (
        every_folder_is_a_floor, the_rules_catch, exports_h_holds_each_name_once, the_def_has_the_names_of_exports_h,
        kernel32_forwards_all_win32_names, kernelbase_forwards_all_but_six, one_version_everywhere,
        the_dll_exports_what_the_def_says, the_dll_imports_ntdll_alone)]
    sys.exit(run(tests))
