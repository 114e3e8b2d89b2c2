# SPDX-License-Identifier: Apache-2.0
"""The reverse proxies of docs/hardening.md: nginx's text as it is there, with other ports and a certificate made here."""
import http.client
import json
import pathlib
import re
import socket
import ssl
import subprocess

import pytest

from support.raw import wait_until
from support.server import BUILD, ROOT, Server, cannot, clean_environment
from support.tools import tool

PAGE = (ROOT / "docs/hardening.md").read_text()
MAIN = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{text}
}}
"""


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S).group(1)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Proxy:
    def __init__(self, folder, server):
        self.tls, self.plain, self.folder = free_port(), free_port(), folder
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
                        "/CN=judge.example.org", "-addext", "subjectAltName=DNS:judge.example.org", "-keyout", f"{folder}/key", "-out",
                        f"{folder}/cert"], check=True, capture_output=True)
        text = block("nginx")
        for old, new in (("/etc/ssl/judge.example.org.pem", f"{folder}/cert"), ("/etc/ssl/private/judge.example.org.key", f"{folder}/key"),
                         ("listen 443", f"listen 127.0.0.1:{self.tls}"), ("listen 80", f"listen 127.0.0.1:{self.plain}"),
                         ("http://127.0.0.1:2358;", f"http://127.0.0.1:{server.port};")):
            assert old in text
            text = text.replace(old, new)
        pathlib.Path(folder, "conf").write_text(MAIN.format(folder=folder, text=text))
        self.process = subprocess.Popen([tool("nginx"), "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/conf"])
        assert wait_until(self.listens), pathlib.Path(folder, "error.log").read_text()

    def listens(self):
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.tls)) == 0

    def request(self, method, path, body=None, headers=None):
        """Over TLS, as judge.example.org: status, headers, body."""
        trusted = ssl.create_default_context(cafile=f"{self.folder}/cert")
        raw = socket.create_connection(("127.0.0.1", self.tls), 30)
        connection = http.client.HTTPConnection("judge.example.org")
        connection.sock = trusted.wrap_socket(raw, server_hostname="judge.example.org")
        connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), data

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def served():
    """The settings of the guide but for rates, which its nginx has too."""
    server = Server("--trusted-proxy", "127.0.0.1", "--allowed-host", "judge.example.org")
    yield server
    server.stop()


@pytest.fixture
def proxy(served, tmp_path):
    one = Proxy(tmp_path, served)
    yield one
    one.stop()


def test_programs_run_through_tls(proxy):
    status, headers, body = proxy.request("POST", "/api/v1/executions", {"language": "bash", "source": "echo hi", "wait": True})
    assert (status, json.loads(body)["run"]["stdout"]) == (200, "hi\n")
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_plain_http_is_sent_to_tls(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=10)
    connection.request("GET", "/x", headers={"Host": "judge.example.org"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Location")) == (301, "https://judge.example.org/x")
    connection.close()


def test_who_asks_too_often_is_told_so(proxy):
    assert 429 in {proxy.request("GET", "/health")[0] for _ in range(90)}


def test_what_is_for_the_operator_is_not_shown(proxy):
    assert [proxy.request("GET", path)[0] for path in ("/metrics", "/stats", "/health")] == [403, 403, 200]


def test_a_client_does_not_choose_its_address(proxy, served):
    proxy.request("GET", "/api/v1/languages", headers={"X-Forwarded-For": "203.0.113.77"})
    assert wait_until(lambda: "path=/api/v1/languages" in served.log_path.read_text())
    assert "203.0.113.77" not in served.log_path.read_text()


def test_a_body_that_is_too_large_is_refused(proxy):
    assert proxy.request("POST", "/api/v1/executions", {"source": "x" * (17 << 20)})[0] == 413


def test_the_other_examples_can_be_read():
    try:
        import yaml
    except ImportError:
        cannot("python3-yaml is not installed")
    routers = yaml.safe_load(block("yaml"))["http"]
    assert set(routers["routers"]["belljar"]["middlewares"]) == set(routers["middlewares"])


def test_the_settings_are_settings(tmp_path):
    path = tmp_path / "belljar.toml"
    path.write_text(block("toml"))
    result = subprocess.run([str(BUILD / "belljar"), "serve", "--config", str(path), "--print-config"], capture_output=True, text=True,
                            env=clean_environment())
    assert result.returncode == 0, result.stderr
    assert re.search(r"^callers.rate = 20", result.stdout, re.M)
