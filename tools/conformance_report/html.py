# SPDX-License-Identifier: MIT
"""Results as one HTML page that needs no other file."""

import html
import os

from . import compare

WORDS = {'failed': 'failed', 'known': 'known deviation', 'limited': 'host limit', 'differs': 'differs',
         'passed': 'passed', 'stale': 'passed, though listed as a deviation', 'skipped': 'skipped', '': 'not run'}
COUNTED = ('passed', 'failed', 'known', 'limited', 'stale', 'differs', 'skipped')
LEGEND = ('A fact that several tests prove has the worst of their results. A <em>known deviation</em> is a failure that '
          'is expected of this pool; a <em>host limit</em> is one that no pool on that host can help. <em>Differs</em>: the fact is only inferred, and the host does otherwise. '
          'Results open to the tests behind them and to what they saw.')


def escape(text):
    """Text for the page; control characters, which no page may hold, show as a replacement."""
    shown = ''.join(c if c >= ' ' or c in '\t\n' else '\N{REPLACEMENT CHARACTER}' for c in text)
    return html.escape(shown, quote=True)


def _style():
    with open(os.path.join(os.path.dirname(__file__), 'page.css'), encoding='utf-8') as f:
        return f.read()


def _hosts(runs):
    yield '<div class="scroll"><table class="hosts"><thead><tr><th>run</th><th>host</th><th>DLL</th><th>version</th>'
    yield ''.join(f'<th>{verdict}</th>' for verdict in COUNTED)
    yield '</tr></thead><tbody>'
    for run in runs:
        yield f'<tr><th><b>{escape(run.label)}</b></th><td>{escape(run.host)}</td>'
        yield f'<td><code>{escape(run.dll)}</code></td><td>{escape(run.version)}</td>'
        for verdict in COUNTED:
            yield f'<td class="number">{run.count(verdict)}</td>'
        yield '</tr>'
    yield '</tbody></table></div>'


def _test(test, verdict):
    name = escape(test.name).replace('_', '_<wbr>')
    yield f'<li><code>{name}</code>' + (f' {WORDS[test.verdict]}' if test.verdict != verdict else '')
    for note in (test.reason, test.observation, *test.notes):
        if not note:
            continue
        yield f'<span class="note">{escape(note)}</span>'
    yield '</li>'


def _cell(cell):
    verdict = f'<span class="verdict">{WORDS[cell.verdict]}</span>'
    if not cell.tests:
        return f'<td class="none">{verdict}</td>'
    tests = ''.join(part for test in cell.telling() for part in _test(test, cell.verdict))
    return f'<td class="{cell.verdict}"><details><summary>{verdict}</summary><ul>{tests}</ul></details></td>'


def _facts(runs, rows, sentences):
    for section in compare.sections_of(rows):
        yield f'<h3>{escape(section.title)}</h3><div class="scroll"><table class="facts"><thead><tr><th>fact</th>'
        yield ''.join(f'<th>{escape(run.label)}</th>' for run in runs)
        yield '</tr></thead><tbody>'
        for row in section.rows:
            what = sentences.get(row.fact) or row.what_tests_say()
            yield f'<tr><th><b>{escape(row.fact)}</b><span class="what">{escape(what)}</span></th>'
            yield ''.join(_cell(cell) for cell in row.cells)
            yield '</tr>'
        yield '</tbody></table></div>'


def page(runs, sentences, title):
    differing, agreeing = compare.split(compare.rows_of(runs))
    parts = ['<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
             '<meta name="viewport" content="width=device-width, initial-scale=1">',
             f'<title>{escape(title)}</title><style>\n{_style()}</style></head><body>',
             f'<h1>{escape(title)}</h1>', *_hosts(runs), f'<p>{LEGEND}</p>',
             f'<h2>Where they differ: {len(differing)} facts</h2>',
             *(_facts(runs, differing, sentences) if differing else ['<p>Nowhere.</p>']),
             f'<h2>Where they agree: {len(agreeing)} facts</h2>',
             '<details><summary>Show them</summary>', *_facts(runs, agreeing, sentences), '</details>',
             '</body></html>\n']
    return '\n'.join(parts)
