"""What a tie-out reads with: months, tables read once, answers that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from ml_connector.model.errors import BadAnswer, WrongUse
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.tieout.reading import Links, Reading, answers_of, first_day, months_between, sound, span
from support.stores import fresh
from support.world import Installation


def test_months() -> None:
    assert months_between(date(2026, 11, 30), date(2027, 1, 1)) == ["2026-11", "2026-12", "2027-01"]
    assert months_between(date(2026, 11, 1), date(2026, 11, 30)) == ["2026-11"]
    assert span(["2026-12", "2026-11"]) == ("2026-11-01", "2027-01-01")


@pytest.mark.parametrize("text", ["2026-13", "November", "2026", ""])
def test_no_month(text: str) -> None:
    with pytest.raises(WrongUse):
        first_day(text)


async def test_what_cannot_be_read_spoils_no_other() -> None:
    async def ask(names: Sequence[str]) -> dict[str, int]:
        if "bad" in names:
            raise BadAnswer("It cannot be read.", "Look at it.")
        return {name: len(name) for name in names}

    answers = await answers_of(ask, ["a", "bad", "bcd", "a"])
    assert (answers["a"], sound(answers["bcd"])) == (1, 3)
    with pytest.raises(BadAnswer):
        sound(answers["bad"])
    assert await answers_of(ask, []) == {}


def test_links_are_those_of_the_connection() -> None:
    store = fresh()
    links = Links(store, "mine")
    order = Ref("salesforce", "Posting", "801:O:01")
    assert links.all_of(Role.JOURNAL) == []
    assert links.by_ref(Role.JOURNAL, [order, order]) == {order: []}
    assert links.by_ref(Role.JOURNAL, []) == {}
    store.close()


async def test_a_table_is_read_once(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    app = home.app
    reading = Reading(
        app.quickbooks, app.salesforce, Links(app.store, app.connection.id), app.rules, app.world.clock.now()
    )
    first = await reading.table("accounts")
    assert await reading.table("accounts") is first
    assert "USD" in await reading.table("currencies", reading.salesforce)
    assert reading.today == app.connection.today(app.world.clock.now())
