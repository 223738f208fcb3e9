#!/bin/sh
# Installs the Debian packages for building and running Convey. Skips installed ones. Works as root or
# with sudo.
#
#   scripts/install-debian.sh [FURTHER PACKAGES...]     `postgresql` for tests and `make cluster`
set -eu

packages="make pkg-config libedit-dev libmosquitto-dev libpq-dev libsqlite3-dev mosquitto mosquitto-clients openssl python3 python3-venv strace $*"

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is not Debian. Install the packages that correspond to: $packages" >&2
    exit 1
fi
missing=""
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" -eq 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1; then
        as_root="sudo"
    else
        echo "Debian packages are missing, and you are not root and have no sudo. As root, run:" >&2
        echo "    apt-get install$missing" >&2
        exit 1
    fi
    echo "Installing Debian packages:$missing"
    # Debian's mosquitto package starts a broker on port 1883 as a system service, and its postgresql package a server on
    # port 5432. Convey works beside them: see scripts/run.sh and scripts/cluster.sh.
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing </dev/null
else
    echo "Debian packages: already installed"
fi

if ! command -v swift >/dev/null 2>&1; then
    echo "swift is not on the PATH. Convey needs Swift 6.2 or later: https://www.swift.org/install/linux/" >&2
    exit 1
fi
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1)
major=${version%%.*}
minor=${version#*.}
if [ -z "$version" ] || [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
    echo "Swift ${version:-of an unknown version} is too old: Convey needs 6.2 or later, https://www.swift.org/install/linux/" >&2
    exit 1
fi
echo "Swift $version: new enough"
