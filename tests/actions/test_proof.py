"""Who proves to be a person: by password or token, and how often one may be wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.acting import os_user
from ml_connector.actions.credentials import Cost
from ml_connector.actions.people import add_person, end_person, set_password
from ml_connector.actions.proof import prove, prove_by_file
from ml_connector.model.errors import NotProved
from support.people import in_production, invited
from support.tables import put_back, rows_of
from support.world import Installation

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ml_connector.actions.credentials.COST", Cost(8, 1, 1))
        home = Installation(tmp_path_factory.mktemp("home"))
        home.app = in_production(home.app)
        set_password(home.app, invited(home.app, "ana", "admin", "approver"), PASSWORD)
    return home, rows_of(home.store)


@pytest.fixture
def home(_prepared: tuple[Installation, Any], monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setattr("ml_connector.actions.credentials.COST", Cost(8, 1, 1))
    home, rows = _prepared
    put_back(home.store, rows)
    return home


def _events(home: Installation, *actions: str) -> list[tuple[str, str, str]]:
    events = home.store.audit_events(home.app.connection.id)
    return [(event.actor, event.action, event.object) for event in events if event.action in actions]


def _wrong(home: Installation, name: str = "ana") -> str:
    """What is said to a wrong password."""
    with pytest.raises(NotProved) as info:
        prove(home.app, name, "wrong horse battery")
    return info.value.sentence


def test_the_password_proves_it(home: Installation) -> None:
    person = prove(home.app, "ana", PASSWORD)
    assert (person.name, person.roles, person.proved, person.uid) == ("ana", ("approver", "admin"), True, os_user().uid)
    assert _events(home, "refuse password", "password fits") == [], "who is right at once fills no log"


def test_a_wrong_one_is_an_event(home: Installation) -> None:
    assert _wrong(home) == "That does not prove to be ana."
    assert _events(home, "refuse password") == [(os_user().name, "refuse password", "person ana")]


def test_an_unknown_name_is_told_the_same(home: Installation) -> None:
    assert _wrong(home, "bob") == "That does not prove to be bob."
    assert _wrong(home, "no such name\n") == "That does not prove to be a person."
    assert _events(home, "refuse password") == [(os_user().name, "refuse password", "person ?")] * 2


def test_after_three_wrong_ones_each_waits_twice_as_long(home: Installation) -> None:
    waits = []
    for _ in range(14):
        if "looked at in" in (said := _wrong(home)):
            seconds = int(said.rpartition(" in ")[2].removesuffix(" s."))
            waits.append(seconds)
            home.clock.advance(timedelta(seconds=seconds))
            assert _wrong(home) == "That does not prove to be ana."
    assert waits[:9] == [2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert set(waits[9:]) == {900}, "and no longer than 15 minutes"
    with pytest.raises(NotProved, match="looked at in"):
        prove(home.app, "ana", PASSWORD)
    home.clock.advance(timedelta(minutes=15))
    prove(home.app, "ana", PASSWORD)
    assert _wrong(home) == "That does not prove to be ana.", "the right one has made up for them"


def test_what_waits_is_no_event_and_no_other_waits_for_it(home: Installation) -> None:
    bob = add_person(home.app, prove(home.app, "ana", PASSWORD), "bob", ["preparer"]).reveal()
    for _ in range(9):
        _wrong(home)
    assert len(_events(home, "refuse password")) == 3
    assert prove(home.app, "bob", bob).name == "bob"


def test_one_password_is_looked_at_at_a_time(home: Installation) -> None:
    """Many at once are no faster than one after the other."""
    now, turn = home.clock.now(), f"password {home.app.connection.id} ana"
    assert home.store.take_turn(turn, "another process", now + timedelta(seconds=30), now)
    with pytest.raises(NotProved, match="Another password"):
        prove(home.app, "ana", PASSWORD)
    home.clock.advance(timedelta(seconds=31))
    assert prove(home.app, "ana", PASSWORD).proved


def test_a_token_file_proves_whose_it_is(home: Installation, tmp_path: Path) -> None:
    file = tmp_path / "nightly"
    add_person(home.app, prove(home.app, "ana", PASSWORD), "nightly", ["preparer"], file)
    assert prove_by_file(home.app, file).name == prove_by_file(home.app, file, "nightly").name == "nightly"
    with pytest.raises(NotProved, match="does not prove to be ana"):
        prove_by_file(home.app, file, "ana")
    assert _events(home, "refuse") == [(os_user().name, "refuse", "person ana")]


def test_who_was_ended_proves_nothing(home: Installation) -> None:
    ana = prove(home.app, "ana", PASSWORD)
    bob = add_person(home.app, ana, "bob", ["preparer"]).reveal()
    end_person(home.app, ana, "bob")
    with pytest.raises(NotProved):
        prove(home.app, "bob", bob)
