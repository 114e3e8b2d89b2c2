# SPDX-License-Identifier: Apache-2.0
"""docs/api.md: its examples asked of a server, its tables made of request.def.

    python3 tests/support/api_docs.py    writes both into the page (make docs)
"""
import json
import pathlib
import re
import shlex
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from support.native import OVER  # noqa: E402
from support.raw import ask, wait_until  # noqa: E402
from support.server import ROOT, Server  # noqa: E402

PAGE = ROOT / "docs" / "api.md"
EXAMPLE = re.compile(r"```sh\n(curl .*?)```\n\n```json\n(.*?)```\n", re.S)
TABLE = re.compile(r"<!-- (keys|limits) -->\n(.*?)<!-- end -->\n", re.S)
# What differs each time, or from host to host.
VOLATILE = {"id", "queued_at", "started_at", "finished_at", "cpu_ms", "wall_ms", "memory_bytes", "version", "next_cursor",
            "p50", "p90", "p99", "finished", "slots", "idle_slots", "stderr", "output", "running", "boxes"}
SHOWN_LANGUAGES = ("bash", "c")

# --- tables ----------------------------------------------------------------------------------------------------------------

PREFIXES = {"EXECUTION": "", "FILE": "files[].", "COMPILE": "compile.", "LIMITS": "limits.", "TEST": "tests[].",
            "CALLBACK": "callback."}
KINDS = {"TEXT": "text", "WORD": "text", "BOOL": "boolean", "INTEGER": "integer", "CPUS": "number", "WORDS": "array of texts",
         "MAP": "object of texts", "OBJECT": "object", "OBJECTS": "array of objects"}


def rows(name):
    """The arguments of each NAME(...) of request.def, texts without their quotes."""
    text = (ROOT / "src/api/native/request.def").read_text()
    for line in re.findall(rf"^{name}\((.*)\)$", text, re.M):
        yield [json.loads(part) if part.startswith('"') else part.strip()
               for part in re.findall(r'"(?:\\.|[^"\\])*"|[^,"]+', line) if part.strip()]


def setting(field):
    """(key, default) of a row of options.def."""
    text = (ROOT / "src/config/options.def").read_text()
    return re.search(rf'^X\(\w+, {field}, "([^"]*)", "([^"]*)"', text, re.M).groups()


def most_of(most):
    found = re.fullmatch(r"(NUMBER|SETTING)\((\w+)\)", most)
    if not found:
        return ""
    return found[2] if found[1] == "NUMBER" else f"`{setting(found[2])[0]}` ({setting(found[2])[1]})"


def key_table():
    yield "| key | | at most | |"
    yield "| --- | --- | --- | --- |"
    for place, name, kind, need, use, detail, _, most, text in rows("KEY"):
        if use == "STREAM":
            continue
        kind = " or ".join(f"`{word}`" for word in detail.split("|")) if kind == "ENUM" else KINDS[kind]
        text = text.replace("|", "\\|")
        yield f"| `{PREFIXES[place]}{name}` | {kind}{', needed' if need == 'REQUIRED' else ''} | {most_of(most)} | {text} |"


def limit_table():
    yield "| key | default | least | most | |"
    yield "| --- | --- | --- | --- | --- |"
    for place, name, use, _, least, usual, most, text in rows("LIMIT"):
        if use != "STREAM":
            yield f"| `{PREFIXES[place]}{name}` | {setting(usual)[1]} | {least} | {setting(most)[1]} | {text} |"


def with_tables(page):
    tables = {"keys": key_table, "limits": limit_table}
    return TABLE.sub(lambda found: f"<!-- {found[1]} -->\n" + "\n".join(tables[found[1]]()) + "\n<!-- end -->\n", page)


# --- examples --------------------------------------------------------------------------------------------------------------

