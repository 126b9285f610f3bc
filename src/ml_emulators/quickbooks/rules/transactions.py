"""What all transactions share: dates and closed books, numbers, currency, the voided shape."""

from __future__ import annotations

from collections.abc import Iterable

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.rules.applications import unlink
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.ledger import post
from ml_emulators.quickbooks.rules.references import known_currency, ref_value
from ml_emulators.quickbooks.rules.rule import Rule
from ml_emulators.quickbooks.state import Posting
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


class TransactionRule(Rule):
    """A transaction moves balances; what lies in a deposit or in closed books stays as it is."""

    def postings(self, context: WriteContext, body: Json) -> Iterable[Posting]:
        """What the transaction does to accounts and customers; nothing where it is no money yet."""
        return ()

    def before_update(self, context: WriteContext, old: Json) -> None:
        """Raises 6540 for what lies in a deposit."""
        _refuse_deposited(context, old)

    def before_delete(self, context: WriteContext, old: Json) -> None:
        """Raises 6210 in closed books, 6540 in a deposit, 6000 while payments are applied to it."""
        check_open(context, old)
        _refuse_deposited(context, old)
        if context.books.applied.get(old["Id"]):
            raise faults.business("You must unlink the payments of this transaction before you can delete it.")

    def after_save(self, context: WriteContext, new: Json, old: Json | None) -> None:
        """The number counts on, and the ledger has its postings instead of the former ones."""
        _note_number(context, self.kind.name, new, old)
        post(context, new["Id"], self.postings(context, new))

    def on_delete(self, context: WriteContext, old: Json) -> None:
        """Out of the ledger."""
        post(context, old["Id"], ())
        context.books.applied.pop(old["Id"], None)

    def voided(self, context: WriteContext, old: Json) -> Json | None:
        """All amounts zero, out of ledger and payments. Raises 6210 and 6540."""
        if _is_voided(old):
            return None
        check_open(context, old)
        _refuse_deposited(context, old)
        unlink(context, self.kind.name, old["Id"])
        new = context.books.data(self.kind.name, old["Id"])
        _void_shape(new)
        post(context, old["Id"], ())
        return new


def _refuse_deposited(context: WriteContext, old: Json) -> None:
    """Raises 6540 for what lies in a deposit."""
    if ("deposited", old["Id"]) in context.books.names:
        raise faults.deposited()


def check_open(context: WriteContext, *bodies: Json | None) -> None:
    """Closed books: neither the old nor the new date may lie on or before the closing date (6210)."""
    close = context.flags.close_day
    for body in bodies:
        if close is not None and body is not None and "TxnDate" in body and body["TxnDate"] <= close:
            raise faults.closed_books(close, context.switches.closed_books_code)


def settle_date(context: WriteContext, draft: Draft) -> None:
    """The company's day unless sent. Raises 6210 if the old or the new date is in closed books."""
    draft.keep("TxnDate")
    draft.default("TxnDate", context.today)
    check_open(context, draft.old, draft.body)


def settle_currency(context: WriteContext, draft: Draft, party: str | None, who: str = "customer") -> None:
    """`party` is the currency of `who`. Sets CurrencyRef, and ExchangeRate in a multicurrency company."""
    home = context.flags.home
    asked = ref_value(draft.body, "CurrencyRef")
    code = asked or ref_value(draft.old or {}, "CurrencyRef") or party or home
    if not known_currency(context.books, code):
        raise faults.Fault([faults.invalid_reference("CurrencyRef", code)])
    if party is not None and code != party:
        raise faults.business(f"The transaction must be in the currency of the {who} ({party}).", "CurrencyRef")
    draft.body["CurrencyRef"] = {"value": code}
    _exchange_rate(context, draft, code)


def _exchange_rate(context: WriteContext, draft: Draft, code: str) -> None:
    if not context.flags.multicurrency or code == context.flags.home:
        draft.body.pop("ExchangeRate", None)
        if context.flags.multicurrency:
            draft.body["ExchangeRate"] = 1
        return
    if draft.body.get("ExchangeRate", 1) <= 0:
        raise faults.Fault([faults.illegal_number("ExchangeRate", draft.body["ExchangeRate"])])
    draft.default("ExchangeRate", bare(_usual_rate(context, draft, code)))


def _usual_rate(context: WriteContext, draft: Draft, code: str) -> Number:
    return 1 if draft.kind.name == "JournalEntry" else context.books.rate(code, draft.body["TxnDate"])


def settle_number(context: WriteContext, draft: Draft) -> None:
    """DocNumber by preference: sales forms are numbered unless numbers are custom, journal entries only on request."""
    body, kind = draft.body, draft.kind.name
    automatic = body.get("DocNumber") == "AUTO_GENERATE" and kind != "JournalEntry"
    if automatic or ("DocNumber" not in body and draft.old is None and _numbered(context, kind)):
        body["DocNumber"] = _next_number(context, kind)
    elif "DocNumber" in body and body["DocNumber"] != draft.kept("DocNumber"):
        _refuse_duplicate(context, kind, body["DocNumber"], draft.kept("Id"))


def _numbered(context: WriteContext, kind: str) -> bool:
    if kind == "JournalEntry":
        return "allowautodocnum" in context.include
    return kind not in _NEVER_NUMBERED and not context.flags.custom_txn_numbers


def _refuse_duplicate(context: WriteContext, kind: str, number: str, own: str | None) -> None:
    if "allowduplicatedocnum" in context.include:
        return
    sales = kind in SALES_NUMBERS and context.switches.refuse_duplicate_sales_numbers
    warned = kind == "JournalEntry" and context.flags.warn_duplicate_journal
    warned = warned or (kind == "Bill" and context.flags.warn_duplicate_bill)
    if not (sales or warned):
        return
    holder = _number_holder(context, kind, number)
    if holder is not None and holder != own:
        raise faults.duplicate_number(number, TYPE_NAMES.get(kind, kind), holder)


def _number_holder(context: WriteContext, kind: str, number: str) -> str | None:
    """The id of a transaction of this kind that carries the number."""
    table = context.books.tables[kind]
    index = table.all[table.kind.place["DocNumber"]]
    key = fold(number)
    holder = next(index.ids(index.rank((key, 0)), index.rank((key, 10**18))), None)
    return None if holder is None else str(holder)


def _sequence(kind: str) -> str:
    return "number:sales" if kind in SALES_NUMBERS else f"number:{kind}"


def _next_number(context: WriteContext, kind: str) -> str:
    while True:
        number = str(max(context.books.sequences.get(_sequence(kind), 0), _FIRST_NUMBER - 1) + 1)
        context.books.sequences[_sequence(kind)] = int(number)
        if _number_holder(context, kind, number) is None:
            return number


def _note_number(context: WriteContext, kind: str, new: Json, old: Json | None) -> None:
    """The last number used counts on, also when a client chose it."""
    number = new.get("DocNumber", "")
    fresh = old is None or old.get("DocNumber") != number
    if fresh and number.isascii() and number.isdigit() and len(number) < _LONGEST_COUNTED:
        context.books.sequences[_sequence(kind)] = int(number)


def _void_shape(body: Json) -> None:
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


def _is_voided(body: Json) -> bool:
    note = body.get("PrivateNote", "")
    return bool(note.startswith("Voided")) and not body.get("TotalAmt", body.get("Amount"))
