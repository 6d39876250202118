# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# How the entry scripts speak. The script that reads this has set program.

say() {
    printf '%s\n' "$*"
}

# shellcheck disable=SC2154
die() {
    printf '%s: %s\n' "$program" "$*" >&2
    exit 1
}

# run_logged LOG COMMAND [ARG...]: runs a command whose output is of interest only when it fails.
run_logged() {
    log=$1
    shift
    if "$@" </dev/null >"$log" 2>&1; then
        return 0
    fi
    cat "$log" >&2
    printf '%s: this failed: %s (output above, and in %s)\n' "$program" "$*" "$log" >&2
    return 1
}
