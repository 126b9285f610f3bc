"""One user of the machine plays two people: nothing is posted that two proved people did not want.

The situation: a company in production with three people, and a plan with entries that the preparer made.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, insert, update

from ml_connector.actions.acting import os_user
from ml_connector.actions.apply import apply
from ml_connector.actions.keys import rotate_keys
from ml_connector.actions.people import add_person, end_person, people
from ml_connector.actions.plan import make_plan
from ml_connector.actions.proof import prove
from ml_connector.actions.status import current_status
from ml_connector.actions.tampered import accept_row, tampered_rows
from ml_connector.app import App
from ml_connector.custody import HEADS
from ml_connector.model.errors import ConnectorError, NotProved, StateTampered, WrongUse
from ml_connector.model.people import Person
from ml_connector.store import schema
from ml_connector.store.marks import MARK, MARKED
from ml_connector.store.people import memory_of
from support.people import in_production
from support.tables import put_back, rows_of
from support.world import Installation

PEOPLE = {"ada": ("admin",), "pia": ("preparer",), "ben": ("approver",)}
table = schema.person


class Company:
    """Three people with their tokens, and a plan of pia."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Installation(folder)
        self.app = in_production(self.home.app)
        self.tokens: dict[str, str] = {}
        self.plan = self.made = ""

    async def prepare(self) -> None:
        by: Person = os_user()
        for name, roles in PEOPLE.items():
            self.tokens[name] = add_person(self.app, by, name, roles).reveal()
            by = self.as_("ada")
        self.plan = self.made = (await make_plan(self.app, self.as_("pia"))).id
        self.rows = rows_of(self.home.store)
        self.files = {file: file.read_bytes() for file in self._kept()}
        self.vendors = self.home.emulation.snapshot()

    def put_back(self) -> None:
        self.plan = self.made
        put_back(self.home.store, self.rows)
        for file in self._kept():
            file.unlink()
        for file, content in self.files.items():
            file.write_bytes(content)
            file.chmod(0o600)
        self.home.emulation.restore(self.vendors)

    def _kept(self) -> list[Path]:
        """What the home keeps: keys and heads."""
        return [file for name in (HEADS, "keys") for file in (self.folder / name).iterdir()]

    def as_(self, name: str) -> Person:
        return prove(self.app, name, self.tokens[name])

    @property
    def connection(self) -> str:
        return self.app.connection.id

    def write(self, *statements: Any) -> None:
        """Write the database, without the key."""
        with self.home.store.begin() as tx:
            for statement in statements:
                tx.execute(statement)

    def row(self, name: str) -> dict[str, Any]:
        return next(row for row in rows_of(self.home.store)["person"] if row["name"] == name)

    def posted(self) -> int:
        return len(self.home.state("quickbooks", "JournalEntry"))

    async def apply_as(self, name: str) -> None:
        await apply(self.app, self.plan, self.as_(name))

    def refusals(self) -> list[tuple[str, str, int]]:
        events = self.home.store.audit_events(self.connection)
        return [(event.actor, event.object, event.detail["uid"]) for event in events if event.action == "refuse"]


@pytest.fixture(scope="module")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> Company:
    company = Company(tmp_path_factory.mktemp("home"))
    asyncio.run(company.prepare())
    return company


@pytest.fixture
def company(_prepared: Company) -> Company:
    _prepared.put_back()
    return _prepared


async def test_two_proved_people_post(company: Company) -> None:
    await company.apply_as("ben")
    assert company.posted() > 0
    events = company.home.store.audit_events(company.connection)
    approved = {(event.actor, event.detail["uid"]) for event in events if event.action == "approve"}
    assert approved == {("ben", os.getuid())}, "the user of the machine stands beside"


