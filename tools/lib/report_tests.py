# SPDX-License-Identifier: MIT
"""report_tests.py BUILD-DIRECTORY

Prints what the programs that failed in the last "meson test" had to say, then counts: "N passed, N failed" or "N passed,
N failed, N skipped". Each TAP subtest counts for itself. A program that ended badly without saying so in a subtest (a crash, a time limit, a broken
plan) is one failure more. Ends with 1 when something failed or nothing passed.
"""
import json
import os
import re
import sys
import xml.etree.ElementTree

GOOD = {"OK", "EXPECTEDFAIL"}
LINES_OF_EACH = 300
OUTCOME = re.compile(r"(not )?ok\b")
OF_TAP = re.compile(r"#|\d+\.\.\d+|TAP version")


def read_programs(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        return [json.loads(line) for line in log if line.strip()]


def read_subtests(path):
    """The subtests of each program that has some: name -> list of "passed", "failed" and "skipped"."""
    subtests = {}
    for suite in xml.etree.ElementTree.parse(path).getroot().iter("testsuite"):
        outcomes = []
        for case in suite.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                outcomes.append("failed")
            elif case.find("skipped") is not None:
                outcomes.append("skipped")
            else:
                outcomes.append("passed")
        subtests[suite.get("name")] = outcomes
    return subtests


def lines_that_matter(said):
    """Without the subtests that did not fail: an outcome, and the comments after it."""
    tells_outcomes = any(OUTCOME.match(line) for line in said)
    failed = not tells_outcomes
    for line in said:
        outcome = OUTCOME.match(line)
        if outcome:
            failed = outcome.group(1) is not None and not re.search(r"# *TODO", line)
        if line.strip() and (failed or not (outcome or OF_TAP.match(line))):
            yield line


def say_what_failed(program):
    if program["result"] in GOOD or program["result"] == "SKIP":
        return
    print(f"---- {program['name']}: {program['result']}, exit code {program['returncode']}")
    said = (program.get("stdout") or "").splitlines() + (program.get("stderr") or "").splitlines()
    lines = list(lines_that_matter(said))
    for line in lines[:LINES_OF_EACH]:
        print(line)
    if len(lines) > LINES_OF_EACH:
        print(f"({len(lines) - LINES_OF_EACH} lines more in meson-logs/testlog.txt)")


def outcomes_of(program, subtests):
    name, result = program["name"], program["result"]
    # Meson names the suite of such a program "project.program".
    outcomes = [o for suite, found in subtests.items() if suite.partition(".")[2] == name for o in found]
    if not outcomes:
        return ["passed" if result in GOOD else "skipped" if result == "SKIP" else "failed"]
    if result in GOOD or result == "SKIP":
        return outcomes
    # A TAP program that ends with 1 after failed subtests has said all that there is to say.
    told = "failed" in outcomes and result in {"FAIL", "ERROR"} and program["returncode"] in (0, 1)
    if not told:
        print(f"{name}: {result}, exit code {program['returncode']}, beyond what its subtests say")
    return outcomes + ([] if told else ["failed"])


def main(build):
    logs = os.path.join(build, "meson-logs")
    programs = read_programs(os.path.join(logs, "testlog.json"))
    subtests = read_subtests(os.path.join(logs, "testlog.junit.xml"))
    for program in programs:
        say_what_failed(program)
    outcomes = [outcome for program in programs for outcome in outcomes_of(program, subtests)]
    count = {kind: outcomes.count(kind) for kind in ("passed", "failed", "skipped")}
    summary = f"{count['passed']} passed, {count['failed']} failed"
    print(summary + (f", {count['skipped']} skipped" if count["skipped"] else ""))
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
