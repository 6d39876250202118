# SPDX-License-Identifier: MIT
"""Takes ntpool out of a prefix: override values first, files last."""

import os

from . import Refused, files, generate, manifest, overrides
from .prefix import Prefix, is_wines_own
from .programs import title
from .server import Guard


def _check_file(prefix, name, record):
    """Refuses when a file cannot be brought back, or is not ours to remove."""
    path, now = prefix.dll(name), files.digest_of(prefix.dll(name))
    if now is None or now == record['original']:
        return
    if now in record['ours']:
        if name != generate.NTPOOL and files.digest_of(prefix.saved(name)) != record['original']:
            raise Refused(f'{prefix.saved(name)}: Wine\'s own {name}, kept for this, is gone or changed. '
                          f'Delete {path}, let "wineboot -u" put Wine\'s own back, then run this again.')
    elif name == generate.NTPOOL or not is_wines_own(files.read(path)):
        raise Refused(f'{path}: changed since this tool put it there. Move it away, then run this again.')


def _restore_file(prefix, name, record):
    path, saved, now = prefix.dll(name), prefix.saved(name), files.digest_of(prefix.dll(name))
    files.remove(files.new_name(path))
    if name == generate.NTPOOL:
        return files.remove(path)
    restorable = record['original'] is not None and files.digest_of(saved) == record['original']
    if restorable and (now is None or now in record['ours']):
        files.put_back(saved, path)
        return True
    return False


def _sweep(prefix):
    """Removes this tool's directory, and nothing in it that is not this tool's."""
    names = [manifest.NAME] + [os.path.basename(prefix.saved(n)) for n in ('kernel32.dll', 'kernelbase.dll')]
    # The manifest goes last: as long as there is something to do, it says so.
    for name in [files.new_name(n) for n in names] + names[1:] + names[:1]:
        files.remove(os.path.join(prefix.state, name))
    files.remove(files.new_name(prefix.user_reg))
    if os.listdir(prefix.state):
        print(f'  left alone: {prefix.state}, it holds files that are not this tool\'s')
    else:
        os.rmdir(prefix.state)
        files.step()


def _leave(known, programs):
    for program in programs:
        index = overrides.index(program)
        if index in known.programs:
            known.leaving[index] = known.programs.pop(index)
        elif index not in known.leaving:
            installed = ', '.join(map(title, known.titles())) or 'none'
            raise Refused(f'ntpool is not installed for {title(program)} here; it is for: {installed}.')


def uninstall(path, programs):
    prefix = Prefix(path)
    prefix.check_writable()
    with Guard(prefix.path) as guard:
        known = manifest.load(prefix)
        if not known:
            if os.path.isdir(prefix.state):
                _sweep(prefix)
            print(f'{prefix.path}: ntpool is not installed here; nothing to do.')
            return
        _leave(known, programs or [entry['name'] for entry in known.programs.values()])
        whole = not known.programs
        if whole:
            for name, record in known.files.items():
                _check_file(prefix, name, record)

        left = [entry['name'] for entry in known.leaving.values()]
        registry = prefix.registry()
        known.save('changing')
        for entry in known.leaving.values():
            overrides.take(registry, entry, known.parents)
        guard.check()
        prefix.write_registry(registry)
        if whole:
            for name in ('kernel32.dll', 'kernelbase.dll', generate.NTPOOL):
                if name in known.files:
                    _restore_file(prefix, name, known.files[name])
            _sweep(prefix)
        else:
            known.leaving = {}
            known.save('installed')

    print(f'{prefix.path}: ntpool is no longer installed for {", ".join(map(title, left)) or "any program"}.')
    if whole:
        print('  Wine\'s own kernel32.dll and kernelbase.dll are back, ntpool.dll is gone')
    else:
        print(f'  still installed for: {", ".join(map(title, known.titles()))}')
