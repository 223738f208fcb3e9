"""A tool worker: runs the calls that models make to one tool through Convey. Protocol: docs/PROTOCOL.md, "Tool workers".

    python3 -m venv .venv && .venv/bin/pip install 'paho-mqtt>=2,<3'
    .venv/bin/python examples/tool_worker.py --tool get_weather --log /var/lib/weather/results.jsonl

The worker waits for a broker that is not there yet, and reconnects to one that was away. The broker's address is --broker,
CONVEY_BROKER_URL, or mqtt://127.0.0.1:1883. The worker keeps results in --log by idempotency key. If a call is repeated after a
crash of Convey, the broker or this worker, it answers without running the call again. Replace `work` with your tool.
"""
import argparse
import json
import os
import threading
import uuid
from datetime import datetime, timezone
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

parser = argparse.ArgumentParser()
parser.add_argument("--broker", default=os.environ.get("CONVEY_BROKER_URL", "mqtt://127.0.0.1:1883"), help="mqtt://HOST:PORT")
parser.add_argument("--username", help="with --password-file")
parser.add_argument("--password-file")
parser.add_argument("--root", default="conv", help="Convey's mqtt.root")
parser.add_argument("--tool", default="get_weather")
parser.add_argument("--log", required=True, help="file of results by idempotency key, as JSON lines")
options = parser.parse_args()


class Failure(Exception):
    """The call failed. Set `retriable` if the same call may succeed later."""
    retriable = False


def work(arguments, progress, canceled):
    """The tool itself: returns any JSON, raises Failure, calls progress(text), checks canceled (an Event)."""
    if arguments["city"] == "Atlantis":
        raise Failure("there is no weather station in Atlantis")
    progress(f"asking the station of {arguments['city']}")
    if canceled.wait(arguments.get("seconds", 0)):   # a slow tool that can be stopped
        raise Failure("canceled")
    return {"city": arguments["city"], "temperature": 18, "unit": "C"}


lock = threading.Lock()
results = {}   # by idempotency key: the reply that was sent
running = {}   # by idempotency key: [the latest call, the Event that stops it]
log = open(options.log, "a+", encoding="utf-8")
log.seek(0)
for line in log:
    if line.endswith("]\n"):   # a killed process may leave an incomplete last line
        results.update([json.loads(line)])
log.write("\n")


def send(client, call, reply):
    """Correlation data assign a reply to its call; with MQTT 3.1.1 the key and the attempt do."""
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = "application/json"
    properties.CorrelationData = f"{call['idempotency_key']}/{call['attempt']}".encode()
    reply = reply | {"idempotency_key": call["idempotency_key"], "attempt": call["attempt"]}
    client.publish(call["response_topic"], json.dumps(reply), qos=1, properties=properties)


def run(client, key, job):
    try:
        reply = {"type": "result", "content": work(
            job[0]["arguments"], lambda text: send(client, job[0], {"type": "progress", "message": text}), job[1])}
    except Exception as error:
        reply = {"type": "error", "message": str(error), "retriable": getattr(error, "retriable", False)}
    with lock:
        if running.get(key) is job:
            del running[key]
        if reply["type"] == "result":   # errors are not kept: the next attempt tries again
            results[key] = reply
            print(json.dumps([key, reply]), file=log, flush=True)
            os.fsync(log.fileno())
    if reply["type"] == "result" or not job[1].is_set():
        send(client, job[0], reply)


def on_call(client, userdata, message):
    call = json.loads(message.payload)
    if datetime.fromisoformat(call["deadline"].replace("Z", "+00:00")) < datetime.now(timezone.utc):
        return   # the deadline has passed, and the result is no longer needed
    with lock:
        key = call["idempotency_key"]
        if key in results:
            send(client, call, results[key])
        elif key in running:   # another attempt at a running call: answer the newest
            running[key][0] = call
        else:
            running[key] = [call, threading.Event()]
            threading.Thread(target=run, args=(client, key, running[key]), daemon=True).start()


def on_cancel(client, userdata, message):
    cancel = json.loads(message.payload)
    with lock:
        job = running.get(cancel["idempotency_key"])
        if job and job[0]["attempt"] <= cancel["attempt"]:
            job[1].set()
            del running[cancel["idempotency_key"]]


def on_connect(client, userdata, flags, reason, properties):
    # Several workers share a tool's calls, with $share/GROUP/…; each of them needs all cancellations.
    client.subscribe([(f"$share/{options.tool}/{options.root}/tool/{options.tool}/call", 1),
                      (f"{options.root}/tool/{options.tool}/cancel", 1)])


def on_subscribe(client, userdata, mid, reasons, properties):
    # Calls that wait for a worker are made at once. The last will takes the message away again.
    client.publish(presence, "online", qos=1, retain=True)
    print(f"{options.tool}: waiting for calls at {options.broker}", flush=True)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
if options.username:
    client.username_pw_set(options.username, open(options.password_file, encoding="utf-8").read().strip())
presence = f"{options.root}/tool/{options.tool}/presence/{uuid.uuid4()}"
client.will_set(presence, None, qos=1, retain=True)
client.on_connect, client.on_subscribe = on_connect, on_subscribe
for name, callback in (("call", on_call), ("cancel", on_cancel)):
    client.message_callback_add(f"{options.root}/tool/{options.tool}/{name}", callback)
broker = urlsplit(options.broker)
client.connect_async(broker.hostname, broker.port or 1883)
client.loop_forever(retry_first_connection=True)   # the broker may start after this worker
