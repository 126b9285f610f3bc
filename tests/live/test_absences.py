"""Days and weeks in which something is missing: afterwards both sides say the same, and it is proved.

What the vendors show is compared, record by record, with a company to which the same happened while nothing was amiss.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chaos.books import State, compare, state_of
from ml_connector.actions.apply import approve
from ml_connector.actions.backfill import backfill
from ml_connector.actions.drain import drain
from ml_connector.actions.plan import make_plan
from ml_connector.actions.reconcile import reconcile
from ml_connector.model.continuity import Cause
from ml_connector.service.alarms import alarms
from ml_connector.service.continuity import open_holes
from ml_connector.systems.http import Request, Response
from ml_connector.systems.salesforce.arrivals import Position
from ml_emulators.kit.faults import Fault
from support.in_step import in_step
from support.live import Living, another_phone
from support.streaming import streaming
from support.world import Installation, SimClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FOR_GOOD = 10**9
MONTHS = ["2026-10", "2026-11", "2026-12"]
Edit = Callable[[Installation], None]
Story = list[tuple[timedelta, Edit]]


def due_date(home: Installation) -> None:
    """Billing moves the first invoice."""
    invoice = home.state("quickbooks", "Invoice")[0]
    home.emulation.act("quickbooks", "update", "Invoice", {"Id": invoice["Id"], "DueDate": "2027-01-11"})


def another_invoice(home: Installation) -> None:
    """Billing writes an invoice like the first one."""
    like = home.state("quickbooks", "Invoice")[0]
    kept: dict[str, Any] = {
        name: like[name] for name in ("CustomerRef", "TxnDate", "CurrencyRef", "BillEmail") if name in like
    }
    lines = [line for line in like["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    home.emulation.act("quickbooks", "create", "Invoice", {**kept, "Line": lines, "DocNumber": "N1"})


def gone_invoice(home: Installation) -> None:
    """Billing deletes an invoice that nothing was paid on."""
    paid = {link["TxnId"] for payment in home.state("quickbooks", "Payment") for line in payment["Line"]
            for link in line["LinkedTxn"]}  # fmt: skip
    victim = next(
        row["Id"]
        for row in home.state("quickbooks", "Invoice")[1:]
        if row["Id"] not in paid and row["DocNumber"] != "N1"
    )
    home.emulation.act("quickbooks", "delete", "Invoice", {"Id": victim})


def another_order(home: Installation) -> None:
    """Sales keys and activates an order like the first one."""
    like = home.state("salesforce", "Order")[0]
    line = next(row for row in home.state("salesforce", "OrderItem") if row["OrderId"] == like["Id"])
    head = {name: like[name] for name in ("AccountId", "Pricebook2Id", "EffectiveDate", "Department__c", "Class__c")}
    order = home.emulation.act("salesforce", "create", "Order", {**head, "Status": "Draft"})["Id"]
    item = {"OrderId": order, "PricebookEntryId": line["PricebookEntryId"], "UnitPrice": 10, "Quantity": 2}
    home.emulation.act("salesforce", "create", "OrderItem", item)
    home.emulation.act("salesforce", "update", "Order", {"Id": order, "Status": "Activated"})


def numbered(number: int) -> Edit:
    return lambda home: another_phone(home, number)


def over(days: float, *more: Edit) -> Story:
    """The edits of both sides, spread over so many days."""
    edits = [numbered(1), due_date, another_invoice, another_order, *more, numbered(2)]
    return [(days * DAY * (place + 1) / (len(edits) + 1), edit) for place, edit in enumerate(edits)]


def told(home: Installation, story: Story) -> list[tuple[timedelta, Callable[[], None]]]:
    return [(after, lambda edit=edit: edit(home)) for after, edit in story]  # type: ignore[misc]


async def undisturbed(folder: Path, begun: datetime, story: Story, length: timedelta) -> State:
    """How both vendors end where the connector looked at all of it in peace."""
    home = in_step(folder)
    home.clock.advance(begun - home.clock.now())
    for after, edit in story:
        home.clock.advance(begun + after - home.clock.now())
        edit(home)
    home.clock.advance(begun + length - home.clock.now())
    living = Living(home)
    await living.live_for(HOUR)
    await home.run()
    return _undated(state_of(home.emulation))


def _undated(state: State) -> State:
    """Without the instant at which sales activated an order."""
    return {
        name: [{field: value for field, value in row.items() if field != "ActivatedDate"} for row in rows]
        for name, rows in state.items()
    }


async def _approved(living: Living) -> None:
    """People approve the orders that wait for them. Nothing is swept for it: the service must know by itself."""
    app = living.live.app
    view = await make_plan(app, "preparer", sweep_first=False)
    row = app.store.plan(app.connection.id, view.id)
    approve(app, row, view.plan, "approver")
    await drain(app)


async def agree(living: Living, peaceful: State) -> None:
    """Nothing lost, nothing twice, every hole closed with its proof, every alarm over, and the books tie out."""
    await _approved(living)
    difference = compare(_undated(state_of(living.home.emulation)), [peaceful])
    assert (difference.lost, difference.doubled) == ([], [])
    assert living.unserved == 0
    assert open_holes(living.live.app) == []
    assert all(hole.proof for hole in living.home.store.all_holes(living.connection))
    assert [alert.key for alert in alarms(living.live.app, living.now)] == []
    proof = await reconcile(living.live.app, MONTHS)
    assert proof.agrees, [row for report in proof.reports for row in report.rows if row.unexplained]


async def test_every_webhook_is_lost_for_a_week(tmp_path: Path) -> None:
    home = in_step(tmp_path)
    home.settings = msgspec.structs.replace(
        home.settings, cadence=msgspec.structs.replace(home.settings.cadence, sweep_minutes=60)
    )
    living = Living(home, home.process())
    story = over(7, gone_invoice)
    peaceful = await undisturbed(tmp_path / "peace", living.now, story, 7 * DAY)
    await living.live_for(7 * DAY + HOUR, *told(living.home, story))
    await agree(living, peaceful)


@pytest.mark.parametrize("days", [1, 31])
async def test_nobody_is_there(tmp_path: Path, days: int) -> None:
    """Nothing is heard meanwhile; beyond 30 days not even a deletion is told of any more."""
    living = Living(in_step(tmp_path))
    story = over(days, gone_invoice)
    peaceful = await undisturbed(tmp_path / "peace", living.now, story, days * DAY)
    begun = living.now
    for after, edit in story:
        living.home.clock.advance(begun + after - living.now)
        edit(living.home)
    living.home.clock.advance(begun + days * DAY - living.now)
    again = Living(living.home, living.home.process())
    await again.live_for(2 * HOUR)
    await agree(again, peaceful)
    causes = {hole.cause for hole in living.home.store.all_holes(living.connection)}
    assert (Cause.DELETIONS in causes) == (days > 30)


AWAY: list[dict[str, Any]] = [
    {"kind": "drop_before", "vendor": "quickbooks"},
    {"kind": "status", "status": 503, "vendor": "salesforce", "path": "/services/data/v"},
]


@pytest.mark.parametrize("fault", AWAY, ids=["quickbooks", "salesforce"])
async def test_one_vendor_is_away_for_a_day(tmp_path: Path, fault: dict[str, Any]) -> None:
    living = Living(in_step(tmp_path))
    story = over(1, gone_invoice)
    peaceful = await undisturbed(tmp_path / "peace", living.now, story, DAY)
    living.home.emulation.faults.add(Fault(**fault, count=FOR_GOOD))
    await living.live_for(DAY, *told(living.home, story))
    assert [alert.key for alert in alarms(living.live.app, living.now)], "it is said"
    living.home.emulation.faults.clear()
    await living.live_for(3 * HOUR)
    await agree(living, peaceful)


async def test_the_stream_is_down_for_four_days(tmp_path: Path) -> None:
    """Where it stood is older than the 72 hours for which events are kept."""
    async with streaming(tmp_path) as living:
        await living.well()
        story = over(4, gone_invoice)
        begun = living.now
        peaceful = await undisturbed(tmp_path / "peace", begun, story, 4 * DAY)
        await living.door.stop()
        await Living.live_for(living, 4 * DAY, *told(living.home, story))
        await living.door.start()
        await living.live_for(HOUR)
        assert living.stream.covered
        await agree(living, peaceful)


async def test_events_are_lost_in_the_middle_of_a_backfill(tmp_path: Path) -> None:
    """A change that names no record, and an overflow, while everything is being listed."""
    async with streaming(tmp_path) as living:
        await living.well()
        story = over(1 / 24, gone_invoice)
        edits = [edit for _, edit in story]
        peaceful = await undisturbed(tmp_path / "peace", living.now, story, HOUR)

        async def amiss(vendor: str, request: object) -> None:
            if edits:
                living.bus.trouble.plan("lose", "Account")
                living.bus.trouble.plan("overflow", "Order")
                edits.pop(0)(living.home)
                living.bus.trouble.gap_now("Account", ("001*",))

        living.home.network.before = amiss
        await backfill(living.live.app)
        living.home.network.before = None
        assert edits == []
        await living.until(living.holes)
        await living.live_for(HOUR)
        await agree(living, peaceful)


@pytest.mark.parametrize(("jump", "restarted"), [(3 * HOUR, False), (3 * HOUR, True), (-3 * HOUR, False)])
async def test_our_clock_was_wrong_for_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: timedelta, restarted: bool
) -> None:
    """What was noted by it is believed afterwards in no way that hides a change."""
    home = in_step(tmp_path)
    dated = Dated(home)
    living = Wrong(home, home.process(network=dated))
    story = over(1 / 96, gone_invoice)
    later = [(after + HOUR, edit) for after, edit in [*story[:2], (HOUR / 2, numbered(7))]]
    peaceful = await undisturbed(tmp_path / "peace", living.now + HOUR, story + later, 2 * HOUR)
    monkeypatch.setattr(SimClock, "now", lambda self: self.clock.now() + living.jump)
    await living.live_for(HOUR)
    living.jump = jump
    await living.live_for(HOUR, *told(living.home, story))
    living.jump = timedelta(0)
    if restarted:
        living.started(home.process(network=dated))
    await living.live_for(HOUR, *told(living.home, [(after - HOUR, edit) for after, edit in later]))
    await living.live_for(5 * HOUR)
    await agree(living, peaceful)


async def test_what_is_covered_never_lies_ahead_of_the_vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our clock jumps between two answers: how far the vendor's is from it was measured before."""
    home = in_step(tmp_path)
    living = Wrong(home, home.process(network=Dated(home)))
    monkeypatch.setattr(SimClock, "now", lambda self: self.clock.now() + living.jump)
    await living.live_for(HOUR)
    living.jump = HOUR / 2
    await living.live_for(HOUR / 60)
    stored = Position.parse(home.store.position(living.connection, "sweep:salesforce"))
    assert max(stored.since.values()) <= home.clock.now()


class Dated:
    """The network as it is at a socket: each answer says what time it is at the vendor."""

    def __init__(self, home: Installation) -> None:
        self._home = home

    async def send(self, request: Request) -> Response:
        answer = await self._home.network.send(request)
        date = format_datetime(self._home.clock.now().replace(microsecond=0), usegmt=True)
        return Response(answer.status, {"date": date, **answer.headers}, answer.body)


class Wrong(Living):
    """A process whose clock is not the vendors'."""

    jump = timedelta(0)

    @property
    def now(self) -> datetime:
        return super().now + self.jump
