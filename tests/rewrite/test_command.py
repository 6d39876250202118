# SPDX-License-Identifier: MIT
"""test_command.py WRITE-CORPUS TOOL [RUN-UNDER-WINE]

ntpool-rewrite as a command: what it prints, its exit codes, and what it does to files. Speaks TAP.
"""
import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile

WRITE_CORPUS, TOOL, *RUNNER = map(os.path.abspath, sys.argv[1:])
WINDOWS = bool(RUNNER)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'prefix'))
import tap  # noqa: E402
from tap import check, contains, equal  # noqa: E402

TIME_LIMIT = 240
TESTS = []
corpus = tempfile.TemporaryDirectory(prefix='ntpool-corpus-')


def test(name, on=True):
    def add(function):
        if on:
            TESTS.append((name, function))
        return function
    return add


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class Folder:
    """A folder with one made image in it."""

    def __init__(self, image='mix', name='app.exe'):
        self.image = os.path.join(corpus.name, image + '-whole')
        self.name = name

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix='ntpool-command-')
        self.path = self.temporary.name
        shutil.copy(self.image, self.at(self.name))
        self.original = read(self.image)
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def at(self, name):
        return os.path.join(self.path, name)

    def run(self, *arguments, **options):
        return subprocess.run([*RUNNER, TOOL, *arguments], cwd=self.path, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIME_LIMIT, **options)

    def do(self, code, *arguments, output=(), complaint=(), **options):
        """Runs the tool; checks its exit code, parts of what it says, and that it complains if and only if it fails."""
        result = self.run(*arguments, **options)
        out, err = (text.decode('utf-8', 'replace').replace('\r\n', '\n') for text in (result.stdout, result.stderr))
        equal(result.returncode, code, f'exit code of {arguments}: {out}{err}')
        equal(bool(err), code != 0, f'complaint of {arguments}: {err}')
        for part in output:
            contains(out, part, 'output')
        for part in complaint:
            contains(err, part, 'complaint')

    def names(self):
        return sorted(os.listdir(self.path))

    def unchanged(self):
        equal(self.names(), [self.name], 'files')
        check(read(self.at(self.name)) == self.original, 'the file was changed')


@test('--check says what would be done, and does nothing')
def check_only():
    with Folder('everything') as f:
        f.do(0, 'app.exe', '--check', output=[
            '8 functions', 'from KERNEL32.dll: CreateThreadpoolWork, SubmitThreadpoolWork, CloseThreadpoolWork',
            'from api-ms-win-core-threadpool-l1-2-0.dll: ', '(delay-loaded): ', 'signature is dropped',
            'bound imports are dropped', "the program's folder", 'nothing was written'])
        f.unchanged()


@test('a copy is written, and undone into another file')
def copy_and_back():
    with Folder() as f:
        f.do(0, 'app.exe', '-o', 'new.exe', output=['new.exe: written'])
        equal(f.names(), ['app.exe', 'new.exe'], 'files')
        check(read(f.at('app.exe')) == f.original, 'the original was changed')
        check(b'ntpool.dll\0' in read(f.at('new.exe')), 'no ntpool.dll in the copy')
        f.do(0, 'new.exe', '--undo', '-o', 'back.exe')
        check(read(f.at('back.exe')) == f.original, 'another file came back')


@test('a file is rewritten in place, not twice, and undone in place')
def in_place():
    with Folder('certificate') as f:
        f.do(0, 'app.exe', '--in-place')
        rewritten = read(f.at('app.exe'))
        check(rewritten != f.original, 'nothing was changed')
        f.do(4, 'app.exe', '--in-place', complaint=['already'])
        check(read(f.at('app.exe')) == rewritten, 'changed by a refusal')
        f.do(0, 'app.exe', '--undo')
        f.unchanged()
        f.do(3, 'app.exe', '--undo', complaint=['has not been rewritten'])
        f.unchanged()


@test('undo refuses a file that was changed since')
def changed_since():
    with Folder() as f:
        f.do(0, 'app.exe', '--in-place')
        data = bytearray(read(f.at('app.exe')))
        data[0x410] ^= 1
        with open(f.at('app.exe'), 'wb') as file:
            file.write(data)
        f.do(9, 'app.exe', '--undo', complaint=['changed after'])
        check(read(f.at('app.exe')) == data, 'changed by a refusal')


@test('a link stays a link, and the file keeps its permissions', on=not WINDOWS)
def link():
    with Folder(name='real.exe') as f:
        os.chmod(f.at('real.exe'), 0o751)
        os.symlink('real.exe', f.at('app.exe'))
        f.do(0, 'app.exe', '--in-place')
        check(os.path.islink(f.at('app.exe')), 'the link was replaced')
        equal(stat.S_IMODE(os.stat(f.at('real.exe')).st_mode), 0o751, 'permissions')
        f.do(0, 'app.exe', '-o', 'new.exe', '--undo')
        equal(stat.S_IMODE(os.stat(f.at('new.exe')).st_mode), 0o751, 'permissions of a copy')
        f.do(0, 'app.exe', '--undo')
        check(read(f.at('real.exe')) == f.original, 'another file came back')


KINDS = (
    ('nothing-of-the-pool', 3, 'no thread-pool function'), ('ntpool-imported', 4, 'already'),
    ('pe32', 5, '32-bit'), ('arm64', 5, 'x86_64'), ('arm64ec', 5, 'ARM64EC'), ('pure-net', 5, '.NET'),
    ('system-dll', 5, 'system'), ('nothing', 6, 'not a PE file'), ('overlay', 7, 'after its last section'),
    ('mixed-delay', 8, 'delay-load'), ('forced-integrity', 8, 'valid signature'), ('no-header-room', 8, 'section header'),
    ('bound-without-lookup', 8, 'bound'))


