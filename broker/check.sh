#!/bin/bash
# Starts a mosquitto with each configuration in this directory, on free loopback ports with temporary certificates and
# passwords, and checks what it lets through and what it denies. Needs mosquitto, mosquitto-clients and openssl.
set -euo pipefail
shopt -s extglob
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
pids=()
failures=0

# What runs in the background: brokers and listeners. They end with this script, also when it is stopped.
finish() {
    for pid in "${pids[@]:-}"; do [ -z "$pid" ] || kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

check() { # check NAME EXPECTED COMMAND... : EXPECTED is ok or denied
    local name=$1 expected=$2 outcome=ok
    shift 2
    "$@" >"$work/output" 2>&1 || outcome=denied
    # mosquitto_pub warns, and exits with 0, when an MQTT 5 publish or a subscription is refused.
    if grep -qiE 'not authori[sz]ed|failed|denied|refused' "$work/output"; then outcome=denied; fi
    if [ "$outcome" = "$expected" ]; then
        echo "ok: $name"
    else
        echo "FAILED: $name is $outcome, expected $expected"
        sed 's/^/    /' "$work/output"
        failures=$((failures + 1))
    fi
}

free_port() {
    local port
    for port in $(seq "$1" $(($1 + 500))); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    echo "no free port from $1" >&2
    return 1
}

start() { # start CONFIGURATION PORT, which becomes the log's name, too
    PATH=$PATH:/usr/sbin mosquitto -c "$1" >"$1.log" 2>&1 &
    pids+=($!)
    local _
    for _ in $(seq 200); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then return; fi
        sleep 0.02
    done
    echo "mosquitto does not start with $1:" >&2
    sed 's/^/    /' "$1.log" >&2
    exit 1
}

# --- development.conf ---
port=$(free_port 21883)
mkdir "$work/development"
sed -e "s|^listener .*|listener $port 127.0.0.1|" "$here/development.conf" >"$work/development.conf"
printf 'persistence_location %s/\nuser %s\n' "$work/development" "$(id -un)" >>"$work/development.conf"
start "$work/development.conf" "$port"
check "development: anybody publishes" ok \
    mosquitto_pub -V 5 -p "$port" -q 1 -t conv/in/chat-42/message/received -m '{"content":"hi"}'

# --- production.conf ---
port=$(free_port 28883)
own_port=$(free_port $((port + 1)))
"$here/../scripts/make-certificates.sh" "$work/certs" >/dev/null 2>&1
mkdir "$work/production"
users="convey host bridge operator projection tool-weather kiosk-7 kiosk-8"
for user in $users observer; do
    [ -e "$work/passwd" ] && create="" || create=-c
    # shellcheck disable=SC2086
    mosquitto_passwd $create -b "$work/passwd" "$user" "secret-$user"
done
# The observer publishes and sees everything; everybody sees the end of a round.
cp "$here/acl.example" "$work/acl"
printf '\nuser observer\ntopic readwrite #\npattern read round/#\n' >>"$work/acl"
sed -e "s|^listener 8883.*|listener $port 127.0.0.1|" -e "s|^listener 8884.*|listener $own_port 127.0.0.1|" \
    -e "s|/etc/mosquitto/certs/|$work/certs/|" -e "s|/etc/mosquitto/passwd|$work/passwd|" \
    -e "s|/etc/mosquitto/acl|$work/acl|" -e "s|/var/lib/mosquitto/|$work/production/|" \
    "$here/production.conf" >"$work/production.conf"
printf 'user %s\nlog_type all\n' "$(id -un)" >>"$work/production.conf"
start "$work/production.conf" "$port"

connect() { # connect COMMAND USER ARGUMENT... : Convey and operators use its own listener
    local command=$1 user=$2 at=$port
    shift 2
    case "$user" in convey | operator) at=$own_port ;; esac
    $in_its_place "$command" -V 5 -h localhost -p "$at" --cafile "$work/certs/ca.crt" -u "$user" -P "secret-$user" -q 1 "$@"
}
in_its_place=
listen() { # listen USER FILE ARGUMENT... : mosquitto_sub in the background
    local user=$1 file=$2
    shift 2
    # Without exec the process to kill would be a shell, and mosquitto_sub its child would stay. -W ends it where nobody can.
    (in_its_place="exec" && connect mosquitto_sub "$user" -W 300 "$@") >"$file" 2>&1 &
    pids+=($!)
}
publish() { # publish USER TOPIC
    connect mosquitto_pub "$1" -t "$2" -m "$2"
}

check "production: no connection without TLS" denied \
    timeout 3 mosquitto_pub -V 5 -p "$port" -u host -P secret-host -q 1 -t conv/in/chat-42/message/received -m '{}'
check "production: no connection without a password" denied \
    mosquitto_pub -V 5 -h localhost -p "$port" --cafile "$work/certs/ca.crt" -q 1 -t conv/in/a/message/received -m '{}'