def request(server, command, known):
    """What a curl of the page asks for."""
    words = shlex.split(command.replace("$ID", known.get("id", "")))[2:]
    method, headers, body, url = None, {}, None, None
    while words:
        word = words.pop(0)
        if word == "-H":
            name, value = words.pop(0).split(": ", 1)
            headers[name] = value
        elif word == "-X":
            method = words.pop(0)
        elif word == "-d":
            body = words.pop(0)
        else:
            url = word
    path = url.partition("127.0.0.1:3000")[2]
    return ask(server, method or ("POST" if body else "GET"), path, body, headers)


def answer(server, command, known):
    if "/admin/boxes" in command:
        return answer_boxes(server, command, known)
    if "$ID" in command and "DELETE" not in command:
        wait_until(lambda: ask(server, "GET", f"/api/v1/executions/{known['id']}").json()["status"] in OVER)
    shown = request(server, command, known).json()
    first = shown[0] if isinstance(shown, list) else shown
    if "id" in first:
        known["id"] = first["id"]
    if "languages" in shown:
        shown["languages"] = [one for one in shown["languages"] if one["name"] in SHOWN_LANGUAGES]
    return shown


def answer_boxes(server, command, known):
    """Of a server with something to show."""
    one = ask(server, "POST", "/api/v1/executions", {"language": "python", "source": "import time\ntime.sleep(20)",
                                                      "limits": {"wall_ms": 30000}}).json()["id"]
    wait_until(lambda: ask(server, "GET", "/api/v1/admin/boxes").json()["boxes"])
    time.sleep(0.5)
    shown = request(server, command, known).json()
    ask(server, "DELETE", f"/api/v1/executions/{one}")
    return shown


def examples(page):
    return EXAMPLE.findall(page)


def layout(value, indent=0, width=150):
    """JSON as somebody writes it: what fits in a line is in one."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= width or not isinstance(value, (dict, list)) or not value:
        return flat
    inner, end = " " * (indent + 2), " " * indent
    if isinstance(value, list):
        parts = [layout(one, indent + 2, width) for one in value]
        return "[\n" + ",\n".join(inner + part for part in parts) + f"\n{end}]"
    parts = [json.dumps(key) + ": " + layout(one, indent + 2, width) for key, one in value.items()]
    lines, line = [], ""
    for part in parts:
        if line and (len(inner) + len(line) + 2 + len(part) > width or "\n" in part or "\n" in line):
            lines.append(line + ",")
            line = part
        else:
            line = f"{line}, {part}" if line else part
    return "{\n" + "\n".join(inner + one for one in lines + [line]) + f"\n{end}}}"


def differences(told, real, path="", volatile=False):
    """Where they are not of one shape, or of other values than they may."""
    if isinstance(told, dict) and isinstance(real, dict):
        if list(told) != list(real):
            return [f"{path}: keys {list(real)}"]
        return [one for key in told for one in differences(told[key], real[key], f"{path}.{key}", volatile or key in VOLATILE)]
    if isinstance(told, list) and isinstance(real, list):
        if len(told) != len(real):
            return [f"{path}: {len(real)} of them"]
        return [one for i, pair in enumerate(zip(told, real)) for one in differences(*pair, f"{path}[{i}]", volatile)]
    if volatile:
        return [] if told is None or real is None or isinstance(real, type(told)) or isinstance(told, type(real)) else [f"{path}: {real!r}"]
    return [] if told == real else [f"{path}: {real!r}"]


def written(server, page):
    """As it was, where only what differs each time does."""
    known = {}
    answers = [answer(server, command, known) for command, _ in examples(page)]
    if not any(differences(json.loads(told), real) for (_, told), real in zip(examples(page), answers)):
        return page
    real = iter(answers)
    return EXAMPLE.sub(lambda found: f"```sh\n{found[1]}```\n\n```json\n{layout(next(real))}\n```\n", page)


if __name__ == "__main__":
    one = Server()
    try:
        PAGE.write_text(written(one, with_tables(PAGE.read_text())))
    finally:
        one.stop()
