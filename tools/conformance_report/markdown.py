# SPDX-License-Identifier: MIT
"""Results as Markdown tables."""

import re

from . import compare

WORDS = {'failed': '**failed**', 'known': 'known deviation', 'limited': 'host limit', 'differs': 'differs',
         'passed': 'passed', 'stale': 'passed, though listed as a deviation', 'skipped': 'skipped', '': 'not run'}
LEGEND = ('Made by `tools/report` from results of `ntpool-conformance`. A fact that several tests prove has the worst of their '
          'results. A *known deviation* is a failure that is expected of this pool, a *host limit* one that no pool on that host '
          'can help. *Differs*: the fact is only inferred, and the host does otherwise. Nothing is said of hosts that were not run.')
COUNTED = ('passed', 'failed', 'known', 'limited', 'stale', 'differs', 'skipped')


def escape(text):
    """Text for a cell: nothing in it is markup, and it stays on one line."""
    text = re.sub(r'([\\`*_{}\[\]<>|#!~$])', r'\\\1', text.replace('&', '&amp;'))
    return re.sub(r'[\x00-\x1f\x7f]', '\N{REPLACEMENT CHARACTER}', ' '.join(text.split()))


def _row(cells):
    return '| ' + ' | '.join(cells) + ' |'


def _table(head, rows):
    return [_row(head), _row(['---'] * len(head)), *map(_row, rows), '']


def _hosts(runs):
    head = ['', 'host', 'DLL', 'version', *COUNTED]
    return _table(head, [[escape(run.label), escape(run.host), escape(run.dll_name()), escape(run.version),
                          *(str(run.count(verdict)) for verdict in COUNTED)]
                         for run in runs])


def _ids(rows):
    """The facts of rows of one object, with runs of numbers shortened."""
    facts = sorted({row.fact for row in rows})
    parts = []
    for fact in facts:
        prefix, _, number = fact.partition('-')
        if parts and number.isdigit() and parts[-1][1] + 1 == int(number):
            parts[-1][1] = int(number)
            parts[-1][2] = number
        else:
            parts.append([fact, int(number) if number.isdigit() else -2, number])
    return ', '.join(escape(first) if first.endswith(f'-{last}') else f'{escape(first)} to {last}'
                     for first, _, last in parts)


def _cell(cell):
    word = WORDS[cell.verdict]
    reasons = sorted({test.reason for test in cell.tests if test.reason and test.verdict == cell.verdict})
    return word + (f': {escape("; ".join(reasons))}' if reasons and cell.verdict in ('known', 'limited') else '')


def _differing(runs, rows, sentences):
    lines = []
    for section in compare.sections_of(rows):
        lines += [f'### {section.title}', '']
        body = []
        for row in section.rows:
            first = f'{row.fact}: {escape(sentences.get(row.fact) or row.what_tests_say())}'
            body.append([first, *map(_cell, row.cells)])
        lines += _table(['fact', *(escape(run.label) for run in runs)], body)
    return lines


def _agreeing(rows):
    body = []
    for section in compare.sections_of(rows):
        by_verdict = {}
        for row in section.rows:
            shared = next((cell.verdict for cell in row.cells if cell.verdict not in ('', 'skipped')), 'skipped')
            by_verdict.setdefault(shared, []).append(row)
        for verdict in compare.VERDICTS:
            if verdict in by_verdict:
                body.append([section.title, WORDS[verdict], str(len(by_verdict[verdict])), _ids(by_verdict[verdict])])
    return _table(['subject', 'everywhere', 'facts', 'which'], body)


def page(runs, sentences, title):
    differing, agreeing = compare.split(compare.rows_of(runs))
    lines = [f'# {escape(title)}', '', LEGEND, '', *_hosts(runs)]
    lines += [f'## Where they differ: {len(differing)} facts', '']
    lines += _differing(runs, differing, sentences) if differing else ['Nowhere.', '']
    lines += [f'## Where they agree: {len(agreeing)} facts', '', *_agreeing(agreeing)]
    return '\n'.join(lines).rstrip('\n') + '\n'
