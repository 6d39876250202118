# SPDX-License-Identifier: MIT
"""Reads the JSON of ntpool-conformance.exe."""

import dataclasses
import json

# From bad to good. A fact that several tests prove has the first of these that one of them has.
VERDICTS = ('failed', 'known', 'limited', 'differs', 'stale', 'passed', 'skipped')


class Fault(Exception):
    """A file that is no result of the suite; the text says which and why."""


@dataclasses.dataclass(frozen=True)
class Test:
    name: str
    facts: tuple
    kind: str     # binding or observation
    verdict: str  # one of VERDICTS
    observation: str  # what was seen
    reason: str   # of a listed deviation, or host limit
    notes: tuple


@dataclasses.dataclass(frozen=True)
class Run:
    label: str    # how the reader calls it
    host: str
    dll: str
    version: str
    tests: tuple

    def dll_name(self):
        return self.dll.replace('\\', '/').rpartition('/')[2]

    def count(self, verdict):
        return sum(test.verdict == verdict for test in self.tests)


def _text(record, key, where):
    value = record.get(key)
    if not isinstance(value, str):
        raise Fault(f'{where}: "{key}" is not a text')
    return value


def _texts(record, key, where):
    value = record.get(key)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Fault(f'{where}: "{key}" is no list of texts')
    return tuple(value)


def _test(record, where):
    if not isinstance(record, dict):
        raise Fault(f'{where}: a test is not an object')
    name = _text(record, 'name', where)
    verdict = _text(record, 'result', where)
    if verdict not in VERDICTS:
        raise Fault(f'{where}: {name} has the unknown result "{verdict}"')
    return Test(name, _texts(record, 'facts', where), _text(record, 'kind', where), verdict,
                _text(record, 'observation', where), _text(record, 'reason', where), _texts(record, 'notes', where))


def parse(text, label, where):
    """One run from the text of a file; where names the file in messages."""
    try:
        record = json.loads(text)
    except ValueError as error:
        raise Fault(f'{where}: this is no JSON, or was cut off: {error}') from None
    if not isinstance(record, dict) or not isinstance(record.get('tests'), list):
        raise Fault(f'{where}: this is no result of ntpool-conformance --format json')
    tests = tuple(_test(test, where) for test in record['tests'])
    if not tests:
        raise Fault(f'{where}: no test was run')
    return Run(label, _text(record, 'host', where), _text(record, 'dll', where), _text(record, 'dll_version', where), tests)


def read(path, label):
    try:
        with open(path, encoding='utf-8', errors='replace') as f:
            return parse(f.read(), label, path)
    except OSError as error:
        raise Fault(f'{path}: {error.strerror}') from None
