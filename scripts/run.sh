#!/bin/bash
# Runs Convey with a broker of its own, and prints the commands to try. `make run` calls it after a release build.
#
#   scripts/run.sh CONVEY [FLAGS FOR convey serve...]
#
# The broker takes port 1883 when it is free, else the next free one (Debian's mosquitto package starts a broker on 1883);
# BROKER_PORT chooses another. The same goes for HTTP, 8080 and HTTP_PORT. DATA is where the journal is kept, ./data.
set -euo pipefail

convey=$1
shift
data=${DATA:-./data}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

first_free() { # first_free PORT: it or one of the 100 after it
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
at="" broker="" # what the commands need besides their defaults
if [ "$port" != 1883 ]; then
    [ -n "${BROKER_PORT:-}" ] || echo "Port 1883 is in use (a system's broker?): Convey's own broker takes port $port."
    at="-p $port "
    broker=" --broker mqtt://127.0.0.1:$port"
fi

cat <<END

Convey keeps its journal in $data. Ctrl-C stops it and its broker.

Open the page:  http://127.0.0.1:$http/

Or, in other terminals:

  mosquitto_sub ${at}-v -t 'conv/out/#'
  mosquitto_pub ${at}-t conv/in/chat-42/message/received -m '{"content":"hi"}'
  $convey chat chat-42$broker

Readiness: http://127.0.0.1:$http/readyz   metrics: http://127.0.0.1:$http/metrics

END
exec "$convey" serve --embedded-broker --broker "mqtt://127.0.0.1:$port" --http "127.0.0.1:$http" --data "$data" "$@"
