# SPDX-License-Identifier: MIT
"""test_mutants.py: the lists of mutants fit the sources, and what reads them refuses what does not."""

import collections
import fnmatch
import os
import re
import sys
import tempfile

import mutants
import run as runner
from tap import check, contains, equal, run

TESTS = os.path.normpath(os.path.join(mutants.HERE, '..'))
FLOORS = ('api', 'sched', 'tp')
GOOD = '''[no-pets]
breaks = "pets"
file = "sched/pool.c"
old = \'\'\'
cat
\'\'\'
new = \'\'\'
dog
\'\'\'
tests = ["a"]
'''


def refusal(function, *arguments):
    try:
        function(*arguments)
    except mutants.Fault as fault:
        return str(fault)
    raise AssertionError('it was accepted')


def with_list(text, function):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'some.toml'), 'w', encoding='utf-8') as f:
            f.write(text)
        return function(folder)


def each_mutant_fits_the_sources():
    faults = []
    for mutant in mutants.read().values():
        try:
            mutants.mutate(mutant)
        except mutants.Fault as fault:
            faults.append(str(fault))
    equal(faults, [], 'mutants that do not fit')


def there_are_enough_on_each_floor():
    floors = collections.Counter(mutant.file.split('/')[0] for mutant in mutants.read().values())
    check(sum(floors.values()) >= 25, f'{sum(floors.values())} mutants')
    for floor in FLOORS:
        check(floors[floor] >= 3, f'{floors[floor]} mutants in {floor}/')


def names_of_tests():
    folder = os.path.join(TESTS, 'conformance')
    found = []
    for file in os.listdir(folder):
        if file.endswith('.c'):
            with open(os.path.join(folder, file), encoding='utf-8') as f:
                found += re.findall(r'^(?:BINDING|OBSERVATION|ESCAPES|FAILS)[A-Z_]*\((\w+)', f.read(), re.MULTILINE)
    check(len(found) > 100, f'{len(found)} tests found')
    return found


def each_mutant_names_tests_that_exist():
    names = names_of_tests()
    missing = [f'{mutant.name}: {pattern}' for mutant in mutants.read().values() for pattern in mutant.tests
               if not fnmatch.filter(names, pattern)]
    equal(missing, [], 'tests that do not exist')


def each_unit_program_exists():
    with open(os.path.join(TESTS, 'unit', 'meson.build'), encoding='utf-8') as f:
        programs = re.findall(r"^  '(\w+)': \{", f.read(), re.MULTILINE)
    for mutant in mutants.read().values():
        for program in mutant.unit:
            name, _, variant = program.partition('-')
            check(name in programs and variant in ('plain', 'tsan', 'asan'), f'{mutant.name}: no program unit-{program}')


def each_scenario_exists():
    names = []
    for folder, _, files in os.walk(os.path.join(TESTS, 'explore', 'scenarios')):
        for file in files:
            with open(os.path.join(folder, file), encoding='utf-8') as f:
                names += re.findall(r'^SCENARIO\((\w+)', f.read(), re.MULTILINE)
    for mutant in mutants.read().values():
        for scenario in mutant.explore:
            check(scenario in names, f'{mutant.name}: no scenario {scenario}')


def each_list_is_built():
    with open(os.path.join(mutants.HERE, 'meson.build'), encoding='utf-8') as f:
        named = re.findall(r"'(\w+\.toml)'", f.read())
    equal(named, sorted(f for f in os.listdir(mutants.HERE) if f.endswith('.toml')), 'lists in meson.build')


def a_mutant_changes_its_place_and_nothing_else():
    mutant = mutants.Mutant('no-pets', 'pets', 'sched/pool.c', 'cat', 'dog', ('a',), ())
    with tempfile.TemporaryDirectory() as root:
        path = os.path.join(root, 'sched', 'pool.c')
        os.mkdir(os.path.dirname(path))
        for text, expected in (('one\ncat\ntwo\n', '#line 1 "pool.c"\none\ndog\ntwo\n'), ('one\n', None),
                               ('cat cat', None)):
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)
            if expected:
                equal(mutants.mutate(mutant, root), expected, 'the file')
            else:
                contains(refusal(mutants.mutate, mutant, root), 'no-pets', 'the message')
        os.remove(path)
        contains(refusal(mutants.mutate, mutant, root), 'cannot be read', 'the message')


