"""The attacks. Each gets a field in which Convey runs and traffic flows. It leaves Convey running and repairs its own damage.
An attack raises Trouble when Convey does something wrong; the journal and the receipts are checked after it."""
import contextlib
import errno
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from checker import require
from field import wait
from traffic import connect, receipts

ATTACKS = {}


def attack(name, shards=1, among=ATTACKS, short=True):
    """- shards: the minimum number of shards of the journal.
    - short: whether it is part of short runs."""
    def register(function):
        function.shards, function.short = shards, short
        among[name] = function
        return function
    return register


def receipts_go_on(field, count=50, seconds=60):
    """The service still takes signals: traffic must be running."""
    before = field.publisher.receipt_count()
    wait(f"{count} further receipts", seconds, lambda: field.publisher.receipt_count() >= before + count)


def wait_for_death(field, seconds=30):
    field.process.wait(seconds)


# --- Convey dies ---

@attack("kill at random moments")
def kill_at_random(field, draw, long):
    for _ in range(30 if long else 4):
        time.sleep(draw.uniform(0.05, 1.0))
        field.kill()
        field.start()


@attack("kill while starting")
def kill_while_starting(field, draw, long):
    for _ in range(20 if long else 4):
        field.kill()
        field.launch()
        time.sleep(draw.uniform(0.0, 0.5))
    field.restart_until_ready()


def kill_at(field, order, counts):
    for count in counts:
        field.disk.order(**{order: count})
        wait_for_death(field)
        field.start()


@attack("kill at the n-th write")
def kill_at_write(field, draw, long):
    kill_at(field, "kill_at_write", [draw.randrange(1, 300) for _ in range(30 if long else 4)])


@attack("kill at the n-th sync")
def kill_at_sync(field, draw, long):
    kill_at(field, "kill_at_sync", [draw.randrange(1, 100) for _ in range(30 if long else 4)])


@attack("stop and start")
def stop_and_start(field, draw, long):
    for _ in range(10 if long else 2):
        time.sleep(draw.uniform(0.1, 0.8))
        field.stop()
        field.start()


# --- The disk ---

@attack("a sync fails")
def sync_fails(field, draw, long):
    for _ in range(10 if long else 2):
        time.sleep(draw.uniform(0.1, 0.5))
        field.disk.order(sync_error=draw.choice([errno.EIO, errno.ENOSPC, errno.EDQUOT]))
        wait("Convey ends after a failed sync, or goes on where the error allows it", 30,
             lambda: not field.is_running() or field.disk.read("sync_error") == 0)
        time.sleep(0.3)
        field.restart_until_ready()


def failing_writes(field, draw, code, seconds):
    field.disk.order(write_error=code)
    wait("a commit fails", 30, lambda: not field.is_running() or field.metric("convey_commit_failures_total") > 0)
    before = field.publisher.receipt_count()
    time.sleep(seconds)
    # Earlier commits may still be on their way to us.
    require(field.publisher.receipt_count() - before <= 200, "receipts came while nothing could be written")
    if field.is_running():
        require(field.get("/readyz")[0] != 200, "/readyz is 200 while nothing can be written")
    field.disk.order(write_error=0)
    field.restart_until_ready()
    receipts_go_on(field)


@attack("the disk is full")
def disk_full(field, draw, long):
    for _ in range(5 if long else 1):
        failing_writes(field, draw, errno.ENOSPC, draw.uniform(0.5, 2.0))


@attack("writes fail (EIO)")
def writes_fail(field, draw, long):
    for _ in range(5 if long else 1):
        failing_writes(field, draw, errno.EIO, draw.uniform(0.5, 2.0))


@attack("started on a full disk")
def start_on_full_disk(field, draw, long):
    field.kill()
    field.disk.order(write_error=errno.ENOSPC)
    field.launch()
    wait("Convey answers /healthz on a full disk", 30, lambda: field.get("/healthz")[0] != 0)
    time.sleep(1)
    require(field.is_running(), "Convey ended on a full disk instead of waiting")
    require(field.get("/readyz")[0] == 503, "/readyz is not 503 on a full disk")
    field.disk.order(write_error=0)
    field.wait_until_ready()


