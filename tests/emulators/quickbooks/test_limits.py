"""Throttles, metering and costs (reference sections 10 and 11)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_emulators.kit.wire import Cost, Request, dumps, loads

from .client import Client, Json


def statuses(
    qbo: Client, calls: int, seconds_between: str, path: str = "/preferences", body: Json | None = None
) -> list[int]:
    """The status of each of a row of calls."""
    found = []
    for _ in range(calls):
        method = "GET" if body is None else "POST"
        found.append(qbo.send(method, path, body).status)
        qbo.clock.advance(
            timedelta(seconds=1) * 0 if seconds_between == "0" else timedelta(milliseconds=int(seconds_between))
        )
    return found


BATCH: Json = {"BatchItemRequest": [{"bId": "1", "Query": "select count(*) from Term"}]}


@pytest.mark.parametrize(
    ("calls", "pause", "path", "body", "good"),
    [
        (12, "0", "/preferences", None, 10),
        (100, "100", "/preferences", None, 100),
        (510, "101", "/preferences", None, 500),
        (45, "200", "/batch", BATCH, 40),
    ],
)
def test_throttles(qbo: Client, calls: int, pause: str, path: str, body: Json | None, good: int) -> None:
    assert statuses(qbo, calls, pause, path, body).count(429) == 0, "counted only"
    qbo.wait(minutes=2)
    qbo.server.switches.limits = True
    seen = statuses(qbo, calls, pause, path, body)
    assert seen == [200] * good + [429] * (calls - good)
    assert qbo.server.counters.throttled == calls - good
    qbo.wait(minutes=1)
    assert statuses(qbo, 1, "0", path, body) == [200]


def test_the_throttled_answer(qbo: Client) -> None:
    qbo.server.switches.limits = True
    statuses(qbo, 10, "0")
    answer = qbo.send("GET", "/preferences")
    assert loads(answer.body)["Fault"] == {
        "Error": [
            {
                "Message": "message=ThrottleExceeded; errorCode=003001; statusCode=429",
                "Detail": "The request limit was reached. Try again later",
                "code": "3001",
            }
        ],
        "type": "SERVICE",
    }
    assert "Retry-After" not in answer.headers
    qbo.server.switches.retry_after = 60
    qbo.server.switches.lower_case_throttle = True
    answer = qbo.send("GET", "/preferences")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    assert loads(answer.body)["fault"]["error"][0]["code"] == "3001"


def test_other_apps_have_seconds_of_their_own(qbo: Client) -> None:
    qbo.server.switches.limits = True
    statuses(qbo, 10, "0")
    app = qbo.server.add_app()
    qbo.info |= {"client_id": app.client_id, "client_secret": app.client_secret}
    qbo.refresh_token = qbo.server.connect(app=app)
    qbo.renew()
    assert statuses(qbo, 1, "0") == [200]


def test_builder_month_is_used_up(qbo: Client) -> None:
    qbo.server.switches.limits = True
    qbo.server.switches.coreplus_quota = 5
    assert statuses(qbo, 7, "1000") == [200] * 5 + [429] * 2
    qbo.wait(days=10)
    assert statuses(qbo, 1, "0") == [200]


@pytest.mark.parametrize(
    ("method", "path", "body", "params", "cost"),
    [
        ("GET", "/preferences", None, {}, Cost(reads=1, calls=1)),
        ("GET", "/customer/9", None, {}, Cost(calls=1)),
        ("GET", "/query", None, {"query": "select * from Term"}, Cost(reads=1, calls=1)),
        ("POST", "/query", b"select * from Term", {}, Cost(reads=1, calls=1)),
        ("GET", "/query", None, {"query": "oops"}, Cost(calls=1)),
        ("GET", "/cdc", None, {"entities": "Term,Class", "changedSince": "2026-11-22"}, Cost(reads=1, calls=1)),
        ("POST", "/term", {"Name": "T"}, {}, Cost(writes=1, calls=1)),
        ("POST", "/term", {}, {}, Cost(writes=1, calls=1)),
        ("POST", "/batch", BATCH, {}, Cost(reads=1, calls=1)),
        (
            "POST",
            "/batch",
            {
                "BatchItemRequest": [
                    {"bId": "1", "Query": "select * from Term"},
                    {"bId": "2", "Query": "oops"},
                    {"bId": "3", "operation": "create", "Term": {"Name": "T"}},
                    {"bId": "4", "operation": "create", "Term": {"Name": "T"}},
                ]
            },
            {},
            Cost(reads=1, writes=1, calls=1),
        ),
    ],
)
def test_costs(
    qbo: Client, method: str, path: str, body: Json | bytes | None, params: dict[str, str], cost: Cost
) -> None:
    from urllib.parse import urlencode

    raw = body if isinstance(body, bytes) else b"" if body is None else dumps(body)
    headers = {"authorization": f"Bearer {qbo.token}", "accept": "application/json"}
    request = Request(method, qbo.base + path, urlencode(params), headers, raw)
    before = qbo.server.counters.coreplus
    assert qbo.server.cost(request, qbo.server.handle(request)) == cost
    assert qbo.server.counters.coreplus - before == cost.reads


def test_oauth_costs_nothing_and_refusals_at_the_gate_little(qbo: Client) -> None:
    request = Request("POST", "/oauth2/v1/tokens/bearer")
    assert qbo.server.cost(request, qbo.server.handle(request)) == Cost()
    request = Request("GET", qbo.base + "/preferences")
    assert qbo.server.cost(request, qbo.server.handle(request)) == Cost(calls=1)


def test_written_items_are_counted_one_by_one(qbo: Client) -> None:
    items = [{"bId": str(number), "operation": "create", "Term": {"Name": f"T{number % 4}"}} for number in range(6)]
    qbo.batch(*items)
    qbo.make("Term", Name="Last")
    assert (qbo.server.counters.write_calls, qbo.server.counters.written_items) == (2, 5)


def test_an_ended_subscription_refuses_everything(qbo: Client) -> None:
    qbo.server.switches.subscription_ended = True
    assert qbo.fault("/term", {"Name": "T"})["code"] == "6190"
    assert qbo.query_fault("select * from Term")["code"] == "6190"
