"""What a final refusal of an entry, or of the mark on its order, means."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flows.orders.test_order_to_journal import order_of, world_of
from ml_connector.flows.orders.order_to_journal import FLOW
from ml_connector.model import holds
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Hold, Refused, Reread, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.triggers import table_changed
from support.context import decide
from support.digests import digest

REFUSALS = [
    (
        "6140",
        "Duplicate Document Number Error",
        "H-DOCNUM",
        "QuickBooks already has a number SFO-00001001-01, and it is not ours.",
    ),
    ("6200", "closed", "H-CLOSED", "QuickBooks says that the period of order 00001001 is closed."),
    ("6210", "Account Period Closed", "H-CLOSED", "QuickBooks says that the period of order 00001001 is closed."),
    ("5020", "Permission Denied Error", "REFUSED-BY-QUICKBOOKS", "QuickBooks does not take SFO-00001001-01."),
]


@pytest.mark.parametrize(("code", "message", "held", "sentence"), REFUSALS)
def test_final_refusals(code: str, message: str, held: str, sentence: str) -> None:
    write = decide(FLOW, order_of({}), world_of({}))
    assert isinstance(write, Write)
    hold = FLOW.refused(write, Refused(code, message), digest)
    assert isinstance(hold, Hold)
    assert (hold.code, holds.render_hold(hold).sentence) == (held, sentence)
    assert (hold.amount, hold.currency) == (Decimal("1000.00"), "USD")


@pytest.mark.parametrize("code", ["610", "2500", "6000", "6430"])
@pytest.mark.parametrize("message", ["Object Not Found", "Invalid Reference Id : Accounts element id 79 not found", ""])
def test_a_bad_reference_is_looked_for_in_tables_read_anew(code: str, message: str) -> None:
    """The vendor's text is for people only: no record is blamed for what it says."""
    write = decide(FLOW, order_of({}), world_of({}))
    assert isinstance(write, Write)
    answer = FLOW.refused(write, Refused(code, message), digest)
    assert isinstance(answer, Reread)
    assert set(answer.tables) == {"accounts", "items", "departments", "classes"}
    assert (answer.otherwise.code, answer.otherwise.amount) == ("REFUSED-BY-QUICKBOOKS", Decimal("1000.00"))
    assert set(map(table_changed, answer.tables)) < set(answer.otherwise.waits_for)


def test_an_order_that_cannot_be_marked_keeps_its_posting() -> None:
    write = Write(step="order_mark", system="salesforce", kind="Order", action="update", body={}, key="801")
    answer = FLOW.refused(write, Refused("INSUFFICIENT_ACCESS_OR_READONLY", "no rights"), digest)
    assert answer == Skip(reason=Reason.ORDER_MARK_REFUSED, flags=(Flag.ORDER_MARK_REFUSED,))
