"""Journal entries (reference 6.5)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.faults import Fault, FaultError
from ml_emulators.quickbooks.kinds.lines import number_ids
from ml_emulators.quickbooks.kinds.references import PARTIES
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.ledger import posting, rate_of
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.rules.transactions import TransactionRule, settle_currency, settle_date, settle_number
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.values import Json

_ORDER = ("PostingType", "Entity", "AccountRef", "ClassRef", "DepartmentRef")
_LINE_ORDER = ("Id", "Description", "Amount", "LinkedTxn", "DetailType", "JournalEntryLineDetail")
_OPEN = {
    "Accounts Receivable": ("Receivable", "Customer", "customer"),
    "Accounts Payable": ("Payable", "Vendor", "vendor"),
}


class JournalEntryRule(TransactionRule):
    """Debits and credits balance in the transaction's currency; home amounts follow the rate (reference 6.5)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Judge lines, names and balance; fill in date, number, rate and totals, which are zero. Raises 6000, 2020."""
        draft.require("Line")
        body = draft.body
        details = _details(body)
        _required(details, french=context.books.company.country == "FR")
        if len(details) < 2:
            raise faults.business("You must have at least two detail lines in a journal entry.", "Line")
        settle_date(context, draft)
        settle_currency(context, draft, None)
        _balanced(details)
        for line in details:
            _complete(context, line)
        _open_accounts(context, body, details)
        _still_covers(context, draft)
        number_ids(body["Line"], {line["Id"] for line in draft.kept("Line") or []}, 0)
        body["Line"] = [_ordered(line) for line in body["Line"]]
        draft.default("Adjustment", False)
        if not body.get("TxnTaxDetail", {}).get("TotalTax"):
            body["TxnTaxDetail"] = {}
        body["TotalAmt"] = 0
        if context.flags.multicurrency:
            body["HomeTotalAmt"] = 0
        settle_number(context, draft)

    def postings(self, context: WriteContext, body: Json) -> Iterator[Posting]:
        """Each line on its account, debit positive, with the customer of a receivable."""
        rate = rate_of(body)
        for line in _details(body):
            detail = line["JournalEntryLineDetail"]
            yield posting(context, detail["AccountRef"]["value"], _signed(line), rate, _customer(context, detail))


def _still_covers(context: WriteContext, draft: Draft) -> None:
    """What payments have applied to an entry must still be there after an edit."""
    applied = context.books.applied.get(draft.kept("Id") or "", ())
    for customer in {who for _, who, _ in applied}:
        used = sum((amount for _, who, amount in applied if who == customer), Decimal(0))
        if abs(receivable_of(context, draft.body, customer)) < used:
            raise faults.business("The amount cannot be less than what has been applied to it.")


def _details(body: Json) -> list[Json]:
    return [line for line in body["Line"] if line.get("DetailType") == "JournalEntryLineDetail"]


def _required(details: list[Json], *, french: bool) -> None:
    """Every missing part of every line is reported, all together."""
    errors: list[FaultError] = []
    names = ("PostingType", "AccountRef", *(("JournalCodeRef",) if french else ()))
    for line in details:
        detail = line["JournalEntryLineDetail"]
        errors += [faults.missing(name) for name in names if name not in detail]
        if "Amount" not in line:
            errors.append(faults.missing("Amount"))
    if errors:
        raise Fault(errors)


def _balanced(details: list[Json]) -> None:
    if any(line["Amount"] < 0 for line in details):
        raise faults.business("Amounts in a journal entry must be positive; PostingType tells the side.", "Amount")
    debited, credited = (
        sum((Decimal(line["Amount"]) for line in details if _posting_type(line) == posting_type), Decimal(0))
        for posting_type in ("Debit", "Credit")
    )
    if debited != credited:
        raise faults.business("Please balance debits and credits.")
    if len({_posting_type(line) for line in details}) < 2:
        raise faults.business("A journal entry needs at least one debit and one credit.", "Line")


def _posting_type(line: Json) -> str:
    posting_type: str = line["JournalEntryLineDetail"]["PostingType"]
    return posting_type


def _complete(context: WriteContext, line: Json) -> None:
    """Drop what is not tracked; fill in the kind of the named party."""
    detail = line["JournalEntryLineDetail"]
    if not context.flags.track_departments:
        detail.pop("DepartmentRef", None)
    if not (context.flags.class_per_line or context.flags.class_per_txn):
        detail.pop("ClassRef", None)
    entity = detail.get("Entity")
    target = ref_value(entity, "EntityRef") if entity else None
    if entity and target is None:
        detail.pop("Entity")
    elif entity and "Type" not in entity:
        kind = next(party for party in PARTIES if context.books.row(party, target) is not None)
        detail["Entity"] = {"Type": kind, **entity}


def _open_accounts(context: WriteContext, body: Json, details: list[Json]) -> None:
    """Lines on A/R need a customer, on A/P a vendor, all in the currency of the entry."""
    currency = body["CurrencyRef"]["value"]
    seen: set[str] = set()
    for line in details:
        detail = line["JournalEntryLineDetail"]
        account = context.books.data("Account", detail["AccountRef"]["value"])
        if account["AccountType"] in _OPEN:
            seen.add(account["Id"])
            _open_line(account, detail, currency)
        _party_currency(context, detail, currency)
    if len(seen) > 1 and context.switches.one_ar_ap_account_per_entry:
        raise faults.business(
            "A journal entry can use only one Accounts Receivable or Accounts Payable account.", "Line"
        )


def _open_line(account: Json, detail: Json, currency: str) -> None:
    name, kind, article = _OPEN[account["AccountType"]]
    if detail.get("Entity", {}).get("Type") != kind:
        raise faults.business(f"When you use Accounts {name}, you must choose a {article} in the Name field.", "Entity")
    if account["CurrencyRef"]["value"] != currency:
        raise _other_currency()


def _party_currency(context: WriteContext, detail: Json, currency: str) -> None:
    entity = detail.get("Entity")
    if entity is not None and entity["Type"] != "Employee":
        party = context.books.data(entity["Type"], entity["EntityRef"]["value"])
        if party["CurrencyRef"]["value"] != currency:
            raise _other_currency()


def _other_currency() -> Fault:
    detail = "The transaction must be in the same currency as the A/R and A/P accounts and the names used."
    return faults.business(detail, "CurrencyRef")


def _ordered(line: Json) -> Json:
    detail = line.get("JournalEntryLineDetail")
    if detail is not None:
        others = {key: value for key, value in detail.items() if key not in _ORDER}
        line["JournalEntryLineDetail"] = {**{key: detail[key] for key in _ORDER if key in detail}, **others}
    others = {key: value for key, value in line.items() if key not in _LINE_ORDER}
    return {**{key: line[key] for key in _LINE_ORDER if key in line}, **others}


def _signed(line: Json) -> Decimal:
    amount = Decimal(line["Amount"])
    return amount if _posting_type(line) == "Debit" else -amount


def _customer(context: WriteContext, detail: Json) -> str | None:
    """The customer whose balance a line moves: named on an A/R line."""
    entity = detail.get("Entity")
    if entity is None or entity["Type"] != "Customer":
        return None
    account = context.books.data("Account", detail["AccountRef"]["value"])
    target: str = entity["EntityRef"]["value"]
    return target if account["AccountType"] == "Accounts Receivable" else None


def receivable_of(context: WriteContext, entry: Json, customer: str) -> Decimal:
    """What an entry adds to a customer's receivable."""
    mine = (line for line in _details(entry) if _customer(context, line["JournalEntryLineDetail"]) == customer)
    return sum((_signed(line) for line in mine), Decimal(0))
