#!/bin/bash
# Runs Convey with its own broker, and prints commands to try. `make run` calls it after a release build.
#
#   scripts/run.sh CONVEY [FLAGS FOR convey serve...]
#
# The broker uses port 1883 if it is free, else the next free one (Debian's mosquitto package starts a broker on 1883);
# BROKER_PORT chooses another. HTTP works the same way, with 8080 and HTTP_PORT. DATA is the directory of the journal, ./data. The
# file terminal.sh there sets the ports for other terminals, so that the commands in the documents work with any ports.
set -euo pipefail

convey=$1
shift
data=${DATA:-./data}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

first_free() { # first_free PORT: that port, or one of the next 100
    local port
    for port in $(seq "$1" $(($1 + 100))); do
        if is_free "$port"; then
            echo "$port"
            return
        fi
    done
    echo "no free port from $1 to $(($1 + 100))" >&2
    return 1
}

port=${BROKER_PORT:-$(first_free 1883)}
http=${HTTP_PORT:-$(first_free 8080)}
if [ "$port" != 1883 ] && [ -z "${BROKER_PORT:-}" ]; then
    echo "Port 1883 is in use (a system's broker?): Convey's own broker takes port $port."
fi
if [ "$http" != 8080 ] && [ -z "${HTTP_PORT:-}" ]; then
    echo "Port 8080 is in use: Convey's page and queries take port $http."
fi

# Settings for another terminal: the path of `convey`, and the addresses of the broker and the service. For bash and zsh.
terminal=$data/terminal.sh
mkdir -p "$data"
{
    echo "# Written by make run. In another terminal: . $terminal"
    echo "PATH=$(printf '%q' "$(cd "$(dirname "$convey")" && pwd)"):\$PATH"
    echo "export PATH CONVEY_BROKER_URL=mqtt://127.0.0.1:$port CONVEY_HTTP_ADDRESS=127.0.0.1:$http"
    if [ "$port" != 1883 ]; then
        for client in mosquitto_pub mosquitto_sub mosquitto_rr; do
            echo "$client() { command $client -p $port \"\$@\"; }"
        done
    fi
    if [ "$http" != 8080 ]; then
        echo "curl() { command curl \"\${@//127.0.0.1:8080/127.0.0.1:$http}\"; }"
    fi
} >"$terminal"

cat <<END

Convey keeps its journal in $data. Ctrl-C stops it and its broker.

Open the page:  http://127.0.0.1:$http/

Or, in other terminals, after

  . $terminal

which puts convey on the PATH and sets the ports:

  convey chat chat-42
  mosquitto_sub -v -t 'conv/out/#'
  mosquitto_pub -t conv/in/chat-42/message/received -m '{"content":"hi"}'

Without it, convey needs: --broker mqtt://127.0.0.1:$port or --http 127.0.0.1:$http
Readiness: http://127.0.0.1:$http/readyz   metrics: http://127.0.0.1:$http/metrics

END
exec "$convey" serve --embedded-broker --broker "mqtt://127.0.0.1:$port" --http "127.0.0.1:$http" --data "$data" "$@"
