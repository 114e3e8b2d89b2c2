# SPDX-License-Identifier: Apache-2.0
"""Judge0's API as its clients use it: submissions created, awaited and read, archives, and a place for callbacks."""
import base64
import http.server
import io
import json
import re
import threading
import time
import urllib.parse
import zipfile

from support.raw import ask

PLAIN, EXECUTABLE, BASH, C, PYTHON, MULTI = 43, 44, 46, 50, 71, 89
TOKEN = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
DEFAULT_FIELDS = ["stdout", "time", "memory", "stderr", "token", "compile_output", "message", "status"]
ALL_FIELDS = """source_code language_id stdin expected_output stdout status_id created_at finished_at time memory stderr token
number_of_runs cpu_time_limit cpu_extra_time wall_time_limit memory_limit stack_limit max_processes_and_or_threads
enable_per_process_and_thread_time_limit enable_per_process_and_thread_memory_limit max_file_size compile_output exit_code
exit_signal message wall_time compiler_options command_line_arguments redirect_stderr_to_stdout callback_url additional_files
enable_network status language""".split()
NO_TOKEN = "00000000-0000-4000-8000-000000000000"


def encode(data):
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def decode(text):
    return None if text is None else base64.b64decode(text)


def archive(files):
    """{name: text or bytes} as additional_files wants it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as out:
        for name, content in files.items():
            out.writestr(name, content)
    return encode(data.getvalue())


def path(base, **query):
    return base + ("?" + urllib.parse.urlencode(query) if query else "")


def create(server, attributes, headers=None, **query):
    return ask(server, "POST", path("/submissions", **query), attributes, headers)


def run(server, source, language=PYTHON, base64_encoded=None, **attributes):
    """What a finished submission says, with all its fields."""
    query = {"wait": "true", "fields": "*", **({"base64_encoded": base64_encoded} if base64_encoded else {})}
    body = {"source_code": source, "language_id": language, **attributes}
    answer = create(server, {key: value for key, value in body.items() if value is not None}, **query)
    assert answer.status == 201, answer
    return answer.json()


def submit(server, source="print(1)", language=PYTHON, headers=None, **attributes):
    """The token."""
    answer = create(server, {"source_code": source, "language_id": language, **attributes}, headers)
    assert answer.status == 201, answer
    return answer.json()["token"]


def show(server, token, headers=None, **query):
    return ask(server, "GET", path(f"/submissions/{token}", **query), headers=headers)


def finished(server, token, seconds=30, **query):
    """Polls as the clients do."""
    end = time.monotonic() + seconds
    while True:
        answer = show(server, token, **{"fields": "*", **query})
        assert answer.status == 200, answer
        if answer.json()["status"]["id"] > 2 or time.monotonic() > end:
            return answer.json()
        time.sleep(0.02)


def errors(server, attributes, **query):
    answer = create(server, attributes, **query)
    assert answer.status == 422, answer
    return answer.json()


class Receiver:
    """A server for callbacks: keeps what came, answers with `statuses` in turn (the last one for ever)."""

    def __init__(self, *statuses, headers=None):
        self.statuses = list(statuses) or [200]
        self.requests = []
        self.arrived = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with receiver.arrived:
                    status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
                with receiver.arrived:
                    receiver.requests.append((self.command, self.path, self.headers, body))
                    receiver.arrived.notify_all()

            do_PUT = do_GET = do_POST = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def wait(self, count=1, seconds=20):
        """The requests, once there are so many (or the time is over)."""
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.requests) >= count, seconds)
            return list(self.requests)

    def bodies(self):
        return [json.loads(body) for _, _, _, body in self.requests]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
