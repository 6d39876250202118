# SPDX-License-Identifier: MIT
"""Override values in user.reg, and what was there before them."""

from .programs import ALL, OVERRIDE, VALUES, override_key


def _line(value):
    return f'"{value}"="{OVERRIDE}"\n'


def _is_ours(raw):
    return raw is not None and raw.split('=', 1)[1].strip().lower() == f'"{OVERRIDE}"'


def in_force(registry, entry):
    """Whether both values of a program are as installed."""
    key = override_key(entry['name'])
    return all(_is_ours(registry.raw_value(key, value)) for value in VALUES)


def note_before(registry, entry, parents):
    """Writes into a program's entry what the registry holds now, wherever that is not our own doing."""
    key = override_key(entry['name'])
    if not registry.has_section(key):
        entry['created'] = True
    for value in VALUES:
        raw = registry.raw_value(key, value)
        if value not in entry['before'] or not _is_ours(raw):
            entry['before'][value] = raw
    above = key.rpartition('\\')[0]
    while '\\' in above:
        if registry.is_empty_section(above):
            parents[above] = registry.section_text(above)
        above = above.rpartition('\\')[0]


def new_entry(program):
    return {'name': program, 'before': {}, 'created': False}


def index(program):
    """Under which name a program's entry is kept: Wine does not tell upper from lower case."""
    return program if program == ALL else program.lower()


def put(registry, entry):
    key = override_key(entry['name'])
    if not registry.has_section(key):
        registry.insert_section(key)
    for value in VALUES:
        if not _is_ours(registry.raw_value(key, value)):
            registry.set_raw_value(key, value, _line(value))


def take(registry, entry, parents):
    """Brings back what was there before, except where somebody has changed the value since."""
    key = override_key(entry['name'])
    if not registry.has_section(key):
        return
    for value in VALUES:
        if _is_ours(registry.raw_value(key, value)):
            registry.set_raw_value(key, value, entry['before'][value])
    if entry['created'] and registry.is_empty_section(key):
        registry.remove_section(key)
        for parent, text in parents.items():
            if (key + '\\').lower().startswith((parent + '\\').lower()) and not registry.has_key(parent):
                registry.insert_section(parent, text)
