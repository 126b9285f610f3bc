"""People: invited, listed, ended; their passwords and tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.actions.acting import os_user, suggested_name
from ml_connector.actions.audit import audit_head, verify_audit
from ml_connector.actions.credentials import Cost
from ml_connector.actions.doctor import doctor
from ml_connector.actions.keys import rotate_keys
from ml_connector.actions.people import add_person, end_person, make_token, people, set_password
from ml_connector.actions.proof import prove
from ml_connector.app import App
from ml_connector.model.errors import NotProved, StateTampered, WrongUse
from ml_connector.model.people import NAME
from support.people import in_production, invited
from support.tables import put_back, rows_of
from support.world import Installation

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("home"))


@pytest.fixture
def app(_home: Installation, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setattr("ml_connector.actions.credentials.COST", Cost(8, 1, 1))
    for file in (_home.settings.home / "audit").glob("*"):
        file.unlink()
    empty = rows_of(_home.store) | {"person": [], "audit": [], "audit_head": [], "hold": []}
    put_back(_home.store, empty)
    return in_production(_home.app)


def _events(app: App) -> list[tuple[str, str, str]]:
    return [(event.actor, event.action, event.object) for event in app.store.audit_events(app.connection.id)]


def test_from_the_first_person_to_the_end_of_another(app: App) -> None:
    ana = invited(app, "ana", "admin")
    bob = invited(app, "bob", "approver", by=ana)
    set_password(app, bob, PASSWORD)
    make_token(app, prove(app, "bob", PASSWORD), "bob")
    end_person(app, ana, "bob")
    assert _events(app) == [
        (os_user().name, "add person", "person ana"),
        ("ana", "add person", "person bob"),
        ("bob", "set password", "person bob"),
        ("bob", "make token", "person bob"),
        ("ana", "end person", "person bob"),
    ]
    details = [event.detail for event in app.store.audit_events(app.connection.id)]
    assert {detail["uid"] for detail in details} == {os_user().uid}
    assert details[1]["roles"] == "approver"
    shown = [(view.name, view.roles, view.invited_by, view.password, view.token, view.ended_at) for view in people(app)]
    now = app.world.clock.now()
    assert shown == [
        ("ana", ("admin",), os_user().name, False, True, None),
        ("bob", ("approver",), "ana", False, False, now),
    ]


def test_an_invitation_lets_in_once(app: App) -> None:
    token = add_person(app, os_user(), "ana", ["admin"]).reveal()
    set_password(app, prove(app, "ana", token), PASSWORD)
    assert prove(app, "ana", PASSWORD).proved
    with pytest.raises(NotProved):
        prove(app, "ana", token)


def test_who_gets_a_token_from_another_notices(app: App) -> None:
    ana = invited(app, "ana", "admin")
    set_password(app, invited(app, "bob", "approver", by=ana), PASSWORD)
    own = make_token(app, prove(app, "bob", PASSWORD), "bob").reveal()
    assert prove(app, "bob", PASSWORD) == prove(app, "bob", own)
    given = make_token(app, ana, "bob").reveal()
    for secret in (PASSWORD, own):
        with pytest.raises(NotProved):
            prove(app, "bob", secret)
    assert prove(app, "bob", given).proved


@pytest.mark.parametrize("name", ["", "Ana", "os:ana", "a b", "auto_approve_limit", "ml-connector", "\u0430na"])
def test_a_name_that_could_be_taken_for_another_is_refused(name: str, app: App) -> None:
    with pytest.raises(WrongUse, match="A name is made of"):
        add_person(app, os_user(), name, ["admin"])


@pytest.mark.parametrize("roles", [[], ["boss"], ["admin", "boss"]])
def test_a_role_that_there_is_not_is_refused(roles: list[str], app: App) -> None:
    with pytest.raises(WrongUse, match="one role or more"):
        add_person(app, os_user(), "ana", roles)


def test_the_first_person_is_an_administrator(app: App) -> None:
    with pytest.raises(WrongUse, match="must be an administrator") as info:
        add_person(app, os_user(), "ana", ["approver"])
    assert info.value.remedy == f"Add one first:  ml-connector people add {suggested_name()} --role admin"
    assert NAME.fullmatch(suggested_name())


def test_a_name_belongs_to_one_person_for_ever(app: App) -> None:
    ana = invited(app, "ana", "admin")
    invited(app, "bob", "approver", by=ana)
    end_person(app, ana, "bob")
    for name in ("bob", "ana"):
        with pytest.raises(WrongUse, match=f"There is a person {name} already"):
            add_person(app, ana, name, ["preparer"])


async def test_the_doctor_says_which_role_nobody_has(app: App) -> None:
    async def told(app: App) -> list[tuple[str, str]]:
        findings = [finding for finding in await doctor(app, fit=False) if finding.subject == "People"]
        return [(finding.level, finding.remedy) for finding in findings]

    assert await told(app) == [("warn", f"Add somebody:  ml-connector people add {suggested_name()} --role admin")]
    ana = invited(app, "ana", "admin", "preparer")
    assert await told(app) == [("warn", "Add somebody:  ml-connector people add NAME --role approver")]
    invited(app, "ben", "approver", by=ana)
    assert await told(app) == [("ok", "")]


def test_the_last_administrator_stays(app: App) -> None:
    ana = invited(app, "ana", "admin")
    bob = invited(app, "bob", "admin", by=ana)
    end_person(app, ana, "bob")
    with pytest.raises(WrongUse, match="ana is the last administrator"):
        end_person(app, ana, "ana")
    for name in ("bob", "eve"):
        with pytest.raises(WrongUse, match="There is no such person"):
            end_person(app, ana, name)
    assert bob.proved


def test_nobody_chooses_a_password_unproved(app: App) -> None:
    with pytest.raises(NotProved, match="Nobody is known here yet"):
        set_password(app, os_user(), PASSWORD)


def test_a_token_whose_file_cannot_be_made_changes_nothing(app: App, tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    with pytest.raises(WrongUse, match="already there"):
        add_person(app, os_user(), "ana", ["admin"], tmp_path / "there")
    assert people(app) == []


def test_people_outlive_a_rotation_of_keys(app: App) -> None:
    ana = invited(app, "ana", "admin")
    set_password(app, ana, PASSWORD)
    rotate_keys(app, ana)
    assert prove(app, "ana", PASSWORD) == ana
    verify_audit(app)


def test_after_a_restore_people_are_those_of_the_backup(app: App) -> None:
    ana = add_person(app, os_user(), "ana", ["admin"]).reveal()
    bob = add_person(app, prove(app, "ana", ana), "bob", ["approver"]).reveal()
    before, head = rows_of(app.store), audit_head(app)
    end_person(app, prove(app, "ana", ana), "bob")
    put_back(app.store, before)
    with pytest.raises(StateTampered):
        prove(app, "bob", bob)
    with pytest.raises(NotProved):
        verify_audit(app, head, restored=True, actor=os_user())
    verify_audit(app, head, restored=True, actor=prove(app, "ana", ana))
    assert prove(app, "bob", bob).name == "bob", "an administrator ends him again"