def refuse(image, code, text):
    def body():
        with Folder(image) as f:
            for action in (['--in-place'], ['--check'], ['-o', 'new.exe'])[:1 if WINDOWS else 3]:
                f.do(code, 'app.exe', *action, complaint=['ntpool-rewrite: app.exe: ', text])
                f.unchanged()
    return body


for image, code, text in KINDS:
    TESTS.append((f'refused: {image}', refuse(image, code, text)))


@test('an overlay stays when told so')
def overlay():
    with Folder('overlay') as f:
        f.do(0, 'app.exe', '--in-place', '--keep-overlay', output=['note: 333 bytes'])
        check(read(f.at('app.exe'))[:len(f.original)].endswith(f.original[-333:]), 'the overlay moved')
        f.do(0, 'app.exe', '--undo')
        f.unchanged()


@test('OUT is only replaced when told so')
def force():
    with Folder() as f:
        with open(f.at('new.exe'), 'w', encoding='ascii') as file:
            file.write('precious')
        f.do(1, 'app.exe', '-o', 'new.exe', complaint=['new.exe: exists', '--force'])
        equal(read(f.at('new.exe')), b'precious', 'OUT')
        f.do(0, 'app.exe', '-o', 'new.exe', '--force')
        check(read(f.at('new.exe')).startswith(b'MZ'), 'OUT was not replaced')
        f.do(2, 'app.exe', '-o', os.path.join('.', 'app.exe'), '--force', complaint=['the same file'])
        check(read(f.at('app.exe')) == f.original, 'IN was changed')


@test('paths that lead nowhere, and to folders')
def bad_paths():
    with Folder() as f:
        f.do(1, 'none.exe', '--check', complaint=['none.exe: No such file'])
        f.do(1, 'app.exe', '-o', 'none/new.exe', complaint=['none/new.exe: No such file'])
        f.do(1, '.', '--in-place', complaint=['not a regular file'])
        f.do(1, 'app.exe', '-o', '.', '--force', complaint=['not a regular file'])
        f.unchanged()


@test('names in other scripts, and with spaces')
def names():
    name = 'mön programm ф 程.exe'
    with Folder(name=name) as f:
        f.do(0, name, '--in-place')
        equal(f.names(), [name], 'files')
        f.do(0, name, '--undo')
        f.unchanged()


@test('a very long path', on=WINDOWS)
def long_path():
    with Folder() as f:
        folder = f.at(os.path.join(*['d' * 100] * 3))
        os.makedirs(folder)
        target = os.path.join(folder, 'new.exe')
        f.do(0, 'app.exe', '-o', 'Z:' + target.replace('/', '\\'))
        check(read(target).startswith(b'MZ'), 'nothing was written')


@test('wrong usage')
def usage():
    with Folder() as f:
        for arguments in ([], ['app.exe'], ['--in-place'], ['app.exe', '-o'], ['app.exe', '--wrong'],
                          ['app.exe', 'b.exe', '--check'], ['app.exe', '--check', '--in-place'],
                          ['app.exe', '--in-place', '-o', 'new.exe'], ['', '--check'],
                          ['app.exe', '--in-place', '--force'])[::3 if WINDOWS else 1]:
            f.do(2, *arguments, complaint=['usage: '])
        f.unchanged()
        f.do(0, '--help', output=['usage: ', 'Exit codes'])


@test('what a file says is printed without control characters')
def control_characters():
    with Folder('api-set') as f:
        data = f.original.replace(b'api-ms-win-core-threadpool-l1', b'api-ms-win-\x1b[2J\x07-\xff-\x1badpool-l1')
        check(data != f.original and len(data) == len(f.original), 'the name was not replaced')
        with open(f.at('app.exe'), 'wb') as file:
            file.write(data)
        result = f.run('app.exe', '--check')
        equal(result.returncode, 0, 'exit code')
        contains(result.stdout, b'api-ms-win-?[2J?-?-?adpool-l1', 'output')


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@test('a write that fails leaves the file and nothing else', on=not WINDOWS)
def write_error():
    with Folder() as f:
        # Without the signal, a write beyond the limit is an error.
        f.do(1, 'app.exe', '--in-place', complaint=['File too large'], preexec_fn=limit_files, restore_signals=False)
        f.unchanged()


@test('an end in the middle of a write leaves the file whole', on=not WINDOWS)
def killed():
    with Folder() as f:
        result = f.run('app.exe', '--in-place', preexec_fn=limit_files)
        check(result.returncode < 0, f'it was not killed: {result.returncode}')
        check(read(f.at('app.exe')) == f.original, 'the file was changed')


@test('a file that others have open cannot be replaced, and stays', on=WINDOWS)
def in_use():
    with Folder() as f:
        # The tool itself is running while it is asked to rewrite itself.
        shutil.copy(TOOL, f.at('self.exe'))
        before = read(f.at('self.exe'))
        result = subprocess.run([*RUNNER, f.at('self.exe'), 'self.exe', '--in-place'], cwd=f.path, capture_output=True,
                                stdin=subprocess.DEVNULL, timeout=TIME_LIMIT)
        check(result.returncode != 0, 'it rewrote itself')
        check(read(f.at('self.exe')) == before, 'the file was changed')
        equal(f.names(), ['app.exe', 'self.exe'], 'files')


with corpus:
    subprocess.run([WRITE_CORPUS, corpus.name], check=True, timeout=TIME_LIMIT)
    shutil.copy(os.path.join(corpus.name, 'nothing-mz'), os.path.join(corpus.name, 'nothing-whole'))
    status = tap.run(TESTS)
sys.exit(status)
