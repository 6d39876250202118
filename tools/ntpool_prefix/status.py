# SPDX-License-Identifier: MIT
"""Says what is installed in a prefix and whether it is in order. Changes nothing."""

import os

from . import Refused, files, generate, manifest, overrides, wine as wine_search
from .prefix import Prefix, is_wines_own
from .programs import override_key, title
from .server import running


def _file_problems(prefix, known):
    for name, record in known.files.items():
        path = prefix.dll(name)
        now = files.digest_of(path)
        if now is None:
            yield f'{path} is missing'
        elif now not in record['ours']:
            whose = 'Wine\'s own file is back' if is_wines_own(files.read(path)) else 'the file was changed'
            yield f'{path}: {whose} since ntpool was installed'
        if name != generate.NTPOOL and files.digest_of(prefix.saved(name)) != record['original']:
            yield f'{prefix.saved(name)}: Wine\'s own file, kept for uninstall, is gone or changed'


def _override_problems(prefix, known):
    registry = prefix.registry()
    for entry in known.programs.values():
        if not overrides.in_force(registry, entry):
            yield (f'{title(entry["name"])}: the values kernel32 and kernelbase of HKEY_CURRENT_USER\\'
                   f'{override_key(entry["name"])} are no longer both "native,builtin"')


def _wine_problems(known, wine_dir):
    try:
        wine = wine_search.find(wine_dir)
    except Refused as refusal:
        yield f'cannot tell whether it fits the Wine in use: {refusal}'
        return
    for name in wine_search.DLLS:
        if files.digest_of(wine.dll(name)) != known.wine.get(name):
            yield f'{name} was made from another Wine than the one in use ({wine.directory}): it is stale'


def _problems(prefix, known, wine_dir):
    if known.state != 'installed':
        yield 'an install or uninstall was interrupted'
    yield from _file_problems(prefix, known)
    yield from _override_problems(prefix, known)
    yield from _wine_problems(known, wine_dir)


def report(path, layout, wine_dir):
    """Prints the state of a prefix; True when all is well, which it also is where nothing is installed."""
    prefix = Prefix(path)
    known = manifest.load(prefix)
    if not known:
        print(f'{prefix.path}: ntpool is not installed.')
        return True

    print(f'{prefix.path}: ntpool is installed for {", ".join(map(title, known.titles())) or "no program"}.')
    print(f'  made from the DLLs in {known.wine.get("directory")}')
    installed = known.files.get(generate.NTPOOL, {}).get('ours', [])
    if os.path.isfile(layout.dll) and files.digest_of(layout.dll) not in installed:
        print(f'  note: {layout.dll} is another ntpool.dll than the one installed; "install" renews it')
    if running(prefix.path):
        print('  note: programs are running in this prefix; override values changed just now may not show')
    problems = list(_problems(prefix, known, wine_dir))
    for problem in problems:
        print(f'  OFF: {problem}')
    if problems:
        print('  To mend it: run "install" again for the same programs, or "uninstall".')
    else:
        print('  files, override values and the Wine in use: all in order')
    return not problems
