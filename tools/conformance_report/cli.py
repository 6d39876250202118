# SPDX-License-Identifier: MIT
"""The command line of tools/report."""

import argparse
import os

from . import facts, html, markdown, results

FACTS = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', '..', 'tests', 'conformance', 'FACTS.md')


def _named(argument):
    """(label or None, path) of an argument NAME=FILE or FILE."""
    label, equals, path = argument.partition('=')
    if equals and not os.path.exists(argument):
        return label, path
    return None, argument


def _read(argument):
    label, path = _named(argument)
    run = results.read(path, label or '')
    if label is None:
        run = results.read(path, f'{run.dll_name()} on {run.host}')
    return run


def _sentences(path):
    if path is None and not os.path.exists(FACTS):
        return {}
    try:
        with open(path or FACTS, encoding='utf-8') as f:
            return facts.parse(f.read())
    except OSError as error:
        raise results.Fault(f'{path}: {error.strerror}') from None


def _write(path, text):
    try:
        with open(path, 'w', encoding='utf-8', newline='\n') as f:
            f.write(text)
    except OSError as error:
        raise results.Fault(f'{path}: {error.strerror}') from None


def main(arguments):
    parser = argparse.ArgumentParser(
        prog='report', description='Compares results of ntpool-conformance.exe --format json: facts by host.')
    parser.add_argument('results', nargs='+', metavar='[NAME=]FILE', help='a result, and how to call it')
    parser.add_argument('--html', metavar='FILE', help='write one page, which needs no other file')
    parser.add_argument('--markdown', metavar='FILE', help='write Markdown tables')
    parser.add_argument('--facts', metavar='FILE', help='what the facts say (default: tests/conformance/FACTS.md)')
    parser.add_argument('--title', default='What thread pools do, by host')
    options = parser.parse_args(arguments)
    if not options.html and not options.markdown:
        parser.error('say --html FILE or --markdown FILE, or both')
    try:
        runs = [_read(argument) for argument in options.results]
        labels = [run.label for run in runs]
        for label in labels:
            if labels.count(label) > 1:
                raise results.Fault(f'two results are called "{label}": name them with NAME=FILE')
        sentences = _sentences(options.facts)
        if options.html:
            _write(options.html, html.page(runs, sentences, options.title))
        if options.markdown:
            _write(options.markdown, markdown.page(runs, sentences, options.title))
    except results.Fault as fault:
        return f'report: {fault}'
    return 0
