#!/bin/sh
# Installs the requirements of the browser tests: Chromium, chromedriver, and fonts for the screenshots. Skips
# installed packages. `make test` calls it.
#
# If it cannot install them, it says so, and the tests are skipped. With CONVEY_REQUIRE_BROWSER=1 that is an error instead.
set -eu

packages="chromium chromium-driver fonts-dejavu-core fonts-wqy-microhei"

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

skip() {
    echo >&2
    if [ "${CONVEY_REQUIRE_BROWSER:-}" = 1 ]; then
        echo "NO BROWSER FOR THE TESTS, but CONVEY_REQUIRE_BROWSER is set: $1" >&2
        exit 1
    fi
    echo "BROWSER TESTS SKIPPED: $1" >&2
    echo >&2
    exit 0
}

if ! command -v dpkg-query >/dev/null 2>&1; then
    skip "this is not Debian; install what corresponds to: $packages"
fi
missing=""
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "Browser for the tests: already installed"
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    skip "packages are missing, and you are not root. As root, run: apt-get install --no-install-recommends$missing"
fi
echo "Installing Debian packages:$missing"
# shellcheck disable=SC2086
if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } </dev/null; then
    skip "these Debian packages could not be installed:$missing"
fi