@pytest.mark.parametrize("name", ["LOGNAME", "USER", "LNAME", "USERNAME"])
async def test_a_variable_makes_nobody_another_person(
    name: str, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os_user()
    monkeypatch.setenv(name, "ben")
    assert os_user() == before
    with pytest.raises(NotProved, match="has not proved to be one"):
        await apply(company.app, company.plan, os_user())
    assert company.refusals()[-1] == (before.name, "apply", os.getuid())
    assert company.posted() == 0


async def test_a_part_of_the_program_is_no_person(company: Company) -> None:
    """Whatever it calls itself."""
    with pytest.raises(NotProved):
        await apply(company.app, company.plan, "ben")
    assert company.posted() == 0


async def test_settings_that_say_rehearsal_do_not_let_one_decide_alone(company: Company) -> None:
    """A setting, or a variable: what is approved or who is added in it would count in production afterwards."""
    rehearsed = company.home.app
    for act in (_acts(rehearsed, os_user()), _acts(rehearsed, company.as_("pia"))):
        for refused in act:
            with pytest.raises(NotProved):
                refused()
    with pytest.raises(NotProved):
        await apply(rehearsed, company.plan, os_user())
    with pytest.raises(WrongUse, match="pia made plan"):
        await apply(rehearsed, company.plan, msgspec.structs.replace(company.as_("pia"), roles=("approver",)))
    assert company.posted() == 0


async def test_nor_before_anybody_is_known(company: Company) -> None:
    """The log has where the company was signed in."""
    rehearsed = company.home.app
    company.write(delete(table), delete(schema.audit), delete(schema.audit_head))
    now, detail = company.home.clock.now(), {"environment": "production"}
    company.home.store.audit(company.connection, os_user(), "sign in", "quickbooks", detail, now)
    with pytest.raises(NotProved):
        await apply(rehearsed, company.plan, os_user())
    assert company.posted() == 0


@pytest.mark.parametrize("maker", [os_user(), "pia "], ids=["user of the machine", "some text"])
async def test_a_plan_that_nobody_proved_to_have_made_has_no_second_person(maker: Any, company: Company) -> None:
    company.plan = (await make_plan(company.app, maker, sweep_first=False)).id
    with pytest.raises(WrongUse, match="no second person can be told"):
        await company.apply_as("ben")
    assert company.posted() == 0


async def test_a_plan_from_before_its_maker_was_known_has_no_second_person(company: Company) -> None:
    """As one that an older version made in the name of LOGNAME."""
    company.plan = (await make_plan(company.app, "zoe", sweep_first=False)).id
    company.home.clock.advance(timedelta(minutes=1))
    add_person(company.app, company.as_("ada"), "zoe", ["preparer"])
    with pytest.raises(WrongUse, match="no second person can be told"):
        await company.apply_as("ben")
    assert company.posted() == 0


async def test_one_who_may_do_both_still_needs_another(company: Company) -> None:
    company.tokens["zoe"] = add_person(company.app, company.as_("ada"), "zoe", ["preparer", "approver"]).reveal()
    company.plan = (await make_plan(company.app, company.as_("zoe"), sweep_first=False)).id
    with pytest.raises(WrongUse, match="zoe made plan"):
        await company.apply_as("zoe")
    assert company.posted() == 0
    await company.apply_as("ben")
    assert company.posted() > 0


@pytest.mark.parametrize("name", ["ada", "pia"])
async def test_only_an_approver_approves(name: str, company: Company) -> None:
    with pytest.raises(NotProved, match="needs the role approver"):
        await company.apply_as(name)
    assert company.posted() == 0


OTHER = {"roles": "admin preparer approver", "since": 1, "ended_at": 1, MARK: b"x"}


@pytest.mark.parametrize("column", [name for name in (*MARKED[table], MARK) if name not in ("connection", "name")])
async def test_a_person_whose_row_was_edited_is_nobody(column: str, company: Company) -> None:
    values = {column: OTHER.get(column, "0" * 64)}
    company.write(update(table).where(table.c.name == "ben").values(values))
    with pytest.raises(StateTampered, match="person ben"):
        await company.apply_as("ben")
    assert company.refusals()[-1][1] == "person ben"
    assert current_status(company.app).tampered == ["person ben"]
    assert company.posted() == 0
    assert [view.name for view in people(company.app) if not view.proved] == ["ben"]
    company.write(update(table).where(table.c.name == "ben").values(_row_of(company.rows, "ben")))
    assert tampered_rows(company.app) == ["person ben"], "until a run has looked again"
    await company.apply_as("ben")
    assert company.posted() > 0, "nothing legitimate is lost"


def _row_of(rows: Any, name: str) -> dict[str, Any]:
    return next(row for row in rows["person"] if row["name"] == name)


async def test_two_people_whose_hashes_change_places_are_nobody(company: Company) -> None:
    """Pia would act as ben by her own token."""
    pia, ben = company.row("pia"), company.row("ben")
    for row, other in ((pia, ben), (ben, pia)):
        swapped = {name: other[name] for name in ("password", "token", MARK)}
        company.write(update(table).where(table.c.name == row["name"]).values(swapped))
    for token in (company.tokens["pia"], "ben:" + company.tokens["pia"].partition(":")[2], company.tokens["ben"]):
        with pytest.raises(StateTampered):
            prove(company.app, "ben", token)
    assert tampered_rows(company.app) == ["person ben", "person pia"]


@pytest.mark.parametrize("spelled", ["pia", "ben"])
def test_the_token_of_another_proves_nothing(spelled: str, company: Company) -> None:
    token = f"{spelled}:" + company.tokens["pia"].partition(":")[2]
    with pytest.raises(NotProved, match="does not prove to be ben"):
        prove(company.app, "ben", token)
    assert company.refusals()[-1][1] == "person ben"


def test_a_person_who_was_ended_is_put_back(company: Company) -> None:
    """With the mark of then: the log knows that the person was ended since."""
    before = company.row("ben")
    end_person(company.app, company.as_("ada"), "ben")
    with pytest.raises(NotProved):
        company.as_("ben")
    company.write(delete(table).where(table.c.name == "ben"), insert(table).values(before))
    with pytest.raises(StateTampered, match="person ben"):
        company.as_("ben")
    assert tampered_rows(company.app) == ["person ben"]
    accept_row(company.app, "person ben", company.as_("ada"))
    assert company.as_("ben").roles == ("approver",), "an administrator answers for it"


@pytest.mark.parametrize("rotated", [False, True])
def test_and_the_event_of_it_is_taken_from_the_log(rotated: bool, company: Company) -> None:
    """The home remembers which was the newest."""
    before = company.row("ben")
    end_person(company.app, company.as_("ada"), "ben")
    if rotated:
        rotate_keys(company.app, company.as_("ada"))
        before = {**company.row("ben"), **{name: before[name] for name in ("token", "ended_at")}}
    company.write(
        delete(schema.audit).where(schema.audit.c.action == "end person"),
        delete(table).where(table.c.name == "ben"),
        insert(table).values(before),
    )
    with pytest.raises(StateTampered, match="person ben"):
        company.as_("ben")


def test_what_the_home_remembers_was_damaged(company: Company) -> None:
    keeper = company.home.store.keeper
    assert keeper is not None
    for name in ("ben", "ada"):
        keeper.keep(memory_of(company.connection, name), b"x" * 100)
    with pytest.raises(StateTampered, match="person ben"):
        company.as_("ben")
    with pytest.raises(StateTampered, match="person ada"):
        company.as_("ada")
    for file in company.folder.glob(f"{HEADS}/*"):
        file.unlink()
    keeper.keep(memory_of(company.connection, "ben"), b"x" * 100)
    accept_row(company.app, "person ben", company.as_("ada"))
    assert company.as_("ben").proved


@pytest.mark.parametrize("mark", [None, "ben"], ids=["without a mark", "with another's"])
def test_a_person_who_was_inserted_is_nobody(mark: str | None, company: Company) -> None:
    row = {**company.row("ben"), "name": "eve", MARK: company.row(mark)[MARK] if mark else b""}
    company.write(insert(table).values(row))
    with pytest.raises(StateTampered, match="person eve"):
        prove(company.app, "eve", "eve:" + company.tokens["ben"].partition(":")[2])
    assert tampered_rows(company.app) == ["person eve"]


def test_the_first_person_is_added_once(company: Company) -> None:
    """Also when all rows are gone: whoever holds the home is not asked again who may act."""
    company.write(delete(table))
    for name in ("eve", "ben"):
        with pytest.raises(NotProved):
            add_person(company.app, os_user(), name, ["admin", "approver"])
    with pytest.raises(NotProved):
        company.as_("ben")


def _acts(app: App, actor: Person) -> list[Any]:
    return [
        lambda: add_person(app, actor, "eve", ["approver"]),
        lambda: end_person(app, actor, "ben"),
        lambda: rotate_keys(app, actor),
        lambda: accept_row(app, "person ben", actor),
    ]


@pytest.mark.parametrize("name", ["", "pia", "ben"])
def test_only_an_administrator_says_who_may_act(name: str, company: Company) -> None:
    actor = company.as_(name) if name else os_user()
    for act in _acts(company.app, actor):
        with pytest.raises(NotProved):
            act()
    assert len(company.refusals()) == 4
    assert {row["name"] for row in rows_of(company.home.store)["person"]} == PEOPLE.keys()


def test_each_error_says_what_to_do(company: Company) -> None:
    with pytest.raises(ConnectorError) as info:
        add_person(company.app, os_user(), "eve", ["approver"])
    assert "--token-file" in info.value.remedy
