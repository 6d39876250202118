# SPDX-License-Identifier: MIT
"""test_hashtree.py RUN-UNDER-WINE HASHTREE.exe

Runs hashtree over trees made for it and compares what it prints with digests made here. Speaks TAP.
"""
import hashlib
import os
import random
import subprocess
import sys
import tempfile

TIME_LIMIT = 240


class Hashtree:
    def __init__(self, command):
        self.command = command

    def run(self, *arguments, **options):
        return subprocess.run(
            [*self.command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT, **options
        )


def make_file(root, path, content):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(content)


def expected_output(root):
    """What hashtree is to print for the tree: sorted as UTF-16 code units, as Windows compares wide strings."""
    paths = []
    for directory, _, names in os.walk(root):
        paths += [os.path.relpath(os.path.join(directory, name), root) for name in names]
    paths.sort(key=lambda path: path.encode("utf-16-be"))
    lines, size = [], 0
    for path in paths:
        with open(os.path.join(root, path), "rb") as file:
            content = file.read()
        size += len(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {path}\n")
    listing = "".join(lines)
    total = hashlib.sha256(listing.encode()).hexdigest()
    return (listing + f"{total}  total: {len(lines)} files, {size} bytes\n").encode()


def expect(result, code, output=None, complaint=None):
    """Compares a finished run with what it should have been; "" when it fits."""
    stderr = result.stderr.decode(errors="replace")
    if result.returncode != code:
        return f"exit code {result.returncode} instead of {code}; standard error: {stderr}; printed {result.stdout[-400:]!r}"
    if output is not None and result.stdout != output:
        return f"printed {result.stdout[-400:]!r} instead of {output[-400:]!r}"
    if complaint is not None and complaint not in stderr:
        return f"standard error says nothing of {complaint!r}: {stderr}"
    return ""


def check_tree(hashtree, root, *options):
    return expect(hashtree.run(*options, root), 0, expected_output(root))


def test_small_tree(hashtree, root):
    make_file(root, "abc", b"abc")
    make_file(root, "empty", b"")
    make_file(root, "sub/Z", b"z" * 1000)
    make_file(root, "sub/a", b"a" * 64)
    return check_tree(hashtree, root)


def test_empty_tree(hashtree, root):
    os.makedirs(os.path.join(root, "nothing/in/here"))
    return check_tree(hashtree, root)


def test_only_empty_files(hashtree, root):
    for i in range(50):
        make_file(root, f"empty {i}", b"")
    return check_tree(hashtree, root)


def test_hundreds_of_files(hashtree, root):
    numbers = random.Random(7)
    for i in range(600):
        size = numbers.choice([0, 1, 55, 56, 63, 64, 65, 4095, 4096, 20000])
        make_file(root, f"directory {i % 37}/of {i % 5}/file {i}.bin", numbers.randbytes(size))
    return check_tree(hashtree, root)


def test_one_file_at_a_time(hashtree, root):
    for i in range(40):
        make_file(root, f"file {i}", b"x" * (i * 20000))
    return check_tree(hashtree, root, "-q", "-j", "1")


def test_many_files_at_a_time(hashtree, root):
    for i in range(300):
        make_file(root, f"d{i % 10}/file {i}", bytes([i % 251]) * (i * 300))
    return check_tree(hashtree, root, "-q", "-j", "100")


def test_big_files(hashtree, root):
    numbers = random.Random(11)
    piece = numbers.randbytes(1 << 20)
    make_file(root, "big", piece * 48 + b"tail")
    make_file(root, "exactly one piece", piece[: 256 * 1024])
    make_file(root, "one byte more", piece[: 256 * 1024 + 1])
    make_file(root, "one byte less", piece[: 256 * 1024 - 1])
    return check_tree(hashtree, root)


def test_names(hashtree, root):
    for name in ("with a space", "größe.txt", "日本語", "dots.and.dots", "-q", "d with space/e f/g"):
        make_file(root, name, name.encode())
    return check_tree(hashtree, root)


def test_long_paths(hashtree, root):
    make_file(root, "/".join(["a long directory name " * 4] * 12) + "/deep", b"deep")
    return check_tree(hashtree, root)


def test_relative_directory(hashtree, root):
    make_file(root, "some directory/file", b"content")
    output = expected_output(os.path.join(root, "some directory"))
    for given in ("some directory", "./some directory/"):
        problem = expect(hashtree.run(given, cwd=root), 0, output)
        if problem:
            return f"{given}: {problem}"
    return ""


def test_missing_directory(hashtree, root):
    return expect(hashtree.run(os.path.join(root, "not there")), 2, b"", "not there")


def test_file_for_a_directory(hashtree, root):
    make_file(root, "plain", b"plain")
    return expect(hashtree.run(os.path.join(root, "plain")), 2, b"", "plain")


def test_wrong_use(hashtree, root):
    for arguments in ((), ("-j", "0", root), ("-j", "many", root), ("-j",), ("-x", root), (root, root), ("",)):
        problem = expect(hashtree.run(*arguments), 2, b"", "usage:")
        if problem:
            return f"{arguments}: {problem}"
    return ""


def test_unreadable_file(hashtree, root):
    if os.geteuid() == 0:
        return None
    make_file(root, "a", b"a")
    make_file(root, "z", b"z")
    output = expected_output(root)
    make_file(root, "locked away", b"secret")
    os.chmod(os.path.join(root, "locked away"), 0)
    return expect(hashtree.run(root), 1, output, "locked away")


def test_time_limit(hashtree, root):
    for i in range(400):
        make_file(root, f"file {i}", bytes([i % 256]) * 400000)
    return expect(hashtree.run("-q", "-j", "1", "-t", "1", root), 3, b"", "stopped before the end")


def test_progress_lines(hashtree, root):
    make_file(root, "file", b"content")
    result = hashtree.run(root)
    problem = expect(result, 0, None, "1 of 1 files")
    if problem:
        return problem
    quiet = hashtree.run("-q", root)
    return expect(quiet, 0, result.stdout) or (f"-q still says {quiet.stderr!r}" if quiet.stderr else "")


def main():
    hashtree = Hashtree([os.path.abspath(part) for part in sys.argv[1:]])
    tests = [(name[5:], test) for name, test in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory(prefix="hashtree ") as root:
            try:
                problem = test(hashtree, root)
            except subprocess.TimeoutExpired:
                problem = f"no end within {TIME_LIMIT} s"
        title = f"{number} {name.replace('_', ' ')}"
        if problem is None:
            print(f"ok {title} # SKIP root can read everything", flush=True)
        elif problem:
            failed += 1
            print(f"not ok {title}", flush=True)
            print("# " + problem.replace("\n", "\n# "), flush=True)
        else:
            print(f"ok {title}", flush=True)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
