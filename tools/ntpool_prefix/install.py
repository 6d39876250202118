# SPDX-License-Identifier: MIT
"""Puts ntpool into a prefix.

Files come first and override values last, and values that are in force are taken away before files change: whenever
this is interrupted, every program either runs on a whole set of files or on Wine's builtin ones.
"""

from . import Refused, files, generate, manifest, overrides, wine as wine_search
from .prefix import Prefix, is_wines_own
from .programs import title
from .server import Guard


def _command(programs):
    return 'ntpool-prefix install ' + ' '.join('--all' if p == '*' else f'--app {p}' for p in programs)


def _require_programs(programs, known):
    if programs:
        return
    if known and known.programs:
        raise Refused(f'name a program: install --app NAME.exe (or --all, for every program of the prefix). '
                      f'To renew what is installed: {_command(known.titles())}')
    raise Refused('name a program: install --app NAME.exe (or --all, for every program of the prefix, '
                  'Wine\'s own included).')


class _File:
    """One file to place: what is there now, and what is to be there."""

    def __init__(self, prefix, name, data, record):
        self.name = name
        self.path = prefix.dll(name)
        self.saved = prefix.saved(name)
        self.data = data
        self.want = files.digest(data)
        self.now = files.digest_of(self.path)
        self.record = record or {'original': None, 'ours': []}
        self.save_original = False
        self._classify()

    def _classify(self):
        if self.now in self.record['ours']:
            if self.name != generate.NTPOOL and files.digest_of(self.saved) != self.record['original']:
                raise Refused(f'{self.saved}: Wine\'s own {self.name}, kept for uninstall, is gone or changed. Delete '
                              f'{self.path}, let "wineboot -u" put Wine\'s own back, then run this again.')
        elif self.name == generate.NTPOOL:
            if self.now is not None:
                raise Refused(f'{self.path}: not a file that this tool put there. Move it away, then run this again.')
        elif self.now is None:
            raise Refused(f'{self.path}: missing. Let "wineboot -u" put Wine\'s own back, then run this again.')
        elif is_wines_own(files.read(self.path)):
            self.save_original = self.now != self.record['original'] or files.digest_of(self.saved) != self.now
            self.record['original'] = self.now
        else:
            raise Refused(f'{self.path}: neither Wine\'s own nor what this tool put there. Move it away, let '
                          '"wineboot -u" put Wine\'s own back, then run this again.')

    @property
    def changes(self):
        return self.now != self.want


def _note_programs(known, registry, programs):
    added = []
    for program in programs:
        index = overrides.index(program)
        if index in known.leaving:
            known.programs[index] = known.leaving.pop(index)
        elif index not in known.programs:
            known.programs[index] = overrides.new_entry(program)
            added.append(program)
    for entry in known.programs.values():
        overrides.note_before(registry, entry, known.parents)
    return added


def _place(known, plan):
    for f in plan:
        if f.save_original:
            files.keep(f.path, f.saved)
    placed = []
    for f in plan:
        files.remove(files.new_name(f.path))
        if f.changes:
            files.write(f.path, f.data)
            placed.append(f.name)
    return placed


def _apply(prefix, guard, known, plan):
    registry = prefix.registry()
    files_change = any(f.changes or f.save_original for f in plan)
    values_set = all(overrides.in_force(registry, entry) for entry in known.programs.values())
    if known.state == 'installed' and values_set and not files_change and not known.leaving:
        known.save('installed')
        return [], False

    for f in plan:
        f.record['ours'] = [f.want] + [h for h in f.record['ours'] if h != f.want]
    known.save('changing')
    changed = False
    if files_change:
        for entry in known.programs.values():
            overrides.take(registry, entry, known.parents)
        guard.check()
        changed = prefix.write_registry(registry)
    placed = _place(known, plan)

    for entry in list(known.leaving.values()):
        overrides.take(registry, entry, known.parents)
    for entry in known.programs.values():
        overrides.put(registry, entry)
    guard.check()
    changed = prefix.write_registry(registry) or changed
    for f in plan:
        f.record['ours'] = [f.want]
    known.leaving = {}
    known.save('installed')
    return placed, changed


def install(path, programs, layout, dll, wine_dir):
    prefix = Prefix(path)
    prefix.check_writable()
    with Guard(prefix.path) as guard:
        known = manifest.load(prefix) or manifest.Manifest(prefix)
        _require_programs(programs, known)
        wine = wine_search.find(wine_dir)
        ntpool = generate.ntpool_dll(layout, dll)
        made, sources = generate.copies(layout, wine)

        # kernel32 imports kernelbase, and both need ntpool.
        made[generate.NTPOOL] = ntpool
        order = (generate.NTPOOL, 'kernelbase.dll', 'kernel32.dll')
        plan = [_File(prefix, name, made[name], known.files.get(name)) for name in order]
        known.files = {f.name: f.record for f in plan}
        known.wine = dict(sources, directory=wine.directory)
        added = _note_programs(known, prefix.registry(), programs)
        placed, changed = _apply(prefix, guard, known, plan)

    print(f'{prefix.path}: ntpool is installed for {", ".join(map(title, known.titles()))}.')
    if placed:
        print(f'  placed in system32: {", ".join(placed)} (made from the DLLs in {wine.directory})')
    if added:
        print(f'  override values set for: {", ".join(map(title, added))}')
    elif changed:
        print('  override values set anew')
    if not placed and not changed:
        print('  nothing had to be changed')
