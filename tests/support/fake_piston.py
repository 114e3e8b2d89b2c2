# SPDX-License-Identifier: Apache-2.0
"""A Piston that answers what a test tells it to, and keeps what it was asked."""
import http.server
import json
import threading

RUN = {"signal": None, "stdout": "", "stderr": "", "code": 0, "output": "", "memory": 1000, "message": None,
       "status": None, "cpu_time": 5, "wall_time": 7}


def stage(**facts):
    return {**RUN, **facts}


class FakePiston:
    def __init__(self):
        self.answers = {}   # (method, path) -> list of (status, body); the last one stays
        self.requests = []  # (method, path, headers, body)
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                data = self.rfile.read(length)
                fake.requests.append((self.command, self.path, self.headers, json.loads(data) if data else None))
                answers = fake.answers.get((self.command, self.path), [(404, {"message": "Not Found"})])
                status, body = answers.pop(0) if len(answers) > 1 else answers[0]
                text = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def on(self, method, path, *answers):
        """Each answer is a body (200), or (status, body)."""
        self.answers[(method, path)] = [one if isinstance(one, tuple) else (200, one) for one in answers]

    def bodies(self, method, path):
        return [body for m, p, _, body in self.requests if (m, p) == (method, path)]

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
