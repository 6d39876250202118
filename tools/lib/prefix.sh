# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# A scratch prefix, and the same program in it with and without ntpool. The script that reads this has set source_root
# and scratch, a directory of its own. Needs say.sh and build.sh.

# shellcheck disable=SC2154
prefix=$scratch/prefix

run_under_wine() {
    NTPOOL_TEST_PREFIX=$prefix "$source_root/tests/run-under-wine" "$@"
}

# stop_prefix: ends what runs in the prefix and waits until its files are written.
stop_prefix() {
    [ -d "$prefix" ] || return 0
    WINEPREFIX=$prefix wineserver -k >/dev/null 2>&1 || :
    WINEPREFIX=$prefix wineserver -w >/dev/null 2>&1 || :
}

# make_prefix: a new one in place of what a run before left.
make_prefix() {
    stop_prefix
    rm -rf "$scratch"
    mkdir -p "$scratch"
    say "Making a scratch prefix in $prefix"
    run_under_wine cmd /c exit </dev/null || die "Wine could not start a program in a new prefix"
}

# install_ntpool NAME.exe: for that program.
install_ntpool() {
    stop_prefix
    say "Installing ntpool in it for $1"
    run_logged "$scratch/install.log" "$source_root/tools/ntpool-prefix" install --prefix "$prefix" --app "$1" ||
        exit 1
}

milliseconds() {
    echo $(($(date +%s%N) / 1000000))
}

# run_on POOL PROGRAM.exe [ARG...]: leaves POOL.out, POOL.err, POOL.code, POOL.ms and POOL.log in the scratch directory.
run_on() {
    pool=$1
    shift
    code=0
    log=$prefix/drive_c/ntpool-$pool.log
    rm -f "$log"
    # The prefix's own start is not to count.
    run_under_wine cmd /c exit </dev/null >"$scratch/start.log" 2>&1 ||
        die "Wine cannot start programs in $prefix any more: $(cat "$scratch/start.log")"
    start=$(milliseconds)
    NTPOOL_LOG="C:\\ntpool-$pool.log" run_under_wine "$@" </dev/null >"$scratch/$pool.out" 2>"$scratch/$pool.err" ||
        code=$?
    echo $(($(milliseconds) - start)) >"$scratch/$pool.ms"
    echo "$code" >"$scratch/$pool.code"
    if [ -f "$log" ]; then
        cp "$log" "$scratch/$pool.log"
    else
        : >"$scratch/$pool.log"
    fi
}

# log_total LOG PROGRAM.exe KEY...: the sum of what the closing lines of that program's processes say under these keys.
log_total() {
    awk -v program="$2" -v keys="$3" '
        function value(key,    i, pair) {
            for (i = 1; i <= NF; i++) {
                split($i, pair, "=")
                if (pair[1] == key)
                    return substr($i, length(key) + 2)
            }
            return ""
        }
        { sub(/\r$/, "") }
        $2 == "up" { ours[$1] = index(tolower($0 " "), " program=" tolower(program) " ") > 0 }
        $2 == "down" && ours[$1] {
            n = split(keys, key, " ")
            for (i = 1; i <= n; i++)
                total += value(key[i])
        }
        END { print total + 0 }' "$1"
}

# log_lines LOG PROGRAM.exe up|down: how many lines of that kind that program's processes wrote.
log_lines() {
    awk -v program="$2" -v kind="$3" '
        { sub(/\r$/, "") }
        $2 == "up" { ours[$1] = index(tolower($0 " "), " program=" tolower(program) " ") > 0 }
        $2 == kind && ours[$1] { lines++ }
        END { print lines + 0 }' "$1"
}

# log_processes LOG PROGRAM.exe KEY MINIMUM: how many processes of that program ended with at least that much under KEY.
log_processes() {
    awk -v program="$2" -v key="$3" -v minimum="$4" '
        { sub(/\r$/, "") }
        $2 == "up" { ours[$1] = index(tolower($0 " "), " program=" tolower(program) " ") > 0 }
        $2 == "down" && ours[$1] && match(" " $0, " " key "=[0-9]+") {
            if (substr(" " $0, RSTART + length(key) + 2, RLENGTH - length(key) - 2) + 0 >= minimum)
                processes++
        }
        END { print processes + 0 }' "$1"
}
