#!/bin/bash
# Builds the Debian package, convey_VERSION_ARCHITECTURE.deb. `make deb` builds the program and then calls this script.
#
#   scripts/build-deb.sh CONVEY DIRECTORY
#
# CONVEY contains the Swift runtime (`make static`), so the package needs only Debian's own libraries.
set -euo pipefail
cd "$(dirname "$0")/.."

program=$1
output=$2
mkdir -p "$output"

for tool in dpkg-deb dpkg-shlibdeps strip python3 gzip; do
    command -v $tool >/dev/null || {
        echo "$tool is missing (Debian: dpkg-dev, binutils, python3)" >&2
        exit 1
    }
done

if ldd "$program" | grep -q libswiftCore; then
    echo "$program does not contain the Swift runtime: build it with make static" >&2
    exit 1
fi
version=$("$program" version -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])')
architecture=$(dpkg --print-architecture)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
package=$root/package
install -D -m 755 "$program" "$package/usr/bin/convey"
strip --strip-unneeded "$package/usr/bin/convey"
install -D -m 644 packaging/convey.service "$package/lib/systemd/system/convey.service"
install -D -m 644 packaging/convey.yaml "$package/etc/convey/convey.yaml"

documents=$package/usr/share/doc/convey
install -D -m 644 README.md "$documents/README.md"
install -m 644 docs/PROTOCOL.md docs/CONFIGURATION.md "$documents/"
install -D -m 644 -t "$documents/broker" broker/README.md broker/production.conf broker/acl.example
install -m 644 LICENSE "$documents/copyright"
gzip -9n <CHANGELOG.md >"$documents/changelog.gz"

scripts/install-manual.sh "$program" "$package/usr/share"

install -d "$package/DEBIAN"
install -m 755 -t "$package/DEBIAN" packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm
install -m 644 packaging/debian/conffiles "$package/DEBIAN/conffiles"
# dpkg-shlibdeps needs the layout of a source package.
mkdir -p "$root/debian"
printf 'Source: convey\n\nPackage: convey\nArchitecture: any\n' >"$root/debian/control"
depends=$(cd "$root" && dpkg-shlibdeps -O -e package/usr/bin/convey 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
size=$(du -sk --exclude=DEBIAN "$package" | cut -f1)
sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" -e "s|@SIZE@|$size|" -e "s|@DEPENDS@|$depends|" \
    packaging/debian/control.in >"$package/DEBIAN/control"
(cd "$package" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)

file=$output/convey_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$package" "$file" >/dev/null
echo "$file ($(du -h "$file" | cut -f1), installed $((size / 1024)) MiB)"
