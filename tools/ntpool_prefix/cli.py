# SPDX-License-Identifier: MIT
"""The command line."""

import argparse
import os
import sys

from . import Refused, install, layout, status, uninstall
from .programs import ALL, program_name

OK, OFF, USAGE = 0, 1, 2

EPILOG = '''exit status: 0 when all is well (also: "status" or "uninstall" with nothing installed), 1 when something was
refused, failed or is off, 2 for a wrong command line.

environment: WINEPREFIX (the prefix), WINELOADER (the wine in use), NTPOOL_DLL, NTPOOL_FORWARD and NTPOOL_BUILD (where
ntpool.dll, ntpool-forward or the build directory that holds both are).'''


def parser():
    p = argparse.ArgumentParser(
        prog='ntpool-prefix', epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Makes programs in a Wine prefix use ntpool, or Wine\'s own thread pool again.')
    commands = p.add_subparsers(dest='command', metavar='install|uninstall|status', required=True)
    add = commands.add_parser('install', help='let programs use ntpool; also renews what is stale')
    remove = commands.add_parser('uninstall', help='take ntpool out, for the named programs or altogether')
    report = commands.add_parser('status', help='what is installed, and does it still fit')
    for command in (add, remove, report):
        command.add_argument('--prefix', metavar='DIR', help='the prefix (default: $WINEPREFIX or ~/.wine)')
    for command in (add, remove):
        command.add_argument('--app', metavar='NAME.exe', action='append', default=[],
                             help='a program, by file name; may be given more than once')
        command.add_argument('--all', action='store_true', help='every program of the prefix, Wine\'s own included')
    add.add_argument('--dll', metavar='FILE', help='the ntpool.dll to install')
    for command in (add, report):
        command.add_argument('--wine-dir', metavar='DIR', help='Wine\'s library directory (holds x86_64-windows)')
    return p


def programs_of(options):
    return [program_name(name) for name in options.app] + ([ALL] if options.all else [])


def run(options, script_dir):
    # An empty name is a variable that is not set; the user's own prefix is not what was meant.
    if options.prefix == '':
        raise Refused('--prefix: the name is empty. Give the prefix\'s directory, or leave --prefix out.')
    path = options.prefix or os.environ.get('WINEPREFIX') or os.path.expanduser('~/.wine')
    if options.command == 'status':
        return OK if status.report(path, layout.find(script_dir), options.wine_dir) else OFF
    if options.command == 'uninstall':
        uninstall.uninstall(path, programs_of(options))
    else:
        install.install(path, programs_of(options), layout.find(script_dir), options.dll, options.wine_dir)
    return OK


def main(arguments, script_dir):
    # Names may hold what this terminal's encoding has no characters for; standard error copes with that by itself.
    if sys.stdout:
        sys.stdout.reconfigure(errors='backslashreplace')
    options = parser().parse_args(arguments)
    try:
        return run(options, script_dir)
    except Refused as refusal:
        print(f'ntpool-prefix: {refusal}', file=sys.stderr)
    except BrokenPipeError:
        # Whoever read what is said here has read enough; let nothing more be written on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        where = f'{error.filename}: ' if error.filename else ''
        print(f'ntpool-prefix: {where}{error.strerror or error}. Once that is mended, run the same command again.',
              file=sys.stderr)
    except KeyboardInterrupt:
        print('ntpool-prefix: interrupted; run the same command again to complete it.', file=sys.stderr)
    return OFF
