# SPDX-License-Identifier: MIT
"""Changes to files, each of which either happens wholly or not at all."""

import contextlib
import hashlib
import os
import shutil
import signal

_steps_left = int(os.environ.get('NTPOOL_PREFIX_KILL_AFTER') or 0)


def step():
    """Called after every change to the prefix. Tests have the tool killed here, at each step in turn."""
    global _steps_left
    if _steps_left:
        _steps_left -= 1
        if not _steps_left:
            os.kill(os.getpid(), signal.SIGKILL)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def digest_of(path):
    """The hash of a file, None when there is none."""
    try:
        return digest(read(path))
    except FileNotFoundError:
        return None


def new_name(path):
    """What a file is called while it is being written; fixed, so that the next run sweeps up what was left."""
    return path + '.ntpool-new'


def sync_directory(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def naming(path):
    """Errors of writing name no file by themselves; this lets them name this one."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or path
        raise


def write(path, data, mode=0o644):
    """Puts data under a name, replacing what is there."""
    temporary = new_name(path)
    with naming(path), open(temporary, 'wb') as f:
        f.write(data)
        os.fchmod(f.fileno(), mode)
        f.flush()
        os.fsync(f.fileno())
    step()
    os.replace(temporary, path)
    sync_directory(os.path.dirname(path))
    step()


def keep(path, saved):
    """Keeps the file at path under another name as well: the very same file where that can be, else a copy."""
    temporary = new_name(saved)
    remove(temporary)
    try:
        os.link(path, temporary, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, temporary, follow_symlinks=False)
    step()
    os.replace(temporary, saved)
    sync_directory(os.path.dirname(saved))
    step()


def put_back(saved, path):
    """Moves a kept file over path."""
    try:
        os.replace(saved, path)
    except OSError:
        temporary = new_name(path)
        remove(temporary)
        shutil.copy2(saved, temporary, follow_symlinks=False)
        step()
        os.replace(temporary, path)
    sync_directory(os.path.dirname(path))
    step()


def remove(path):
    """Removes a file; True when there was one."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    step()
    return True
