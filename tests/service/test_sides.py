"""The health of a side: what an error says of it, who must do well before it is live again, and when it is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from ml_connector.model.errors import BadAnswer, ConnectorError, LimitReached, ReadRefused, SignInNeeded, Unreachable
from ml_connector.service.sides import DRAIN, PAUSES, Sides, state_after
from ml_connector.store import Store
from support.world import SimIds

from .test_jobs import Time

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
AWAY = Unreachable("It is away.", "Wait.")


class Desk:
    """The sides of a connection, and whom they have woken."""

    def __init__(self) -> None:
        self.time, self.woken = Time(), list[str]()
        self.store = Store.fresh()
        self.store.add_connection("acme", "1", "00D", "Acme", NOON)
        self.sides = self.another()

    def another(self) -> Sides:
        return Sides(
            self.store, "acme", self.time, SimIds(Random(1)), ("quickbooks", "salesforce"),
            wake=lambda name, _: self.woken.append(name),
        )  # fmt: skip

    def events(self) -> list[str]:
        return [event.action for event in self.store.audit_events("acme")]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (AWAY, "away"),
        (BadAnswer("It is cut off.", "Wait."), "away"),
        (LimitReached("Too many calls.", "Wait."), "limited"),
        (SignInNeeded("It is dead.", "Connect."), "dead"),
        (ReadRefused("One question is refused.", "Look."), "live"),
    ],
)
def test_what_an_error_says(error: ConnectorError, state: str) -> None:
    assert state_after(error) == state


def test_each_side_is_asked_at_its_own_times(desk: Desk) -> None:
    pauses = []
    for _ in range(8):
        desk.sides.failed("salesforce", AWAY)
        next_at = desk.sides.of("salesforce").next_at
        assert next_at is not None
        assert not desk.sides.may_ask("salesforce", desk.time.at)
        assert desk.sides.may_ask("quickbooks", desk.time.at)
        pauses.append(next_at - desk.time.at)
        desk.time.at = next_at
        assert desk.sides.may_ask("salesforce", desk.time.at)
    first, most = PAUSES["away"]
    bounds = [min(most, first * 2**number) for number in range(8)]
    assert all(bound / 2 <= pause <= bound for pause, bound in zip(pauses, bounds, strict=True))
    assert desk.events() == ["side away"], "it is one event, not one a try"


def test_where_the_drain_failed_a_sweep_alone_makes_it_not_live(desk: Desk) -> None:
    desk.sides.failed("salesforce", AWAY, by=DRAIN)
    assert not desk.sides.well_enough()
    desk.sides.well("salesforce")
    assert (desk.sides.of("salesforce").state, desk.sides.well_enough()) == ("away", True)
    assert DRAIN in desk.woken
    desk.sides.well("salesforce", by=DRAIN)
    assert desk.sides.of("salesforce").state == "live"
    assert desk.events() == ["side away", "side live"]


def test_a_pause_that_a_clock_ahead_has_named_is_not_believed(desk: Desk) -> None:
    desk.time.at += timedelta(days=20)
    desk.sides.failed("quickbooks", AWAY)
    desk.time.at = NOON
    assert desk.another().may_ask("quickbooks", NOON)


def test_what_another_process_has_put_on_record_is_heard(desk: Desk) -> None:
    desk.sides.failed("quickbooks", SignInNeeded("It is dead.", "Connect."))
    desk.woken.clear()
    desk.another().reconnected("quickbooks")
    desk.sides.heard()
    assert (desk.sides.of("quickbooks").state, desk.woken) == ("live", ["sweep quickbooks"])


def test_kinds_that_are_refused_leave_a_side_live(desk: Desk) -> None:
    refusal = ReadRefused("Orders are not listed.", "Give the right back.", kinds=("Order",))
    desk.sides.swept("salesforce", NOON, refusal)
    side = desk.another().of("salesforce")
    assert (side.state, list(side.refused), side.asked_at) == ("live", ["Order"], NOON)
    desk.sides.swept("salesforce", NOON)
    assert desk.sides.of("salesforce").refused == {}
    assert desk.events() == ["side refuses kinds", "side refuses kinds"]
