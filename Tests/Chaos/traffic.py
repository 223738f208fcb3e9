"""The clients of Convey: a publisher that repeats each signal until it has a receipt, and an observer of all published events."""
import hashlib
import json
import random
import threading
import time
from collections import Counter, defaultdict

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

SOURCE = "/chaos"
MARKER = "conv.applied.event.applied"
WINDOW = 15            # unconfirmed signals of a conversation: a blocked shard must not use up the others' share
REPEAT_SECONDS = 1.0   # a signal without a receipt is published again


def receipts(subject):
    """If users log in, Convey answers only below the subject of the message."""
    return f"conv/receipt/{subject}/chaos"


def connect(field, user, client_id, clean=True, version=mqtt.MQTTv5):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version)
    client.username_pw_set(user, field.password(user))
    client.max_inflight_messages_set(1000)
    client.reconnect_delay_set(1, 1)
    properties = None
    if version == mqtt.MQTTv5:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0 if clean else 86_400
        properties.ReceiveMaximum = 65_535
    client.connect_async("127.0.0.1", field.broker.port, keepalive=30, clean_start=clean, properties=properties)
    return client


class Signal:
    def __init__(self, identifier, subject, rest, data, form):
        self.id, self.subject, self.rest, self.data, self.form = identifier, subject, rest, data, form
        self.published_at, self.attempts, self.receipts = 0.0, 0, []


class Publisher:
    """Publishes signals of all kinds, each until it has a receipt. Knows every receipt received."""

    def __init__(self, field, seed):
        self.draw = random.Random(seed)
        self.lock = threading.Lock()
        self.signals, self.open, self.open_of = {}, {}, Counter()
        self.attempts, self.refused = 0, []
        self.next = 0
        self.running = threading.Event()
        self.subjects, self.per_second, self.only_notes, self.next_note = [], None, False, 0.0
        self.client = connect(field, "host", "chaos-host")
        self.client.on_connect = lambda client, *_: client.subscribe(receipts("+"), qos=1)
        self.client.on_message = self._on_receipt
        self.client.loop_start()
        self.closing = False
        threading.Thread(target=self._run, daemon=True).start()

    def begin(self, subjects, per_second=None, notes=False):
        """New signals for these conversations, until `pause`.
        - per_second: a steady rate; without it 200 to 600.
        - notes: only signals that need no model, tool or timer."""
        self.subjects, self.per_second, self.only_notes, self.next_note = subjects, per_second, notes, time.monotonic()
        self.running.set()

    def pause(self):
        """No new signals; those without a receipt are still repeated."""
        self.running.clear()

    def wait_for_receipts(self, seconds):
        """Whether each signal has its receipt within the time."""
        deadline = time.monotonic() + seconds
        while self.open and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.open

    def of(self, subjects):
        with self.lock:
            return [signal for signal in self.signals.values() if signal.subject in subjects]

    def receipted(self, since):
        """Ids of the signals with a receipt, from a number on: `next` is that of the signal that is published next."""
        with self.lock:
            return [signal.id for signal in self.signals.values() if signal.receipts and int(signal.id[2:]) >= since]

    def receipt_count(self):
        with self.lock:
            return len(self.signals) - len(self.open)

    def _run(self):
        while not self.closing:
            time.sleep(0.005)
            if not self.client.is_connected():
                continue
            subjects = [subject for subject in self.subjects if self.open_of[subject] < WINDOW]
            now = time.monotonic()
            if self.running.is_set() and subjects:
                for _ in range(self._due(now)):
                    self._publish(self._new(subjects))
            with self.lock:
                late = [signal for signal in self.open.values() if now - signal.published_at > REPEAT_SECONDS]
            for signal in late:
                self._publish(signal)

    def _due(self, now):
        """How many new signals to publish now."""
        if self.per_second is None:
            return self.draw.randrange(1, 4)
        if now < self.next_note:
            return 0
        # Behind a pause the rate begins anew: no burst.
        self.next_note = max(self.next_note + 1 / self.per_second, now - 0.1)
        return 1

    def _new(self, subjects):
        identifier = f"s-{self.next}"
        self.next += 1
        subject, kind = self.draw.choice(subjects), 0.0 if self.only_notes else self.draw.random()
        words = self.draw.choice(["say it again please", "weather in Oslo", "slow one two three four five six seven"])
        if kind < 0.70:
            rest, data = "note/taken", {"n": self.next, "text": "x" * self.draw.randrange(400)}
        elif kind < 0.85:
            rest, data = "message/received", {"content": words}
        elif kind < 0.93:
            due = self.draw.choice([{"delay_ms": 50}, {"delay_ms": 1500}, {"fire_at": "2001-01-01T00:00:00Z"}, {"fire_at": 1}])
            rest, data = "timer/tick", due
        else:
            rest, data = "control/abort_requested", {}
        signal = Signal(identifier, subject, rest, data, self.draw.choice(["structured", "binary"]))
        with self.lock:
            self.signals[identifier] = self.open[identifier] = signal
            self.open_of[subject] += 1
        return signal

    def _publish(self, signal):
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = receipts(signal.subject)
        properties.CorrelationData = signal.id.encode()
        if signal.form == "binary":
            properties.UserProperty = [("id", signal.id), ("source", SOURCE)]
            payload = json.dumps(signal.data)
        else:
            payload = json.dumps({"specversion": "1.0", "id": signal.id, "source": SOURCE, "subject": signal.subject,
                                  "type": "conv.in." + signal.rest.replace("/", "."), "data": signal.data})
        signal.published_at = time.monotonic()
        signal.attempts += 1
        self.attempts += 1
        self.client.publish(f"conv/in/{signal.subject}/{signal.rest}", payload, qos=1, properties=properties)

    def _on_receipt(self, _client, _userdata, message):
        receipt = json.loads(message.payload)
        # A receipt without our correlation data is somebody else's: Convey was made to write to our topic.
        identifier = getattr(message.properties, "CorrelationData", b"").decode()
        with self.lock:
            signal = self.signals.get(identifier)
            if signal is None or receipt["status"] == "rejected":
                self.refused.append(receipt)
                return
            signal.receipts.append(receipt["offset"])
            if self.open.pop(identifier, None):
                self.open_of[signal.subject] -= 1

    def close(self):
        self.closing = True
        self.client.loop_stop()


