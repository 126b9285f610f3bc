"""What all transactions share: dates and closed books, numbers, currency, the voided shape."""

from __future__ import annotations

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.rules.context import Desk
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.references import known_currency, ref_value
from ml_emulators.quickbooks.values import Json, Number, bare, fold

SALES_NUMBERS = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")
_NEVER_NUMBERED = ("Bill", "VendorCredit", "BillPayment", "Purchase")
TYPE_NAMES = {
    "JournalEntry": "Journal Entry",
    "SalesReceipt": "Sales Receipt",
    "CreditMemo": "Credit Memo",
    "RefundReceipt": "Refund",
}
_FIRST_NUMBER = 1001
_LONGEST_COUNTED = 15


def check_open(desk: Desk, *bodies: Json | None) -> None:
    """Closed books: neither the old nor the new date may lie on or before the closing date (6210)."""
    close = desk.flags.close_day
    for body in bodies:
        if close is not None and body is not None and "TxnDate" in body and body["TxnDate"] <= close:
            raise faults.closed_books(close, desk.switches.closed_books_code)


def settle_date(desk: Desk, draft: Draft) -> None:
    draft.keep("TxnDate")
    draft.default("TxnDate", desk.today)
    check_open(desk, draft.old, draft.body)


def settle_currency(desk: Desk, draft: Draft, party: str | None, who: str = "customer") -> None:
    """`party` is the currency of `who`. Sets CurrencyRef, and ExchangeRate in a multicurrency company."""
    home = desk.flags.home
    asked = ref_value(draft.body, "CurrencyRef")
    code = asked or ref_value(draft.old or {}, "CurrencyRef") or party or home
    if not known_currency(desk.books, code):
        raise faults.Fault([faults.invalid_reference("CurrencyRef", code)])
    if party is not None and code != party:
        raise faults.business(f"The transaction must be in the currency of the {who} ({party}).", "CurrencyRef")
    draft.body["CurrencyRef"] = {"value": code}
    _exchange_rate(desk, draft, code)


def _exchange_rate(desk: Desk, draft: Draft, code: str) -> None:
    if not desk.flags.multicurrency or code == desk.flags.home:
        draft.body.pop("ExchangeRate", None)
        if desk.flags.multicurrency:
            draft.body["ExchangeRate"] = 1
        return
    if draft.body.get("ExchangeRate", 1) <= 0:
        raise faults.Fault([faults.illegal_number("ExchangeRate", draft.body["ExchangeRate"])])
    draft.default("ExchangeRate", bare(_usual_rate(desk, draft, code)))


def _usual_rate(desk: Desk, draft: Draft, code: str) -> Number:
    return 1 if draft.kind.name == "JournalEntry" else desk.books.rate(code, draft.body["TxnDate"])


def settle_number(desk: Desk, draft: Draft) -> None:
    """DocNumber by preference: sales forms are numbered unless numbers are custom, journal entries only on request."""
    body, kind = draft.body, draft.kind.name
    wanted = body.get("DocNumber") == "AUTO_GENERATE" and kind != "JournalEntry"
    if wanted or ("DocNumber" not in body and draft.old is None and _numbered(desk, kind)):
        body["DocNumber"] = _next_number(desk, kind)
    elif "DocNumber" in body and body["DocNumber"] != draft.kept("DocNumber"):
        _refuse_duplicate(desk, kind, body["DocNumber"], draft.kept("Id"))


def _numbered(desk: Desk, kind: str) -> bool:
    if kind == "JournalEntry":
        return "allowautodocnum" in desk.include
    return kind not in _NEVER_NUMBERED and not desk.flags.custom_txn_numbers


def _refuse_duplicate(desk: Desk, kind: str, number: str, own: str | None) -> None:
    if "allowduplicatedocnum" in desk.include:
        return
    sales = kind in SALES_NUMBERS and desk.switches.refuse_duplicate_sales_numbers
    warned = kind == "JournalEntry" and desk.flags.warn_duplicate_journal
    warned = warned or (kind == "Bill" and desk.flags.warn_duplicate_bill)
    if not (sales or warned):
        return
    holder = number_holder(desk, kind, number)
    if holder is not None and holder != own:
        raise faults.duplicate_number(number, TYPE_NAMES.get(kind, kind), holder)


def number_holder(desk: Desk, kind: str, number: str) -> str | None:
    """The id of a transaction of this kind that carries the number."""
    table = desk.books.tables[kind]
    index = table.all[table.kind.place["DocNumber"]]
    key = fold(number)
    found = next(index.ids(index.rank((key, 0)), index.rank((key, 10**18))), None)
    return None if found is None else str(found)


def _sequence(kind: str) -> str:
    return "number:sales" if kind in SALES_NUMBERS else f"number:{kind}"


def _next_number(desk: Desk, kind: str) -> str:
    while True:
        number = str(max(desk.books.sequences.get(_sequence(kind), 0), _FIRST_NUMBER - 1) + 1)
        desk.books.sequences[_sequence(kind)] = int(number)
        if number_holder(desk, kind, number) is None:
            return number


def note_number(desk: Desk, kind: str, new: Json, old: Json | None) -> None:
    """The last number used counts on, also when a client chose it."""
    number = new.get("DocNumber", "")
    fresh = old is None or old.get("DocNumber") != number
    if fresh and number.isascii() and number.isdigit() and len(number) < _LONGEST_COUNTED:
        desk.books.sequences[_sequence(kind)] = int(number)


def void_shape(body: Json) -> None:
    """All amounts and quantities zero, links removed, `Voided` in front of the memo (reference 4.4)."""
    note = body.get("PrivateNote", "")
    body["PrivateNote"] = note if note.startswith("Voided") else f"Voided - {note}"[:4000] if note else "Voided"
    for name in ("TotalAmt", "Balance", "UnappliedAmt", "HomeTotalAmt", "HomeBalance", "Deposit"):
        if name in body:
            body[name] = 0
    if "LinkedTxn" in body:
        body["LinkedTxn"] = []
    if "TxnTaxDetail" in body:
        body["TxnTaxDetail"] = {"TotalTax": 0}
    if "Amount" in body:
        body["Amount"] = 0
    for line in body.get("Line", []):
        _void_line(line)


def _void_line(line: Json) -> None:
    line["Amount"] = 0
    line.pop("LinkedTxn", None)
    detail = line.get(line.get("DetailType", ""))
    if isinstance(detail, dict) and "Qty" in detail:
        detail["Qty"] = 0
    for inner in detail.get("Line", []) if isinstance(detail, dict) else []:
        _void_line(inner)


def is_voided(body: Json) -> bool:
    note = body.get("PrivateNote", "")
    return bool(note.startswith("Voided")) and not body.get("TotalAmt", body.get("Amount"))
