# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# shell_pool.mjs on a JavaScript runtime that wants a newer Wine than Debian 12's, which lacks bcryptprimitives.dll: with
# that one, it runs in a Debian 13 in a folder. The script that reads this has set program, title and source_root, calls
# use_package, and then run_client with what it was given.

# shellcheck source-path=SCRIPTDIR source=../../../tools/lib/say.sh
. "$source_root/tools/lib/say.sh"
# shellcheck source-path=SCRIPTDIR source=../../../tools/lib/packages.sh
. "$source_root/tools/lib/packages.sh"
# shellcheck source-path=SCRIPTDIR source=../../../tools/lib/build.sh
. "$source_root/tools/lib/build.sh"
scratch=$build/clients/$program
# shellcheck source-path=SCRIPTDIR source=../../../tools/lib/prefix.sh
. "$source_root/tools/lib/prefix.sh"
# shellcheck source-path=SCRIPTDIR source=npm.sh
. "$source_root/tests/clients/lib/npm.sh"
# shellcheck source-path=SCRIPTDIR source=ways.sh
. "$source_root/tests/clients/lib/ways.sh"

usage="usage: tests/clients/$program [WAY]
Fetches $title for Windows from the npm registry, as it is, and runs a workload on it in a scratch Wine prefix, first on
Wine's own thread pool and then on ntpool. Checks that the results are right and the same, and from ntpool's log that
ntpool served the calls of RegisterWaitForSingleObject.
WAY is how ntpool gets into it: $ways.
$title needs Wine 10. Where there is an older one, all of it runs in a Debian 13 in the folder that NTPOOL_DEBIAN13 names,
else hosts/debian13 in the build directory; making that needs root and 1.5 GB.
What was fetched stays in \${XDG_CACHE_HOME:-~/.cache}/ntpool."

children=10

is_old_wine() {
    directory=$(PYTHONPATH=$source_root/tools python3 -c \
        'from ntpool_prefix import wine; print(wine.find(None).directory)') || exit 1
    [ ! -e "$directory/x86_64-windows/bcryptprimitives.dll" ] && [ ! -e "$directory/bcryptprimitives.dll" ]
}

run_in_debian13() {
    host=${NTPOOL_DEBIAN13:-$build/hosts/debian13}
    "$source_root/tests/hosts/debian13" make "$host"
    "$source_root/tests/hosts/debian13" run "$host" --see "$source_root" --see "$build" --see "$cache" \
        env NTPOOL_BUILD="$build" XDG_CACHE_HOME="${cache%/*}" NTPOOL_CLIENT_PREPARED=1 \
        "$source_root/tests/clients/$program" "$way"
}

unpack() {
    home=$prefix/drive_c/$program
    mkdir -p "$home"
    # shellcheck disable=SC2154 # the script that reads this sets it
    tar -xzf "$archive" -O "$member" >"$home/$program.exe" || die "$archive has no $member; remove it and try again"
    cp "$source_root/tests/clients/shell_pool.mjs" "$home/"
}

# run_workload POOL NAME [ARG...]: the runtime gets these before the script.
run_workload() {
    pool=$1
    say "Running the workload on $2"
    shift 2
    (
        cd "$home"
        # shellcheck disable=SC2086 # the launcher has arguments
        run_on "$pool" $launcher "$program.exe" "$@" shell_pool.mjs "$children"
    )
    tr -d '\r' <"$scratch/$pool.out" | sed 's/^/  /'
    say "  exit code $(cat "$scratch/$pool.code") after $(cat "$scratch/$pool.ms") ms"
    expected="children=$children exit_ok=$children data_ok=$children"
    if [ "$(tr -d '\r' <"$scratch/$pool.out")" != "$expected" ]; then
        say "  it should have said: $expected"
        tail -n 20 "$scratch/$pool.err" | tr -d '\r' | sed 's/^/    /'
        failed=1
    fi
    if [ "$(cat "$scratch/$pool.code")" -ne 0 ]; then
        say "  the exit code should have been 0"
        failed=1
    fi
}

check_log() {
    say "Who served the calls, by ntpool's log:"
    wanted=$((2 * children))
    found=$(log_processes "$scratch/ntpool.log" "$program.exe" legacy_wait "$wanted")
    say "  RegisterWaitForSingleObject: $(log_total "$scratch/ntpool.log" "$program.exe" legacy_wait) callbacks;" \
        "$found processes with $wanted or more (1 wanted)"
    [ "$found" -eq 1 ] || failed=1
    log_shows_way "$scratch/ntpool.log" || {
        say "  but ntpool came in another way than it should"
        failed=1
    }
    if [ -s "$scratch/builtin.log" ]; then
        say "  ntpool was in the first run, which should have been on Wine's own pool"
        failed=1
    fi
}

run_both() {
    mkdir -p "$build/clients"
    exec 8>"$build/clients/$program.lock"
    flock -n 8 || die "another one of these is running in $build"
    trap stop_prefix EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    failed=0
    {
        make_prefix
        unpack
        run_workload builtin "Wine's own pool" "$@"
        bring_in "$program.exe" "$home"
        run_workload ntpool "ntpool ($way)" "$@"
        take_out "$program.exe" "$home" || failed=1
    } 8>&-
    check_log
    if [ "$failed" -eq 0 ]; then
        say "$title $version ($way): the same result on both, and ntpool served the calls."
    else
        say "$title $version ($way): FAILED; see above, and the files in $scratch."
    fi
    exit "$failed"
}

# run_client WAY [ARG...]: the runtime gets these before the script.
run_client() {
    case $1 in
    -h | --help)
        say "$usage"
        exit 0
        ;;
    esac
    read_way "$1" || die "$usage"
    shift
    if [ -z "${NTPOOL_CLIENT_PREPARED:-}" ]; then
        install_missing
        fetch_package
        build_ntpool dlls/ntpool/ntpool.dll tools/pe/ntpool-forward tools/rewrite/ntpool-rewrite tools/run/ntpool-run.exe
        if is_old_wine; then
            run_in_debian13
            exit
        fi
    fi
    run_both "$@"
}
