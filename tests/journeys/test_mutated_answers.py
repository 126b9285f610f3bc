"""Whatever a vendor answers, the clients give a record, an outcome or an error of ours; never another exception."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.actions.drain import drain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.status import current_status
from ml_connector.actions.sweep import sweep_all
from ml_connector.app import App
from ml_connector.model.errors import ConnectorError
from ml_connector.systems.http import Request, Response
from support.world import Installation

ODD = (
    *(
        "NaN",
        "-Infinity",
        "1e400",
        "-1e-400",
        "12345678901234567890.12",
        "1E+3",
        "null",
        "true",
        "[]",
        "{}",
        '""',
        "-0",
    ),
    *('"\\u0000"', '"\\ud800"', '"2026-13-45"', '"1_0"', "[null]", '{"value": 7}', '"' + "9" * 400 + '"', "[[[[]]]]"),
)
RAW = (b"\xff", b"\x00", b"\xc3(", b"}", b"<", b'"', b"\\", b",", b"\xef\xbb\xbf", b"e9999999999")


class Spoiling:
    """The network of an installation; from `armed` on every answer is changed as the drawn numbers say."""

    def __init__(self, home: Installation) -> None:
        self.inner = home.network
        self.armed = False
        self.random = Random(0)

    async def send(self, request: Request) -> Response:
        answer = await self.inner.send(request)
        if not self.armed or "oauth" in request.url:
            return answer
        status = self.random.choice([answer.status] * 8 + [200, 204, 400, 404, 500])
        return Response(status, answer.headers, self._spoilt(answer.body))

    def _spoilt(self, body: bytes) -> bytes:
        how = self.random.randrange(4)
        if how == 0:
            return _tree_spoilt(body, self.random)
        if how == 1:
            at = self.random.randrange(len(body) + 1)
            return body[:at] + self.random.choice(RAW) + body[at + self.random.randrange(3) :]
        if how == 2:
            return body[: self.random.randrange(len(body) + 1)]
        return self.random.choice(
            [b"", b"[]", b"{}", b"null", b"7", b"<html/>", b'[{"errorCode": 7}]', b'{"Fault": []}']
        )


def _tree_spoilt(body: bytes, random: Random) -> bytes:
    """Valid JSON but for one value, which becomes an odd one, goes away or stands there twice."""
    try:
        tree = json.loads(body)
    except ValueError:
        return body
    spots = list(_spots(tree))
    if not spots:
        return body
    owner, key = random.choice(spots)
    how = random.randrange(6)
    if how == 0:
        del owner[key]
    elif how == 1 and isinstance(owner, list):
        owner.append(owner[key])
    else:
        owner[key] = "@@odd@@"
    return json.dumps(tree).replace('"@@odd@@"', random.choice(ODD)).encode()


def _spots(tree: Any) -> Any:
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield tree, key
        yield from _spots(value)


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
Call = Callable[[App, Installation], Awaitable[Any]]


def _ids(home: Installation, system: str, kind: str) -> list[str]:
    return [str(row["Id"]) for row in home.state(system, kind)]


CALLS: dict[str, Call] = {
    "customers": lambda app, home: app.quickbooks.read("Customer", _ids(home, "quickbooks", "Customer")),
    "invoices": lambda app, home: app.quickbooks.read("Invoice", _ids(home, "quickbooks", "Invoice")),
    "changes": lambda app, _: app.quickbooks.sweep(["Customer", "Invoice"], None, NOON),
    "accounts of the ledger": lambda app, _: app.quickbooks.reference("accounts"),
    "preferences": lambda app, _: app.quickbooks.reference("preferences"),
    "a rate": lambda app, _: app.quickbooks.reference("rate:EUR:2026-11-20"),
    "the company": lambda app, _: app.quickbooks.check_company(),
    "customers by name": lambda app, _: app.quickbooks.find("Customer", "DisplayName", ["Acme", "Globex"]),
    "accounts": lambda app, home: app.salesforce.read("Account", _ids(home, "salesforce", "Account")),
    "orders": lambda app, home: app.salesforce.read("Order", _ids(home, "salesforce", "Order")),
    "changes in Salesforce": lambda app, _: app.salesforce.sweep(["Account", "Order"], None, NOON),
    "stages": lambda app, _: app.salesforce.reference("stages"),
    "fields": lambda app, _: app.salesforce.reference("fields:Account"),
    "fitness": lambda app, _: app.salesforce.fit(),
    "contacts by mail": lambda app, _: app.salesforce.find("Contact", "Email", ["a@example.org"]),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("spoilt"), scenario="tiny")


@pytest.mark.parametrize("name", CALLS)
def test_reads_end_in_an_answer_or_an_error_of_ours(home: Installation, name: str) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32))
    def holds(seed: int) -> None:
        asyncio.run(_read(home, CALLS[name], seed))

    holds()


async def _read(home: Installation, call: Call, seed: int) -> None:
    network = Spoiling(home)
    app = home.process(network=network)
    network.random, network.armed = Random(seed), True
    with suppress(ConnectorError):
        await call(app, home)


@pytest.mark.parametrize("seed", range(12))
async def test_a_whole_run_ends_in_a_report_or_an_error_of_ours(tmp_path: Path, seed: int) -> None:
    """Writes included: what became of them is open until somebody has looked, and afterwards both sides agree."""
    home = Installation(tmp_path, scenario="tiny")
    await home.approve_all()
    network = Spoiling(home)
    app = home.process(network=network)
    network.random, network.armed = Random(seed), True
    with suppress(ConnectorError):
        await drain(app)
    assert not open_holds(app, "UNEXPECTED")
    for _ in range(12):
        home.clock.advance(home.app.quickbooks.settle_after * 8)
        app = home.process()
        await sweep_all(app)
        await drain(app)
    entries = [row["DocNumber"] for row in home.state("quickbooks", "JournalEntry")]
    assert len(entries) == len(set(entries)) == 3
    status = current_status(app)
    assert (status.open_writes, status.holds) == (0, {})
