# SPDX-License-Identifier: MIT
"""Where this tool's own parts are: in a source tree with its build directory, or installed."""

import os

from . import Refused

HERE = os.path.dirname(os.path.realpath(__file__))
SOURCE_ROOT = os.path.normpath(os.path.join(HERE, '..', '..'))


class Layout:
    def __init__(self, dll, forward, exports, hint):
        self.dll = os.environ.get('NTPOOL_DLL') or dll
        self.forward = os.environ.get('NTPOOL_FORWARD') or forward
        self.exports = exports  # DLL name -> the list of exports to forward
        self.hint = hint

    def require(self, path, what):
        if not os.path.isfile(path):
            raise Refused(f'{path}: there is no {what} here. {self.hint}')
        return path


def find(script_dir):
    lists = {name: os.path.join(SOURCE_ROOT, 'dlls', name, 'exports.txt') for name in ('kernel32', 'kernelbase')}
    if all(os.path.isfile(path) for path in lists.values()):
        build = os.environ.get('NTPOOL_BUILD') or os.path.join(SOURCE_ROOT, 'build')
        return Layout(os.path.join(build, 'dlls', 'ntpool', 'ntpool.dll'),
                      os.path.join(build, 'tools', 'pe', 'ntpool-forward'), lists,
                      'Build first (meson compile -C build), or name the build directory in NTPOOL_BUILD.')
    data = os.path.dirname(HERE)
    lists = {name: os.path.join(data, f'{name}.exports') for name in lists}
    return Layout(os.path.join(script_dir, 'ntpool.dll'), os.path.join(data, 'ntpool-forward'), lists,
                  'Install ntpool again (meson install -C build).')
