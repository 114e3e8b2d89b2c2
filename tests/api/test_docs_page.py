# SPDX-License-Identifier: Apache-2.0
"""/docs and what a browser sees at /: pages that need no other host, and no script for the essentials."""
import html.parser
import json
import re
import shutil
import subprocess

import pytest

from support.raw import ask
from support.server import ROOT

VOID = {"meta", "link", "input", "br"}
BROWSERS = [
    "text/html",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "text/html, text/plain, text/sgml, text/css, */*;q=0.01",
]
PROGRAMS = [
    None,
    "*/*",
    "application/json",
    "application/json, text/plain, */*",
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",  # Java's own client
]


class Page(html.parser.HTMLParser):
    """What is in it; an end that fits no start is an error."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts = [], [], {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        tag = self.open[-1] if self.open else ""
        self.texts[tag] = self.texts.get(tag, "") + data


def page_of(server, path):
    answer = ask(server, "GET", path, headers={"Accept": BROWSERS[1]})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    return answer, Page(answer.body.decode())


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_page_refers_to_no_other_host(server, path):
    _, page = page_of(server, path)
    links = [value for _, attributes in page.elements for name, value in attributes.items()
             if name in ("href", "src", "action", "srcset", "data", "poster", "formaction")]
    assert links and all(one.startswith(("/", "#")) and not one.startswith("//") or one == "data:," for one in links), links
    code = page.texts.get("style", "") + page.texts.get("script", "")
    assert not re.search(r"https?:|//[a-z]|@import|url\(", code.replace("// ", ""))


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_policy_lets_nothing_in_but_what_is_in_the_page(server, path):
    answer, page = page_of(server, path)
    policy = dict(one.strip().partition(" ")[::2] for one in answer.headers["Content-Security-Policy"].split(";"))
    nonce = re.fullmatch(r"'nonce-([0-9a-f]{32})'", policy["script-src"]).group(1)
    assert policy == {"default-src": "'none'", "script-src": f"'nonce-{nonce}'", "style-src": f"'nonce-{nonce}'",
                      "connect-src": "'self'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
                      "frame-ancestors": "'none'"}
    marked = [attributes for tag, attributes in page.elements if tag in ("script", "style")]
    assert marked and all(one.get("nonce") == nonce for one in marked)
    assert not any(name.startswith("on") or name == "style" for _, attributes in page.elements for name in attributes)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_each_answer_has_a_nonce_of_its_own(server):
    assert len({ask(server, "GET", "/docs").headers["Content-Security-Policy"] for _ in range(3)}) == 3


def test_every_route_is_listed_without_scripts(server):
    _, page = page_of(server, "/docs")
    listed = page.texts["code"]
    for path, item in ask(server, "GET", "/openapi.json").json()["paths"].items():
        for method in item:
            assert f"{method.upper()} {path}" in listed


def test_no_mark_is_left_in_a_page(server):
    for path in ("/", "/docs"):
        answer, _ = page_of(server, path)
        assert not re.search(rb"@[A-Z]+@|<!-- ROUTES", answer.body)


def test_home_shows_a_command_that_works(server):
    """The example, with another client: its address and its body are taken from the page."""
    _, page = page_of(server, "/")
    url, body = re.search(r"curl -s (\S+) .*?-d '(.*?)'", page.texts["pre"], re.DOTALL).groups()
    assert url.startswith(f"http://127.0.0.1:{server.port}/")
    answer = ask(server, "POST", url[len(f"http://127.0.0.1:{server.port}"):], json.loads(body))
    assert answer.status == 200 and answer.json()["run"]["stdout"] == "hello\n"


def test_home_escapes_the_host_it_repeats(server):
    answer = ask(server, "GET", "/", headers={"Accept": "text/html", "Host": 'localhost"><script>'})
    assert answer.status != 200 or b"<script>" not in answer.body


@pytest.mark.parametrize("accept", BROWSERS)
def test_root_is_a_page_for_browsers(server, judge0, accept):
    for one in (server, judge0):
        answer = ask(one, "GET", "/", headers={"Accept": accept})
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert any("Accept" in value for value in answer.headers.get_all("Vary"))
        assert b'href="/docs"' in answer.body


@pytest.mark.parametrize("accept", PROGRAMS)
def test_root_is_what_each_dialects_programs_expect(server, judge0, accept):
    headers = {"Accept": accept} if accept else {}
    assert ask(server, "GET", "/", headers=headers).json()["message"].startswith("belljar ")
    answer = ask(judge0, "GET", "/", headers=headers)
    assert (answer.status, answer.body) == (200, b"")


def test_page_is_there_where_a_key_is_needed(start):
    server = start("--judge0-authn-token", "secret")
    for path in ("/", "/docs", "/openapi.json"):
        assert ask(server, "GET", path, headers={"Accept": "text/html"}).status == 200


def test_script_shows_every_operation_and_sends_what_was_filled_in(server, tmp_path):
    if not shutil.which("node"):
        pytest.skip("the page's script is only run where node is installed")
    _, page = page_of(server, "/docs")
    document = ask(server, "GET", "/openapi.json").json()
    (tmp_path / "script.js").write_text(page.texts["script"])
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    done = subprocess.run(["node", str(ROOT / "tests/support/page.js"), str(tmp_path / "script.js"), str(tmp_path / "openapi.json")],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["status"] == ""
    assert len(shown["operations"]) == sum(len(item) for item in document["paths"].values())
    assert all(text for text in shown["details"].values())
    assert shown["found"] and all("POST" in one and "execute" in one for one in shown["found"])
    assert shown["sent"]["path"] == "/api/v2/execute"
    assert shown["sent"]["method"] == "POST"
    assert shown["sent"]["headers"] == {"Authorization": "Bearer secret", "Content-Type": "application/json"}
    assert json.loads(shown["sent"]["body"]) == {"language": "python", "version": "*", "files": [{"content": "print(6 * 7)"}]}
    assert shown["shown"] == '200 OK\n\n{\n  "a": 1\n}'
