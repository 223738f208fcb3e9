#!/bin/bash
# Installs the Debian package in a clean Debian made with debootstrap, starts the service as its user and talks to it, then
# removes and purges the package. `make test-deb` builds the package first.
#
#   scripts/test-deb.sh FILE.deb
#
# Needs root, debootstrap and the Debian mirror of this machine, which it reads from apt's sources. If one is missing, it says so
# and exits with 0, or with 1 if CONVEY_REQUIRE_DEBOOTSTRAP=1.
set -euo pipefail
deb=$(readlink -f "$1")

skip() {
    echo "skipped: $1"
    [ "${CONVEY_REQUIRE_DEBOOTSTRAP:-}" != 1 ] || exit 1
    exit 0
}
step() { echo "ok: $*"; }
fail() {
    echo "FAILED: $*" >&2
    exit 1
}

[ "$(id -u)" -eq 0 ] || skip "only root can make a chroot"
command -v debootstrap >/dev/null || skip "debootstrap is not installed (Debian: debootstrap)"
codename=$(sed -n "s/^VERSION_CODENAME=//p" /etc/os-release)
[ -n "$codename" ] || skip "this Debian has no code name"
# The mirror that `apt-get update` would use, so that no host is named here.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $codename" | head -n 1)
[ -n "$mirror" ] || skip "apt has no package lists of $codename yet: run apt-get update"

root=$(mktemp -d /tmp/convey-deb.XXXXXX)
# The user of the service must be able to enter.
chmod 755 "$root"
pids=()
finish() {
    for pid in "${pids[@]:-}"; do [ -z "$pid" ] || kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]:-}"; do [ -z "$pid" ] || wait "$pid" 2>/dev/null || true; done
    for place in proc dev; do umount "$root/$place" 2>/dev/null || umount -l "$root/$place" 2>/dev/null || true; done
    rm -rf --one-file-system "$root"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

debootstrap --variant=minbase "$codename" "$root" "$mirror" >"$root.log" 2>&1 || {
    tail -n 5 "$root.log"
    rm -f "$root.log"
    skip "debootstrap cannot make a Debian here"
}
rm -f "$root.log"
step "a clean Debian $codename"

# The settings of this machine's package manager: the mirror, how to reach it, and the updates of the release.
rm -f "$root/etc/apt/sources.list"
cp -r /etc/apt/sources.list.d /etc/apt/apt.conf.d "$root/etc/apt/" 2>/dev/null || true
cp /etc/apt/sources.list "$root/etc/apt/" 2>/dev/null || true
cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || install -D /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
# Services do not start by themselves in the chroot.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
mount --bind /proc "$root/proc"
mount --rbind /dev "$root/dev"
cp "$deb" "$root/tmp/convey.deb"

