"""A plan is applied once, as it was made, by another person than the one who made it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from ml_connector.actions.apply import apply, four_eyes
from ml_connector.actions.plan import make_plan, plan_named, plans
from ml_connector.app import App
from ml_connector.model.errors import WrongUse
from ml_connector.store import schema
from support.world import Installation


def _production(app: App) -> App:
    assert app.settings.quickbooks is not None
    quickbooks = msgspec.structs.replace(app.settings.quickbooks, environment="production")
    return msgspec.structs.replace(app, settings=msgspec.structs.replace(app.settings, quickbooks=quickbooks))


async def test_a_plan_is_applied_once(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    view = await make_plan(home.app, "mia")
    assert (await apply(home.app, view.id, "ana")).created["order_to_journal journal"] == len(view.plan.postings()) == 3
    assert [plan.state for plan in plans(home.app)] == ["applied"]
    with pytest.raises(WrongUse, match=r"was applied already, by ana\."):
        await apply(home.app, view.id, "ana")


async def test_in_production_another_person_applies_it(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    app = _production(home.app)
    view = await make_plan(app, "mia")
    with pytest.raises(WrongUse, match="mia made plan"):
        await apply(app, view.id, "mia")
    assert home.state("quickbooks", "JournalEntry") == []
    await apply(app, view.id, "ana")
    assert len(home.state("quickbooks", "JournalEntry")) == 3
    assert (four_eyes(app), four_eyes(home.app)) == (True, False)


async def test_a_plan_that_was_altered_is_not_applied(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    view = await make_plan(home.app, "mia")
    content = msgspec.json.encode(msgspec.structs.replace(view.plan, writes=view.plan.writes[1:])).decode()
    with home.store.begin() as tx:
        tx.execute(update(schema.plan).values(content=content))
    with pytest.raises(WrongUse, match="was altered after it was made"):
        await apply(home.app, view.id, "ana")


async def test_a_plan_is_found_by_its_number(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    view = await make_plan(home.app, "mia")
    assert plan_named(home.app, view.id) == view
    with pytest.raises(WrongUse, match=r"There is no such plan\."):
        plan_named(home.app, "2026-11-20-99")
