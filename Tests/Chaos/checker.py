"""Compares Convey's promises (receipts, published events) with its journal."""
import re
import time

from field import Trouble
from traffic import SOURCE

MARKER = re.compile(r"applied-([a-z2-7]{5})-[0-9]+")   # the tag of the shard, and a position in it
OURS = "/convey/"   # the beginning of the sources of derived events
ENDS = ("completed", "failed", "canceled")
PUBLISHED = ("applied", "effect", "out", "audit")


class Findings:
    """The result of one attack. `ok` if nothing was lost, doubled, missing or invented."""

    def __init__(self):
        self.lost, self.doubled, self.holes, self.ghosts, self.endless, self.reordered = [], [], [], [], [], []

    @property
    def ok(self):
        return not any(vars(self).values())

    def lines(self):
        for name, found in vars(self).items():
            for one in found[:5]:
                yield f"{name}: {one}"


def check(field, subjects, observed_all=True, ordered=False):
    """- observed_all: the broker has delivered everything it accepted, so the observer must have seen all of it.
    - ordered: neither the broker nor one of several shards has failed, so that order holds from publisher to journal to observer."""
    findings = Findings()
    journals = {subject: _events(field, subject) for subject in subjects}
    for signal in field.publisher.of(set(subjects)):
        events = journals[signal.subject]
        for offset in set(signal.receipts):
            event = events[offset - 1] if offset <= len(events) else None
            if event is None or event["id"] != signal.id:
                findings.lost.append(f"{signal.subject} {signal.id}: receipt for offset {offset}")
        if len(set(signal.receipts)) > 1:
            findings.doubled.append(f"{signal.subject} {signal.id}: receipts for offsets {set(signal.receipts)}")
    derived = {}
    for subject, events in journals.items():
        _check_conversation(field, subject, events, findings, observed_all)
        _check_shard(field, subject, events, findings, derived)
        if ordered:
            _check_order(field, subject, events, findings)
    findings.doubled += [f"{subject} {identifier}: two contents" for subject, identifier in field.observer.changed
                         if subject in journals]
    return findings


def _events(field, subject):
    events = []
    while True:
        status, _ = field.get(f"/v1/conversations/{subject}/state")
        if status == 404:
            return []
        page = field.ask(f"/v1/conversations/{subject}/events?limit=1000&after={events[-1]['offset'] if events else 0}")
        events += page["events"]
        if "next" not in page:
            return events


def _check_conversation(field, subject, events, findings, observed_all):
    known, sequences, started, ended = set(), {}, set(), set()
    for index, event in enumerate(events):
        if event["offset"] != index + 1:
            findings.holes.append(f"{subject}: offset {event['offset']} in place {index + 1}")
            break
        family = event["type"].split(".")[1]
        sequences[family] = sequences.get(family, 0) + 1
        if event["sequence"] != sequences[family]:
            findings.holes.append(f"{subject} {event['id']}: sequence {event['sequence']} of {family}, not {sequences[family]}")
            sequences[family] = event["sequence"]
        identity = (event["source"], event["id"])
        if identity in known:
            findings.doubled.append(f"{subject} {event['id']}: recorded twice")
        known.add(identity)
        lifecycle = event["type"].rsplit(".", 1)[1]
        if family == "effect":
            effect = event["data"]["effect_id"]
            if lifecycle in ENDS:
                if effect in ended:
                    findings.doubled.append(f"{subject} {effect}: two ends")
                ended.add(effect)
            else:
                started.add(effect)
    findings.endless += [f"{subject} {effect}: no end" for effect in started - ended]
    answered = {f"llm-generation-{event['id']}" for event in events if event["type"] == "conv.in.message.received"}
    findings.endless += [f"{subject} {effect}: no end" for effect in answered - ended - started]
    _check_observed(field, subject, events, findings, observed_all)


def _check_order(field, subject, events, findings):
    """What the publisher published first was recorded first, and what was recorded first was published first. That something comes again
    changes nothing: what counts is when it came first."""
    numbers = [int(event["id"].split("-")[1]) for event in events if event["source"] == SOURCE]
    findings.reordered += [f"{subject}: s-{later} recorded before s-{earlier}" for later, earlier in zip(numbers, numbers[1:])
                           if later > earlier]
    observed = [(offset, key) for key, (_, offset, _) in field.observer.of(subject).items()]
    findings.reordered += [f"{subject}: {earlier[1]} published before {later[1]}" for earlier, later in zip(observed, observed[1:])
                           if earlier[0] > later[0]]


def _check_shard(field, subject, events, findings, derived):
    """A conversation is in one shard. The ids that Convey derives there have the shard's tag, which no other shard has.
    Positions begin anew in each shard, so ids must differ over all conversations.
    - derived: sources and ids seen so far, with their conversations."""
    shards = {event["partition"] % field.shards for event in events}
    if len(shards) > 1:
        findings.ghosts.append(f"{subject}: records in shards {shards}")
    tags = {match[1] for event in events if (match := MARKER.fullmatch(event["id"]))}
    for shard, tag in ((shard, tag) for shard in shards for tag in tags):
        if field.tags.setdefault(shard, tag) != tag:
            findings.ghosts.append(f"{subject}: tag {tag} in shard {shard}, which has {field.tags[shard]}")
        findings.ghosts += [f"shards {shard} and {other} have the tag {tag}" for other, known in field.tags.items()
                            if other != shard and known == tag]
    for event in events:
        if not event["source"].startswith(OURS):
            continue
        if not any(f"-{tag}-" in event["id"] for tag in tags):
            findings.ghosts.append(f"{subject} {event['id']}: no tag of its shard ({tags})")
        other = derived.setdefault((event["source"], event["id"]), subject)
        if other != subject:
            findings.doubled.append(f"{event['id']}: in {other} and in {subject}")


def _check_observed(field, subject, events, findings, observed_all):
    recorded = {event["id"]: (event["type"], event["offset"]) for event in events
                if event["type"].split(".")[1] in PUBLISHED}
    deadline = time.monotonic() + 20
    while True:
        observed = {key: value[:2] for key, value in field.observer.of(subject).items()}
        missing = recorded.keys() - observed.keys()
        if not missing or not observed_all or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    if observed_all:
        findings.holes += [f"{subject} {key} ({recorded[key][0]}): recorded, not published" for key in missing]
    for key, value in observed.items():
        if recorded.get(key) != value:
            findings.ghosts.append(f"{subject} {key}: published as {value}, recorded as {recorded.get(key)}")


def require(condition, words):
    if not condition:
        raise Trouble(words)
