"""Deliveries: nothing unsigned is taken, nothing acknowledged that is not on disk; one bad event stops no other."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ml_connector.clock import WallClock
from ml_connector.model.errors import StateTrouble
from ml_connector.model.refs import Ref
from ml_connector.service.hooks import LARGEST, NOT_KEPT, TOO_LARGE, UNSIGNED, Hooks
from ml_connector.store import Store
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOKEN, BEFORE = "verifier-now", "verifier-before"
REALM, OTHER = "4620816365000000001", "9999"


def signed(body: bytes, token: str = TOKEN) -> str:
    return base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()


def cloud(*events: tuple[str, str, str]) -> bytes:
    """Realm, kind and id of each."""
    return msgspec.json.encode(
        [
            {"type": f"qbo.{kind.lower()}.updated.v1", "intuitentityid": key, "intuitaccountid": realm}
            for realm, kind, key in events
        ]
    )


def legacy(realm: str, *ids: str) -> bytes:
    entities = [
        {"name": "Invoice", "id": key, "operation": "Update", "lastUpdated": "2026-11-20T12:00:00Z"} for key in ids
    ]
    return msgspec.json.encode({"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": entities}}]})


class Desk:
    """Hooks over an empty store with two connections of one company."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tokens = [TOKEN, BEFORE]
        self.told: list[Collection[str]] = []
        store.add_connection("acme", REALM, "00D1", "Acme", NOON)
        store.add_connection("acme-2", REALM, "00D2", "Acme", NOON)
        self.hooks = Hooks(store, lambda: self.tokens, WallClock(), self.told.append)

    async def take(self, body: bytes, signature: str | None = None) -> int:
        return (await self.hooks.take(body, signed(body) if signature is None else signature)).status

    def kept(self, connection: str = "acme") -> list[str]:
        return [str(ref) for arrival in self.store.arrivals(connection, 1000) for ref in arrival.refs]

    def counts(self) -> dict[str, int]:
        return {name: count.count for name, count in self.store.hook_counts().items()}


@pytest.fixture
def desk(fresh_url: str) -> Iterator[Desk]:
    store = fresh(fresh_url)
    yield Desk(store)
    store.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Desk]:
    store = Store.open(f"sqlite:///{tmp_path / 'state.db'}", patience=0)
    yield Desk(store)
    store.close()


async def test_a_delivery_is_on_record_for_every_connection_of_its_company(desk: Desk) -> None:
    body = cloud((REALM, "Invoice", "7"), (REALM, "Customer", "12"), (REALM, "Invoice", "7"))
    assert await desk.take(body) == 200
    assert desk.kept() == desk.kept("acme-2") == ["quickbooks:Invoice:7", "quickbooks:Customer:12"]
    assert [set(told) for told in desk.told] == [{"acme", "acme-2"}]
    assert desk.counts() == {"deliveries": 1, "knocks": 3}


async def test_both_formats_and_both_tokens_of_a_rotation_count(desk: Desk) -> None:
    body = legacy(REALM, "7", "8")
    assert await desk.take(body, signed(body, BEFORE)) == 200
    assert await desk.take(body, signed(body)) == 200
    assert desk.kept() == ["quickbooks:Invoice:7", "quickbooks:Invoice:8"] * 2


@pytest.mark.parametrize("signature", ["", "x", signed(b"other"), "é", signed(cloud((REALM, "Invoice", "7")), "other")])
async def test_nothing_unsigned_is_taken_or_written(desk: Desk, signature: str) -> None:
    assert await desk.take(cloud((REALM, "Invoice", "7")), signature) == 403
    assert (desk.kept(), desk.counts(), desk.told) == ([], {}, [])
    assert desk.hooks.refused[UNSIGNED] == 1