@attack("short writes")
def short_writes(field, draw, long):
    field.disk.order(short_writes=draw.randrange(2, 7))
    time.sleep(20 if long else 2)
    field.kill()
    field.disk.order(short_writes=0)
    field.start()


@attack("slow syncs")
def slow_syncs(field, draw, long):
    field.disk.order(sync_delay_us=draw.randrange(20_000, 300_000))
    receipts_go_on(field, 200 if long else 30, 120)
    field.kill()
    field.disk.order(sync_delay_us=0)
    field.start()


@attack("power cuts")
def power_cuts(field, draw, long):
    for keep in ["none", "half", "all"] * (5 if long else 1):
        field.stop()
        field.disk.begin_recording()
        field.start(recording=True)
        time.sleep(draw.uniform(0.3, 1.5))
        if draw.random() < 0.5:
            field.disk.order(kill_at_write=draw.randrange(1, 100))
            wait_for_death(field)
        field.kill()
        field.disk.cut_power(keep, draw.random())
        field.start()


@attack("the journal is moved away")
def journal_moved(field, draw, long):
    aside = field.data + ".aside"
    os.rename(field.data, aside)
    wait("/readyz says that the journal is gone", 20, lambda: not field.is_running() or field.get("/readyz")[0] == 503)
    time.sleep(0.5)
    before = field.publisher.receipt_count()
    time.sleep(1)
    require(field.publisher.receipt_count() == before, "receipts came after the journal had been moved away")
    field.kill()
    shutil.rmtree(field.data, ignore_errors=True)
    os.rename(aside, field.data)
    field.start()


@contextlib.contextmanager
def trouble_for_one_shard(field, draw, seconds, **orders):
    """Meanwhile the other shards take signals; afterwards everything is normal again."""
    shard = field.shard_of(draw.choice(field.publisher.subjects))
    field.disk.order(only_shard=shard + 1, **orders)
    try:
        yield shard
        receipts_go_on(field, 30, seconds)
        require(field.is_running(), f"Convey ended because of shard {shard}")
    finally:
        field.disk.order(only_shard=0, **{name: 0 for name in orders})
    field.wait_until_ready()
    receipts_go_on(field)


@attack("one shard's disk is full", shards=2)
def shard_disk_full(field, draw, long):
    for _ in range(5 if long else 1):
        with trouble_for_one_shard(field, draw, 30, write_error=errno.ENOSPC) as shard:
            wait(f"/readyz names shard {shard}", 30, lambda: f"shard {shard} ".encode() in field.get("/readyz")[1])


@attack("one shard hangs", shards=2)
def shard_hangs(field, draw, long):
    if not long:
        return "skipped: takes long"
    # Ingress waits 10 s for the shard, and then continues without it.
    with trouble_for_one_shard(field, draw, 20, sync_delay_us=20_000_000):
        time.sleep(11)


# --- The wire and the broker ---

@attack("a lossy, duplicating wire")
def lossy_wire(field, draw, long):
    field.wire.trouble.update(cut_after=60_000, duplicate=0.2, delay=0.002)
    time.sleep(60 if long else 5)
    field.wire.trouble.update(cut_after=8_000, split=True)
    time.sleep(30 if long else 3)
    field.wire.quiet()


@attack("a black hole")
def black_hole(field, draw, long):
    field.wire.trouble.update(hole=True)
    wait("/readyz notices a broker that answers nothing", 60, lambda: field.get("/readyz")[0] == 503)
    require(field.get("/healthz")[0] == 200, "/healthz fails although only the broker is away")
    field.wire.quiet()
    field.wait_until_ready()


@attack("a broker that lies")
def lying_broker(field, draw, long):
    # A PUBACK for an event that the broker never had: consumers may not get it.
    field.broker_lost_messages = True
    for _ in range(20 if long else 3):
        field.wire.trouble.update(lie=0.02)
        time.sleep(1)
        field.wire.trouble.update(lie=0.0)
        require(field.is_running(), "Convey ended because of what a broker sent")
        time.sleep(0.3)
    field.wire.quiet()
    wait("Convey is ready again", 60, lambda: field.get("/readyz")[0] == 200)


@attack("the broker restarts")
def broker_restarts(field, draw, long):
    for _ in range(5 if long else 1):
        time.sleep(draw.uniform(0.2, 1.0))
        field.broker.stop()
        time.sleep(draw.uniform(0.2, 1.5))
        field.broker.start()
        field.wait_until_ready()


