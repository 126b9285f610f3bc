"""Orders of the control door that cannot be meant: refused at once, with a remedy, and everything goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from ml_emulators.kit.wire import dumps, loads
from ml_emulators.server import Emulators

pytestmark = pytest.mark.asyncio(loop_scope="module")
HUGE = 10**15


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def emulators() -> AsyncIterator[Emulators]:
    emulators = Emulators(scenario="tiny")
    await emulators.start()
    yield emulators
    await emulators.stop()


async def ask(emulators: Emulators, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    url = f"{emulators.info()['control_url']}{path}"
    data = None if body is None else dumps(body)
    async with aiohttp.ClientSession() as session, session.request(method, url, data=data) as answer:
        return answer.status, loads(await answer.read())


async def test_calls_of_the_event_bus_are_shown_by_its_name(emulators: Emulators) -> None:
    status, page = await ask(emulators, "GET", "/requests?vendor=pubsub")
    assert (status, page["requests"], list(page["totals"])) == (200, [], ["pubsub"])


BAD = [
    ("/events", {"op": "delay", "seconds": 1e308}),
    ("/events", {"op": "delay", "seconds": 1e9}),
    ("/events", {"op": "delay"}),
    ("/events", {"op": "gap", "count": 0}),
    ("/events", {"op": "gap", "probability": 0}),
    ("/events", {"op": "reorder", "probability": 1.1}),
    ("/events", {"op": "lose", "at_once": True}),
    ("/events", {"op": "gap", "at_once": True, "kind": "Nothing"}),
    ("/events", {"op": "duplicate", "at_once": True, "count": 0}),
    ("/events", {"op": "duplicate", "at_once": True, "channel": "nowhere"}),
    ("/events", {"op": "select", "kind": "Nothing"}),
    ("/events", {"op": "select", "kind": "Account", "channel": "nowhere"}),
    ("/events", {"op": "define", "kind": "Done"}),
    ("/events", {"op": "define", "kind": "Done__e", "fields": ["1 2"]}),
    ("/events", {"op": "refuse", "count": 0}),
    ("/events", {"op": "refuse", "rpc": "Nothing"}),
    ("/events", {"op": "break", "code": "nothing"}),
    ("/faults", {"add": [{"kind": "status", "status": 429, "retry_after": -1}]}),
    ("/faults", {"add": [{"kind": "row_lock"}]}),
    ("/faults", {"add": [{"kind": "row_lock", "vendor": "quickbooks"}]}),
    ("/faults", {"add": [{"kind": "delay", "seconds": 601}]}),
    ("/faults", {"add": [{"kind": "status", "status": 400, "record": {"kind": "Customer"}}]}),
    ("/faults", {"add": [{"kind": "status", "status": 400, "vendor": "quickbooks", "record": {"kind": "Gadget"}}]}),
    ("/faults", {"add": [{"kind": "html", "vendor": "quickbooks", "record": {"kind": "Customer"}}]}),
    ("/faults", {"add": [{"kind": "status", "status": 500, "vendor": "quickbooks", "whole": True}]}),
    ("/seed", {"scenario": "tiny", "scale": 136}),
    ("/seed", {"scenario": "tiny", "seed": -1}),
    ("/seed", {"scenario": "tiny", "today": "0001-01-01"}),
    ("/seed", {"scenario": "tiny", "today": "9999-12-31"}),
    ("/seed", {"day": HUGE}),
    ("/switches", {"quickbooks": {"retry_after": "soon"}}),
    ("/switches", {"quickbooks": {"webhook_window_seconds": 1e308}}),
    ("/switches", {"quickbooks": {"cdc_days": HUGE}}),
    ("/switches", {"quickbooks": {"old_refresh_token_grace": HUGE}}),
    ("/switches", {"salesforce": {"session_minutes": HUGE}}),
    ("/switches", {"salesforce": {"wrong_secret_status": 999}}),
    ("/switches", {"pubsub": {"retention_hours": -HUGE}}),
    ("/webhooks", {"target": ""}),
    ("/webhooks/troubles", {"add": [{"op": "delay", "seconds": HUGE}]}),
]


@pytest.mark.parametrize(("path", "body"), BAD, ids=str)
async def test_it_is_refused_and_nothing_changes(emulators: Emulators, path: str, body: Any) -> None:
    before = [
        await ask(emulators, "GET", seen) for seen in ("/switches", "/faults", "/events", "/webhooks", "/scenario")
    ]
    status, answer = await ask(emulators, "POST", path, body)
    assert (status, set(answer["error"])) == (422, {"message", "remedy"})
    after = [
        await ask(emulators, "GET", seen) for seen in ("/switches", "/faults", "/events", "/webhooks", "/scenario")
    ]
    assert after == before


@pytest.mark.parametrize(
    "operation",
    [
        {"system": "salesforce", "op": "set_switch", "body": {"nothing": 1}},
        {"system": "salesforce", "op": "set_switch", "body": {"lock_next": "one"}},
        {"system": "quickbooks", "op": "create", "kind": "Customer", "body": {"DisplayName": {"a": 1}}},
        {"system": "quickbooks", "op": "nothing"},
        {"system": "clock", "op": "advance", "body": {"days": "x"}},
    ],
    ids=str,
)
async def test_an_operation_that_makes_no_sense_ends_the_list(emulators: Emulators, operation: Any) -> None:
    status, report = await ask(emulators, "POST", "/seed", {"operations": [operation]})
    assert (status, report["ok"], report["done"], report["failed"]["index"]) == (200, False, 0, 0)
    assert report["failed"]["reason"]