check "production: no connection with a wrong password" denied \
    mosquitto_pub -V 5 -h localhost -p "$port" --cafile "$work/certs/ca.crt" -u host -P wrong -q 1 -t conv/in/a/b -m '{}'

# --- acl.example: every user against every topic ---
topics=()
for subject in kiosk-7 kiosk-8 chat-42; do
    topics+=("conv/in/$subject/message/received" "conv/in/$subject/control/abort_requested"
        "conv/in/$subject/tool/approved" "conv/in/$subject" "conv/ingest/$subject" "conv/out/$subject/assistant/delta"
        "conv/effect/$subject/llm/generation/started" "conv/applied/$subject/event/applied"
        "conv/audit/$subject/signal/rejected" "conv/query/$subject/timeline" "conv/receipt/$subject"
        "conv/receipt/$subject/r1")
done
for tool in weather payment; do
    topics+=("conv/tool/$tool/call" "conv/tool/$tool/cancel" "conv/tool/$tool/result/e-1")
done
topics+=(conv/query/_/conversations conv/query/_/effects conv/receipt/_/r1 conv/receipt/host conv/receipt/convey
    conv/audit/_/outbox/set_aside conv/status/prod conv/in/%6biosk-7/message/received conv/other)

may_publish() { # may_publish USER TOPIC: what the rules are meant to say, told once more and in another way
    case "$1 $2" in
    "convey conv/"@(out|effect|applied|audit|receipt|status)/* | "convey conv/tool/"*/call | "convey conv/tool/"*/cancel) ;;
    "host conv/in/"*/* | "bridge conv/in/"*/* | "bridge conv/ingest/"*) ;;
    "host conv/in/"* | "bridge conv/in/"*) ;;
    "operator conv/"@(in|ingest|query)/*) ;;
    "projection conv/query/"*) ;;
    "tool-weather conv/tool/weather/result/"*) ;;
    "$1 conv/in/$1/message/received" | "$1 conv/in/$1/control/abort_requested" | "$1 conv/query/$1/"*) ;;
    *) return 1 ;;
    esac
}
may_read() { # may_read USER TOPIC
    case "$1 $2" in
    "convey conv/"@(in|ingest|query)/* | "convey conv/tool/"*/result/*) ;;
    "host conv/"@(out|effect|receipt|status)/* | "bridge conv/"@(effect|receipt)/*) ;;
    "operator conv/"@(in|out|effect|applied|audit|receipt|status)/*) ;;
    "projection conv/"@(in|out|effect|applied|audit|receipt|status)/*) ;;
    "tool-weather conv/tool/weather/call" | "tool-weather conv/tool/weather/cancel") ;;
    "$1 conv/"@(out|effect|receipt)/"$1" | "$1 conv/"@(out|effect|receipt)/"$1"/*) ;;
    *) return 1 ;;
    esac
}

for user in $users; do
    for topic in "${topics[@]}"; do
        may_publish "$user" "$topic" && expected=ok || expected=denied
        check "$user publishes to $topic" "$expected" publish "$user" "$topic"
    done
done

# mosquitto checks reading when a message is delivered, not when a subscription is made: so all are published, and what each
# user has heard by the end of the round is compared.
listeners=()
for user in $users; do
    listen "$user" "$work/heard-$user" -t 'conv/#' -t round/end
    listeners+=("${pids[-1]}")
    for _ in $(seq 200); do
        # A message of its own tells that the subscription holds.
        connect mosquitto_pub observer -t round/end -m "ready" || true
        grep -q ready "$work/heard-$user" && break
        sleep 0.02
    done
done
for topic in "${topics[@]}"; do publish observer "$topic"; done
connect mosquitto_pub observer -t round/end -m "over"
for user in $users; do
    for _ in $(seq 200); do
        grep -q over "$work/heard-$user" && break
        sleep 0.05
    done
    for topic in "${topics[@]}"; do
        may_read "$user" "$topic" && expected=ok || expected=denied
        check "$user hears $topic" "$expected" grep -qxF "$topic" "$work/heard-$user"
    done
done
kill "${listeners[@]}" 2>/dev/null || true
wait "${listeners[@]}" 2>/dev/null || true

# --- Client ids ---
# Convey is connected with its id; others who ask for that id do not get it.
listen convey "$work/session" -i convey-prod -t 'conv/in/#' -C 1
session=${pids[-1]}
for _ in $(seq 200); do
    grep -q 'as convey-prod' "$work/production.conf.log" && break
    sleep 0.02
done
for user in kiosk-7 host; do
    check "$user connects, whatever id it asks for" ok \
        connect mosquitto_pub "$user" -i convey-prod -t "conv/in/kiosk-7/message/received" -m hello
done
check "Convey keeps its session" ok wait "$session"
check "nobody took Convey's client id" denied grep -q 'Client convey-prod already connected' "$work/production.conf.log"

if [ "$failures" -gt 0 ]; then
    echo "$failures checks failed"
    exit 1
fi
echo "all checks passed"