@attack("the broker is killed")
def broker_killed(field, draw, long):
    # mosquitto loses messages acknowledged since its last save; observers miss them, publishers repeat them.
    field.broker_lost_messages = True
    for _ in range(5 if long else 1):
        time.sleep(draw.uniform(0.2, 1.0))
        field.broker.stop(signal.SIGKILL)
        time.sleep(draw.uniform(0.1, 1.0))
        field.broker.start()
        field.wait_until_ready()


@attack("the broker freezes")
def broker_freezes(field, draw, long):
    for _ in range(4 if long else 1):
        field.broker.freeze(draw.uniform(1, 20 if long else 3))
        field.wait_until_ready()


# --- Clocks ---

@attack("the clock jumps")
def clock_jumps(field, draw, long):
    for hours in [1, -1, 24 * 365 * 20, -24 * 365 * 20] * (3 if long else 1):
        field.disk.order(clock_offset_ns=hours * 3_600_000_000_000)
        receipts_go_on(field, 10)
        if draw.random() < 0.5:
            # After a restart, a timer set by a wrong clock waits until the right clock shows its time: that is not the
            # fault this attack looks for.
            field.publisher.running.clear()
            field.publisher.wait_for_receipts(30)
            wait("timers fire by the monotonic clock", 60, lambda: not field.ask("/v1/effects?limit=1")["effects"])
            field.kill()
            field.start()
            field.publisher.running.set()
    field.disk.order(clock_offset_ns=0)


@attack("boots: a monotonic clock that starts anew")
def boots(field, draw, long):
    with open("/proc/uptime") as file:
        uptime = int(float(file.read().split()[0]))
    prefix = ["unshare", "--time", "--fork", "--kill-child=KILL", "--monotonic", str(-uptime), "--boottime", str(-uptime)]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        return "skipped: needs root for a time namespace"
    for _ in range(10 if long else 2):
        field.kill()
        time.sleep(draw.uniform(0.2, 2.0))   # due times in this pause are before the next boot
        field.launch(prefix=prefix)
        field.wait_until_ready()
        receipts_go_on(field, 20)
    field.kill()   # unshare passes on no other signal
    field.start()
    return None


# --- Clients ---

DEEP = "/".join(["a"] * 190)
# Response Topics that clients name: others' topics, the broker's, ones at which it disconnects, and invalid ones.
RESPONSE_TOPICS = ["$share/g/x", "$SYS/broker", "conv/receipt/" + DEEP, "conv/in/victim/message/received", "conv/status/chaos",
                   "conv/tool/weather/call", "conv/receipt/kiosk-7/me", "a/b", "", ""]
FORGED_TOPICS = ["conv/in/kiosk-7/message/received", "conv/in/kiosk-8/message/received", "conv/in/%61dmin/message/received",
                 "conv/in/victim/control/abort_requested", "conv/ingest/kiosk-7", "conv/ingest", "conv/in//x",
                 "conv/out/kiosk-7/assistant/completed", "conv/applied/kiosk-7/event/applied", "conv/in/" + DEEP,
                 "conv/query/kiosk-7/conversations", "conv/query/_/effects", "conv/tool/weather/result/e-1",
                 "conv/status/chaos", "conv/receipt/kiosk-7/me"]
# The topics where the rules in broker/acl.example allow a role's signals.
ALLOWED = {"host": ("conv/in/",), "bridge": ("conv/in/", "conv/ingest"), "projection": (), "tool-weather": (),
           "kiosk-7": ("conv/in/kiosk-7/message/received", "conv/in/kiosk-7/control/abort_requested")}
FORGER = "/forger"


def forge(draw, role, number):
    """A topic and a payload: broken ones, harmful ones, and well-formed ones whose id names the sender and the topic."""
    topic = draw.choice(FORGED_TOPICS)
    if draw.random() < 0.4:
        return topic, json.dumps({"specversion": "1.0", "id": f"{role} {number} {topic}", "source": FORGER,
                                  "data": {"content": "forged"}}).encode()
    poison = "conv.out." + "a." * draw.choice([5, 90, 210]) + "z"
    return topic, draw.choice([
        b"", b"{", b"null", b"[1]", b'{"id":42,"specversion":"1.0","data":null}', b'{"content":""}', b"\xff\xfe", b"[" * 500,
        b'{"content":"' + b"x" * 300_000 + b'"}', b'{"time":"yesterday","specversion":"1.0","id":"t","source":"s","data":{}}',
        json.dumps({"specversion": "1.0", "id": f"poison-{number}", "source": "/x", "type": poison, "subject": "kiosk-7",
                    "data": {"output_id": "o", "channel": "c"}}).encode(),
        b'{"specversion":"1.0","id":"f","source":"/convey/effects","type":"conv.effect.llm.generation.completed","data":{}}'])


