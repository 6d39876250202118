# SPDX-License-Identifier: MIT
"""races.py list | write NAME OUTPUT | run FOLDER: does the explorer find the races of races.toml?

list                prints a line for each race: its name and its file, separated by a tab
write NAME OUTPUT   writes the file that this race changes, changed
run FOLDER          runs FOLDER/explore-NAME of each; TAP. Each has to be found, and found again from the seed alone; what is
                    named control-... must not be found
"""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'mutants'))
import mutants  # noqa: E402

SCHEDULES = 20000
CONTROL_SCHEDULES = 3000
PATIENCE = 300  # seconds


def explore(program, *options):
    return subprocess.run([program, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE, check=False)


def complaints(output):
    """What a failing schedule says."""
    return [line for line in output.splitlines() if line.startswith('# ')]


def find(program, scenario):
    """The complaint and the seed of the first schedule that shows the race, or None."""
    result = explore(program, '--scenario', scenario, '--schedules', str(SCHEDULES))
    seed = re.search(r'--seed (\d+)', result.stdout)
    if result.returncode == 0 or not seed:
        return None
    return complaints(result.stdout), int(seed.group(1))


def check_found(program, race):
    """(whether it is well, a note)"""
    for scenario in race.tests:
        found = find(program, scenario)
        if not found:
            continue
        complaint, seed = found
        again = explore(program, '--scenario', scenario, '--seed', str(seed))
        if complaints(again.stdout) != complaint:
            return False, f'{scenario}: seed {seed} alone does not show it again:\n{again.stdout}'
        return True, f'{scenario}, seed {seed}: {complaint[0][2:]}'
    return False, f'not found in {SCHEDULES} schedules of {", ".join(race.tests)}'


def check_control(program, race):
    for scenario in race.tests:
        result = explore(program, '--scenario', scenario, '--schedules', str(CONTROL_SCHEDULES))
        if result.returncode:
            return False, result.stdout
    return True, f'{CONTROL_SCHEDULES} schedules of {", ".join(race.tests)}'


def run(folder, races):
    failed = 0

    print(f'1..{len(races)}')
    for number, race in enumerate(races.values(), 1):
        program = os.path.join(folder, f'explore-{race.name}')
        check = check_control if race.name.startswith('control-') else check_found
        well, note = check(program, race)
        failed += not well
        print(f'{"ok" if well else "not ok"} {number} - {race.name}', flush=True)
        for line in note.splitlines():
            print('#', line, flush=True)
    return 1 if failed else 0


def main(arguments):
    try:
        races = mutants.read(HERE)
        if arguments == ['list']:
            for race in races.values():
                print(race.name, race.file, sep='\t')
        elif len(arguments) == 3 and arguments[0] == 'write':
            text = mutants.mutate(races[arguments[1]])
            with open(arguments[2], 'w', encoding='utf-8') as f:
                f.write(text)
        elif len(arguments) == 2 and arguments[0] == 'run':
            return run(arguments[1], races)
        else:
            return __doc__
    except mutants.Fault as fault:
        return f'races: {fault}'
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
