"""Is the order in the books already? (accounting-rules A.10, A.11 DC-7, B.11)"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from accounting import books
from ml_connector.accounting.double_count import check_invoices, has_token, is_linked, numbers_of, own_entries
from ml_connector.accounting.entry import EntryPart, build_entry
from ml_connector.systems.quickbooks.records import Invoice, JournalEntry
from ml_connector.systems.salesforce.records import SObject

OPPORTUNITY = "006Hp00003OpptyAAA"


def parts() -> tuple[EntryPart, ...]:
    lines = [books.line(1, "10.00", "4000"), books.line(2, "5.00", "4000", "West/-")]
    return build_entry(books.inputs(*lines, max_lines=2)).parts


def entry(id_: str, part: EntryPart, **changes: Any) -> JournalEntry:
    """The entry of a part as QuickBooks has it."""
    body = {"Id": id_, **part.draft.body(), **changes}
    return msgspec.convert(body, JournalEntry)


def invoice(**fields: Any) -> Invoice:
    body = {
        "Id": "3",
        "DocNumber": "00001001",
        "CustomerRef": {"value": books.CUSTOMER.id},
        "TotalAmt": 100,
        "Balance": 0,
    }
    return msgspec.convert({**body, **fields}, Invoice, strict=False)


def unlinked(order: SObject, *invoices: Invoice) -> str:
    return books.held(lambda: check_invoices(order, books.CUSTOMER, invoices, lambda _: []))


def test_all_numbers_are_looked_for() -> None:
    assert numbers_of(books.sales_order(), parts()) == ["SFO-00001234-01", "SFO-00001234-02", "00001001"]


def test_our_own_entry_is_known_by_its_note_and_lines() -> None:
    first, second = parts()
    ours = entry("7", second)
    assert own_entries((first, second), [ours, ours]) == [None, ours]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([entry("7", parts()[0], PrivateNote="by hand")], "H-DOUBLE-COUNT"),
        ([entry("7", parts()[0]), entry("8", parts()[0])], "H-DOUBLE-COUNT"),
        ([entry("7", parts()[0], Line=parts()[1].draft.body()["Line"])], "H-DRIFT"),
        ([entry("7", parts()[0], CurrencyRef={"value": "EUR"})], "H-DRIFT"),
    ],
)
def test_strangers_twins_and_other_lines_hold(entries: list[JournalEntry], code: str) -> None:
    assert books.held(lambda: own_entries(parts(), entries)) == code


def test_dc7_an_invoice_that_carries_the_number_of_the_order() -> None:
    assert unlinked(books.sales_order(), invoice()) == "H-DOUBLE-COUNT"


@pytest.mark.parametrize("fields", [{"CustomerRef": {"value": "1"}}, {"TotalAmt": 0}, {"CustomerRef": None}])
def test_dc7_is_about_invoices_of_the_customer_with_an_amount(fields: dict[str, Any]) -> None:
    check_invoices(books.sales_order(), books.CUSTOMER, [invoice(**fields)], lambda _: [])


LINKED: list[tuple[str, dict[str, Any], dict[str, Any], list[str], bool]] = [
    ("L1 in the note", {"PrivateNote": "see sf-ord:00001001."}, {}, [], True),
    ("L1 in the memo", {"CustomerMemo": {"value": "SF-ORD:00001001"}}, {}, [], True),
    ("L1 in a field", {"CustomField": [{"StringValue": "SF-ORD:00001001"}]}, {}, [], True),
    ("another order", {"PrivateNote": "SF-ORD:000010011"}, {}, [], False),
    ("L2", {}, {"OpportunityId": OPPORTUNITY}, [OPPORTUNITY], True),
    ("L2 to another one", {}, {"OpportunityId": OPPORTUNITY}, ["006Hp00003OtherAAA"], False),
    ("neither has an opportunity", {}, {}, [""], False),
    ("L3", {"CustomField": [{"StringValue": " PO-7 "}]}, {"PoNumber": "PO-7"}, [], True),
    ("L3 blank", {"CustomField": [{"StringValue": ""}]}, {"PoNumber": " "}, [], False),
]


@pytest.mark.parametrize(("name", "fields", "order", "opportunities", "expected"), LINKED)
def test_a10(
    name: str, fields: dict[str, Any], order: dict[str, Any], opportunities: list[str], expected: bool
) -> None:
    assert is_linked(books.sales_order(**order), invoice(**fields), lambda _: opportunities) is expected


@pytest.mark.parametrize(("text", "expected"), [("SF-ORD:1.", True), ("SF-ORD:1-2", False), ("SF-ORD:12", False)])
def test_a_token_ends_with_the_number(text: str, expected: bool) -> None:
    assert has_token(text, "1") is expected
