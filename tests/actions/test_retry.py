"""What is held is looked at again when a person says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.actions.retry import retry
from ml_connector.model.errors import WrongUse
from ml_connector.model.plans import Hold
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Task, Verdict
from support.world import Installation

INVOICES = "invoice_to_opportunity"
FIRST, SECOND, ACCOUNT = (
    Ref("quickbooks", "Invoice", "8001"),
    Ref("quickbooks", "Invoice", "8002"),
    Ref("salesforce", "Account", "001Hs0000000009IAA"),
)
HELD = ((INVOICES, FIRST, "REVIEW-OPPORTUNITY"), (INVOICES, SECOND, "V-CUR"), ("account_to_customer", ACCOUNT, "V-CUR"))


def _held(home: Installation) -> None:
    """Three records that are held, and due no more."""
    connection, now = home.app.connection.id, home.clock.now()
    token = home.store.take_lease(connection, "test", now)
    assert token is not None
    home.store.intake(connection, [(flow, ref) for flow, ref, _ in HELD], "test", now)
    verdicts = [Verdict(task=Task(flow, ref, 1, 0, now), ending=Hold(code=code)) for flow, ref, code in HELD]
    home.store.settle(connection, token, verdicts, now)
    home.store.release_lease(connection, token)
    assert home.store.unserved(connection) == {}


@pytest.mark.parametrize(
    ("what", "due"),
    [
        ("", {INVOICES: 2, "account_to_customer": 1}),
        ("V-CUR", {INVOICES: 1, "account_to_customer": 1}),
        (str(FIRST), {INVOICES: 1}),
    ],
)
def test_what_is_named_is_looked_at_again(what: str, due: dict[str, int], tmp_path: Path) -> None:
    home = Installation(tmp_path)
    _held(home)
    records = retry(home.app, what, "mia")
    assert home.store.unserved(home.app.connection.id) == due
    assert len(records) == sum(due.values())
    event = home.store.audit_events(home.app.connection.id)[-1]
    assert (event.actor, event.action, event.object) == ("mia", "retry", what or "all")


@pytest.mark.parametrize("what", ["", "V-EMAIL", "quickbooks:Invoice:9"])
def test_what_is_not_held_is_said(what: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="Nothing is held"):
        retry(Installation(tmp_path).app, what, "mia")
