# SPDX-License-Identifier: MIT
"""Runs the conformance suite against mutants of ntpool.dll, and says which test told each from the real one.

The tests, unit programs and explored scenarios that its list names come first, then the whole suite. A mutant is killed
by the first test that fails. Before that, all those tests have to pass on the real DLL; a kill by any other test has to happen
again, and that test to pass on the real DLL.
"""

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import os
import re
import subprocess
import sys
import threading
import time

import mutants

WATCHDOG = 45  # s, for one test
LIMIT = 1800   # s, for one run of a program
SCHEDULES = 30000  # of each scenario that is explored
FAILED = re.compile(r'^not ok \d+ - (\S+)(?!.* # TODO)', re.MULTILINE)


class Fault(Exception):
    """What keeps the whole run from meaning anything."""


@dataclasses.dataclass
class Outcome:
    mutant: mutants.Mutant
    killer: str      # empty: it survived
    expected: bool   # the killer is one of those that its list names
    seconds: float


def first_failure(output):
    """The name of the first test of a TAP report that failed, or None."""
    found = FAILED.search(output)
    return found.group(1) if found else None


def windows_path(path):
    return 'Z:' + os.path.abspath(path).replace('/', '\\')


class Programs:
    """The programs of a build directory, and what running them takes."""

    def __init__(self, build):
        self.build = build
        here = os.path.dirname(os.path.abspath(__file__))
        self.under_wine = os.path.join(here, '..', 'run-under-wine')
        self.sanitized = os.path.join(here, '..', 'unit', 'run-sanitized')
        self.suite = os.path.join(build, 'tests', 'conformance', 'ntpool-conformance.exe')
        self.observations = os.path.join(here, '..', 'conformance', 'observations-ntpool.txt')
        self.limits = os.path.join(here, '..', 'conformance', 'host-limits.txt')
        self.real = os.path.join(build, 'dlls', 'ntpool', 'ntpool.dll')

    def mutant(self, name):
        return os.path.join(self.build, 'tests', 'mutants', f'{name}.dll')

    def unit(self, program, mutant=None):
        if mutant:
            return os.path.join(self.build, 'tests', 'mutants', f'unit-{program}-{mutant}')
        return os.path.join(self.build, 'tests', 'unit', f'unit-{program}')

    @staticmethod
    def _run(command, what):
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return f'{what} (still running after {LIMIT} s)', ''
        output = done.stdout.decode(errors='replace') + done.stderr.decode(errors='replace')
        failure = first_failure(output)
        if (done.returncode == 0) != (failure is None) or done.returncode not in (0, 1):
            raise Fault(f'{what} ended with {done.returncode}:\n{output[-2000:]}')
        return failure, output

    def conformance(self, dll, tests=(), repeat=1):
        """The first test that fails on a DLL, or None. All tests, or those that match a pattern."""
        command = [self.under_wine, self.suite, '--observations', windows_path(self.observations),
                   '--limits', windows_path(self.limits), '--fail-fast',
                   '--jobs', '4', '--watchdog', str(WATCHDOG), '--repeat', str(repeat), '--dll', windows_path(dll)]
        if tests:
            command += ['--only', ','.join(tests)]
        return self._run(command, f'the suite on {os.path.basename(dll)}')[0]

    def unit_test(self, program):
        """The first test of a unit program that fails, or None."""
        return self._run([self.sanitized, program], os.path.basename(program))[0]

    def explore(self, scenario, mutant=None):
        """The scenario if the explorer finds a schedule in which it fails, or None."""
        program = os.path.join(self.build, 'tests', 'mutants', f'explore-{mutant}') if mutant else os.path.join(
            self.build, 'tests', 'explore', 'explore')
        return self._run([program, '--scenario', scenario, '--schedules', str(SCHEDULES)], os.path.basename(program))[0]

    def names(self):
        listed = self._run([self.under_wine, self.suite, '--list'], 'the list of tests')[1]
        return [line.split()[0] for line in listed.splitlines() if line.strip()]


