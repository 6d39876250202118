# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Packages from the npm registry, checked against fixed digests and kept. Needs say.sh and packages.sh.

cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ntpool

# use_package NAME VERSION SHA512: what the other functions are about. Sets archive.
use_package() {
    package=$1
    version=$2
    sha512=$3
    # npm pack makes the same name of a scoped package's.
    archive_name=$(printf '%s' "$package" | sed 's/^@//; s,/,-,g')-$version.tgz
    archive=$cache/$archive_name
}

is_right() {
    [ -f "$1" ] && [ "$(sha512sum "$1" | cut -d ' ' -f 1)" = "$sha512" ]
}

# npm or curl, unless there is nothing to fetch.
# shellcheck disable=SC2317 # packages.sh calls it
have_fetcher() {
    is_right "$archive" || have npm || have curl
}
# shellcheck disable=SC2034 # packages.sh reads it
more_packages='curl|have_fetcher|fetches the program (npm would do as well)'

# fetch_package: downloads it into a folder of its own, so that nothing half done gets into the cache.
fetch_package() {
    is_right "$archive" && return
    mkdir -p "$cache"
    incoming=$(mktemp -d "$cache/incoming.XXXXXX")
    say "Fetching $package@$version from the npm registry into $cache"
    if have npm; then
        (cd "$incoming" && npm pack --silent "$package@$version" </dev/null >/dev/null) || :
    else
        curl -fsSL --retry 3 -o "$incoming/$archive_name" \
            "https://registry.npmjs.org/$package/-/${package##*/}-$version.tgz" || :
    fi
    if ! is_right "$incoming/$archive_name"; then
        if [ -f "$incoming/$archive_name" ]; then
            problem="what came for $package@$version is not what it should be (its SHA-512 differs)"
        else
            problem="$package@$version could not be fetched; is the npm registry in reach?"
        fi
        rm -rf "$incoming"
        die "$problem"
    fi
    mv "$incoming/$archive_name" "$archive"
    rm -rf "$incoming"
}
