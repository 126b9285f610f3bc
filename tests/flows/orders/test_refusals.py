"""What a final refusal of an entry, or of the mark on its order, means."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flows.orders.test_order_to_journal import order_of, world_of
from ml_connector.flows.orders.order_to_journal import FLOW
from ml_connector.model import holds
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Hold, Refused, Skip, Write
from ml_connector.model.reasons import Reason
from support.context import decide

REFUSALS = [
    (
        "6140",
        "Duplicate Document Number Error",
        "H-DOCNUM",
        "QuickBooks already has a number SFO-00001001-01, and it is not ours.",
    ),
    ("6200", "closed", "H-CLOSED", "QuickBooks says that the period of order 00001001 is closed."),
    ("6210", "Account Period Closed", "H-CLOSED", "QuickBooks says that the period of order 00001001 is closed."),
    (
        "2500",
        "Invalid Reference Id : Accounts element id 79 not found",
        "H-ACCT-INACTIVE",
        "Account 79 is inactive in QuickBooks.",
    ),
    ("610", "Department 10 has been made inactive", "H-DIM-INACTIVE", "Department 10 is inactive in QuickBooks."),
    ("610", "Class 300 has been made inactive", "H-DIM-INACTIVE", "Class 300 is inactive in QuickBooks."),
    (
        "2500",
        "Invalid Reference Id : Names element id 77, EntityRef",
        "H-CUST-INACTIVE",
        "Customer 77 is inactive in QuickBooks.",
    ),
    ("6000", "A business validation error", "REFUSED-BY-QUICKBOOKS", "QuickBooks does not take SFO-00001001-01."),
    ("610", "Object Not Found", "REFUSED-BY-QUICKBOOKS", "QuickBooks does not take SFO-00001001-01."),
]


@pytest.mark.parametrize(("code", "message", "held", "sentence"), REFUSALS)
def test_final_refusals(code: str, message: str, held: str, sentence: str) -> None:
    write = decide(FLOW, order_of({}), world_of({}))
    assert isinstance(write, Write)
    hold = FLOW.refused(write, Refused(code, message))
    assert isinstance(hold, Hold)
    assert (hold.code, holds.render_hold(hold).sentence) == (held, sentence)
    assert (hold.amount, hold.currency) == (Decimal("1000.00"), "USD")


def test_an_order_that_cannot_be_marked_keeps_its_posting() -> None:
    write = Write(step="order_mark", system="salesforce", kind="Order", action="update", body={}, key="801")
    answer = FLOW.refused(write, Refused("INSUFFICIENT_ACCESS_OR_READONLY", "no rights"))
    assert answer == Skip(reason=Reason.ORDER_MARK_REFUSED, flags=(Flag.ORDER_MARK_REFUSED,))
