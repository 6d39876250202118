# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# The ways to bring ntpool into a program without building it anew. Needs say.sh, build.sh and prefix.sh.

ways='prefix (the default; the prefix sends its thread-pool calls to ntpool), rewritten (its
imports come from an ntpool.dll beside it) or launched (ntpool-run puts ntpool.dll into it and its children)'

# What goes before the program on its command line: the launcher, once it is brought in.
launcher=

# read_way [WAY]: sets way, or fails.
read_way() {
    way=${1:-prefix}
    case $way in
    prefix | rewritten | launched) ;;
    *) return 1 ;;
    esac
}

# bring_in PROGRAM.exe FOLDER: for that program, which lies in that folder.
bring_in() {
    case $way in
    prefix) install_ntpool "$1" ;;
    rewritten)
        stop_prefix
        cp "$2/$1" "$scratch/untouched"
        # shellcheck disable=SC2154 # build.sh sets it
        "$build/tools/rewrite/ntpool-rewrite" "$2/$1" --in-place || exit 1
        cp "$build/dlls/ntpool/ntpool.dll" "$2/"
        ;;
    launched)
        # shellcheck disable=SC2154 # prefix.sh sets it
        cp "$build/tools/run/ntpool-run.exe" "$build/dlls/ntpool/ntpool.dll" "$prefix/drive_c/"
        # shellcheck disable=SC2034 # the scripts put it before the program
        launcher='C:\ntpool-run.exe --children'
        ;;
    esac
}

# take_out PROGRAM.exe FOLDER: what was rewritten has to become what it was.
take_out() {
    [ "$way" = rewritten ] || return 0
    stop_prefix
    "$build/tools/rewrite/ntpool-rewrite" "$2/$1" --undo && cmp "$scratch/untouched" "$2/$1"
}

# log_shows_way LOG: whether ntpool came in that way and no other.
log_shows_way() {
    case $way in
    prefix) ! grep -q ' up .* mode=linked' "$1" ;;
    rewritten) ! grep -q ' up .* mode=prefix' "$1" ;;
    launched) ! grep -q ' up .* mode=prefix' "$1" && ! grep -q ' up .* mode=linked' "$1" ;;
    esac
}
