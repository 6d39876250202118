# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What building and running take, by Debian's package names (the same in Debian 12 and 13), and how to get it.
# Needs say.sh.

# package_list: "package|probe|reason" lines. A package counts as there when its probe succeeds, however it got there.
# A script that needs more than the others sets more_packages to such lines.
more_packages=
package_list() {
    printf '%s' "${more_packages:+$more_packages
}"
    cat <<'LIST'
ca-certificates|have_certificates|lets apt and downloads check whom they talk to
python3|have_python|runs Meson and ntpool-prefix
meson|have meson|describes the build
ninja-build|have ninja|runs the build
gcc|have gcc|compiles the parts that run on this machine: unit tests, the PE writer
libc6-dev|have_c_headers|holds the C headers that go with gcc
gcc-mingw-w64-x86-64-win32|have x86_64-w64-mingw32-gcc|compiles ntpool.dll and the test programs for Windows
wine|have_wine_server|starts Windows programs
wine64|have_wine|is Wine's 64-bit half
LIST
}

have() {
    command -v "$1" >/dev/null 2>&1
}

have_certificates() {
    [ -s /etc/ssl/certs/ca-certificates.crt ] || [ -d /etc/pki ]
}

have_python() {
    have python3 && python3 -c 'import argparse, json, tempfile, xml.etree.ElementTree' >/dev/null 2>&1
}

have_c_headers() {
    [ -e /usr/include/stdio.h ] || { have gcc && echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1; }
}

have_wine() {
    have /usr/lib/wine/wine64 || have wine64 || have wine
}

have_wine_server() {
    have wineserver
}

# missing_packages: prints the names of those that are not there.
missing_packages() {
    package_list | while IFS='|' read -r package probe reason; do
        # The probe is a command with its argument.
        # shellcheck disable=SC2086
        $probe || printf '%s ' "$package"
    done
}

explain_packages() {
    package_list | while IFS='|' read -r package probe reason; do
        case " $1" in
        *" $package "*) say "  $package: $reason" ;;
        esac
    done
}

# as_root COMMAND [ARG...]: as root, or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -n "${CI:-}" ] || [ ! -t 0 ]; then
        sudo -n "$@"
    else
        sudo "$@"
    fi
}

# install_missing: makes sure that everything is there, or says what to do.
install_missing() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    say "Missing on this machine:"
    explain_packages "$missing"
    by_hand="apt-get install --no-install-recommends ${missing% }"
    have apt-get || die "this machine has no apt-get: install what corresponds to these Debian packages: $missing"
    if [ "$(id -u)" -ne 0 ] && ! have sudo; then
        die "installing takes root, and there is no sudo here. As root, run: apt-get update && $by_hand"
    fi
    say "Installing with apt: ${missing% }"
    # shellcheck disable=SC2086
    if ! as_root apt-get -q -o DPkg::Lock::Timeout=300 update ||
        ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
            install --no-install-recommends $missing </dev/null; then
        die "apt could not install them. As root, run: apt-get update && $by_hand"
    fi
    missing=$(missing_packages)
    [ -z "$missing" ] || die "still missing after the installation: $missing"
}
