#!/bin/bash
# Runs three nodes of Convey on one journal in PostgreSQL, with a database server and a broker of their own, and prints what to
# try. `make cluster` calls it after a release build.
#
#   scripts/cluster.sh CONVEY [FLAGS FOR convey serve...]
#
# All data is in DATA, ./data-cluster. Ports are the first free ones from 1883 (BROKER_PORT), 5433 (POSTGRES_PORT) and 8081 (HTTP_PORT)
# on; everything listens on 127.0.0.1. Ctrl-C stops all of it. A node that ends by itself, or is killed, is started again.
set -euo pipefail
cd "$(dirname "$0")/.."

convey=$1
shift
data=${DATA:-./data-cluster}
nodes=(n1 n2 n3)
restart_after=5 # seconds: time to watch another node take over

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

wait_for() { # wait_for WHAT COMMAND...: up to 60 s
    local what=$1
    shift
    for _ in $(seq 300); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    echo "$what: not within 60 s; see the logs in $data" >&2
    return 1
}

programs=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$programs" ]; then
    echo "PostgreSQL is not installed: scripts/install-debian.sh postgresql" >&2
    exit 1
fi
mosquitto=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mosquitto)

mkdir -p "$data"
data=$(cd "$data" && pwd)
as_server=()
if [ "$(id -u)" -eq 0 ]; then
    # PostgreSQL does not run as root.
    as_server=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    mkdir -p "$data/postgresql"
    chown postgres "$data/postgresql"
    if ! "${as_server[@]}" test -w "$data/postgresql"; then
        echo "the user postgres cannot reach $data; choose another place, as in: make cluster DATA=/var/tmp/data-cluster" >&2
        exit 1
    fi
fi

broker_port=${BROKER_PORT:-$(first_free 1883)}
postgres_port=${POSTGRES_PORT:-$(first_free 5433)}
url="postgres://convey@127.0.0.1:$postgres_port/convey"

# Each in a session of its own: Ctrl-C is for this script, which stops them in order.
declare -A process http
is_running() { kill -0 "${process[$1]:-none}" 2>/dev/null; }
stop_all() {
    trap - EXIT INT TERM
    echo
    echo "Stopping the nodes, the broker and PostgreSQL."
    local name
    for name in "${nodes[@]}"; do
        if is_running "$name"; then kill -TERM "${process[$name]}"; fi
    done
    for name in "${nodes[@]}"; do
        while is_running "$name"; do sleep 0.1; done
    done
    [ -z "${process[broker]:-}" ] || kill -TERM "${process[broker]}" 2>/dev/null || true
    [ -z "${process[postgres]:-}" ] || kill -INT "${process[postgres]}" 2>/dev/null || true
    wait
    exit "${1:-0}"
}
trap 'stop_all 0' INT TERM
trap 'stop_all 1' EXIT

# --- PostgreSQL ---
if [ ! -e "$data/postgresql/cluster/PG_VERSION" ]; then
    mkdir -p "$data/postgresql"
    "${as_server[@]}" "$programs/initdb" -A trust -U postgres -E UTF8 --locale=C -D "$data/postgresql/cluster" >"$data/initdb.log"
fi
setsid "${as_server[@]}" "$programs/postgres" -D "$data/postgresql/cluster" -p "$postgres_port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= >"$data/postgresql.log" 2>&1 &
process[postgres]=$!
wait_for "PostgreSQL on port $postgres_port" "$programs/pg_isready" -q -h 127.0.0.1 -p "$postgres_port"
sql() { "$programs/psql" -X -q -A -t -h 127.0.0.1 -p "$postgres_port" -U postgres -d postgres -c "$1"; }
if [ -z "$(sql "SELECT 1 FROM pg_roles WHERE rolname = 'convey'")" ]; then
    sql "CREATE ROLE convey LOGIN"
    sql "CREATE DATABASE convey OWNER convey"
fi

# --- The broker ---
{
    sed "s/^listener 1883 /listener $broker_port /" broker/development.conf
    echo "persistence_location $data/"
    echo "user $(id -un)"
} >"$data/mosquitto.conf"
setsid "$mosquitto" -c "$data/mosquitto.conf" >"$data/mosquitto.log" 2>&1 &
process[broker]=$!
listens() { ! is_free "$broker_port"; }
wait_for "mosquitto on port $broker_port" listens

# --- The nodes ---
start_node() { # start_node NAME FLAGS...
    local name=$1
    shift
    setsid "$convey" serve --node "$name" --journal "$url" --broker "mqtt://127.0.0.1:$broker_port" \
        --http "127.0.0.1:${http[$name]}" --llm-echo-delay 400ms "$@" >>"$data/$name.log" 2>&1 &
    process[$name]=$!
    # Else the shell has its own say when one is killed.
    disown
}
next=${HTTP_PORT:-8081}
for name in "${nodes[@]}"; do
    http[$name]=$(first_free "$next")
    next=$((${http[$name]} + 1))
    start_node "$name" "$@"
    wait_for "node $name" "$convey" health --http "127.0.0.1:${http[$name]}"
done

at="" broker=""
if [ "$broker_port" != 1883 ]; then
    at="-p $broker_port "
    broker=" --broker mqtt://127.0.0.1:$broker_port"
fi
list() {
    local name
    for name in "${nodes[@]}"; do
        echo "  $name  process ${process[$name]}  http://127.0.0.1:${http[$name]}/  log $data/$name.log"
    done
}
cat <<END

Three nodes share the journal $url. One works, the others stand by:

$(list)

In other terminals: follow a conversation, say something that takes a while to answer, and see which node works:

  $convey tail chat-42 --family out$broker
  mosquitto_pub ${at}-t conv/in/chat-42/message/received -m '{"content":"count from one to twenty please, and slowly"}'
  $convey health --http 127.0.0.1:${http[n1]}

Kill the node that works in the middle of the answer: the answer goes on elsewhere.

  kill -9 ${process[n1]}

Then look whether the journal agrees with itself:

  $convey verify --data $url

Ctrl-C stops all of it. The data stays in $data.

END

while :; do
    sleep 1 &
    wait $! || true
    for name in postgres broker; do
        if ! is_running "$name"; then
            echo "$name has ended; see $data" >&2
            stop_all 1
        fi
    done
    for name in "${nodes[@]}"; do
        if ! is_running "$name"; then
            echo "$name has ended; it is started again in $restart_after s."
            sleep "$restart_after" &
            wait $! || true
            start_node "$name" "$@"
            echo "$name is process ${process[$name]} now."
        fi
    done
done
