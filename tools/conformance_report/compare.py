# SPDX-License-Identifier: MIT
"""Facts by host: which verdict each fact has on each, and what differs."""

import dataclasses
import re

from .results import VERDICTS

# The first part of a fact's ID, in the order of the pages.
OBJECTS = {
    'POOL': 'Pools',
    'ENV': 'Callback environments',
    'LIB': 'Libraries',
    'WORK': 'Work objects',
    'SIMP': 'Simple callbacks',
    'TMR': 'Timers',
    'WAIT': 'Waits',
    'IO': 'I/O objects',
    'CG': 'Cleanup groups',
    'CBI': 'Callback instances',
    'EPI': 'Actions when a callback returns',
    'THR': 'State of the worker thread',
    'EXC': 'Exceptions, misuse, process exit',
    'DLK': 'Deadlocks',
    'QUWI': 'QueueUserWorkItem',
    'WAITLEG': 'Registered waits',
    'TQ': 'Timer queues',
    'BIND': 'Bound handles',
    'NT': 'Tp and Rtl functions',
    'ST': 'Structures and constants',
    'EXP': 'Exports',
}


@dataclasses.dataclass(frozen=True)
class Cell:
    """What one host has to say of one fact."""
    verdict: str  # one of VERDICTS, or empty: no test of it was run
    tests: tuple

    def telling(self):
        """Its tests, those first that gave the verdict."""
        return sorted(self.tests, key=lambda test: test.verdict != self.verdict)


@dataclasses.dataclass(frozen=True)
class Row:
    fact: str
    cells: tuple  # by run

    def differs(self):
        return len({cell.verdict for cell in self.cells if cell.verdict not in ('', 'skipped')}) > 1

    def what_tests_say(self):
        """In words, the names of the tests that gave the worst verdict."""
        worst = min((cell.verdict for cell in self.cells if cell.verdict), key=VERDICTS.index, default='')
        names = {test.name.removeprefix('nt_') for cell in self.cells for test in cell.tests if test.verdict == worst}
        return ', '.join(name.replace('_', ' ') for name in sorted(names))

    def severity(self):
        """For sorting: what is worse anywhere comes first."""
        ranks = [VERDICTS.index(cell.verdict) for cell in self.cells if cell.verdict]
        return min(ranks, default=len(VERDICTS))


@dataclasses.dataclass(frozen=True)
class Section:
    title: str
    rows: tuple


def object_of(fact):
    return fact.partition('-')[0]


def _place(fact):
    prefix = object_of(fact)
    order = list(OBJECTS)
    number = re.search(r'\d+', fact)
    return (order.index(prefix) if prefix in order else len(order), prefix, int(number.group()) if number else 0, fact)


def _cell(tests):
    if not tests:
        return Cell('', ())
    return Cell(min((test.verdict for test in tests), key=VERDICTS.index), tuple(tests))


def rows_of(runs):
    """A row for each fact that some run tested, in the order of the facts."""
    by_run = []
    for run in runs:
        tests = {}
        for test in run.tests:
            for fact in test.facts:
                tests.setdefault(fact, []).append(test)
        by_run.append(tests)
    facts = sorted({fact for tests in by_run for fact in tests}, key=_place)
    return [Row(fact, tuple(_cell(tests.get(fact)) for tests in by_run)) for fact in facts]


def sections_of(rows):
    """Grouped by object; in each the worst first."""
    groups = {}
    for row in rows:
        groups.setdefault(OBJECTS.get(object_of(row.fact), 'Others'), []).append(row)
    return [Section(title, tuple(sorted(group, key=Row.severity))) for title, group in groups.items()]


def split(rows):
    """(what differs between the runs, what does not)"""
    return [row for row in rows if row.differs()], [row for row in rows if not row.differs()]
