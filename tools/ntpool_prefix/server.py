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


def _lock_files(prefix):
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


def _by_directory(prefix):
    """A process whose working directory is the prefix's server directory: a wineserver always sits there."""
    name = _server_name(prefix)
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            directory = os.readlink(f'/proc/{pid}/cwd')
            with open(f'/proc/{pid}/comm', encoding='utf-8', errors='replace') as f:
                comm = f.read()
            if os.path.basename(directory) == name and comm.startswith('wineserver'):
                return int(pid)
    return 0


def running(prefix):
    """The process id of the prefix's wineserver, 0 when none runs. Starts nothing."""
    for path in _lock_files(prefix):
        with contextlib.suppress(OSError):
            fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                holder = _lock_holder(fd)
            finally:
                os.close(fd)
            if holder:
                return holder
    return _by_directory(prefix)


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

    def __enter__(self):
        try:
            self._take()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, *_):
        self._release()

    def _take(self):
        fd = os.open(self.prefix, os.O_RDONLY | os.O_DIRECTORY)
        self.fds.append(fd)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f'{self.prefix}: another ntpool-prefix is at work on this prefix. Wait for it to end.') from None
        pid = running(self.prefix)
        if pid:
            _refuse_server(self.prefix, pid)
        for path in _lock_files(self.prefix):
            with contextlib.suppress(FileNotFoundError, PermissionError, NotADirectoryError):
                fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
                self.fds.append(fd)
                self._lock(fd)

    def _lock(self, fd):
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            _refuse_server(self.prefix, _lock_holder(fd))

    def check(self):
        """A wineserver that made its lock file anew after we looked is seen here, before the registry is written."""
        pid = _by_directory(self.prefix)
        if pid:
            _refuse_server(self.prefix, pid)

    def _release(self):
        while self.fds:
            os.close(self.fds.pop())
