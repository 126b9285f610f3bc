"""A template is signed off with accounts that are there and of the right type (accounting-rules A.2, A.4)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ml_connector.actions.sign_off import SignOff, sign_off
from ml_connector.model.errors import WrongUse
from ml_connector.settings import load, write_settings
from support.world import Installation, account_ids

CHOICE = SignOff(template="T1", start_date=date(2026, 11, 1), unbilled="1250", deferred="2450")


@pytest.fixture
def home(tmp_path: Path) -> Installation:
    home = Installation(tmp_path)
    write_settings(tmp_path, {})
    return home


async def test_it_is_written_with_who_signed_and_from_when(home: Installation) -> None:
    template = await sign_off(home.app, CHOICE, "ana")
    ids = account_ids(home.emulation)
    assert (template.unbilled, template.deferred_default, template.signed_off_by) == (ids["1250"], ids["2450"], "ana")
    rules = load(home.settings.home, {}).rules
    assert (rules.template, rules.start_date) == (template, date(2026, 11, 1))
    (version,) = home.store.rules_versions(home.app.connection.id)
    assert (version.actor, '"start_date":"2026-11-01"' in version.content) == ("ana", True), (
        "kept in the name of who signed"
    )


@pytest.mark.parametrize(
    ("unbilled", "sentence"),
    [("", "QuickBooks has no account ''"), ("9999", "QuickBooks has no account '9999'"), ("4000", "is of type Income")],
)
async def test_an_account_that_does_not_fit_is_refused(home: Installation, unbilled: str, sentence: str) -> None:
    choice = SignOff(template="T1", start_date=CHOICE.start_date, unbilled=unbilled, deferred="2450")
    with pytest.raises(WrongUse, match=sentence):
        await sign_off(home.app, choice, "ana")
    assert load(home.settings.home, {}).rules.template is None