def check_names(chosen, names):
    """Each pattern of a list has to match a test."""
    for mutant in chosen:
        for pattern in mutant.tests:
            if not fnmatch.filter(names, pattern):
                raise Fault(f'{mutant.name}: there is no test {pattern}')


def check_the_real_one(chosen, programs):
    """What is to kill the mutants has to let the real DLL live."""
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    failure = programs.conformance(programs.real, tests) if tests else None
    if failure:
        raise Fault(f'{failure} fails on the real DLL: mend that first')
    for program in sorted({program for mutant in chosen for program in mutant.unit}):
        failure = programs.unit_test(programs.unit(program))
        if failure:
            raise Fault(f'{failure} of unit-{program} fails on the real sources: mend that first')
    for scenario in sorted({scenario for mutant in chosen for scenario in mutant.explore}):
        if programs.explore(scenario):
            raise Fault(f'{scenario} fails on the real sources: mend that first')


def is_confirmed(mutant, test, programs, attempts=5):
    """A test that no list names may have failed for another reason."""
    if programs.conformance(programs.real, [test], repeat=3):
        return False
    return any(programs.conformance(programs.mutant(mutant.name), [test]) for _ in range(attempts))


def try_to_kill(mutant, programs, only_named=False):
    """(the test that failed or an empty text, whether the list names it)"""
    dll = programs.mutant(mutant.name)
    killer = programs.conformance(dll, mutant.tests) if mutant.tests else None
    if killer:
        return killer, True
    for program in mutant.unit:
        killer = programs.unit_test(programs.unit(program, mutant.name))
        if killer:
            return f'{killer} (unit-{program})', True
    for scenario in mutant.explore:
        killer = programs.explore(scenario, mutant.name)
        if killer:
            return f'{killer} (explore)', True
    killer = None if only_named else programs.conformance(dll)
    if killer and is_confirmed(mutant, killer, programs):
        return killer, False
    return '', False


def run_all(chosen, programs, options):
    said = threading.Lock()

    def one(mutant):
        start = time.monotonic()
        killer, expected = try_to_kill(mutant, programs, options.only_named)
        outcome = Outcome(mutant, killer, expected, time.monotonic() - start)
        with said:
            print(f'{mutant.name}: {"killed by " + killer if killer else "SURVIVED"} ({outcome.seconds:.0f} s)', flush=True)
        return outcome

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        return list(pool.map(one, chosen))


def table(outcomes):
    yield '| mutant | the promise that it breaks | killed by |'
    yield '| --- | --- | --- |'
    for outcome in outcomes:
        killer = f'`{outcome.killer}`' if outcome.killer else '**survived**'
        yield f'| {outcome.mutant.name} | {outcome.mutant.breaks} | {killer} |'


def choose(patterns):
    known = mutants.read()
    for pattern in patterns:
        if not fnmatch.filter(known, pattern):
            raise Fault(f'no mutant matches {pattern}')
    return [mutant for name, mutant in known.items()
            if not patterns or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('build', help='a build directory that was configured with -Dmutants=true, and built')
    parser.add_argument('mutants', nargs='*', metavar='MUTANT', help='names or patterns; otherwise all')
    parser.add_argument('--jobs', type=int, default=3, help='so many mutants at a time (most tests wait; default: 3)')
    parser.add_argument('--only-named', action='store_true',
                        help='only the tests that the lists name: a mutant that those let live is not tried further')
    options = parser.parse_intermixed_args(arguments)
    try:
        chosen = choose(options.mutants)
        programs = Programs(os.path.abspath(options.build))
        check_names(chosen, programs.names())
        check_the_real_one(chosen, programs)
        outcomes = run_all(chosen, programs, options)
    except (Fault, mutants.Fault) as fault:
        return f'mutants: {fault}'
    print()
    print('\n'.join(table(outcomes)))
    print()
    for outcome in outcomes:
        if outcome.killer and not outcome.expected:
            print(f'{outcome.mutant.name}: killed, but by none of the tests that its list names')
    survivors = [outcome for outcome in outcomes if not outcome.killer]
    print(f'{len(outcomes)} mutants, {len(outcomes) - len(survivors)} killed, {len(survivors)} survived')
    return 1 if survivors else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
