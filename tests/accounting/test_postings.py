"""What is kept of a posted entry (accounting-rules C.3, C.5)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from accounting import books
from ml_connector.accounting.postings import (
    digest,
    entry_fingerprint,
    fingerprint,
    item_links,
    journal_link,
    of_order,
    posting_ref,
    rate_link,
)
from ml_connector.accounting.rates import Rate
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import JournalEntry

DAY = date(2026, 11, 10)
PART = books.build().parts[0]


def entry(**changes: Any) -> JournalEntry:
    """The entry as QuickBooks has it."""
    return msgspec.convert({"Id": "9", **PART.draft.body(), **changes}, JournalEntry)


def test_the_link_of_an_entry_keeps_its_figures() -> None:
    made = journal_link(books.sales_order(), PART, "USD", more={"net": "1000.00"})
    assert (made.role, made.source, made.target) == (Role.JOURNAL, posting_ref(books.ORDER_ID), None)
    assert {name: made.agreed[name] for name in ("doc_number", "date", "currency", "rate", "total", "net")} == {
        "doc_number": "SFO-00001001-01", "date": "2026-11-10", "currency": "USD", "rate": "1", "total": "1000.00",
        "net": "1000.00",
    }  # fmt: skip
    assert made.exclusive


def test_an_entry_that_is_there_is_linked_as_it_is() -> None:
    adopted = journal_link(books.sales_order(), PART, "USD", entry(TxnDate="2026-11-12"))
    assert (adopted.target, adopted.agreed["date"]) == (Ref("quickbooks", "JournalEntry", "9"), "2026-11-12")


def test_c5_the_order_of_lines_and_their_texts_do_not_count() -> None:
    own = fingerprint(DAY, "USD", None, PART.draft.lines)
    turned = [msgspec.structs.replace(line, description="x") for line in reversed(PART.draft.lines)]
    assert fingerprint(DAY, "USD", Decimal("1.0"), turned) == own == entry_fingerprint(entry(), "USD")


@pytest.mark.parametrize(
    "change", [{"account": "80"}, {"amount": Decimal("999.99")}, {"department": "20"}, {"entity": ""}]
)
def test_c5_each_part_of_a_line_counts(change: dict[str, Any]) -> None:
    lines = [msgspec.structs.replace(PART.draft.lines[0], **change), *PART.draft.lines[1:]]
    assert fingerprint(DAY, "USD", None, lines) != fingerprint(DAY, "USD", None, PART.draft.lines)


def test_c5_day_currency_and_rate_count() -> None:
    lines = PART.draft.lines
    seen = {
        fingerprint(DAY, "USD", None, lines), fingerprint(date(2026, 11, 11), "USD", None, lines),
        fingerprint(DAY, "EUR", None, lines), fingerprint(DAY, "EUR", Decimal("1.085"), lines),
    }  # fmt: skip
    assert len(seen) == 4


def test_c3_a_cosmetic_edit_leaves_the_digest() -> None:
    own = digest(books.sales_order())
    assert (
        digest(books.sales_order(books.sales_line(1, "1000.0"), Description="other", EffectiveDate="2026-12-01")) == own
    )
    assert digest(books.sales_order(books.sales_line(1, "1000.01"))) != own
    assert digest(books.sales_order(books.sales_line(1, dims="West/SaaS"))) != own
    assert digest(books.sales_order(CurrencyIsoCode="EUR")) != own


def test_the_legs_are_what_later_entries_subtract_from() -> None:
    kept = of_order(books.sales_order(), books.build())
    assert kept["net"] == "1000.00"
    assert msgspec.json.decode(kept["legs"]) == [["0000000001", books.ID["4000"], "10", "300", "1000.00", "1000.00"]]


def test_links_of_rates_and_items() -> None:
    rate = rate_link("EUR", "USD", Rate(Decimal("1.085"), "the order"), DAY)
    assert (str(rate.source), rate.agreed["rate"]) == ("quickbooks:Rate:EUR>USD", "1.085")
    assert [str(link.target) for link in item_links({"01t2": "502", "01t1": "501"})] == [
        "quickbooks:Item:501", "quickbooks:Item:502",
    ]  # fmt: skip
