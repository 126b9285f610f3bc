"""Alarms reach people: once each, later where the way was blocked, and with nothing secret in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from ml_connector.actions.alerts import add_address
from ml_connector.model.alerts import Alert, AlertKind
from ml_connector.service.alerts import by_apprise, deliver
from ml_emulators.kit.faults import Fault
from support.in_step import in_step
from support.live import Living
from support.world import Installation

ADDRESS = "json://reader:hunter2@127.0.0.1:9/hook"
HOLE = Alert(AlertKind.HOLE, "3", "A hole stays open.", "status")


class Post:
    """Brings messages, or not."""

    def __init__(self) -> None:
        self.blocked = False
        self.brought: list[tuple[str, str]] = []

    async def __call__(self, addresses: Sequence[str], title: str, body: str) -> bool:
        assert addresses == (ADDRESS,)
        if not self.blocked:
            self.brought.append((title, body))
        return not self.blocked


def note(home: Installation, *alerts: Alert) -> None:
    home.store.note_alerts(home.app.connection.id, alerts, home.clock.now())


async def test_once_and_later_where_the_way_was_blocked(tmp_path: Path) -> None:
    home, post = in_step(tmp_path), Post()
    add_address(home.app, "ana", ADDRESS)
    note(home, HOLE)
    post.blocked = True
    assert await deliver(home.app, post) == 0
    post.blocked = False
    assert [await deliver(home.app, post), await deliver(home.app, post)] == [1, 0]
    note(home)
    assert await deliver(home.app, post) == 1
    titles = [title.partition(": ")[2] for title, _ in post.brought]
    assert titles == ["alarm (hole 3)", "over (hole 3)"]


async def test_without_an_address_the_log_has_it(tmp_path: Path) -> None:
    home, post = in_step(tmp_path), Post()
    note(home, HOLE)
    assert [await deliver(home.app, post), await deliver(home.app, post)] == [1, 0]
    assert post.brought == []


async def test_what_cannot_be_sent_is_said_and_no_fault() -> None:
    assert not await by_apprise(["nothing://here"], "title", "body")
    assert not await by_apprise(["json://127.0.0.1:9/closed"], "title", "body")


async def test_a_dead_connection_is_an_alarm_until_it_is_back(tmp_path: Path) -> None:
    living = Living(in_step(tmp_path))
    await living.live_for(timedelta(minutes=10))
    fault = Fault(kind="drop_before", vendor="salesforce", path="/services/")
    living.home.emulation.faults.add(fault)
    await living.live_for(timedelta(hours=2))
    connection = living.home.app.connection.id
    assert [row.key for row in living.home.store.alerts(connection)] == ["side salesforce"]
    living.home.emulation.faults.clear()
    await living.live_for(timedelta(hours=1))
    assert living.home.store.alerts(connection) == []
    events = [event.action for event in living.home.store.audit_events(connection) if event.object == "side salesforce"]
    assert events == ["alarm", "alarm over"], "once each"
