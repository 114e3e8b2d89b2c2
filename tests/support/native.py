# SPDX-License-Identifier: Apache-2.0
"""belljar's own API as its clients use it."""
import base64

from support.raw import ask, wait_until

EXECUTIONS = "/api/v1/executions"
OVER = ("finished", "cancelled")
NO_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def create(server, body, headers=None, **more):
    return ask(server, "POST", EXECUTIONS, body, headers, **more)


def run(server, source, language="python", **more):
    """The finished execution."""
    answer = create(server, {"language": language, "source": source, "wait": True, **more})
    assert answer.status == 200, answer
    return answer.json()


def submit(server, source="print(1)", language="python", headers=None, **more):
    """Its id."""
    answer = create(server, {"language": language, "source": source, **more}, headers)
    assert answer.status == 202, answer
    return answer.json()["id"]


def show(server, one, **more):
    return ask(server, "GET", f"{EXECUTIONS}/{one}", **more)


def delete(server, one, **more):
    return ask(server, "DELETE", f"{EXECUTIONS}/{one}", **more)


def finished(server, one, seconds=30):
    """The execution, when it is over."""
    assert wait_until(lambda: show(server, one).json()["status"] in OVER, seconds), show(server, one)
    return show(server, one).json()


def running(server, one):
    assert wait_until(lambda: show(server, one).json()["status"] == "running"), show(server, one)


def errors(answer, status=422):
    """{path: message} of a problem."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status and problem["type"] and problem["title"] and problem["detail"]
    return {one["path"]: one["message"] for one in problem.get("errors", [])}


def encode(data):
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()
