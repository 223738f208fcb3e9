#!/bin/bash
# Starts a mosquitto with each configuration in this directory, on free loopback ports with temporary certificates and
# passwords, and checks what it lets through and what it denies. Needs mosquitto, mosquitto-clients and openssl.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
pids=()
failures=0

finish() {
    for pid in "${pids[@]:-}"; do [ -z "$pid" ] || kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

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

start() { # start CONFIGURATION PORT
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
"$here/../scripts/make-certificates.sh" "$work/certs" >/dev/null 2>&1
mkdir "$work/production"
for user in convey host bridge projection tool-weather kiosk-7; do
    [ -e "$work/passwd" ] && create="" || create=-c
    # shellcheck disable=SC2086
    mosquitto_passwd $create -b "$work/passwd" "$user" "secret-$user"
done
sed -e "s|^listener .*|listener $port 127.0.0.1|" \
    -e "s|/etc/mosquitto/certs/|$work/certs/|" -e "s|/etc/mosquitto/passwd|$work/passwd|" \
    -e "s|/etc/mosquitto/acl|$here/acl.example|" -e "s|/var/lib/mosquitto/|$work/production/|" \
    "$here/production.conf" >"$work/production.conf"
printf 'user %s\n' "$(id -un)" >>"$work/production.conf"
start "$work/production.conf" "$port"

publish() { # publish USER TOPIC
    mosquitto_pub -V 5 -h localhost -p "$port" --cafile "$work/certs/ca.crt" -u "$1" -P "secret-$1" -q 1 -t "$2" -m '{}'
}
subscribe() { # subscribe USER TOPIC [CLIENT_ID]: -E ends after the broker's answer to the subscription
    mosquitto_sub -V 5 -h localhost -p "$port" --cafile "$work/certs/ca.crt" -u "$1" -P "secret-$1" -q 1 -t "$2" -E \
        ${3:+-i "$3"}
}

check "production: no connection without TLS" denied \
    timeout 3 mosquitto_pub -V 5 -p "$port" -u host -P secret-host -q 1 -t conv/in/chat-42/message/received -m '{}'
check "production: no connection without a password" denied \
    mosquitto_pub -V 5 -h localhost -p "$port" --cafile "$work/certs/ca.crt" -q 1 -t conv/in/a/message/received -m '{}'
check "production: no connection with a wrong password" denied \
    mosquitto_pub -V 5 -h localhost -p "$port" --cafile "$work/certs/ca.crt" -u host -P wrong -q 1 -t conv/in/a/b -m '{}'
check "host publishes for any conversation" ok publish host conv/in/chat-42/message/received
check "host does not forge an answer" denied publish host conv/out/chat-42/assistant/completed
check "host does not use the bridges' topic" denied publish host conv/ingest/chat-42
check "host does not forge a marker" denied publish host conv/applied/chat-42/event/applied
check "bridge uses the bridges' topic" ok publish bridge conv/ingest/chat-42
check "projection publishes no signal" denied publish projection conv/in/chat-42/message/received
check "projection asks for a timeline" ok publish projection conv/query/chat-42/timeline
check "kiosk speaks for itself" ok publish kiosk-7 conv/in/kiosk-7/message/received
check "kiosk aborts its own answer" ok publish kiosk-7 conv/in/kiosk-7/control/abort_requested
check "kiosk does not speak for another" denied publish kiosk-7 conv/in/kiosk-8/message/received
check "kiosk sends no other type" denied publish kiosk-7 conv/in/kiosk-7/tool/completed
check "tool worker returns a result" ok publish tool-weather conv/tool/weather/result/e-1
check "tool worker returns no other tool's result" denied publish tool-weather conv/tool/payment/result/e-1
check "tool worker calls no tool" denied publish tool-weather conv/tool/weather/call
check "convey calls a tool" ok publish convey conv/tool/weather/call
check "convey cancels a call" ok publish convey conv/tool/weather/cancel
check "convey publishes output" ok publish convey conv/out/chat-42/assistant/delta
check "convey publishes receipts" ok publish convey conv/receipt/some-client

# mosquitto checks reading when a message is delivered, not when a subscription is made: so look for the message.
hears() { # hears USER TOPIC FILTER [CLIENT_ID]
    mosquitto_sub -V 5 -h localhost -p "$port" --cafile "$work/certs/ca.crt" -u "$1" -P "secret-$1" -q 1 -t "$3" -C 1 \
        -W 2 ${4:+-i "$4"} >"$work/heard" 2>&1 &
    local listener=$! _
    for _ in 1 2 3 4 5 6 7 8; do
        publish convey "$2" || true
        kill -0 "$listener" 2>/dev/null || break
        sleep 0.2
    done
    wait "$listener"
}
check "convey subscribes to signals" ok subscribe convey conv/in/#
check "host hears an answer" ok hears host conv/out/chat-42/assistant/delta 'conv/out/#'
check "kiosk hears its own answer" ok hears kiosk-7 conv/out/kiosk-7/assistant/delta 'conv/out/kiosk-7/#'
check "kiosk does not hear another's answer" denied hears kiosk-7 conv/out/kiosk-8/assistant/delta 'conv/out/#'
check "tool worker hears its calls" ok hears tool-weather conv/tool/weather/call conv/tool/weather/call
check "tool worker hears that one is canceled" ok hears tool-weather conv/tool/weather/cancel 'conv/tool/+/cancel'
check "tool worker does not hear another tool's calls" denied hears tool-weather conv/tool/payment/call 'conv/tool/+/call'
check "client hears its receipt" ok hears host conv/receipt/client-1 conv/receipt/client-1 client-1
check "client does not hear another's receipt" denied hears host conv/receipt/client-1 'conv/receipt/#' client-2

if [ "$failures" -gt 0 ]; then
    echo "$failures checks failed"
    exit 1
fi
echo "all checks passed"
