"""Finds faults of published events as CloudEvents 1.0, JSON format.

Reads the given file, with one event in base64 per line, and prints a line for each fault. The SDK of the CloudEvents
project, which programs use to read events, checks first; then follow the rules of the specification that the SDK omits.
"""

import base64
import json
import re
import sys
import unicodedata
from datetime import datetime
from urllib.parse import urlsplit

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

NAME = re.compile(r"[a-z0-9]{1,20}\Z")
URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+\Z")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*\Z")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)\Z")
MEDIA_TYPE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+/[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\s*;.*)?\Z")
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?\Z")
REQUIRED = ("id", "source", "type", "specversion")
TEXTS = REQUIRED + ("subject", "time", "datacontenttype", "dataschema", "traceparent", "causationid", "forkedfrom")


def is_forbidden(character):
    """Whether the type String excludes it: control characters, surrogates, noncharacters."""
    code = ord(character)
    return (
        unicodedata.category(character) == "Cc"
        or 0xD800 <= code <= 0xDFFF
        or 0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFE == 0xFFFE
    )


def is_uri_reference(text):
    if not URI_REFERENCE.match(text):
        return False
    first = re.split(r"[/?#]", text, maxsplit=1)[0]
    if ":" in first and not SCHEME.match(first.split(":", 1)[0]):
        return False
    try:
        return urlsplit(text).port is None or True
    except ValueError:
        return False


def faults(text):
    try:
        event = JSONFormat().read(CloudEvent, text)
    except Exception as error:  # The SDK raises the errors of all its parts.
        yield f"the SDK refuses it: {error!r}"
        return
    attributes = json.loads(text)
    attributes.pop("data", None)
    for name in REQUIRED:
        if name not in attributes:
            yield f"{name} is missing"
    for name, value in attributes.items():
        if not NAME.match(name):
            yield f"{name!r} is no name of an attribute"
        if name in TEXTS and not isinstance(value, str):
            yield f"{name} is {value!r}, no string"
        if isinstance(value, str):
            if not value.strip():
                yield f"{name} is blank"
            if any(map(is_forbidden, value)):
                yield f"{name} holds a forbidden character: {value!r}"
        elif isinstance(value, bool):
            pass
        elif not isinstance(value, int) or not -(2**31) <= value < 2**31:
            yield f"{name} is {value!r}, no boolean, integer of 32 bits or string"
    if not is_uri_reference(attributes["source"]):
        yield f"source is no URI reference: {attributes['source']!r}"
    time = attributes.get("time", "")
    try:
        is_time = TIME.match(time) and datetime.fromisoformat(time).tzinfo is not None
    except ValueError:
        is_time = False
    if not is_time:
        yield f"time is not RFC 3339: {time!r}"
    if not MEDIA_TYPE.match(attributes.get("datacontenttype", "")):
        yield f"datacontenttype is no media type: {attributes.get('datacontenttype')!r}"
    schema = attributes.get("dataschema")
    if schema is not None and not (is_uri_reference(schema) and urlsplit(schema).scheme):
        yield f"dataschema is no absolute URI: {schema!r}"
    trace = attributes.get("traceparent")
    if trace is not None and not TRACEPARENT.match(trace):
        yield f"traceparent is not valid: {trace!r}"
    if not isinstance(event.get_data(), dict):
        yield "data are no object"


def main():
    with open(sys.argv[1], "rb") as lines:
        for line in lines:
            payload = base64.b64decode(line)
            for fault in faults(payload):
                print(f"{fault} in {payload[:500].decode('utf-8', 'replace')}")


if __name__ == "__main__":
    main()
