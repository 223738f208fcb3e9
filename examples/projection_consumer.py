"""Keeps conversations in a SQLite database of its own, from Convey's published events alone.

pip install paho-mqtt (2.x); python projection_consumer.py HOST PORT DATABASE. Kill it at any time: what is not committed is
not acknowledged, so the broker delivers it again, and what comes again is dropped by its sequence.
"""
import json
import sqlite3
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from urllib.parse import quote

host, port, database = sys.argv[1], int(sys.argv[2]), sqlite3.connect(sys.argv[3], check_same_thread=False)
client_id = "projection-example"   # names the session at the broker: one database, one id
answers = f"conv/receipt/{client_id}"
database.executescript("""
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS seen (subject, family, sequence, PRIMARY KEY (subject, family, sequence));
    -- A marker says where its signal stands (position); an output's text comes with the output.
    CREATE TABLE IF NOT EXISTS places (subject, id, position, PRIMARY KEY (subject, id));
    CREATE TABLE IF NOT EXISTS texts (subject, id, role, text, PRIMARY KEY (subject, id));
    CREATE VIEW IF NOT EXISTS timeline AS
        SELECT subject, position, role, text FROM texts JOIN places USING (subject, id) ORDER BY subject, position;
""")


def take(event):
    subject, family, data = event["subject"], event["type"].split(".")[1], event["data"]
    new = database.execute(
        "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (subject, family, event["sequence"])).rowcount
    if not new:
        return   # a repeat
    if family == "applied":
        database.execute("INSERT OR IGNORE INTO places VALUES (?, ?, ?)",
                         (subject, data["applied_event_id"], data["scheduler_seq"]))
        if data["original_type"] == "conv.in.message.received":
            said = data["signal"]["data"]
            row = (subject, data["applied_event_id"], "user", said.get("content") or said.get("text"))
            database.execute("INSERT OR IGNORE INTO texts VALUES (?, ?, ?, ?)", row)
    elif event["type"] == "conv.out.assistant.completed":
        database.execute("INSERT OR IGNORE INTO texts VALUES (?, ?, 'assistant', ?)", (subject, event["id"], data["content"]))


def ask_for_holes(client, subject, family, sequence):
    count, = database.execute(
        "SELECT count(*) FROM seen WHERE subject = ? AND family = ? AND sequence <= ?", (subject, family, sequence)).fetchone()
    if count == sequence:
        return
    properties = Properties(PacketTypes.PUBLISH)
    properties.ResponseTopic = answers
    question = {"family": family, "after_sequence": count and min_missing(subject, family) - 1, "limit": 1000}
    client.publish(f"conv/query/{quote(subject, safe='-._~:@')}/events", json.dumps(question), qos=1, properties=properties)


def min_missing(subject, family):
    missing, = database.execute(
        "SELECT min(sequence) + 1 FROM seen s WHERE subject = ?1 AND family = ?2 AND NOT EXISTS (SELECT 1 FROM seen n WHERE"
        " n.subject = ?1 AND n.family = ?2 AND n.sequence = s.sequence + 1)", (subject, family)).fetchone()
    first, = database.execute("SELECT min(sequence) FROM seen WHERE subject = ? AND family = ?", (subject, family)).fetchone()
    return 1 if first > 1 else missing


def on_connect(client, userdata, flags, reason, properties):
    client.subscribe([("conv/applied/#", 1), ("conv/out/#", 1), (answers, 1)])


def on_message(client, userdata, message):
    body = json.loads(message.payload)
    events = body.get("events", []) if message.topic == answers else [body]
    for event in events:
        take(event)
    database.commit()
    client.ack(message.mid, message.qos)   # only now: it is on disk
    if message.topic != answers and body.get("sequence"):
        ask_for_holes(client, body["subject"], body["type"].split(".")[1], body["sequence"])


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5, manual_ack=True)
client.on_connect, client.on_message = on_connect, on_message
session = Properties(PacketTypes.CONNECT)
session.SessionExpiryInterval = 7 * 86_400
client.connect(host, port, clean_start=False, properties=session)
client.loop_forever(retry_first_connection=True)
