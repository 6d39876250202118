# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Builds ntpool. The script that reads this has set source_root. Needs say.sh.

# shellcheck disable=SC2154
build=${NTPOOL_BUILD:-$source_root/build}
case $build in
/*) ;;
*) build=$PWD/$build ;;
esac
# ntpool-prefix takes what it installs from there.
export NTPOOL_BUILD="$build"
cross_file=$source_root/tools/cross/x86_64-w64-mingw32.txt

# build_ntpool [TARGET...]: configures the build directory if need be, and builds these targets, otherwise everything.
# Meson is told setup_options, words without spaces, when it configures.
setup_options=
build_ntpool() {
    mkdir -p "$build" 2>/dev/null || :
    [ -w "$build" ] || die "cannot write to the build directory $build: set NTPOOL_BUILD to one of your own"
    if [ ! -f "$build/build.ninja" ]; then
        say "Configuring $build"
        # shellcheck disable=SC2086
        # Meson tries the compiler's output with Wine, which must not touch the user's own prefix.
        run_logged "$build/setup.log" env WINEPREFIX="$build/wineprefix" WINEDEBUG=-all \
            meson setup "$build" "$source_root" --cross-file "$cross_file" $setup_options || exit 1
    fi
    say "Building in $build"
    run_logged "$build/compile.log" ninja -C "$build" "$@" || exit 1
}
