# SPDX-License-Identifier: MIT
"""Keeps a prefix's wineserver away: it holds the registry in memory and would write it over our changes."""

import contextlib
import errno
import fcntl
import os
import struct

from . import Refused

_FLOCK = 'hhqqi'


def _server_name(prefix):
    status = os.stat(prefix)
    return f'server-{status.st_dev:x}-{status.st_ino:x}'


def _usual_lock_files(prefix):
    """Where the wineserver of this prefix may keep its lock, in the layouts of Wine and of Debian's Wine."""
    uid = os.stat(prefix).st_uid
    bases = [f'/tmp/.wine-{uid}', f'/run/user/{uid}/wine']
    try:
        with open(os.path.join(prefix, 'wineserver'), encoding='ascii') as f:
            name = f.read().strip()
        if name and '/' not in name and not name.startswith('.'):
            bases += [os.path.join(tmp, name) for tmp in {os.environ.get('TMPDIR') or '/tmp', '/tmp'}]
    except (OSError, UnicodeDecodeError):
        pass
    return [os.path.join(base, _server_name(prefix), 'lock') for base in bases]


def _lock_holder(fd):
    """The process that holds a lock file, 0 when nobody does."""
    request = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, request))
    return 0 if kind == fcntl.F_UNLCK else pid


def _lock_files(prefix):
    """The lock files that exist. A wineserver sits in its server directory, which tells where that is elsewhere."""
    paths = _usual_lock_files(prefix)
    name = _server_name(prefix)
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            directory = os.readlink(f'/proc/{pid}/cwd')
            if os.path.basename(directory) == name:
                paths.append(os.path.join(directory, 'lock'))
    return [path for path in dict.fromkeys(paths) if os.path.isfile(path)]


def _opened(path):
    """A lock file's descriptor, None where it is gone or closed to us."""
    with contextlib.suppress(OSError):
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    return None


def running(prefix):
    """The process id of the prefix's wineserver, 0 when none runs. Starts nothing.

    Only the lock counts: a wineserver that has given it up has written its registry, though it may still be exiting.
    """
    for path in _lock_files(prefix):
        fd = _opened(path)
        if fd is not None:
            holder = _lock_holder(fd)
            os.close(fd)
            if holder:
                return holder
    return 0


def _refuse_server(prefix, pid):
    try:
        with open(f'/proc/{pid}/comm', encoding='utf-8', errors='replace') as f:
            comm = f.read().strip()
    except OSError:
        comm = 'wineserver'
    raise Refused(f'{prefix}: this prefix is in use ({comm}, process {pid}). End its programs, then wait for '
                  f'its wineserver with "WINEPREFIX={prefix} wineserver -w", or stop it with "wineserver -k".')


class Guard:
    """While it is held, no wineserver of the prefix runs or can start, and no second copy of this tool works on it."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.fds = []
        self.locked = set()

    def __enter__(self):
        try:
            self._take_prefix()
            self.check()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, *_):
        self._release()

    def _take_prefix(self):
        fd = os.open(self.prefix, os.O_RDONLY | os.O_DIRECTORY)
        self.fds.append(fd)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f'{self.prefix}: another ntpool-prefix is at work on this prefix. '
                          'Wait for it to end.') from None

    def check(self):
        """Takes the wineserver's lock wherever there is one now; called again just before the registry is written."""
        for path in _lock_files(self.prefix):
            status = os.stat(path)
            # Opening a lock file a second time would give up our lock on it with the next close.
            if (status.st_dev, status.st_ino) in self.locked:
                continue
            fd = _opened(path)
            if fd is not None:
                self.fds.append(fd)
                self._lock(fd)
                self.locked.add((status.st_dev, status.st_ino))

    def _lock(self, fd):
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            _refuse_server(self.prefix, _lock_holder(fd))

    def _release(self):
        while self.fds:
            os.close(self.fds.pop())
