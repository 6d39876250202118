# SPDX-License-Identifier: MIT
"""test_bench.py RUN-UNDER-WINE NTPOOL-BENCH.exe NTPOOL.dll

Measures nothing: whether each row comes to its end on both pools, and whether what goes wrong becomes a row. Speaks TAP.
"""

import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from tap import check, contains, equal, run

COMMAND = sys.argv[1:3]
NTPOOL = sys.argv[3]
PLOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools', 'lib', 'plot_bench.py')
TIME_LIMIT = 600


def bench(*arguments):
    return subprocess.run([*COMMAND, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT,
                          text=True, errors='replace')


def words_of_plots(path):
    """What the plots that tools/bench makes of a run say, in one piece each."""
    plots = [f'{path}.{name}.svg' for name in ('ratios', 'growth')]
    subprocess.run([sys.executable, PLOT, path, *plots], check=True)
    return [' '.join(xml.etree.ElementTree.parse(plot).getroot().itertext()) for plot in plots]


def measure(*arguments, plots=None):
    """The finished run, and what it wrote as JSON: workload -> what is told of it. Its plots are added to a list."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'bench.json')
        result = bench('--scale', '0.001', '--runs', '1', '--json', path, *arguments)
        check(os.path.exists(path), f'no JSON; exit code {result.returncode}; standard error: {result.stderr}')
        if plots is not None:
            plots += words_of_plots(path)
        with open(path, encoding='utf-8') as file:
            return result, {workload['name']: workload for workload in json.load(file)['workloads']}


def listed():
    result = bench('--list')
    equal(result.returncode, 0, 'exit code of --list')
    return [line.split()[0] for line in result.stdout.splitlines() if line.strip() and not line.startswith(' ')]


def each_row_reports():
    plots = []
    result, workloads = measure('--compare', 'builtin', NTPOOL, plots=plots)
    equal(list(workloads), listed(), 'the rows')
    for name, workload in workloads.items():
        equal(len(workload['sides']), 1 if workload['reference'] else 2, f'sides of {name}')
        for side in workload['sides']:
            equal(side['trouble'], '', name)
            for row in workload['rows']:
                got = side['measures'][row['name']]
                check(isinstance(got, str) or len(got['values']) == 1, f'{name}/{row["name"]} did not report: {got}')
                contains(result.stdout, f'{name}/{row["name"]} ', 'the table')
            check(workload['reference'] or side['counts'], f'{name} counted nothing')
        for row in workload['rows']:
            if row['ratio'] and row['ratio'] > 0 and 'quantity' not in workload:
                contains(plots[0], f'{name} / {row["name"]}', 'the plot of ratios')
    # A curve is drawn of what is above zero, which times are. Memory that a few objects take may be none.
    for title in ('work objects: ', 'group members: ', 'timers: ', 'simple callbacks: ', 'waits: '):
        contains(plots[1], title, 'the plot of growth')
    equal(plots[1].count('ntpool.dll create'), 5, 'curves in the plot of growth')
    equal(result.returncode, 0, f'exit code; standard error: {result.stderr}')


def runs_alternate_and_give_medians():
    result, workloads = measure('--compare', 'builtin', NTPOOL, '--only', 'create-close', '--runs', '3')
    equal(set(workloads), {'create-close', 'limit-heap'}, 'a row and its limit')
    first, second = (side['measures']['per-op'] for side in workloads['create-close']['sides'])
    for got in (first, second):
        equal(len(got['values']), 3, 'values')
        equal(got['median'], sorted(got['values'])[1], 'the median')
    ratio = workloads['create-close']['rows'][0]['ratio']
    check(abs(ratio - first['median'] / second['median']) < ratio / 1e6, f'ratio {ratio}')
    equal(result.returncode, 0, 'exit code')


def trouble_of(row, *arguments):
    result, workloads = measure('--only', row, *arguments)
    equal(result.returncode, 1, 'exit code')
    trouble = workloads[row]['sides'][0]['trouble']
    contains(result.stdout, f'- {row}, ', 'the lines below the table')
    contains(result.stdout, trouble, 'the lines below the table')
    contains(result.stdout, 'failed', 'the table')
    return trouble


def a_crash_is_a_row():
    equal(trouble_of('self-crash'), 'crashed: exception 0xc0000005', 'trouble')


def a_hang_is_a_row():
    equal(trouble_of('self-hang', '--limit', '2'), 'hung: still running after 2 s', 'trouble')


def a_failure_is_a_row():
    equal(trouble_of('self-failing'), 'this was asked for', 'trouble')


def a_missing_export_is_a_row():
    equal(trouble_of('group', '--dll', 'ntdll.dll'), 'missing export CreateThreadpoolCleanupGroup', 'trouble')


def a_missing_dll_is_a_row():
    contains(trouble_of('group', '--dll', 'no-such.dll'), 'no-such.dll cannot be loaded', 'trouble')


def silence_is_no_success():
    result, workloads = measure('--only', 'self-silent')
    equal(result.returncode, 1, 'exit code')
    contains(result.stdout, 'failed', 'the table')


def bad_usage_is_refused():
    for arguments, part in ((['--compare', 'builtin'], '--compare needs two'), (['--scale', 'much'], "not 'much'"),
                            (['--runs', '0'], "not '0'"), (['--only', 'nothing-such'], "no row matches 'nothing-such'"),
                            (['--what'], '--what'), (['--dll', ''], 'is empty')):
        result = bench(*arguments)
        equal(result.returncode, 2, f'exit code with {arguments}')
        contains(result.stderr, part, 'standard error')


if __name__ == '__main__':
    sys.exit(run([(function.__name__.replace('_', ' '), function) for function in (
        each_row_reports, runs_alternate_and_give_medians, a_crash_is_a_row, a_hang_is_a_row, a_failure_is_a_row,
        a_missing_export_is_a_row, a_missing_dll_is_a_row, silence_is_no_success, bad_usage_is_refused)]))
