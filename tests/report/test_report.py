# SPDX-License-Identifier: MIT
"""test_report.py: tools/report on made-up results."""

import contextlib
import html.parser
import io
import json
import os
import subprocess
import sys
import tempfile

TOOLS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools'))
sys.path.insert(0, TOOLS)
sys.dont_write_bytecode = True

from conformance_report import cli, compare, facts, html as page, markdown, results  # noqa: E402
from tap import check, contains, equal, run  # noqa: E402

NASTY = '<script>alert("x")</script> & | `b` *c* \x07'
VOID = {'meta'}


def record(name, ids, result='passed', **more):
    return {'name': name, 'facts': ids.split(), 'level': 'win32', 'kind': 'binding', 'result': result, 'observation': '',
            'expected': '', 'reason': '', 'runs': 1, 'bad_runs': 0, 'ms': 1, 'notes': [], **more}


def result_of(*tests, label='here', host='Wine 8.0', dll='C:\\kernel32.dll'):
    text = json.dumps({'host': host, 'dll': dll, 'dll_version': '1.0', 'tests': list(tests)})
    return results.parse(text, label, 'made-up')


def two_runs():
    return [result_of(record('a', 'WORK-001'), record('b', 'WORK-002 NT-001', 'failed'), record('c', 'TMR-001'),
                      label='one'),
            result_of(record('a', 'WORK-001'), record('b', 'WORK-002 NT-001'), label='other', host='Windows')]


def refusal(text):
    try:
        results.parse(text, 'x', 'FILE')
    except results.Fault as fault:
        return str(fault)
    raise AssertionError(f'{text} was accepted')


def what_is_no_result_is_refused():
    good = {'host': 'h', 'dll': 'd', 'dll_version': 'v', 'tests': [record('a', 'WORK-001')]}
    results.parse(json.dumps(good), 'x', 'FILE')
    for bad in ('', '{', '[]', '{}', json.dumps(good)[:-9], json.dumps({**good, 'tests': []}),
                json.dumps({**good, 'host': 3}), json.dumps({**good, 'tests': ['a']}),
                json.dumps({**good, 'tests': [record('a', 'WORK-001', 'splendid')]}),
                json.dumps({**good, 'tests': [record('a', 'WORK-001', notes='text')]}),
                json.dumps({**good, 'tests': [{'name': 'a'}]})):
        contains(refusal(bad), 'FILE', 'the message')


def a_fact_has_the_worst_result_of_its_tests():
    run_ = result_of(record('a', 'WORK-001'), record('b', 'WORK-001', 'differs'), record('c', 'WORK-001', 'skipped'),
                     record('d', 'WORK-002', 'skipped'), record('e', 'WORK-002'))
    rows = compare.rows_of([run_])
    equal([row.cells[0].verdict for row in rows], ['differs', 'passed'], 'verdicts')
    equal(rows[0].cells[0].telling()[0].name, 'b', 'the test that is shown first')


def what_differs_is_told_from_what_does_not():
    differing, agreeing = compare.split(compare.rows_of(two_runs()))
    equal([row.fact for row in differing], ['WORK-002', 'NT-001'], 'facts that differ')
    equal([row.fact for row in agreeing], ['WORK-001', 'TMR-001'], 'facts that agree')
    equal([cell.verdict for cell in agreeing[1].cells], ['passed', ''], 'a fact that one host did not test')


def facts_are_grouped_in_order_and_the_worst_comes_first():
    run_ = result_of(record('a', 'XYZ-001'), record('b', 'TMR-010'), record('c', 'TMR-002'), record('d', 'WORK-001'),
                     record('e', 'TMR-030', 'failed'))
    sections = compare.sections_of(compare.rows_of([run_]))
    equal([section.title for section in sections], ['Work objects', 'Timers', 'Others'], 'sections')
    equal([row.fact for row in sections[1].rows], ['TMR-030', 'TMR-002', 'TMR-010'], 'rows')


