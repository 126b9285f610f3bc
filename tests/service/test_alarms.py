"""What is an alarm, and what is not yet or not any more, from the records of a connection in agreement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from ml_connector.custody import SealedTokens
from ml_connector.model.continuity import Cause, Claim, Span
from ml_connector.model.refs import Ref
from ml_connector.service.alarms import STREAM, alarms, forecast
from ml_connector.settings import Alerts
from ml_connector.store import schema
from ml_connector.store.database import ms
from ml_connector.store.rows import SideRow
from ml_connector.systems.salesforce.pubsub.position import Position
from support.in_step import in_step
from support.world import Installation

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Installation:
    return in_step(tmp_path)


def raised(home: Installation) -> dict[str, str]:
    """The keys of the alarms, with the command of each."""
    return {alert.key: alert.command for alert in alarms(home.app, home.clock.now())}


def side(home: Installation, **how: object) -> None:
    row = msgspec.convert({"system": "quickbooks", "since": home.clock.now(), **how}, SideRow)
    home.store.put_side(home.app.connection.id, row, home.clock.now(), None)


def test_all_is_well(home: Installation) -> None:
    assert raised(home) == {}


def test_a_dead_sign_in_is_an_alarm_at_once_and_an_absence_after_an_hour(home: Installation) -> None:
    side(home, state="dead", sentence="The refresh token was refused.")
    assert raised(home) == {"sign-in quickbooks": "connect quickbooks"}
    side(home, state="away", sentence="No answer.")
    assert raised(home) == {}
    home.clock.advance(HOUR)
    assert raised(home) == {"side quickbooks": "status"}
    side(home, state="live", refused={"Invoice": "hidden"})
    assert raised(home) == {"side quickbooks refused": "doctor"}


def test_webhooks_that_name_nothing_until_one_does(home: Installation) -> None:
    home.store.add_arrivals([], {"deliveries": 1, "empty": 1}, home.clock.now())
    assert raised(home) == {"webhooks empty": "doctor"}
    home.clock.advance(HOUR / 60)
    home.store.add_arrivals([], {"deliveries": 1, "unknown company": 1}, home.clock.now())
    assert raised(home) == {"webhooks empty": "doctor"}
    home.store.add_arrivals([], {"deliveries": 1, "knocks": 1}, home.clock.now())
    assert raised(home) == {}


def test_a_sign_in_that_ends_is_told_of_in_time(home: Installation) -> None:
    custody = home.custody("quickbooks")
    sealed = SealedTokens(custody, home.settings.both()[0].realm_id)
    tokens = sealed.load()
    assert tokens is not None
    ends = home.clock.now() + 80 * DAY
    sealed.store(msgspec.structs.replace(tokens, hard_expires_at=ends, refresh_expires_at=ends))
    assert raised(home) == {"sign-in quickbooks ends: connect quickbooks": "connect quickbooks"}


def test_a_hole_that_stays_open(home: Installation) -> None:
    now, connection = home.clock.now(), home.app.connection.id
    home.store.open_hole(connection, "quickbooks", ["Invoice", "Customer"], Span(now - DAY, now), Cause.DELETIONS, now)
    assert raised(home) == {}
    home.clock.advance(6 * HOUR)
    (alert,) = [alert for alert in alarms(home.app, home.clock.now()) if alert.key == "hole 1"]
    assert alert.sentence == (
        "A hole in what we know of QuickBooks stays open (Customer, Invoice, from 2026-11-19 18:00 PST): deletions may "
        "be missing: the feed does not reach back that far."
    )


def test_a_side_that_answers_and_is_not_read(home: Installation) -> None:
    now, connection = home.clock.now(), home.app.connection.id
    claim = Claim(source="quickbooks", since={"Invoice": now - HOUR, "Customer": now - HOUR}, upto=now, way="sweep")
    home.store.claim(connection, claim, now)
    home.clock.advance(2 * HOUR)
    quiet = {key for key in raised(home) if key.startswith("silence quickbooks")}
    home.clock.advance(timedelta(minutes=30))
    assert "silence quickbooks" in raised(home)
    assert quiet <= {"silence quickbooks"}
    side(home, state="away")
    assert "silence quickbooks" not in raised(home), "that it is away is told of already"


def test_a_source_that_is_quieter_than_usual(home: Installation) -> None:
    connection, ref = home.app.connection.id, Ref("quickbooks", "Invoice", "1")
    begun = home.clock.now()
    for hour in range(24 * 35):
        if hour % 24 < 10:
            home.store.intake(connection, [], "hooks:quickbooks", begun + hour * HOUR, changed=[ref] * 8)
    home.clock.advance(35 * DAY)
    assert "quiet quickbooks" not in raised(home)
    home.clock.advance(6 * HOUR)
    claim = Claim(source="quickbooks", since={"Invoice": begun}, upto=home.clock.now(), way="sweep")
    with home.store.begin() as tx:
        tx.exec_driver_sql("DELETE FROM coverage")
    home.store.claim(connection, claim, home.clock.now())
    assert raised(home)["quiet quickbooks"] == "doctor"


def test_old_holds_and_late_writes(home: Installation) -> None:
    home.app = msgspec.structs.replace(
        home.app, settings=msgspec.structs.replace(home.settings, alerts=Alerts(hold_days=1, silence_minutes=10080))
    )
    old, young = ms(home.clock.now()), ms(home.clock.now() + HOUR)
    row = {"connection": home.app.connection.id, "flow": "order_to_journal", "code": "H-TAX"}
    with home.store.begin() as tx:
        for number, since in enumerate((old, old, young)):
            tx.execute(schema.hold.insert(), row | {"ref": f"salesforce:Order:{number}", "since": since})
    home.clock.advance(DAY)
    (alert,) = [alert for alert in alarms(home.app, home.clock.now()) if alert.kind == "hold"]
    assert (alert.sentence, alert.command) == ("2 records are held for more than a day (H-TAX).", "holds H-TAX")
    with home.store.begin() as tx:
        tx.execute(schema.write.update().values(state="open", first_at=old))
    assert raised(home)["write late"].startswith("explain ")


@pytest.mark.parametrize(
    ("booked", "now", "expected"),
    [
        ({"2026-11 read": 100_000, "2026-10 read": 9}, "2026-11-11T00:00", 300_000),
        ({"2026-11 read": 100_000}, "2026-11-02T00:00", 100_000),
        ({"2026-11 read": 100_000}, "2026-12-11T00:00", 0),
        ({"2026-02 read": 14_000, "2026-02 write": 99_999}, "2026-02-15T00:00", 28_000),
    ],
)
def test_reads_of_the_month_as_they_will_be(booked: dict[str, int], now: str, expected: int) -> None:
    assert forecast(booked, datetime.fromisoformat(now).replace(tzinfo=UTC)) == expected


def test_both_budgets(home: Installation) -> None:
    settings = msgspec.structs.replace(home.settings, alerts=Alerts(quickbooks_reads=1000))
    home.app = msgspec.structs.replace(home.app, settings=settings)
    with home.store.begin() as tx:
        tx.exec_driver_sql("""UPDATE pace SET booked = '{"2026-11 read": 700}' WHERE name LIKE 'quickbooks:%'""")
    home.app.salesforce.usage.note("api-usage=80001/100000", home.clock.now())
    assert raised(home) == {"budget quickbooks": "status", "budget salesforce": "status"}
    home.app.salesforce.usage.note("api-usage=80000/100000", home.clock.now())
    assert raised(home).keys() == {"budget quickbooks"}


def test_events_that_the_stream_has_taken(home: Installation) -> None:
    now, connection = home.clock.now(), home.app.connection.id
    for taken, keys in ((16_000, set()), (16_001, {"budget events"})):
        position = Position("00D", "/data/ChangeEvents", "00").took(taken, now).text()
        home.store.intake(connection, [], STREAM, now, position=position, covered_to=now)
        assert raised(home).keys() == keys
