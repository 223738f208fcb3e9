"""Keeps conversations in its own SQLite database, using only Convey's published events.

pip install paho-mqtt (2.x); python projection_consumer.py HOST PORT DATABASE. You may kill it at any time: it does
not acknowledge uncommitted events, so the broker delivers them again. It drops repeats by sequence and queries missing events.
"""
import json
import sqlite3
import sys
from urllib.parse import quote

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

host, port, database = sys.argv[1], int(sys.argv[2]), sqlite3.connect(sys.argv[3], check_same_thread=False)
client_id = "projection-example"   # names the session at the broker: one database, one id
answers = f"conv/receipt/+/{client_id}"
database.executescript("""
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS seen (subject, family, sequence, PRIMARY KEY (subject, family, sequence));
    -- A marker contains its signal's place; an output contains its own text.
    CREATE TABLE IF NOT EXISTS places (subject, id, position, PRIMARY KEY (subject, id));
    CREATE TABLE IF NOT EXISTS texts (subject, id, role, text, PRIMARY KEY (subject, id));
    CREATE VIEW IF NOT EXISTS timeline AS
        SELECT subject, position, role, text FROM texts JOIN places USING (subject, id) ORDER BY subject, position;
""")


def run(sql, *values):
    return database.execute(sql, values)


def take(event):
    """Stores an event; returns the previous sequence that was seen, or None for a repeat."""
    subject, family, sequence, data = event["subject"], event["type"].split(".")[1], event["sequence"], event["data"]
    if not run("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", subject, family, sequence).rowcount:
        return None
    if family == "applied":
        signal = data["applied_event_id"]
        run("INSERT OR IGNORE INTO places VALUES (?, ?, ?)", subject, signal, data["scheduler_seq"])
        if data["original_type"] == "conv.in.message.received":
            text = data["signal"]["data"].get("content", "")
            run("INSERT OR IGNORE INTO texts VALUES (?, ?, 'user', ?)", subject, signal, json.dumps(text))
    elif event["type"] == "conv.out.assistant.completed":
        text = json.dumps(data["content"])
        run("INSERT OR IGNORE INTO texts VALUES (?, ?, 'assistant', ?)", subject, event["id"], text)
    before, = run("SELECT max(sequence) FROM seen WHERE subject = ? AND family = ? AND sequence < ?",
                  subject, family, sequence).fetchone()
    return before or 0


def ask(subject, **parameters):
    level = quote(subject, safe='-._~:@')
    properties = Properties(PacketTypes.PUBLISH)
    properties.ResponseTopic = answers.replace("+", level)
    properties.CorrelationData = parameters["family"].encode()
    client.publish(f"conv/query/{level}/events", json.dumps(parameters), 1, properties=properties)


def on_message(_, userdata, message):
    body = json.loads(message.payload)
    is_answer = message.topic.startswith("conv/receipt/")
    taken = [take(event) for event in (body.get("events", []) if is_answer else [body])]
    database.commit()
    client.ack(message.mid, message.qos)   # only now is it on disk
    if is_answer:
        if "next" in body and any(before is not None for before in taken):
            ask(body["subject"], family=message.properties.CorrelationData.decode(), after=body["next"]["after"])
    elif taken[0] is not None and taken[0] != body["sequence"] - 1:
        ask(body["subject"], family=body["type"].split(".")[1], after_sequence=taken[0])


def on_connect(_, userdata, flags, reason, properties):
    client.subscribe([("conv/applied/#", 1), ("conv/out/#", 1), (answers, 1)])


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5, manual_ack=True)
client.on_connect, client.on_message = on_connect, on_message
session = Properties(PacketTypes.CONNECT)
session.SessionExpiryInterval = 7 * 86_400
client.connect_async(host, port, clean_start=False, properties=session)
client.loop_forever(retry_first_connection=True)   # the broker may start after this program
