#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Replays recorded requests against a running server and prints each difference.

FILE has one JSON object a line: method, path, req_headers (object), req_body (object, array, text or null), status, body
(object, array, text or null for none); "#" begins a comment line.  A token of a recorded answer stands for the one that the
server gave in its place: in later requests it is replaced by that.  An answer that was recorded finished is asked for again
while ours is still in the queue or running.

Of masked values only the type counts (and whether they are null).  Masked are: """
import argparse
import http.client
import json
import pathlib
import re
import sys
import time
import urllib.parse

MASKS = ["time", "wall_time", "memory", "created_at", "finished_at", "cached_until", "updated_at", "queued_at", "started_at"]
TOKEN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def kind(value):
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "text", int: "number", float: "number", type(None): "null"}
    return names[type(value)]


def short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "..."


class Comparison:
    """Of one answer; learns tokens on the way."""

    def __init__(self, masks, tokens, any_order):
        self.masks = [mask.split(".") for mask in masks]
        self.tokens = tokens
        self.any_order = any_order
        self.differences = []

    def differs(self, path, what, recorded, ours):
        self.differences.append(f"{'.'.join(['$', *path])}: {what}recorded {short(recorded)}, ours {short(ours)}")

    def is_masked(self, path):
        return any(len(mask) <= len(path) and all(m in ("*", p) for m, p in zip(mask, path[-len(mask):])) for mask in self.masks)

    def objects(self, path, recorded, ours):
        for key in recorded:
            if key not in ours:
                self.differences.append(f"{'.'.join(['$', *path, key])}: recorded {short(recorded[key])}, ours has no such key")
        for key in ours:
            if key not in recorded:
                self.differences.append(f"{'.'.join(['$', *path, key])}: ours has {short(ours[key])}, recorded has no such key")
        common = [key for key in recorded if key in ours]
        if not self.any_order and common != [key for key in ours if key in recorded]:
            self.differs(path, "keys in another order: ", list(recorded), list(ours))
        for key in common:
            self.compare([*path, key], recorded[key], ours[key])

    def arrays(self, path, recorded, ours):
        if len(recorded) != len(ours):
            self.differs(path, f"{len(recorded)} and {len(ours)} items: ", recorded, ours)
        for index, (one, other) in enumerate(zip(recorded, ours)):
            self.compare([*path, str(index)], one, other)

    def texts(self, path, recorded, ours):
        if TOKEN.fullmatch(recorded) and TOKEN.fullmatch(ours) and self.tokens.setdefault(recorded, ours) == ours:
            return
        if recorded != ours:
            self.differs(path, "", recorded, ours)

    def compare(self, path, recorded, ours):
        if kind(recorded) != kind(ours):
            self.differs(path, "", recorded, ours)
        elif self.is_masked(path):
            pass
        elif isinstance(recorded, dict):
            self.objects(path, recorded, ours)
        elif isinstance(recorded, list):
            self.arrays(path, recorded, ours)
        elif isinstance(recorded, str):
            self.texts(path, recorded, ours)
        elif recorded != ours:
            self.differs(path, "", recorded, ours)


def as_json(text):
    """What a body holds: null for none, text for what is no object and no array."""
    if text == "":
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (dict, list)) else text


def recorded_body(record):
    body = record.get("body")
    return as_json(body) if isinstance(body, str) else body


def with_our_tokens(tokens, text):
    return TOKEN.sub(lambda found: tokens.get(found.group(), found.group()), text)


def request(url, record, tokens, timeout):
    headers = {name: with_our_tokens(tokens, value) for name, value in (record.get("req_headers") or {}).items()
               if name.lower() not in ("host", "content-length", "connection")}
    body = record.get("req_body")
    if body is not None and not isinstance(body, str):
        body = json.dumps(body)
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    if body is not None:
        body = with_our_tokens(tokens, body).encode()
    maker = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = maker(url.hostname, url.port, timeout=timeout)
    connection.request(record["method"], url.path.rstrip("/") + with_our_tokens(tokens, record["path"]), body, headers)
    answer = connection.getresponse()
    data = answer.read().decode("utf-8", "surrogateescape")
    connection.close()
    return answer.status, as_json(data)


def unfinished(value):
    """Whether something in it is in the queue or running."""
    if isinstance(value, dict):
        status = value.get("status")
        number = status.get("id") if isinstance(status, dict) else value.get("status_id")
        return number in (1, 2) or any(unfinished(one) for one in value.values())
    return isinstance(value, list) and any(unfinished(one) for one in value)


def replay(url, record, tokens, options):
    end = time.monotonic() + options.patience
    while True:
        status, ours = request(url, record, tokens, options.timeout)
        recorded = recorded_body(record)
        waits = record["method"] == "GET" and unfinished(ours) and not unfinished(recorded)
        if not waits or time.monotonic() > end:
            break
        time.sleep(0.05)
    comparison = Comparison(options.masks, tokens, options.any_order)
    if status != record["status"]:
        comparison.differences.append(f"status: recorded {record['status']}, ours {status}")
    if "body" in record:
        comparison.compare([], recorded, ours)
    return comparison.differences


def read_records(path):
    for number, line in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            record = json.loads(line)
            missing = [key for key in ("method", "path", "status") if key not in record]
        except ValueError as error:
            raise SystemExit(f"{path}:{number}: {error}") from error
        if missing:
            raise SystemExit(f"{path}:{number}: {', '.join(missing)} is missing")
        yield number, record


def main():
    parser = argparse.ArgumentParser(description=__doc__ + ", ".join(MASKS) + ".",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="the records")
    parser.add_argument("--url", default="http://127.0.0.1:2358", help="the server (%(default)s)")
    parser.add_argument("--mask", action="append", default=[], metavar="PATH",
                        help="mask this too: the end of a path such as language.name; * is any key")
    parser.add_argument("--no-mask", action="append", default=[], metavar="NAME", help="compare this in full")
    parser.add_argument("--any-order", action="store_true", help="keys of objects may come in another order")
    parser.add_argument("--patience", type=float, default=20, metavar="S", help="how long an answer may be unfinished (%(default)s)")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="of one request (%(default)s)")
    options = parser.parse_args()
    options.masks = [mask for mask in MASKS if mask not in options.no_mask] + options.mask
    url = urllib.parse.urlsplit(options.url)
    tokens, same, count, total = {}, 0, 0, 0
    for number, record in read_records(options.file):
        try:
            differences = replay(url, record, tokens, options)
        except OSError as error:
            raise SystemExit(f"{options.url}: {error}") from error
        total += 1
        same += not differences
        count += len(differences)
        for difference in differences:
            print(f"{options.file}:{number}: {record['method']} {record['path']}: {difference}")
    print(f"{total} requests, {same} answered as recorded, {total - same} not; {count} differences")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
