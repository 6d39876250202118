# SPDX-License-Identifier: MIT
"""What this tool did to a prefix, written down before it is done.

.ntpool/manifest.json:
  state     "installed", or "changing" from before the first change until after the last
  wine      Wine's library directory, and the hashes of the DLLs that the copies were made from
  files     for each file in system32: the hash of Wine's own ("original"; none for ntpool.dll) and of what was put
            there ("ours"; while changing, also of what was there before)
  programs  for each program: its name, and per override value the registry text that was there before
  leaving   programs whose values are to be taken away, in the same form
  parents   empty registry sections that Wine drops once something lies below them, to be brought back
"""

import json
import os

from . import Refused, files
from .programs import VALUES

FORMAT = 1
NAME = 'manifest.json'


class Manifest:
    def __init__(self, prefix, data=None):
        self.path = os.path.join(prefix.state, NAME)
        data = data or {}
        self.state = data.get('state', 'changing')
        self.wine = data.get('wine', {})
        self.files = data.get('files', {})
        self.programs = data.get('programs', {})
        self.leaving = data.get('leaving', {})
        self.parents = data.get('parents', {})

    def text(self):
        return json.dumps({
            'format': FORMAT, 'state': self.state, 'wine': self.wine, 'files': self.files, 'programs': self.programs,
            'leaving': self.leaving, 'parents': self.parents}, indent=2, sort_keys=True) + '\n'

    def save(self, state):
        self.state = state
        data = self.text().encode()
        if not os.path.isdir(os.path.dirname(self.path)):
            os.mkdir(os.path.dirname(self.path))
            files.step()
        if files.digest_of(self.path) != files.digest(data):
            files.write(self.path, data)

    def titles(self):
        return [entry['name'] for _, entry in sorted(self.programs.items())]


def _sound(data):
    hashes = [h for f in data['files'].values() for h in f['ours'] + [f['original']]]
    entries = list(data['programs'].values()) + list(data['leaving'].values())
    texts = [entry['before'][value] for entry in entries for value in VALUES]
    texts += list(data['wine'].values()) + list(data['parents'].values()) + [entry['name'] for entry in entries]
    return (data['state'] in ('installed', 'changing') and
            all(isinstance(entry['created'], bool) for entry in entries) and
            all(text is None or isinstance(text, str) for text in hashes + texts))


def load(prefix):
    """The manifest of a prefix, None when ntpool is not installed there."""
    path = os.path.join(prefix.state, NAME)
    try:
        data = json.loads(files.read(path))
        if data['format'] != FORMAT:
            raise Refused(f'{path}: written by another version of this tool. Use that one, or uninstall with it first.')
        if not _sound(data):
            raise ValueError
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused(
            f'{path}: damaged, so what was installed is not known. To repair by hand: delete kernel32.dll, '
            f'kernelbase.dll and ntpool.dll in {prefix.system32}, the kernel32 and kernelbase overrides (winecfg), '
            f'{prefix.state} and {prefix.path}/.update-timestamp, then run "wineboot -u".') from None
    return Manifest(prefix, data)