class Checker(html.parser.HTMLParser):
    """Collects tags, and sees that they close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.texts = [], set(), []
        self.feed(text)
        self.close()
        equal(self.open, [], 'tags that were left open')

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        for name, value in attrs:
            check(name not in ('src', 'href'), f'the page needs {value}')
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        equal(self.open.pop(), tag, 'the closing tag')

    def handle_data(self, data):
        self.texts.append(data)


def nothing_in_a_result_is_taken_for_markup():
    nasty = result_of(record(NASTY, 'WORK-001 <b>-1', 'known', reason=NASTY, observation=NASTY, notes=[NASTY]), label=NASTY, host=NASTY,
                      dll=NASTY)
    plain = result_of(record('a', 'WORK-001'))
    text = page.page([nasty, plain], {'WORK-001': NASTY}, NASTY)
    checked = Checker(text)
    check('script' not in checked.seen and '\x07' not in text, 'text became markup')
    check(any('alert("x")' in data for data in checked.texts), 'the text is gone')
    text = markdown.page([nasty, plain], {'WORK-001': NASTY}, NASTY)
    check('<script>' not in text and '\x07' not in text, 'text became markup')
    rows = [line for line in text.splitlines() if line.startswith('|')]
    for line in rows:
        check(line.replace('\\|', '').count('|') in (12, 4, 5), f'a row with torn cells: {line}')


def a_host_limit_is_called_one():
    limited = result_of(record('a', 'WORK-001', 'limited', reason='no pool can'))
    plain = result_of(record('a', 'WORK-001'), label='other')
    contains(page.page([limited, plain], {}, 'Title'), 'host limit', 'the page')
    contains(markdown.page([limited, plain], {}, 'Title'), 'host limit: no pool can', 'the table')


def the_page_says_what_differs_first():
    text = page.page(two_runs(), {'WORK-002': 'Posts run.'}, 'Title')
    Checker(text)
    check(text.index('WORK-002') < text.index('WORK-001'), 'what agrees comes first')
    contains(text, 'Where they differ: 2 facts', 'the page')
    contains(text, 'Posts run.', 'the page')
    contains(text, 'not run', 'the page')


def the_table_is_short_where_hosts_agree():
    run_ = result_of(*(record(f't{i}', f'WORK-{i:03}') for i in (1, 2, 3, 5)), record('u', 'TMR-004', 'failed'))
    text = markdown.page([run_, result_of(*(record(f't{i}', f'WORK-{i:03}') for i in (1, 2, 3, 5)), label='other')], {},
                         'Title')
    contains(text, '| Work objects | passed | 4 | WORK-001 to 003, WORK-005 |', 'the table')
    contains(text, '| Timers | **failed** | 1 | TMR-004 |', 'the table')
    contains(text, 'Nowhere.', 'the table')


def facts_are_read_from_tables_and_lists():
    sentences = facts.parse('| ID | fact |\n| --- | --- |\n| WORK-001 | A post is one call. |\n- **TMR-002** It ticks.\n'
                            'WORK-003 is mentioned here.\n')
    equal(sentences, {'WORK-001': 'A post is one call.', 'TMR-002': 'It ticks.'}, 'sentences')


def command(*arguments):
    done = subprocess.run([sys.executable, os.path.join(TOOLS, 'report'), *arguments], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def the_command_writes_both():
    with tempfile.TemporaryDirectory() as folder:
        def path(name):
            return os.path.join(folder, name)
        for name, tests in (('a.json', [record('a', 'WORK-001')]), ('b.json', [record('a', 'WORK-001', 'failed')])):
            with open(path(name), 'w', encoding='utf-8') as f:
                json.dump({'host': 'Wine 8.0', 'dll': 'C:\\x\\kernel32.dll', 'dll_version': '1', 'tests': tests}, f)
        status, said = command(f'left={path("a.json")}', path('b.json'), '--html', path('o.html'), '--markdown', path('o.md'))
        equal((status, said), (0, ''), 'the command')
        for name in ('o.html', 'o.md'):
            with open(path(name), encoding='utf-8') as f:
                text = f.read()
            contains(text, 'left', name)
            contains(text, 'kernel32.dll on Wine 8.0', name)
        for wrong, part in (((path('a.json'),), '--html'), ((path('none.json'), '--html', path('o')), 'none.json'),
                            ((path('a.json'), path('a.json'), '--html', path('o')), 'NAME=FILE'),
                            ((path('a.json'), '--html', path('no/o')), 'no/o')):
            status, said = command(*wrong)
            check(status != 0, f'{wrong} was accepted')
            contains(said, part, 'the message')
            check('Traceback' not in said, said)


def usage_is_explained():
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            cli.main(['--help'])
        except SystemExit as left:
            equal(left.code, 0, 'the status')
    contains(said.getvalue(), 'facts by host', 'the help')


if __name__ == '__main__':
    sys.exit(run([(function.__name__.replace('_', ' '), function) for function in (
        what_is_no_result_is_refused, a_fact_has_the_worst_result_of_its_tests, what_differs_is_told_from_what_does_not,
        facts_are_grouped_in_order_and_the_worst_comes_first, nothing_in_a_result_is_taken_for_markup,
        a_host_limit_is_called_one, the_page_says_what_differs_first, the_table_is_short_where_hosts_agree, facts_are_read_from_tables_and_lists,
        the_command_writes_both, usage_is_explained)]))
