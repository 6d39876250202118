# SPDX-License-Identifier: MIT
"""facts.py LIST FACTS.md facts-untested.txt facts-win32-only.txt host-limits.txt [TABLE.md]

Checks that facts and tests fit, and says so in TAP: every fact has a test or a reason why it has none, and one at NT level too or
a reason why there is none; every test names facts that exist; every limit of a host is that of a fact whose tests measure it; and
nothing is left over. LIST is what "ntpool-conformance --list" printed, or - for standard input. With TABLE.md it writes the table
of facts and the tests that name them there.
"""
import re
import sys

FACT = re.compile(r"- \*\*([A-Z]+-\d+)\*\* \(([^)]*)\) (.+)")
TEST = re.compile(r"(\w+) \[([^\]]*)\]( \(nt\))?( \(observation\))?\s*$")
REASON = re.compile(r"([A-Z]+-\d+): (.+)")
LIMIT = re.compile(r"([A-Z]+-\d+) on (\S.*?): (.+)")
CLASSES = {"documented", "verified on Wine", "documented, verified on Wine", "inferred", "own"}


def lines_of(path):
    if path == "-":
        return sys.stdin.read().splitlines()
    with open(path, encoding="utf-8") as stream:
        return stream.read().splitlines()


def read_facts(path, complaints):
    """ID -> (heading, class), in the order of the file."""
    facts, heading = {}, ""
    for number, line in enumerate(lines_of(path), 1):
        match = FACT.fullmatch(line)
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("- **") and not match:
            complaints.append(f"{path}:{number}: expected '- **ID** (class) text', found '{line}'")
        elif match:
            fact, evidence, _ = match.groups()
            if fact in facts:
                complaints.append(f"{path}:{number}: {fact} is there twice")
            if evidence not in CLASSES:
                complaints.append(f"{path}:{number}: {fact} has the unknown class '{evidence}'")
            facts[fact] = (heading, evidence)
    return facts


def read_tests(path, complaints):
    """Name -> list of IDs, and the names of those at NT level."""
    tests, native = {}, set()
    for line in lines_of(path):
        match = TEST.fullmatch(line)
        if match:
            tests[match.group(1)] = match.group(2).split()
            if match.group(3):
                native.add(match.group(1))
        elif line.strip():
            complaints.append(f"the list of tests has a line that names none: '{line}'")
    return tests, native


def read_reasons(path, complaints):
    reasons = {}
    for number, line in enumerate(lines_of(path), 1):
        if not line or line.startswith("#"):
            continue
        match = REASON.fullmatch(line)
        if match and match.group(1) not in reasons:
            reasons[match.group(1)] = match.group(2)
        else:
            complaints.append(f"{path}:{number}: expected 'ID: reason' for an ID that has none yet, found '{line}'")
    return reasons


def read_limits(path, complaints):
    """List of (ID, pattern of hosts, evidence)."""
    limits = []
    for number, line in enumerate(lines_of(path), 1):
        if not line or line.startswith("#"):
            continue
        match = LIMIT.fullmatch(line)
        if match:
            limits.append(match.groups())
        else:
            complaints.append(f"{path}:{number}: expected 'ID on HOST: evidence', found '{line}'")
    return limits


def tests_by_fact(facts, tests):
    table = {fact: [] for fact in facts}
    for name, named in tests.items():
        for fact in named:
            table.setdefault(fact, []).append(name)
    return table


def misfits(facts, tests, reasons):
    table = tests_by_fact(facts, tests)
    for name, named in tests.items():
        if not named:
            yield f"the test {name} names no fact"
        for fact in named:
            if fact not in facts:
                yield f"the test {name} names {fact}, which is no fact: add it to FACTS.md or correct the test"
    for fact, (_, evidence) in facts.items():
        if not table[fact] and fact not in reasons:
            yield f"{fact} ({evidence}) has no test: write one, or say in facts-untested.txt why none can show it"
    for fact in reasons:
        if fact not in facts:
            yield f"facts-untested.txt has a reason for {fact}, which is no fact"
        elif table[fact]:
            yield f"facts-untested.txt says why {fact} has no test, but {table[fact][0]} names it: remove the line"


def misfits_of_levels(facts, tests, native, reasons):
    """A fact that is tested at Win32 level has a twin at NT level."""
    table = tests_by_fact(facts, tests)
    for fact in facts:
        has_twin = any(name in native for name in table[fact])
        if table[fact] and not has_twin and fact not in reasons:
            yield f"{fact} is tested at Win32 level only: test it at NT level, or say in facts-win32-only.txt why not"
        if fact in reasons and (has_twin or not table[fact]):
            yield (f"facts-win32-only.txt says why {fact} has no test at NT level, but it has {'one' if has_twin else 'none at all'}: "
                   "remove the line")
    for fact in reasons:
        if fact not in facts:
            yield f"facts-win32-only.txt has a reason for {fact}, which is no fact"


def misfits_of_limits(facts, tests, limits):
    table = tests_by_fact(facts, tests)
    for fact, host, _ in limits:
        if fact not in facts:
            yield f"host-limits.txt has a limit on {host} for {fact}, which is no fact"
        elif not table[fact]:
            yield f"host-limits.txt has a limit on {host} for {fact}, but no test measures it"


def write_table(path, facts, tests, reasons, limits):
    table = tests_by_fact(facts, tests)
    with open(path, "w", encoding="utf-8") as out:
        heading = None
        for fact, (under, evidence) in facts.items():
            if under != heading:
                heading = under
                out.write(f"\n## {heading}\n\n| fact | class | tests |\n| --- | --- | --- |\n")
            told = ", ".join(table[fact]) or f"none: {reasons.get(fact, '')}"
            for limited, host, measured in limits:
                if limited == fact:
                    told += f"; not on {host}: {measured}"
            out.write(f"| {fact} | {evidence} | {told} |\n")


def main(list_path, facts_path, reasons_path, win32_path, limits_path, table_path=None):
    complaints = []
    facts = read_facts(facts_path, complaints)
    tests, native = read_tests(list_path, complaints)
    reasons = read_reasons(reasons_path, complaints)
    win32_only = read_reasons(win32_path, complaints)
    limits = read_limits(limits_path, complaints)
    if not facts or not tests:
        complaints.append(f"{len(facts)} facts and {len(tests)} tests were found")
    complaints += misfits(facts, tests, reasons)
    complaints += misfits_of_levels(facts, tests, native, win32_only)
    complaints += misfits_of_limits(facts, tests, limits)
    if table_path:
        write_table(table_path, facts, tests, reasons, limits)
    table = tests_by_fact(facts, tests)
    binding = [fact for fact, (_, evidence) in facts.items() if evidence != "inferred"]
    print("1..1")
    print(f"# {len(facts)} facts, {len(binding)} of them binding; {sum(bool(table[fact]) for fact in facts)} have tests, "
          f"{len(reasons)} a reason for none, {len(win32_only)} one for none at NT level; {len(limits)} limits of hosts; "
          f"{len(tests)} tests")
    print(f"{'not ok' if complaints else 'ok'} 1 - facts and tests fit")
    for complaint in complaints:
        print(f"# {complaint}")
    return 1 if complaints else 0


if __name__ == "__main__":
    if len(sys.argv) not in (6, 7):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
