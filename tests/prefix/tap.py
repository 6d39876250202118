# SPDX-License-Identifier: MIT
"""Runs test functions and reports in TAP."""

import traceback


class Skip(Exception):
    """A test cannot run here; the text says why."""


def check(good, what):
    if not good:
        raise AssertionError(what)


def equal(actual, expected, what):
    check(actual == expected, f'{what}: {actual!r} instead of {expected!r}')


def contains(text, part, what):
    check(part in text, f'{what}: no {part!r} in {text!r}')


def run(tests):
    """Runs (name, function) pairs; the exit status."""
    failed = 0
    print(f'1..{len(tests)}', flush=True)
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
        except Skip as reason:
            print(f'ok {number} - {name} # SKIP {reason}', flush=True)
        except Exception:  # noqa: BLE001 - whatever a test throws is its failure
            failed += 1
            print(f'not ok {number} - {name}')
            for line in traceback.format_exc().splitlines():
                print(f'# {line}', flush=True)
        else:
            print(f'ok {number} - {name}', flush=True)
    return 1 if failed else 0