async def test_a_company_that_is_not_connected_here_is_counted_and_the_others_are_taken(desk: Desk) -> None:
    assert await desk.take(cloud((OTHER, "Invoice", "1"), (REALM, "Invoice", "7"))) == 200
    assert desk.kept() == ["quickbooks:Invoice:7"]
    assert desk.counts() == {"deliveries": 1, "knocks": 1, "unknown company": 1}


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        (b"[]", {"empty": 1}),
        (b"not json", {"empty": 1, "broken": 1}),
        (b'{"some": "format"}', {"empty": 1, "broken": 1}),
        (b'[{"type": "qbo.invoice.updated.v1"}]', {"empty": 1, "broken": 1}),
        (cloud((REALM, "Unheard", "1")), {"empty": 1, "unknown kind": 1}),
    ],
)
async def test_what_is_signed_and_names_nothing_is_acknowledged_and_an_alarm(
    desk: Desk, body: bytes, counted: dict[str, int]
) -> None:
    assert await desk.take(body) == 200, "it would be repeated for ever, and hold up what is behind it"
    assert desk.counts() == {"deliveries": 1} | counted


async def test_a_body_that_is_too_long_is_not_even_verified(small: Desk) -> None:
    body = b" " * (LARGEST + 1)
    assert await small.take(body) == 413
    assert small.hooks.refused[TOO_LARGE] == 1


async def test_without_a_verifier_token_nothing_is_acknowledged(small: Desk) -> None:
    small.tokens.clear()
    assert await small.take(cloud((REALM, "Invoice", "7"))) == 503
    assert small.kept() == []


async def test_a_locked_state_is_answered_503_and_nothing_is_kept_of_it(small: Desk, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    assert await small.take(cloud((REALM, "Invoice", "7"))) == 200
    other.execute("BEGIN IMMEDIATE")
    assert await small.take(cloud((REALM, "Invoice", "8"))) == 503
    other.execute("ROLLBACK")
    other.close()
    assert small.hooks.refused[NOT_KEPT] == 1
    assert small.kept() == ["quickbooks:Invoice:7"]


class Slow:
    """A store that does not come back in time."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.free = desk, threading.Event()

    def companies(self) -> dict[str, list[str]]:
        return self.desk.store.companies()

    def add_arrivals(self, *given: Any) -> None:
        self.free.wait(10)
        raise StateTrouble("The disk is full.", "Free space.")


async def test_a_store_that_does_not_answer_in_time_acknowledges_nothing(small: Desk) -> None:
    slow = Slow(small)
    hooks = Hooks(slow, lambda: [TOKEN], WallClock(), small.told.append, answered=0.05)
    body = cloud((REALM, "Invoice", "7"))
    assert (await hooks.take(body, signed(body))).status == 503
    slow.free.set()
    assert (await hooks.take(body, signed(body))).status == 503, "and goes on once it does"
    assert small.told == []


class Counting:
    """Counts transactions."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.transactions = desk, 0

    def companies(self) -> dict[str, list[str]]:
        return self.desk.store.companies()

    def add_arrivals(self, arrivals: Sequence[tuple[str, str, Sequence[Ref]]], *more: Any) -> None:
        self.transactions += 1
        self.desk.store.add_arrivals(arrivals, *more)


async def test_deliveries_that_come_together_are_one_sync_to_disk(small: Desk) -> None:
    counting = Counting(small)
    hooks = Hooks(counting, lambda: [TOKEN], WallClock(), small.told.append)
    bodies = [cloud((REALM, "Invoice", str(number))) for number in range(20)]
    answers = await asyncio.gather(*(hooks.take(body, signed(body)) for body in bodies))
    assert {answer.status for answer in answers} == {200}
    assert counting.transactions <= 2
    assert len(small.kept()) == 20


async def test_a_new_token_counts_as_soon_as_something_is_signed_with_it(small: Desk) -> None:
    class Moved(WallClock):
        at = NOON

        def now(self) -> datetime:
            return self.at

    clock = Moved()
    hooks = Hooks(small.store, lambda: small.tokens, clock, small.told.append)
    body = cloud((REALM, "Invoice", "7"))
    assert (await hooks.take(body, signed(body))).status == 200
    small.tokens.append("newest")
    clock.at = NOON.replace(second=3)
    assert (await hooks.take(body, signed(body, "newest"))).status == 200
