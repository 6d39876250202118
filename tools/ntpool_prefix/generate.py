# SPDX-License-Identifier: MIT
"""Makes what goes into system32: the two copies and ntpool.dll itself."""

import os
import subprocess
import tempfile

from . import Refused, files
from .programs import VALUES

MODULE = 'C:\\windows\\system32\\ntpool'
NTPOOL = 'ntpool.dll'


def _forward(layout, *arguments):
    command = layout.require(layout.forward, 'ntpool-forward')
    result = subprocess.run([command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            errors='replace', check=False)
    if result.returncode:
        said = result.stderr.strip().removeprefix('ntpool-forward: ')
        raise Refused(said or f'{command} ended with status {result.returncode}')


def ntpool_dll(layout, named):
    """The bytes of the ntpool.dll to install, which has to export all that the copies forward to it."""
    path = layout.require(named or layout.dll, NTPOOL)
    for exports in layout.exports.values():
        _forward(layout, '--verify', path, '--exports', layout.require(exports, 'list of exports'))
    return files.read(path)


def copies(layout, wine):
    """For each of the two DLLs, the bytes of its copy; and the hash of what it was made from."""
    made, sources = {}, {}
    with tempfile.TemporaryDirectory(prefix='ntpool-prefix-') as scratch:
        for value in VALUES:
            name = f'{value}.dll'
            source, copy = wine.dll(name), os.path.join(scratch, name)
            # Hash the bytes that the copy is made from, also when Wine is being upgraded at this moment.
            data = files.read(source)
            own = os.path.join(scratch, f'source-{name}')
            with files.naming(own), open(own, 'wb') as f:
                f.write(data)
            try:
                _forward(layout, own, copy, '--module', MODULE, '--exports',
                         layout.require(layout.exports[value], 'list of exports'))
            except Refused as refusal:
                why = str(refusal).replace(own, source)
                raise Refused(f'{why}. This Wine is not understood: name another with --wine-dir.') from None
            sources[name] = files.digest(data)
            made[name] = files.read(copy)
    return made, sources