def check_forged(field):
    require(field.get("/v1/conversations/admin/state")[0] == 404, "another spelling of a topic was recorded for admin")
    for subject in [entry["subject"] for entry in field.ask("/v1/conversations?limit=500")["conversations"]]:
        page = field.ask(f"/v1/conversations/{urllib.parse.quote(subject, safe='')}/events?limit=1000&family=in")
        for event in page["events"]:
            if event["source"] == FORGER:
                role, _, topic = event["id"].split(" ", 2)
                require(topic.startswith(ALLOWED[role] or "nowhere"), f"{role} got a signal recorded by {topic}")


@attack("clients that may not")
def forged_clients(field, draw, long):
    clients = {role: connect(field, role, f"chaos-forger-{role}") for role in ALLOWED}
    for client in clients.values():
        client.loop_start()
    # A forged receipt there would be a finding: no forger may write to that subject.
    response_topics = RESPONSE_TOPICS + [receipts(field.publisher.subjects[0])]
    try:
        for number in range(5_000 if long else 600):
            role = draw.choice(list(clients))
            topic, payload = forge(draw, role, number)
            properties = Properties(PacketTypes.PUBLISH)
            if response := draw.choice(response_topics):
                properties.ResponseTopic = response
            clients[role].publish(topic, payload, qos=1, properties=properties)
            time.sleep(0.002)
        receipts_go_on(field)
        require(field.get("/readyz")[0] == 200, f"not ready after forged messages: {field.get('/readyz')[1]!r}")
        check_forged(field)
        # A client with Convey's name: it must be refused, or Convey must reconnect by itself.
        thief = connect(field, "kiosk-7", "convey")
        thief.loop_start()
        time.sleep(1)
        thief.loop_stop()
        thief.disconnect()
        receipts_go_on(field)
    finally:
        for client in clients.values():
            client.loop_stop()
            client.disconnect()


@attack("slow readers")
def slow_readers(field, draw, long):
    before = field.resident_megabytes()
    subject = field.publisher.subjects[0]
    readers = []
    try:
        for index in range(300 if long else 60):
            reader = socket.socket()
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            reader.settimeout(10)
            reader.connect(("127.0.0.1", field.http_port))
            path = ("/v1/conversations/%s/stream?after=0", "/v1/conversations/%s/events?limit=1000")[index % 2] % subject
            reader.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{field.http_port}\r\n\r\n".encode())
            readers.append(reader)
        receipts_go_on(field, 100)
        require(field.get("/healthz")[0] == 200, "/healthz does not answer beside slow readers")
        grown = field.resident_megabytes() - before
        require(grown < 300, f"slow readers cost {grown:.0f} MB")
    finally:
        for reader in readers:
            reader.close()


@attack("models and tools fail")
def models_fail(field, draw, long):
    field.model.trouble = 0.4
    for _ in range(10 if long else 2):
        time.sleep(1)
        field.worker.kill()
        field.worker.wait()
        field.start_worker()
    field.model.trouble = 0.0


@attack("everything at once")
def everything(field, draw, long):
    field.model.trouble = 0.2
    field.wire.trouble.update(cut_after=100_000, duplicate=0.1, delay=0.001)
    for _ in range(20 if long else 2):
        field.disk.order(sync_delay_us=draw.randrange(30_000), kill_at_write=draw.randrange(1, 2_000))
        deadline = time.monotonic() + 3
        while field.is_running() and time.monotonic() < deadline:
            time.sleep(0.02)
        field.kill()
        field.disk.order()
        field.launch()
        time.sleep(draw.uniform(0.1, 1.0))
    field.model.trouble = 0.0
    field.wire.quiet()
    field.restart_until_ready()