# With in_its_place=exec a subshell becomes the program, so that its process id is the program's.
in_its_place=
inside() { $in_its_place chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as_convey() { inside setpriv --reuid=convey --regid=convey --clear-groups --no-new-privs "$@"; }

inside apt-get update -qq 2>"$root/tmp/update.log" || { cat "$root/tmp/update.log"; fail "apt-get update"; }
inside apt-get install -y -qq --no-install-recommends /tmp/convey.deb mosquitto mosquitto-clients >"$root/tmp/install.log" 2>&1 ||
    { tail -n 20 "$root/tmp/install.log" && fail "apt cannot install the package"; }
# shellcheck disable=SC2016
step "apt installs it, with $(inside dpkg-query -W -f '${Depends}' convey)"

# --- Installed files and settings ---
[ "$(inside stat -c '%U:%G %a' /var/lib/convey)" = "convey:convey 750" ] || fail "the owner or mode of /var/lib/convey"
[ "$(inside stat -c '%U:%G %a' /etc/convey)" = "root:convey 750" ] || fail "the owner or mode of /etc/convey"
# shellcheck disable=SC2016
[ "$(inside dpkg-query -W -f '${Conffiles}' convey | awk '{ print $1 }')" = /etc/convey/convey.yaml ] || fail "the conffile"
inside getent passwd convey | grep -q ':/usr/sbin/nologin$' || fail "the user convey"
if inside ldd /usr/bin/convey | grep -E 'not found|libswift|libFoundation'; then fail "a library that is not Debian's"; fi
for page in convey convey-serve convey-send convey-deadletters-redrive; do
    [ -s "$root/usr/share/man/man1/$page.1.gz" ] || fail "the man page $page"
done
inside bash -c 'source /usr/share/bash-completion/completions/convey && complete -p convey' >/dev/null || fail "the completion for bash"
grep -q '^#compdef convey' "$root/usr/share/zsh/vendor-completions/_convey" || fail "the completion for zsh"
grep -q 'complete -c .*convey' "$root/usr/share/fish/vendor_completions.d/convey.fish" || fail "the completion for fish"
step "user, directories, conffile, libraries, man pages and completions"

# --- The service runs as its user, with its configuration ---
# The chroot shares this machine's ports.
free_port() {
    local port
    for port in $(seq "$1" $(($1 + 200))); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    fail "no free port from $1"
}
wait_for() { # wait_for DESCRIPTION COMMAND...
    local what=$1 _
    shift
    for _ in $(seq 300); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    cat "$root/tmp/convey.log" >&2 || true
    fail "waited 30 s for $what"
}
broker=$(free_port 26883)
http=$(free_port 26080)
printf 'listener %s 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n' "$broker" >"$root/tmp/mosquitto.conf"
(in_its_place="exec" && inside mosquitto -c /tmp/mosquitto.conf) >"$root/tmp/mosquitto.log" 2>&1 &
pids+=($!)
sed -i -e "s|mqtt://127.0.0.1:1883|mqtt://127.0.0.1:$broker|" -e "s|127.0.0.1:8080|127.0.0.1:$http|" "$root/etc/convey/convey.yaml"
# As in the unit.
command=$(sed -n 's/^ExecStart=//p' "$root/lib/systemd/system/convey.service")
# shellcheck disable=SC2086
(in_its_place="exec" && as_convey $command) >"$root/tmp/convey.log" 2>&1 &
pids+=($!)
wait_for "the service" inside convey health --http "127.0.0.1:$http"
step "the service is ready"
answer=$(inside convey send chat-1 "hello from a package" --wait --broker "mqtt://127.0.0.1:$broker")
[ "$answer" = "hello from a package" ] || fail "the answer is: $answer"
[ "$(stat -c '%U' "$root/var/lib/convey/journal.db" 2>/dev/null || true)" != root ] || fail "the journal belongs to root"
as_convey convey verify --data /var/lib/convey >/dev/null || fail "convey verify"
step "a message is answered, and the journal is sound"
kill "${pids[1]}"
wait "${pids[1]}" || fail "the service stopped with $?"
step "SIGTERM stops it cleanly"

# --- The unit ---
if inside sh -c 'command -v systemd-analyze' >/dev/null || apt_systemd=$(inside apt-get install -y -qq --no-install-recommends systemd 2>&1); then
    # Without man-db it cannot find the man page that the unit names.
    faults=$(inside systemd-analyze verify /lib/systemd/system/convey.service 2>&1 | grep 'convey.service' | grep -v "Command 'man" || true)
    [ -z "$faults" ] || fail "systemd finds fault with the unit: $faults"
    exposure=$(inside systemd-analyze security --offline=true /lib/systemd/system/convey.service 2>/dev/null | tail -n 1 || true)
    step "systemd takes the unit ${exposure:+($exposure)}"
else
    echo "not checked: the unit, as systemd cannot be installed: ${apt_systemd:-}"
fi

# --- Removal ---
inside apt-get remove -y -qq convey >/dev/null 2>&1
if [ ! -e "$root/etc/convey/convey.yaml" ] || [ ! -d "$root/var/lib/convey" ]; then fail "removing deleted the configuration or the journal"; fi
inside apt-get purge -y -qq convey >/dev/null 2>&1
if [ -e "$root/etc/convey/convey.yaml" ] || [ -e "$root/var/lib/convey" ]; then fail "purging left the configuration or the journal"; fi
step "removing keeps configuration and journal, purging does not"
echo "the package works"
