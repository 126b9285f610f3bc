"""Somebody writes the database of the state without having the key: nothing is sent that nobody approved.

The situation: a company in agreement, entries approved, and a run killed between noting the first of them and sending
it. What leads to a write from there is a row of some table; each of its columns is changed in turn.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import Table, delete, update

from ml_connector.actions.apply import apply
from ml_connector.actions.audit import verify_audit
from ml_connector.actions.drain import drain
from ml_connector.actions.status import current_status
from ml_connector.actions.tampered import accept_row, drop_row, tampered_rows
from ml_connector.model.errors import StateTampered
from ml_connector.model.refs import Ref
from ml_connector.store import schema
from ml_connector.store.marks import KEYS, MARK, MARKED
from support.situation import ORDERS, PAUSE, Ended, Situation


@pytest.fixture(scope="module")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> Situation:
    situation = Situation(tmp_path_factory.mktemp("home"))
    asyncio.run(situation.prepare())
    return situation


@pytest.fixture
def situation(_prepared: Situation) -> Situation:
    _prepared.put_back()
    return _prepared


@pytest.fixture(scope="module")
def undisturbed(_prepared: Situation) -> Ended:
    """What there is in the end when nobody meddles."""
    _prepared.put_back()
    asyncio.run(drain(_prepared.app))
    return Ended.of(_prepared)


IN_DRAIN = (schema.write, schema.approval, schema.plan, schema.connection, schema.link)
COLUMNS = [
    (table, column)
    for table in IN_DRAIN
    for column in (*MARKED[table], MARK)
    if column not in KEYS[table] and column != "connection"
]


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{table.name}.{column}" for table, column in COLUMNS])
async def test_a_changed_column_is_named_and_nothing_is_posted_by_it(
    table: Table, column: str, situation: Situation, undisturbed: Ended
) -> None:
    situation.change_column(table, column)
    await situation.run()
    posted = situation.posted()
    assert posted == ([] if table in (schema.write, schema.approval, schema.connection) else undisturbed.posted)
    shown = current_status(situation.app)
    assert any(row.startswith(table.name) for row in shown.tampered), "it is named"
    assert shown.attention
    events = situation.home.store.audit_events(situation.connection)
    told = {event.object for event in events if event.action == "tampered"}
    assert told >= {"state:" + row.replace(" ", ":", 1) for row in shown.tampered}
    situation.put_state_back()
    await drain(situation.app)
    assert Ended.of(situation) == undisturbed, "nothing legitimate is lost"
    assert tampered_rows(situation.app) == []


def _forged(situation: Situation, **changes: Any) -> dict[str, Any]:
    """An open write that nobody noted: a copy of one, under another key."""
    row = next(row for row in situation.rows(schema.write) if row["state"] == "open")
    body = json.loads(row["body"]) | {"DocNumber": "FORGED"}
    return row | {"id": "forged", "key": "forged", "body": json.dumps(body).encode()} | changes


@pytest.mark.parametrize("mark", ["none", "of another row"])
@pytest.mark.parametrize("flow", [ORDERS, "no flow"])
async def test_an_inserted_write_is_never_sent(mark: str, flow: str, situation: Situation, undisturbed: Ended) -> None:
    row = _forged(situation, flow=flow)
    situation.change(schema.write.insert().values(row if mark == "of another row" else row | {MARK: b""}))
    await situation.run()
    assert situation.posted() == [], "postings stop"
    assert tampered_rows(situation.app) == ["write forged"]
    drop_row(situation.app, "write forged", "ana")
    await drain(situation.app)
    assert Ended.of(situation) == undisturbed
    assert tampered_rows(situation.app) == []
    verify_audit(situation.app)


async def _meanwhile(situation: Situation, *statements: Any) -> None:
    """A run in which somebody writes the database once the orders are read: nobody has looked at the rows by then."""
    left = list(statements)

    async def step(name: str) -> None:
        if name == "read" and left and any(task.ref.kind == "Order" for task in situation.due()):
            situation.change(*left)
            left.clear()

    await drain(situation.home.process(step))
    assert not left


def _nothing_is_open(situation: Situation) -> None:
    """Entries approved, none of them noted yet."""
    situation.change(delete(schema.write).where(schema.write.c.state == "open"))


async def test_a_write_that_appears_in_a_round_stops_its_postings(situation: Situation, undisturbed: Ended) -> None:
    """Under the key of one of the orders, settled: it is met when that key is about to be used."""
    row = _forged(situation, state="refused", key=situation.rows(schema.approval)[0]["key"]) | {MARK: b""}
    _nothing_is_open(situation)
    await _meanwhile(situation, schema.write.insert().values(row))
    assert situation.posted() == []
    assert tampered_rows(situation.app) == ["write forged"]
    drop_row(situation.app, "write forged", "ana")
    await drain(situation.app)
    assert Ended.of(situation) == undisturbed


async def test_a_link_that_changes_in_a_round_stops_its_postings(situation: Situation) -> None:
    """One order asks for it; its neighbours, which do not, are not posted either."""
    _nothing_is_open(situation)
    (order,) = situation.home.state("salesforce", "Order")[:1]
    mine = (schema.link.c.role == "account") & (schema.link.c.target == f"salesforce:Account:{order['AccountId']}")
    await _meanwhile(situation, update(schema.link).where(mine).values(target_version="9"))
    assert situation.posted() == []
    assert [row.partition(" ")[0] for row in tampered_rows(situation.app)] == ["link"]


async def test_two_bodies_change_places(situation: Situation, undisturbed: Ended) -> None:
    """With their marks: each is a body that was approved, under the key of another order."""
    first, second = [row for row in situation.rows(schema.write) if row["state"] == "open"][:2]
    for row, other in ((first, second), (second, first)):
        swapped = {name: other[name] for name in ("content", "body", MARK)}
        situation.change(update(schema.write).where(schema.write.c.id == row["id"]).values(swapped))
    await situation.run()
    assert situation.posted() == []
    assert set(tampered_rows(situation.app)) == {f"write {first['id']}", f"write {second['id']}"}
    situation.put_state_back()
    await drain(situation.app)
    assert Ended.of(situation) == undisturbed


async def test_a_settled_posting_that_is_rolled_back_is_not_sent_again(situation: Situation) -> None:
    """Its old row has the mark it had; the audit log knows that it was posted since."""
    opened = [row for row in situation.rows(schema.write) if row["state"] == "open"]
    await drain(situation.app)
    posted = situation.posted()
    assert len(posted) == len(opened)
    situation.put_vendors_back()
    for row in opened:
        situation.change(update(schema.write).where(schema.write.c.id == row["id"]).values(row))
    situation.home.clock.advance(PAUSE)
    await situation.run()
    assert situation.posted() == []
    assert set(tampered_rows(situation.app)) == {f"write {row['id']}" for row in opened}


async def test_an_approval_that_is_gone_lets_nothing_out(situation: Situation) -> None:
    situation.change(delete(schema.approval))
    await situation.run()
    assert situation.posted() == []
    assert all(row.startswith("write ") for row in tampered_rows(situation.app))


async def test_an_inserted_approval_approves_nothing(situation: Situation) -> None:
    """Of a body that nobody has seen: the rules of the connection make it, a row of the state allows it."""
    approvals = situation.rows(schema.approval)
    situation.change(delete(schema.approval), delete(schema.write).where(schema.write.c.state == "open"))
    for row in approvals:
        situation.change(schema.approval.insert().values(row | {"approved_by": "ben", MARK: b""}))
    await situation.run()
    assert situation.posted() == []
    assert {row.partition(" ")[0] for row in tampered_rows(situation.app)} == {"approval"}


async def test_an_accepted_row_is_believed_as_it_stands(situation: Situation) -> None:
    """A person answers for it, and the log says who."""
    situation.change(update(schema.link).where(schema.link.c.target_version != "").values(target_version="0"))
    rows = tampered_rows(situation.app)
    assert rows
    for row in rows:
        accept_row(situation.app, row, "ana")
    await situation.run()
    assert tampered_rows(situation.app) == []
    events = situation.home.store.audit_events(situation.connection)
    assert [event.object for event in events if (event.actor, event.action) == ("ana", "accept row")] == rows


async def test_what_rests_on_a_changed_link_is_held(situation: Situation) -> None:
    """The customer of an invoice is said to be another account: its Opportunity is not moved there."""
    table = schema.link
    pairs = [row for row in situation.rows(table) if row["role"] == "account"]
    for row in pairs:
        other = next(pair["target"] for pair in pairs if pair["target"] != row["target"])
        mine = (table.c.role == row["role"]) & (table.c.source == row["source"])
        situation.change(update(table).where(mine).values(target=other, exclusive=0))
    before = situation.home.state("salesforce", "Opportunity")
    refs = [Ref("quickbooks", "Invoice", row["Id"]) for row in situation.home.state("quickbooks", "Invoice")]
    now = situation.home.clock.now()
    knocks = [("invoice_to_opportunity", ref) for ref in refs]
    situation.home.store.intake(situation.connection, knocks, "test", now)
    await situation.run()
    assert situation.home.state("salesforce", "Opportunity") == before
    held = {row.ref for row in situation.home.store.holds(situation.connection) if row.code == "TAMPERED"}
    assert held >= set(refs)


async def test_a_plan_that_was_changed_is_not_applied(situation: Situation) -> None:
    plan = situation.rows(schema.plan)[-1]["id"]
    situation.change(update(schema.plan).values(made_by="somebody else"))
    with pytest.raises(StateTampered, match=f"plan {plan}"):
        await apply(situation.app, plan, "preparer")