class Observer:
    """Everything that Convey publishes, by conversation; without positions, so that it can be compared with the journal."""

    def __init__(self, field):
        self.lock = threading.Lock()
        self.events = defaultdict(dict)   # subject: {id: (type, offset, hash of the payload)}, in the order in which they came first
        self.changed = []                 # ids that came with two contents
        self.watched, self.times = None, []   # a conversation, and when its markers came first
        self.client = connect(field, "projection", "chaos-projection", clean=False)
        topics = [(f"conv/{family}/#", 1) for family in ("out", "effect", "applied", "audit")]
        self.client.on_connect = lambda client, *_: client.subscribe(topics)
        self.client.on_message = self._on_event
        self.client.loop_start()

    def _on_event(self, _client, _userdata, message):
        event = json.loads(message.payload)
        digest = hashlib.sha256(message.payload).digest()
        with self.lock:
            if event["subject"] == self.watched and event["type"] == MARKER and event["id"] not in self.events[self.watched]:
                self.times.append(time.monotonic())
            known = self.events[event["subject"]].setdefault(event["id"], (event["type"], event["offset"], digest))
            if known[2] != digest:
                self.changed.append((event["subject"], event["id"]))

    def of(self, subject):
        with self.lock:
            return dict(self.events[subject])

    def watch(self, subject):
        """Returns a list that grows by a time (monotonic) with each new marker of a conversation, until `unwatch`."""
        with self.lock:
            self.watched, self.times = subject, []
            return self.times

    def unwatch(self):
        self.watched = None

    def close(self):
        self.client.loop_stop()
