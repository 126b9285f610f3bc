"""Records as they are read, and journal drafts that must be sound."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.systems import wire
from ml_connector.systems.quickbooks import records as r

from .company import journal_body


def invoice(**fields: Any) -> r.Invoice:
    line = {
        "Id": "1", "Amount": Decimal(100), "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"Qty": Decimal(2), "ClassRef": {"value": "5", "name": "SaaS"}},
    }  # fmt: skip
    subtotal = {"Amount": Decimal(100), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    body = {
        "Id": "7", "SyncToken": "3", "TotalAmt": Decimal("108.00"), "Balance": Decimal("108.00"),
        "CurrencyRef": {"value": "USD"}, "TxnDate": "2026-11-20", "DueDate": "2026-12-20",
        "MetaData": {"LastUpdatedTime": "2026-11-20T10:35:08-08:00"},
        "TxnTaxDetail": {"TotalTax": Decimal(8)}, "Line": [line, subtotal], **fields,
    }  # fmt: skip
    return wire.convert(body, r.Invoice, "an invoice")


def test_an_invoice_in_plain_terms() -> None:
    found = invoice()

    assert str(found.ref) == "quickbooks:Invoice:7"
    assert (found.net_amount, found.currency, found.has_voided_shape) == (Decimal("100.00"), "USD", False)
    assert [(line.amount, line.is_subtotal) for line in found.line] == [(Decimal(100), False), (Decimal(100), True)]
    assert found.line[0].class_ref == r.Reference("5", "SaaS")
    assert found.due_date == date(2026, 12, 20)


def test_the_version_moves_with_token_or_time_and_not_with_the_offset() -> None:
    same = {"LastUpdatedTime": "2026-11-20T11:35:08-07:00"}
    later = {"LastUpdatedTime": "2026-11-20T10:35:09-08:00"}

    assert invoice().version == invoice(MetaData=same).version
    assert len({invoice().version, invoice(MetaData=later).version, invoice(SyncToken="4").version}) == 3
    assert invoice().changed_at == datetime(2026, 11, 20, 18, 35, 8, tzinfo=UTC)


def sold(amount: int, quantity: int) -> dict[str, Any]:
    detail = {"Qty": quantity}
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided", "Line": []}, True),
        ({"TotalAmt": 0, "Balance": 0, "PrivateNote": "VOIDED old note", "Line": [{"Amount": 0}]}, True),
        ({"TotalAmt": 0, "Balance": 0, "PrivateNote": "free", "Line": []}, False),
        ({"TotalAmt": 0, "Balance": 0, "PrivateNote": "Annulé", "Line": [sold(0, 0), {"Amount": 0}]}, True),
        ({"TotalAmt": 0, "Balance": 0, "PrivateNote": "free", "Line": [sold(0, 1), sold(0, 0)]}, False),
        ({"TotalAmt": 0, "Balance": 0, "PrivateNote": "free", "Line": [sold(5, 0), sold(-5, 0)]}, False),
        ({"TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided"}, False),
        ({"PrivateNote": "Voided"}, False),
    ],
)
def test_the_shape_of_a_voided_invoice(fields: dict[str, Any], expected: bool) -> None:
    """All zero, and the note or the quantities say so."""
    assert invoice(**fields).has_voided_shape is expected


def test_unknown_line_kinds_and_fields_are_tolerated() -> None:
    found = invoice(Line=[{"Amount": 5, "DetailType": "HologramLineDetail", "HologramLineDetail": {"X": 1}}], New=[1])

    assert (found.line[0].detail_type, found.line[0].amount) == ("HologramLineDetail", Decimal(5))


LISTED = (r.Customer, r.Vendor, r.Employee, r.Item, r.Account, r.Department, r.Class)


@pytest.mark.parametrize("kind", LISTED)
@pytest.mark.parametrize("mark", [" (deleted)", " (Deleted)", " (DELETED-1)", " (deleted-23)", "(deleted)"])
def test_only_inactive_records_carry_a_mark(kind: Any, mark: str) -> None:
    """An active record may really be called so."""
    name = f"Acme{mark}"
    body = {"Id": "1", "Name": name, "DisplayName": name}
    inactive, active = (wire.convert({**body, "Active": active}, kind, "a record") for active in (False, True))

    assert (inactive.plain_name, active.plain_name) == ("Acme", name)


@pytest.mark.parametrize("name", ["Acme (deleted-)", "Acme (deleted) Ltd", "Acme deleted", "(deleted)"])
def test_what_is_no_mark_stays(name: str) -> None:
    assert r.plain_name(name, active=False) == name


def test_a_full_name_is_freed_of_marks_part_by_part() -> None:
    """`Old (deleted)` above is an active department of that name, or an inactive one."""
    above = {
        "1": r.Department(id="1", name="Old (deleted)", fully_qualified_name="Old (deleted)"),
        "2": r.Department(id="2", name="Old (deleted)", fully_qualified_name="Old (deleted)", active=False),
    }
    paths = {}
    for parent, active in (("1", True), ("2", False), ("9", False)):
        below = r.Department(
            id="3", fully_qualified_name="Old (deleted):Rome (deleted-1)", active=active,
            parent_ref=r.Reference(value=parent),
        )  # fmt: skip
        paths[parent] = r.plain_path(below, above)
    assert paths == {"1": "Old (deleted):Rome (deleted-1)", "2": "Old:Rome", "9": "Old:Rome"}


def test_a_payment_names_what_it_pays_once() -> None:
    links = [("7", "Invoice"), ("9", "CreditMemo"), ("7", "Invoice"), ("8", "Invoice")]
    lines = [{"Amount": 1, "LinkedTxn": [{"TxnId": txn, "TxnType": kind}]} for txn, kind in links]
    payment = wire.convert({"Id": "1", "TotalAmt": 4, "Line": lines}, r.Payment, "a payment")

    assert payment.linked("Invoice") == ("7", "8")


def test_preferences_in_plain_terms() -> None:
    body = {
        "Id": "1",
        "AccountingInfoPrefs": {
            "BookCloseDate": "2026-09-30",
            "TrackDepartments": True,
            "ClassTrackingPerTxnLine": True,
        },
        "CurrencyPrefs": {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}},
        "OtherPrefs": {"NameValue": [{"Name": "WarnDuplicateJournalNumber", "Value": "true"}]},
    }
    found = wire.convert(body, r.Preferences, "preferences")

    assert found.book_close_date == date(2026, 9, 30)
    assert (found.home_currency, found.multicurrency) == ("USD", True)
    assert (found.tracks_classes, found.tracks_departments, found.refuses_duplicate_journal_numbers) == (
        True,
        True,
        True,
    )


# --- journal drafts


def draft(*lines: tuple[str, str], **more: Any) -> r.JournalDraft:
    postings = tuple(r.Posting(side=side, account="84", amount=Decimal(amount)) for side, amount in lines)
    fields = {"txn_date": date(2026, 11, 20), "doc_number": "SFO-1-01", "private_note": "n", **more}
    return r.JournalDraft(lines=postings, **fields)


def test_a_draft_in_the_vendors_spelling() -> None:
    posting = r.Posting(
        side="Debit",
        account="84",
        amount=Decimal("120.50"),
        description="[4000] SF 1",
        department="3",
        class_="5",
        entity="12",
    )
    credit = r.Posting(side="Credit", account="79", amount=Decimal("120.50"))
    body = r.JournalDraft(
        txn_date=date(2026, 11, 30), doc_number="SF-JE-0042", private_note="ext", lines=(posting, credit),
        currency="EUR", exchange_rate=Decimal("1.084952"),
    ).body()  # fmt: skip

    assert wire.encode(body) == (
        b'{"CurrencyRef":{"value":"EUR"},"DocNumber":"SF-JE-0042","ExchangeRate":1.084952,"Line":['
        b'{"Amount":120.50,"Description":"[4000] SF 1","DetailType":"JournalEntryLineDetail","JournalEntryLineDetail":'
        b'{"AccountRef":{"value":"84"},"ClassRef":{"value":"5"},"DepartmentRef":{"value":"3"},'
        b'"Entity":{"EntityRef":{"value":"12"},"Type":"Customer"},"PostingType":"Debit"}},'
        b'{"Amount":120.50,"DetailType":"JournalEntryLineDetail","JournalEntryLineDetail":'
        b'{"AccountRef":{"value":"79"},"PostingType":"Credit"}}],"PrivateNote":"ext","TxnDate":"2026-11-30"}'
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "two lines"),
        ([("Debit", "1")], "two lines"),
        ([("Debit", "1"), ("Debit", "1")], "does not balance"),
        ([("Debit", "1"), ("Credit", "1.01")], "does not balance"),
        ([("Debit", "0"), ("Credit", "0")], "not a positive number"),
        ([("Debit", "-1"), ("Credit", "-1")], "not a positive number"),
        ([("Debit", "NaN"), ("Credit", "NaN")], "not a positive number"),
        ([("Debit", "Infinity"), ("Credit", "Infinity")], "not a positive number"),
        ([("Debit", "1.005"), ("Credit", "1.005")], "fraction of a cent"),
        ([("debit", "1"), ("Credit", "1")], "neither a debit nor a credit"),
    ],
)
def test_an_unsound_entry_cannot_be_built(lines: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(r.UnsoundEntry, match=says):
        draft(*lines)


@pytest.mark.parametrize(
    "more", [{"doc_number": ""}, {"doc_number": "x" * 22}, {"private_note": "x" * 4001}, {"exchange_rate": Decimal(0)}]
)
def test_a_draft_keeps_to_the_vendors_lengths(more: dict[str, Any]) -> None:
    with pytest.raises(r.UnsoundEntry):
        draft(("Debit", "1"), ("Credit", "1"), **more)


@given(st.lists(st.decimals("0.01", 10**8, places=2), min_size=1, max_size=9))
def test_a_body_leads_back_to_its_draft(amounts: list[Decimal]) -> None:
    total = sum(amounts, Decimal(0))
    whole = draft(*(("Debit", str(amount)) for amount in amounts), ("Credit", str(total)))
    again = r.JournalDraft.of_body(wire.loads(wire.encode(whole.body()), "an entry"))

    assert again == whole
    assert again.total == total


@pytest.mark.parametrize(
    "field", [{"Id": "7"}, {"SyncToken": "0"}, {"sparse": True}, {"TxnDate": "soon"}, {"Line": "x"}]
)
def test_a_body_that_no_draft_makes_is_refused(field: dict[str, Any]) -> None:
    assert r.JournalDraft.of_body(journal_body("SFO-1-01")).doc_number == "SFO-1-01"
    with pytest.raises(r.UnsoundEntry):
        r.JournalDraft.of_body({**journal_body("SFO-1-01"), **field})


@pytest.mark.parametrize("amount", ["1_0", "120.50", 1.5, None])
def test_an_amount_that_is_not_exact_is_refused(amount: object) -> None:
    body = journal_body("SFO-1-01")
    for line in body["Line"]:
        line["Amount"] = amount
    with pytest.raises(r.UnsoundEntry):
        r.JournalDraft.of_body(body)


def test_our_mark_is_read_from_the_first_line_of_a_note() -> None:
    assert r.note_fields("mlc1|org=00D|k=O|seq=01|key=fd70d2d8cbae|rev_of=SFO-1-01\nhttps://x")["key"] == "fd70d2d8cbae"
    assert r.note_fields("opening balance\nmlc1|key=fd70d2d8cbae") == {}
    assert r.note_fields("") == {}


def test_entries_post_the_same_in_any_order_of_lines() -> None:
    one = r.JournalDraft.of_body(journal_body("A", department="3")).lines
    two = r.JournalDraft.of_body(journal_body("B", department="4")).lines

    assert r.same_lines(one, one[::-1])
    assert not r.same_lines(one, two)
    assert not r.same_lines(one, (*one, *one))
