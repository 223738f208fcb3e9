#!/bin/bash
# Installs a Convey that was built here as a systemd service: program, man pages, completions, unit, configuration, user. Keeps an
# existing configuration. `make install-service` builds first. Needs root or sudo.
#
#   scripts/install-service.sh CONVEY        DESTDIR installs below a directory, without user and service
#
# CONVEY contains the Swift runtime (`make static`), because the service cannot read a Swift in a user's home directory.
set -euo pipefail
cd "$(dirname "$0")/.."

convey=$1
root=${DESTDIR:-}
if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then
    exec sudo "$0" "$@"
fi
if [ -z "$root" ] && dpkg-query -W -f '${Status}' convey 2>/dev/null | grep -q ' installed$'; then
    echo "The Debian package convey is installed and includes the service. Remove it first, or update it with make deb." >&2
    exit 1
fi

install -D -m 755 "$convey" "$root/usr/local/bin/convey"
scripts/install-manual.sh "$convey" "$root/usr/local/share"
install -d "$root/etc/convey"
[ -e "$root/etc/convey/convey.yaml" ] || install -m 644 packaging/convey.yaml "$root/etc/convey/convey.yaml"
install -d "$root/etc/systemd/system"
sed 's|^ExecStart=/usr/bin/|ExecStart=/usr/local/bin/|' packaging/convey.service >"$root/etc/systemd/system/convey.service"
chmod 644 "$root/etc/systemd/system/convey.service"
if [ -n "$root" ]; then exit; fi

# As in the package.
packaging/debian/postinst configure installed
if [ -d /run/systemd/system ]; then
    systemctl enable --now convey.service
    systemctl restart convey.service
    echo "Convey runs as a service: systemctl status convey, journalctl -u convey"
else
    echo "Installed. systemd does not run here: start it with $(sed -n 's/^ExecStart=//p' /etc/systemd/system/convey.service)"
fi
echo "Its settings are in /etc/convey/convey.yaml"
