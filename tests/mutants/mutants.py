# SPDX-License-Identifier: MIT
"""mutants.py list|write: what meson.build asks of the lists of mutants.

list                prints a line for each mutant: name, file, unit programs, whether the explorer is asked, list; tabs between
write NAME OUTPUT   writes the file that this mutant changes, changed
"""

import dataclasses
import os
import re
import sys
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
NTPOOL = os.path.normpath(os.path.join(HERE, '..', '..', 'dlls', 'ntpool'))
KEYS = {'breaks', 'file', 'old', 'new', 'tests', 'unit', 'explore'}


class Fault(Exception):
    """A mutant that cannot be made; the text says which and why."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    breaks: str  # the promise
    file: str    # below dlls/ntpool
    old: str     # stands there once
    new: str
    tests: tuple  # patterns of the conformance tests that are likely to notice
    unit: tuple   # unit programs, for what no program of Windows can see
    explore: tuple = ()  # scenarios of the explorer, for what depends on the order of single steps
    list: str = ''       # the file that says all this


def _mutant(name, entry, where):
    unknown = set(entry) - KEYS
    if unknown:
        raise Fault(f'{where}: {name} has unknown keys: {", ".join(sorted(unknown))}')
    if not re.fullmatch(r'[a-z0-9]+(-[a-z0-9]+)*', name):
        raise Fault(f'{where}: {name} is no name: small letters, digits and hyphens')
    for key in ('breaks', 'file', 'old', 'new'):
        if not isinstance(entry.get(key), str):
            raise Fault(f'{where}: {name} lacks {key}')
    if not any(entry.get(key) for key in ('tests', 'unit', 'explore')):
        raise Fault(f'{where}: {name} names neither tests nor unit programs nor scenarios')
    # The last line break belongs to the quotes.
    old, new = (entry[key].removesuffix('\n') for key in ('old', 'new'))
    if not old or old == new:
        raise Fault(f'{where}: {name} changes nothing')
    return Mutant(name, entry['breaks'], entry['file'], old, new,
                  *(tuple(entry.get(key, ())) for key in ('tests', 'unit', 'explore')), where)


def read(folder=HERE):
    """All mutants by name, in the order of their files."""
    mutants = {}
    for file in sorted(os.listdir(folder)):
        if not file.endswith('.toml'):
            continue
        try:
            with open(os.path.join(folder, file), 'rb') as f:
                entries = tomllib.load(f)
        except tomllib.TOMLDecodeError as error:
            raise Fault(f'{file}: {error}') from None
        for name, entry in entries.items():
            if name in mutants:
                raise Fault(f'{file}: {name} is there twice')
            mutants[name] = _mutant(name, entry, file)
    return mutants


def mutate(mutant, root=NTPOOL):
    """The text of the mutant's file, changed. The text that it replaces has to stand there exactly once."""
    path = os.path.join(root, mutant.file)
    try:
        with open(path, encoding='utf-8') as f:
            text = f.read()
    except OSError as error:
        raise Fault(f'{mutant.name}: {mutant.file} cannot be read: {error.strerror}') from None
    count = text.count(mutant.old)
    if count != 1:
        found = 'is not there any more' if not count else f'is there {count} times'
        raise Fault(f'{mutant.name}: what it replaces in {mutant.file} {found}: make it match the source again')
    line = f'#line 1 "{os.path.basename(mutant.file)}"\n'
    return line + text.replace(mutant.old, mutant.new)


def main(arguments):
    try:
        if arguments == ['list']:
            for mutant in read().values():
                print(mutant.name, mutant.file, ','.join(mutant.unit) or '-', 'explored' if mutant.explore else '-',
                      mutant.list, sep='\t')
        elif len(arguments) == 3 and arguments[0] == 'write':
            mutants = read()
            if arguments[1] not in mutants:
                raise Fault(f'there is no mutant {arguments[1]}')
            text = mutate(mutants[arguments[1]])
            with open(arguments[2], 'w', encoding='utf-8') as f:
                f.write(text)
        else:
            return __doc__
    except Fault as fault:
        return f'mutants: {fault}'
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
