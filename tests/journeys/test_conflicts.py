"""An edit in both systems at once: one value stays, the other is in the conflict log, once, and nowhere in clear."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ml_connector.actions import conflicts as conflict_log
from ml_connector.actions.backfill import backfill
from ml_connector.actions.explain import explain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.keys import rotate_keys
from ml_connector.actions.pause import pause, resume
from ml_connector.actions.plan import make_plan
from ml_connector.actions.status import current_status
from ml_connector.actions.sync import sync
from ml_connector.app import App, assemble
from ml_connector.model.errors import Busy, Paused
from ml_connector.store import Store
from ml_connector.store.base import LEASE
from ml_connector.systems.http import Request
from ml_connector.world import World
from ml_emulators.salesforce import ValidationRule
from support.in_step import in_step
from support.tables import rows_of
from support.world import Installation, SimClock

LOST_PHONE, KEPT_PHONE = "(617) 555-0143", "(617) 555-0199"
LOST_MAIL, KEPT_MAIL = "typed-by-sales@example.org", "typed-by-books@example.org"
POINTS = ["read", "composed", "noted", "applied", "writes settled", "deciding done", "tasks settled"]


class Killed(BaseException):
    """The process is gone."""


class Nothing:
    """What a killed process finds where its database was."""

    def begin(self) -> Any:
        raise Killed


def dying_at(point: str) -> Callable[[App, str], Awaitable[None]]:
    """What a process does that dies when it comes to this point."""

    async def die(app: App, name: str) -> None:
        if name == point:
            app.store.engine = Nothing()  # type: ignore[assignment]  # answers like an engine whose process is gone
            raise Killed

    return die


class Pair:
    """The tiny company in agreement; two people edit a customer and its account."""

    def __init__(self, home: Installation) -> None:
        self.home = home
        self.account = next(row for row in home.state("salesforce", "Account") if row.get("QBO_Id__c"))["Id"]
        key = next(row for row in home.state("salesforce", "Account") if row["Id"] == self.account)["QBO_Id__c"]
        self.customer = key.partition(":")[2]

    def books(self, **body: Any) -> None:
        self.home.emulation.act("quickbooks", "update", "Customer", {"Id": self.customer, **body})

    def sales(self, **body: Any) -> None:
        self.home.emulation.act("salesforce", "update", "Account", {"Id": self.account, **body})

    def both_edit(self, *, phone: str = LOST_PHONE) -> None:
        """The telephone is Salesforce's to keep, the billing e-mail QuickBooks'."""
        self.books(PrimaryPhone={"FreeFormNumber": phone}, PrimaryEmailAddr={"Address": KEPT_MAIL})
        self.sales(Phone=KEPT_PHONE, QBO_Billing_Email__c=LOST_MAIL)

    async def later(self, app: App | None = None) -> None:
        self.home.clock.advance(timedelta(minutes=20))
        await sync(app or self.home.app)

    def log(self) -> list[tuple[str, str, str, str | None]]:
        """Record, field, winner and value of every entry, by field."""
        found = conflict_log.with_values(self.home.app, "ana")
        return sorted((each.record, each.field, each.winner, str(each.lost)) for each in found)

    @property
    def expected(self) -> list[tuple[str, str, str, str]]:
        return [
            (f"quickbooks:Customer:{self.customer}", "phone", "salesforce", LOST_PHONE),
            (f"salesforce:Account:{self.account}", "billing_email", "quickbooks", LOST_MAIL),
        ]

    def stands(self) -> tuple[str, str, str, str]:
        """Telephone and e-mail in QuickBooks, then in Salesforce."""
        (customer,) = [row for row in self.home.state("quickbooks", "Customer") if row["Id"] == self.customer]
        (account,) = [row for row in self.home.state("salesforce", "Account") if row["Id"] == self.account]
        ours = customer["PrimaryPhone"]["FreeFormNumber"], customer["PrimaryEmailAddr"]["Address"]
        return (*ours, account["Phone"], account["QBO_Billing_Email__c"])

    def in_clear(self) -> list[str]:
        """Tables in which a lost value can be read."""
        tables = {name: repr(rows) for name, rows in rows_of(self.home.store).items()}
        return sorted(name for name, text in tables.items() for lost in (LOST_PHONE, LOST_MAIL) if lost in text)

    def process(self, at: Callable[[App, str], Awaitable[None]]) -> App:
        """Another process on the same state; `at` is called at every step of its work."""
        home, here = self.home, list[App]()

        async def step(name: str) -> None:
            await at(here[0], name)

        world = World(home.network, SimClock(home.clock), home.ids, step)
        here.append(assemble(home.settings, home.rules, Store(home.store.engine), home.vault, world))
        return here[0]


@pytest.fixture
async def pair(tmp_path: Path, fresh_url: str) -> AsyncIterator[Pair]:
    home = in_step(tmp_path, store_url=fresh_url)
    try:
        yield Pair(home)
    finally:
        home.store.close()


async def test_both_winners_and_both_lost_values(pair: Pair) -> None:
    pair.both_edit()
    await pair.later()
    assert pair.stands() == (KEPT_PHONE, KEPT_MAIL, KEPT_PHONE, KEPT_MAIL)
    assert pair.log() == pair.expected
    assert pair.in_clear() == []
    await pair.later()
    await backfill(pair.home.app)
    await pair.later()
    assert pair.log() == pair.expected, "looked at again, nothing is logged again"


async def test_it_is_sealed_before_the_write_is_noted(pair: Pair) -> None:
    """At no step of the work can it be read in the state, not even while the write is open."""
    seen: list[tuple[str, list[str]]] = []

    async def look(app: App, name: str) -> None:
        del app
        seen.append((name, pair.in_clear()))

    pair.both_edit()
    await pair.later(pair.process(look))
    assert {"composed", "noted", "applied", "writes settled", "tasks settled"} <= {name for name, _ in seen}
    assert [(name, tables) for name, tables in seen if tables] == []


async def test_a_plan_says_that_a_value_goes_and_not_which(pair: Pair) -> None:
    pair.both_edit()
    pair.home.clock.advance(timedelta(minutes=20))
    view = await make_plan(pair.home.app, "preparer")
    why = [text for write in view.plan.writes for text in write.why if "both sides" in text]
    assert sorted(set(why)) == [
        "billing email changed on both sides: QuickBooks keeps its own, the other value goes to the conflict log",
        "phone changed on both sides: Salesforce keeps its own, the other value goes to the conflict log",
    ]
    told = msgspec.json.encode(view).decode()
    assert not [value for value in (LOST_PHONE, LOST_MAIL, KEPT_PHONE, KEPT_MAIL) if value in told]
    assert pair.log() == [], "a plan overwrites nothing"


async def test_what_a_person_finds(pair: Pair) -> None:
    pair.both_edit()
    await pair.later()
    app = pair.home.app
    for name in (f"quickbooks:Customer:{pair.customer}", f"salesforce:Account:{pair.account}"):
        explained = explain(app, name)
        assert {each.field for each in explained.conflicts} == {"phone", "billing_email"}
        assert b"lost" not in msgspec.json.encode(msgspec.to_builtins(explained))
    assert current_status(app).conflicts == 2
    before = len(app.store.audit_events(app.connection.id))
    assert len(conflict_log.entries(app)) == 2
    assert len(app.store.audit_events(app.connection.id)) == before, "the list alone is nobody's business"
    conflict_log.with_values(app, "ana")
    event = app.store.audit_events(app.connection.id)[-1]
    assert (event.actor, event.action, event.detail) == ("ana", "read lost values", {"values": 2})


async def test_after_ninety_days_only_the_place_is_left(pair: Pair) -> None:
    pair.both_edit()
    await pair.later()
    pair.home.clock.advance(timedelta(days=90))
    await pair.later()
    after = conflict_log.with_values(pair.home.app, "ana")
    assert [(each.kept, each.lost) for each in after] == [(False, None)] * 2
    assert {row.digest for row in pair.home.store.conflicts(pair.home.app.connection.id)} == {""}
    assert current_status(pair.home.app).conflicts == 0


DEATHS = [
    *((point, "") for point in POINTS),
    *product(("noted", "applied", "writes settled"), ("noted", "looked up", "applied", "writes settled")),
]


@pytest.mark.parametrize(("first", "second"), DEATHS)
async def test_killed_workers_log_each_conflict_once(pair: Pair, first: str, second: str) -> None:
    """One dies at the first point, the next one at the second if it comes there; what they leave is finished."""
    pair.both_edit()
    with pytest.raises(Killed):
        await pair.later(pair.process(dying_at(first)))
    with suppress(Killed):
        await pair.later(pair.process(dying_at(second)))
    for _ in range(2):
        await pair.later()
    assert pair.stands() == (KEPT_PHONE, KEPT_MAIL, KEPT_PHONE, KEPT_MAIL)
    assert pair.log() == pair.expected
    assert all(each.certain for each in conflict_log.entries(pair.home.app))


async def test_changed_again_before_anybody_looked_the_first_value_was_perhaps_lost(pair: Pair) -> None:
    """The worker dies after sending; sales types another e-mail address before the write can be looked up."""

    pair.both_edit()
    with pytest.raises(Killed):
        await pair.later(pair.process(dying_at("applied")))
    pair.sales(QBO_Billing_Email__c="typed-once-more@example.org")
    for _ in range(2):
        await pair.later()
    found = [each for each in conflict_log.with_values(pair.home.app, "ana") if each.field == "billing_email"]
    assert sorted((str(each.lost), each.certain) for each in found) == [
        (LOST_MAIL, False),
        ("typed-once-more@example.org", True),
    ]


async def test_an_edit_in_mid_air_is_decided_again_and_its_value_is_the_lost_one(pair: Pair) -> None:
    """While our update is on its way somebody changes the telephone once more: QuickBooks refuses ours as stale."""
    edits: list[str] = []

    async def edit(vendor: str, request: Request) -> None:
        if vendor == "quickbooks" and request.method == "POST" and b"PrimaryPhone" in request.body and not edits:
            edits.append("(617) 555-0177")
            pair.books(PrimaryPhone={"FreeFormNumber": edits[0]})

    pair.both_edit()
    pair.home.network.before = edit
    for _ in range(2):
        await pair.later()
    assert edits
    phones = [row for row in pair.log() if row[1] == "phone"]
    assert phones == [(f"quickbooks:Customer:{pair.customer}", "phone", "salesforce", edits[0])]


async def test_a_write_that_was_turned_away_is_logged_when_it_is_taken(pair: Pair) -> None:
    pair.both_edit()
    pair.home.emulation.vendors["salesforce"].switches.lock_next = 1
    for _ in range(3):
        await pair.later()
    assert pair.log() == pair.expected


async def test_a_refused_write_is_no_conflict(pair: Pair) -> None:
    """The org does not take the e-mail address: its own stays, and is not lost. Then it takes it."""
    rules = pair.home.emulation.vendors["salesforce"].switches.validation_rules
    rules.append(ValidationRule("Account", "QBO_Billing_Email__c LIKE 'typed-by-books%'", "Ask first.", "Phone"))
    pair.both_edit()
    await pair.later()
    held = {each.code for each in open_holds(pair.home.app) if each.record.endswith((pair.customer, pair.account))}
    assert held == {"REFUSED-BY-SALESFORCE"}
    assert "billing_email" not in {row[1] for row in pair.log()}
    rules.clear()
    await backfill(pair.home.app)
    await pair.later()
    assert pair.log() == pair.expected


async def test_while_writes_are_stopped_nothing_is_logged(pair: Pair) -> None:
    pair.both_edit()
    pause(pair.home.app, "ana", "month end")
    with pytest.raises(Paused):
        await pair.later()
    assert pair.log() == []
    await resume(pair.home.app, "ana")
    await pair.later()
    assert pair.log() == pair.expected


async def test_keys_are_rotated_with_the_values_of_the_log(pair: Pair) -> None:
    pair.both_edit()
    await pair.later()
    before = {each.sealed for each in pair.home.store.conflicts(pair.home.app.connection.id)}
    assert rotate_keys(pair.home.app, "setup").sealed == len(pair.home.store.all_sealed()) + 2
    assert pair.log() == pair.expected
    assert not before & {each.sealed for each in pair.home.store.conflicts(pair.home.app.connection.id)}
    rotate_keys(pair.home.app, "setup")
    assert pair.log() == pair.expected


async def test_keys_are_rotated_while_a_write_is_open(pair: Pair) -> None:
    """The value of a write whose answer is lost is sealed anew with the others, and can be read when it is settled.

    While a run may still be at work, nobody rotates.
    """

    pair.both_edit()
    with pytest.raises(Killed):
        await pair.later(pair.process(dying_at("applied")))
    with pytest.raises(Busy):
        rotate_keys(pair.home.app, "setup")
    pair.home.clock.advance(LEASE)
    rotate_keys(pair.home.app, "setup")
    for _ in range(2):
        await pair.later()
    assert pair.log() == pair.expected
