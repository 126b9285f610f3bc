"""The facts of R2: which entries must be there, which are, and what of an order counts as posted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from accounting import books
from ml_connector.accounting.entry import Entry, build_entry
from ml_connector.accounting.parts import part_ref
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import JournalEntry
from ml_connector.tieout.order_states import OrderState
from ml_connector.tieout.r2_reading import actual_fact, expected_facts, lines_of, order_fact

MIRRORS = frozenset({books.ID["1250"]})


def entry_in_parts() -> Entry:
    """Two parts, 10.00 and 5.00."""
    lines = [books.line(1, "10.00", "4000"), books.line(2, "5.00", "4000", "West/-")]
    return build_entry(books.inputs(*lines, max_lines=2))


ENTRY = entry_in_parts()
FIRST, SECOND = ENTRY.parts
JOURNAL = Ref("quickbooks", "JournalEntry", "9")


def links(day: str = "2026-11-10") -> dict[Ref, Link]:
    """The first part is on record."""
    source = part_ref(books.ORDER_ID, FIRST)
    return {source: Link(Role.JOURNAL, source, JOURNAL, {"date": day})}


def numbers(state: OrderState, known: dict[Ref, Link]) -> list[str]:
    facts = expected_facts(books.ORDER_ID, state, known, MIRRORS)
    return [fact.record.rpartition(":")[2] for fact in facts]


def test_of_a_posted_order_all_parts_must_be_there() -> None:
    assert numbers(OrderState(name="posted", expected=ENTRY), {}) == ["SFO-00001234-01", "SFO-00001234-02"]


def test_of_an_order_half_way_those_that_are_posted() -> None:
    pending = OrderState(name="pending", expected=ENTRY, planned=frozenset({SECOND.identity.key}))
    assert numbers(pending, links()) == ["SFO-00001234-01"]
    assert numbers(OrderState(name="held", expected=ENTRY), links()) == ["SFO-00001234-01"]
    assert numbers(OrderState(name="held"), links()) == []


def test_an_entry_counts_in_the_month_it_was_posted_in() -> None:
    state = OrderState(name="posted", expected=ENTRY)
    first, second = expected_facts(books.ORDER_ID, state, links("2026-12-01"), MIRRORS)
    assert (first.month, second.month) == ("2026-12", "2026-11")


def test_lines_are_credits_less_debits_without_what_mirrors_them() -> None:
    income, deferred = books.ID["4000"], books.ID["2450"]
    assert lines_of(FIRST.draft.lines, MIRRORS) == {f"{income}|10|300": Decimal("10.00")}
    assert lines_of(SECOND.draft.lines, frozenset()) == {
        f"{books.ID['1250']}|20|-": Decimal("-5.00"), f"{income}|20|-": Decimal("5.00"),
    }  # fmt: skip
    assert lines_of(books.build().parts[0].draft.lines, MIRRORS | {deferred}) == {}


def test_entries_of_others_do_not_count() -> None:
    def fact(org: str, **fields: Any) -> Any:
        body = {"Id": "9", **FIRST.draft.body(), **fields}
        return actual_fact(msgspec.convert(body, JournalEntry), MIRRORS, org, "USD")

    assert fact(books.ORG).key == str(part_ref(books.ORDER_ID, FIRST))
    assert fact("00Dother") is None
    assert fact(books.ORG, CurrencyRef=None).currency == "USD", "a company without multicurrency names none"
    assert fact(books.ORG, PrivateNote="by hand") is None


def test_the_posted_part_of_an_order_half_way() -> None:
    order = books.sales_order(TotalAmount=Decimal("15.00"))
    held = OrderState(name="held", expected=ENTRY)
    facts = expected_facts(books.ORDER_ID, held, links(), MIRRORS)
    assert order_fact(order, held, facts, "USD").posted == Decimal("10.00")
    posted = OrderState(name="posted", expected=ENTRY)
    assert order_fact(order, posted, facts, "USD").posted == 0, "it counts whole"