def bad_lists_are_refused():
    equal(list(with_list(GOOD, mutants.read)), ['no-pets'], 'the good list')
    for bad, part in ((GOOD.replace('[no-pets]', '[No_Pets]'), 'no name'), (GOOD.replace('breaks', 'brakes'), 'brakes'),
                      (GOOD.replace('tests = ["a"]', ''), 'neither'), (GOOD.replace('dog', 'cat'), 'changes nothing'),
                      (GOOD.replace('file = "sched/pool.c"\n', ''), 'lacks file'), (GOOD + GOOD, 'some.toml')):
        contains(refusal(with_list, bad, mutants.read), part, 'the message')


def the_first_failure_is_found():
    equal(runner.first_failure('1..2\nok 1 - a [X]\nok 2 - not_bad [X]\n'), None, 'a good report')
    equal(runner.first_failure('not ok 1 - a [X] # TODO no pool can\nok 2 - b [X]\n'), None, 'a report with a known failure')
    equal(runner.first_failure('ok 1 - a [X]\nnot ok 2 - b [X-1 Y]\nnot ok 3 - c [X]\n'), 'b', 'a bad report')


class Made:
    """Stands in for the programs: a DLL is its name, and the tests that fail on it are given."""
    real = 'real'

    def __init__(self, **failing):
        self.failing = failing
        self.asked = []

    def mutant(self, name):
        return name

    def unit(self, program, mutant=None):
        return (program, mutant)

    def conformance(self, dll, tests=(), repeat=1):
        self.asked.append((dll, tests, repeat))
        return next((test for test in self.failing.get(dll, ()) if not tests or test in tests), None)

    def explore(self, scenario, mutant=None):
        return scenario if (scenario, mutant) in self.failing.get('explore', ()) else None

    def unit_test(self, program):
        return 'broken' if program in self.failing.get('unit', ()) else None


def mutant_named(name, tests=('hint',), unit=(), explore=()):
    return mutants.Mutant(name, 'something', 'sched/pool.c', 'a', 'b', tests, unit, explore)


def a_mutant_is_killed_by_its_tests_or_by_any():
    equal(runner.try_to_kill(mutant_named('m'), Made(m=['hint'])), ('hint', True), 'killed by its test')
    equal(runner.try_to_kill(mutant_named('m'), Made(m=['other'])), ('other', False), 'killed by another')
    equal(runner.try_to_kill(mutant_named('m'), Made()), ('', False), 'survived')
    equal(runner.try_to_kill(mutant_named('m', (), ('tasks-tsan',)), Made(unit=[('tasks-tsan', 'm')])),
          ('broken (unit-tasks-tsan)', True), 'killed by a unit program')
    equal(runner.try_to_kill(mutant_named('m', (), explore=('s',)), Made(explore=[('s', 'm')])), ('s (explore)', True),
          'killed by a schedule')
    equal(runner.try_to_kill(mutant_named('m'), Made(m=['other']), only_named=True), ('', False), 'not tried further')


def a_test_that_fails_on_the_real_dll_kills_nobody():
    equal(runner.try_to_kill(mutant_named('m'), Made(m=['other'], real=['other'])), ('', False), 'survived')
    for made in (Made(real=['hint']), Made(unit=[('tasks-tsan', None)]), Made(explore=[('s', None)])):
        try:
            runner.check_the_real_one([mutant_named('m', unit=('tasks-tsan',), explore=('s',))], made)
        except runner.Fault as fault:
            contains(str(fault), 'real', 'the message')
        else:
            raise AssertionError('the run goes on')


def a_survivor_stands_out():
    outcomes = [runner.Outcome(mutant_named('m'), 'hint', True, 1.0), runner.Outcome(mutant_named('n'), '', False, 1.0)]
    lines = list(runner.table(outcomes))
    equal(lines[2:], ['| m | something | `hint` |', '| n | something | **survived** |'], 'the table')


if __name__ == '__main__':
    sys.exit(run([(function.__name__.replace('_', ' '), function) for function in (
        each_mutant_fits_the_sources, there_are_enough_on_each_floor, each_mutant_names_tests_that_exist,
        each_unit_program_exists, each_scenario_exists, each_list_is_built, a_mutant_changes_its_place_and_nothing_else, bad_lists_are_refused,
        the_first_failure_is_found, a_mutant_is_killed_by_its_tests_or_by_any,
        a_test_that_fails_on_the_real_dll_kills_nobody, a_survivor_stands_out)]))
