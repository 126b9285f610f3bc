"""Marks on records that are done, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.actions.explain import reason_sentence
from ml_connector.actions.flags import flag_sentence, flags
from ml_connector.model.flags import Flag
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Task, Verdict, Waiting
from support.world import Installation


def test_a_mark_is_listed_with_its_sentence(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    now, connection = home.clock.now(), home.app.connection.id
    token = home.store.take_lease(connection, "test", now)
    assert token is not None
    task = Task("order_to_journal", Ref("salesforce", "Order", "801"), 1, 0, now)
    marked = Verdict(task=task, ending=Reason.IN_AGREEMENT, flags=(Flag.REDATED, Flag.INVENTORY_NOT_MOVED))
    home.store.settle(connection, token, [marked], now)
    assert [(view.flag, view.record, view.sentence) for view in flags(home.app, "REDATED")] == [
        ("REDATED", "salesforce:Order:801", Flag.REDATED.sentence)
    ]
    assert [view.flag for view in flags(home.app)] == ["INVENTORY_NOT_MOVED", "REDATED"]


@pytest.mark.parametrize("ending", [*Reason, *Waiting])
def test_every_ending_has_a_sentence(ending: Reason | Waiting) -> None:
    assert reason_sentence(ending.value).endswith(".")


def test_a_mark_of_another_version_is_named() -> None:
    assert flag_sentence("LATER") == "It was marked LATER."
    assert reason_sentence("held H-TAX") == "", "the hold says it"
