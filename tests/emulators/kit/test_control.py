"""The control door over real sockets: what it does, and how it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from ml_emulators.kit.control import ROUTES, ControlDoor
from ml_emulators.kit.emulation import Emulation
from ml_emulators.kit.wire import Request, dumps, loads

from .conftest import OneStage


class Caller:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) or body is None else dumps(body)
        async with self.session.request(method, self.url + path, data=data, headers=headers) as answer:
            return answer.status, loads(await answer.read())


@pytest.fixture
async def door(emulation: Emulation) -> AsyncIterator[Caller]:
    door = ControlDoor(emulation, OneStage())
    await door.start()
    async with aiohttp.ClientSession() as session:
        yield Caller(session, door.url)
    await door.stop()


async def test_health(door: Caller) -> None:
    assert await door("GET", "/health") == (
        200,
        {"ok": True, "now": "2026-11-20T20:00:00Z", "systems": ["quickbooks", "salesforce"]},
    )


@pytest.mark.parametrize(
    ("order", "now"),
    [
        ({"op": "advance", "days": 1, "minutes": 30}, "2026-11-21T20:30:00Z"),
        ({"op": "set", "at": "2027-01-01T00:00:00-08:00"}, "2027-01-01T00:00:00-08:00"),
        ({"op": "freeze", "at": "2026-12-24T12:00:00Z"}, "2026-12-24T12:00:00Z"),
    ],
)
async def test_the_clock_obeys(door: Caller, order: dict[str, Any], now: str) -> None:
    status, answer = await door("POST", "/clock", order)
    assert (status, answer["frozen"]) == (200, True)
    assert answer["now"] == now.replace("T00:00:00-08:00", "T08:00:00Z")
    assert (await door("GET", "/clock"))[1] == answer


async def test_the_clock_runs_again(door: Caller) -> None:
    assert (await door("POST", "/clock", {"op": "run"}))[1]["frozen"] is False


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/clock", b"{", 400),
        ("POST", "/clock", b"\xff", 400),
        ("POST", "/clock", b"[]", 422),
        ("POST", "/clock", b"", 422),
        ("POST", "/clock", {"op": "stop"}, 422),
        ("POST", "/clock", {"op": "set"}, 422),
        ("POST", "/clock", {"op": "set", "at": "2026-11-20T00:00:00"}, 422),
        ("POST", "/clock", {"op": "advance"}, 422),
        ("POST", "/clock", {"op": "advance", "days": 1e300}, 422),
        ("POST", "/clock", {"op": "advance", "days": 99999999}, 422),
        ("POST", "/clock", {"op": "set", "at": "yesterday"}, 422),
        ("POST", "/clock", {"op": "set", "at": "0001-01-01T00:00:00+14:00"}, 422),
        ("POST", "/clock", {"op": "freeze", "at": "1492-10-12T00:00:00Z"}, 422),
        ("POST", "/clock", {"op": "advance", "days": 100000}, 422),
        ("POST", "/faults", {"add": [{"kind": "earthquake"}]}, 422),
        ("POST", "/faults", {"add": [{"kind": "html", "path": "("}]}, 422),
        ("POST", "/faults", {"add": [{"kind": "html", "vendor": "sage"}]}, 404),
        ("POST", "/faults", {"remove": [7]}, 404),
        ("POST", "/faults", {"fault": 1}, 422),
        ("POST", "/seed", {}, 422),
        ("POST", "/seed", {"scenario": "empty", "day": 1}, 422),
        ("POST", "/seed", {"scenario": "nowhere"}, 404),
        ("POST", "/seed", {"scenario": "empty", "scale": 0}, 422),
        ("POST", "/seed", {"day": 3}, 422),
        ("POST", "/seed", {"operations": [{"system": "sage", "op": "create"}]}, 422),
        ("POST", "/switches", {"quickbooks": {"colour": 1}}, 422),
        ("POST", "/switches", {"quickbooks": {"pace": "fast"}}, 422),
        ("POST", "/webhooks", {}, 422),
        ("POST", "/webhooks", {"target": "http://example.com/hook"}, 422),
        ("POST", "/webhooks", {"target": "http://127.0.0.1.example.com/"}, 422),
        ("POST", "/webhooks", {"target": "http://127.0.0.1@example.com/"}, 422),
        ("POST", "/webhooks", {"target": "file://127.0.0.1/etc"}, 422),
        ("POST", "/webhooks", {"target": "http://127.0.0.1:99999/"}, 422),
        ("POST", "/webhooks", {"target": "http://127.0.0.1/", "format": "soap"}, 422),
        ("GET", "/webhooks", None, 404),
        ("POST", "/webhooks/troubles", {}, 404),
        ("GET", "/state/sage", None, 404),
        ("GET", "/state/quickbooks/Invoice", None, 404),
        ("GET", "/state/quickbooks/Note?limit=-1", None, 400),
        ("GET", "/requests?since=77", None, 400),
        ("GET", "/requests?since=x", None, 400),
        ("GET", "/requests?vendor=sage", None, 404),
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/clock", None, 405),
    ],
)
async def test_bad_input_gets_a_reason_and_a_remedy(
    door: Caller, method: str, path: str, body: Any, status: int
) -> None:
    got, answer = await door(method, path, body)
    assert got == status
    assert set(answer["error"]) == {"message", "remedy"}
    assert all(answer["error"].values())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:1"}, 200),
        ({"Host": "127.0.0.1"}, 200),
        ({"Host": "emulators.example.com"}, 403),
        ({"Host": "127.0.0.1.example.com"}, 403),
        ({"Host": "127.0.0.1:80@example.com"}, 403),
        ({"Origin": "https://example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:8080"}, 403),
        ({"Origin": "http://127.0.0.1:8080", "Host": "127.0.0.1:41004"}, 403),
        ({"Origin": "https://127.0.0.1:41004", "Host": "127.0.0.1:41004"}, 403),
        ({"Origin": "http://127.0.0.1:41004", "Host": "127.0.0.1:41004"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
async def test_only_this_machine_may_ask(door: Caller, headers: dict[str, str], status: int) -> None:
    assert (await door("GET", "/health", headers=headers))[0] == status


async def test_faults_are_added_listed_removed_and_cleared(door: Caller) -> None:
    order = {"add": [{"kind": "html"}, {"kind": "status", "status": 429, "count": 2}]}
    assert (await door("POST", "/faults", order))[1]["added"] == [1, 2]
    _, answer = await door("POST", "/faults", {"remove": [1]})
    assert [x["number"] for x in answer["faults"]] == [2]
    assert (await door("GET", "/faults"))[1]["faults"][0]["fault"]["status"] == 429
    assert (await door("POST", "/faults", {"clear": True}))[1]["faults"] == []


async def test_operations_run_in_order_and_refer_to_each_other(door: Caller) -> None:
    operations = [
        {"system": "quickbooks", "op": "create", "kind": "Note", "body": {"Text": "a"}, "save_as": "first"},
        {"system": "clock", "op": "advance", "body": {"days": 1}},
        {"system": "salesforce", "op": "create", "kind": "Note", "body": {"Of": "${first}", "T": "x ${first.Text}"}},
        {"system": "salesforce", "op": "create", "kind": "Tune"},
        {"system": "salesforce", "op": "create", "kind": "Note"},
    ]
    status, report = await door("POST", "/seed", {"operations": operations})
    assert (status, report["ok"], report["done"], report["failed"]["index"]) == (200, False, 3, 3)
    assert report["results"][2] == {"Id": "1", "Of": "1", "T": "x a"}
    assert (await door("GET", "/state/salesforce/Note"))[1]["count"] == 1


async def test_amounts_stay_exact(door: Caller, emulation: Emulation) -> None:
    operation = b'{"system":"quickbooks","op":"create","kind":"Note","body":{"Amount":120.10,"Deep":[{"A":0.1}]}}'
    clock = b'{"system":"clock","op":"advance","body":{"days":0.5}}'
    status, report = await door("POST", "/seed", b'{"operations":[' + operation + b"," + clock + b"]}")
    assert (status, report["ok"]) == (200, True)
    kept = emulation.vendors["quickbooks"].records("Note")[0]
    assert (kept["Amount"], kept["Deep"][0]["A"]) == (Decimal("120.10"), Decimal("0.1"))
    assert (await door("GET", "/clock"))[1]["now"] == "2026-11-21T08:00:00Z"


async def test_a_refusal_can_undo_the_whole_list(door: Caller) -> None:
    operations = [
        {"system": "quickbooks", "op": "create", "kind": "Note"},
        {"system": "clock", "op": "advance", "body": {"days": 1}},
        {"system": "salesforce", "op": "create", "kind": "Note", "body": {"Of": "${nobody}"}},
    ]
    report = (await door("POST", "/seed", {"operations": operations, "rollback": True}))[1]
    assert report["failed"]["index"] == 2
    assert (await door("GET", "/state/quickbooks/Note"))[1]["count"] == 0
    assert (await door("GET", "/clock"))[1]["now"] == "2026-11-20T20:00:00Z"


async def test_requests_are_shown_with_their_cost(door: Caller, emulation: Emulation) -> None:
    mark = (await door("GET", "/requests"))[1]["mark"]
    emulation.serve("quickbooks", Request("POST", "/v3/company/1/invoice", "access_token=t"))
    emulation.serve("salesforce", Request("GET", "/services/data"))
    page = (await door("GET", f"/requests?since={mark}&vendor=quickbooks"))[1]
    assert page["since"]["quickbooks"] == {"requests": 1, "reads": 0, "writes": 1, "calls": 1, "faults": 0}
    assert [(e["path"], e["query"]) for e in page["requests"]] == [("/v3/company/1/invoice", "access_token=***")]
    assert len((await door("GET", "/requests?limit=1"))[1]["requests"]) == 1


async def test_state_by_page_and_id(door: Caller) -> None:
    for _ in range(3):
        await door("POST", "/seed", {"day": 1})
    assert [r["Id"] for r in (await door("GET", "/state/quickbooks/Note?offset=1&limit=1"))[1]["records"]] == ["2"]
    assert (await door("GET", "/state/quickbooks/Note?id=3"))[1]["count"] == 1
    assert (await door("GET", "/state/quickbooks"))[1] == ["Note"]
    assert (await door("POST", "/reset"))[0] == 200
    assert (await door("GET", "/state/quickbooks/Note"))[1]["count"] == 0


async def test_switches_are_kept(door: Caller) -> None:
    _, answer = await door("POST", "/switches", {"quickbooks": {"limits": True, "pace": 3}})
    assert answer == {"quickbooks": {"limits": True, "pace": 3}, "salesforce": {"limits": False, "pace": 10}}


async def test_the_document_describes_every_call(door: Caller) -> None:
    _, document = await door("GET", "/openapi.json")
    assert document["openapi"].startswith("3.1")
    told = {(method.upper(), path) for path, calls in document["paths"].items() for method in calls}
    assert told == {(r.method, r.path) for r in ROUTES} | {("GET", "/openapi.json")}
    text = dumps(document).decode()
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= set(document["components"]["schemas"])
    assert {"ClockOrder", "FaultsOrder", "SeedOrder", "Refusal"} <= names
