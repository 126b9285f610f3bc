"""Webhook bodies and headers of every sort: typed answers, no crash, and nothing unsigned is taken."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

from ml_connector.clock import WallClock
from ml_connector.model.refs import Ref
from ml_connector.service.hooks import Hooks

TOKEN, REALM, RUNS = "verifier", "4620816365000000001", 2000


class Kept:
    """Stands for the store."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, Sequence[Ref]]] = []

    def companies(self) -> dict[str, list[str]]:
        return {REALM: ["acme"]}

    def add_arrivals(
        self, arrivals: Sequence[tuple[str, str, Sequence[Ref]]], counts: Mapping[str, int], now: datetime
    ) -> None:
        assert all(number > 0 for number in counts.values())
        assert counts["deliveries"] == 1
        self.rows += [
            (connection, source, [Ref.parse(str(ref)) for ref in refs]) for connection, source, refs in arrivals
        ]


def signed(body: bytes, token: str = TOKEN) -> str:
    return base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()


WORDS: tuple[Any, ...] = (
    None, True, -1, 1e308, "", "x" * 200, "\x00", "7", "é", [], {}, REALM, "Invoice", "qbo", ".", "qbo.x.y.v1",
    "2026-11-22T17:31:25Z", "9999-99-99", {"deletedid": "9"}, {"deletedid": 9}, [[[]]], "qbo.customer.merged.v1",
)  # fmt: skip


def event(random: Random) -> Any:
    whole = {"type": "qbo.invoice.updated.v1", "intuitentityid": "7", "intuitaccountid": REALM, "time": "2026-11-22"}
    for _ in range(random.randrange(3)):
        whole[random.choice([*whole, "data", "specversion"])] = random.choice(WORDS)
    if random.random() < 0.2:
        whole.pop(random.choice([*whole]))
    return whole if random.random() < 0.9 else random.choice(WORDS)


def legacy(random: Random) -> Any:
    entity = {"name": "Invoice", "id": "7", "operation": "Update", "lastUpdated": "2026-11-22T17:31:25-0700"}
    for _ in range(random.randrange(3)):
        entity[random.choice([*entity, "deletedId"])] = random.choice(WORDS)
    entities = random.choice(WORDS) if random.random() < 0.1 else [entity, random.choice(WORDS)]
    change = random.choice(WORDS) if random.random() < 0.1 else {"entities": entities}
    group = {"realmId": random.choice([REALM, REALM, "1", None]), "dataChangeEvent": change}
    return {"eventNotifications": random.choice(WORDS) if random.random() < 0.1 else [group]}


def body_of(random: Random) -> bytes:
    tree = legacy(random) if random.random() < 0.4 else [event(random) for _ in range(random.randrange(4))]
    body = json.dumps(tree if random.random() < 0.9 else random.choice(WORDS)).encode()
    for _ in range(random.choice([0, 0, 0, 1, 3])):
        place = random.randrange(len(body) + 1)
        body = body[:place] + random.randbytes(random.randrange(3)) + body[place + random.randrange(3) :]
    return body if random.random() < 0.97 else b"[" * 5000


def signature_of(body: bytes, random: Random) -> tuple[str, bool]:
    right = signed(body)
    if random.random() < 0.7:
        return right, True
    other = random.choice(
        [
            "", " ", right[:-1], right[1:], right.lower(), right.upper(), right + "A", signed(body, "other"), "é" * 44,
            "=", signed(body + b" "), right.replace(right[0], "\x00"), base64.b64decode(right).hex(), "x" * 5000,
        ]
    )  # fmt: skip
    return other, other.strip() == right


async def played(random: Random) -> None:
    kept, told = Kept(), list[Collection[str]]()
    hooks = Hooks(kept, lambda: [TOKEN], WallClock(), told.append)
    body = body_of(random)
    signature, right = signature_of(body, random)
    answer = await hooks.take(body, signature)
    assert answer.status == (200 if right else 403), (body, signature)
    assert right or (kept.rows, told) == ([], [])


def test_two_thousand_deliveries() -> None:
    async def all_of_them() -> None:
        for seed in range(RUNS):
            try:
                await played(Random(seed))
            except BaseException as error:
                raise AssertionError(f"seed {seed}") from error

    asyncio.run(all_of_them())
