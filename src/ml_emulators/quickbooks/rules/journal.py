"""Journal entries (reference 6.5)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.faults import Fault, FaultError
from ml_emulators.quickbooks.kinds.lines import number_ids
from ml_emulators.quickbooks.refresh import PARTIES
from ml_emulators.quickbooks.rules.context import Desk
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.ledger import posting, rate_of
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.rules.transactions import settle_currency, settle_date, settle_number
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.values import Json

_ORDER = ("PostingType", "Entity", "AccountRef", "ClassRef", "DepartmentRef")
_LINE_ORDER = ("Id", "Description", "Amount", "LinkedTxn", "DetailType", "JournalEntryLineDetail")
_OPEN = {
    "Accounts Receivable": ("Receivable", "Customer", "customer"),
    "Accounts Payable": ("Payable", "Vendor", "vendor"),
}


def journal_entry(desk: Desk, draft: Draft) -> None:
    """Complete and judge a journal entry; raises Fault."""
    draft.require("Line")
    body = draft.body
    details = _details(body)
    _required(details, french=desk.books.company.country == "FR")
    if len(details) < 2:
        raise faults.business("You must have at least two detail lines in a journal entry.", "Line")
    settle_date(desk, draft)
    settle_currency(desk, draft, None)
    _balanced(details)
    for line in details:
        _complete(desk, line)
    _open_accounts(desk, body, details)
    _still_covers(desk, draft)
    number_ids(body["Line"], {line["Id"] for line in draft.kept("Line") or []}, 0)
    body["Line"] = [_ordered(line) for line in body["Line"]]
    draft.default("Adjustment", False)
    if not body.get("TxnTaxDetail", {}).get("TotalTax"):
        body["TxnTaxDetail"] = {}
    body["TotalAmt"] = 0
    if desk.flags.multicurrency:
        body["HomeTotalAmt"] = 0
    settle_number(desk, draft)


def _still_covers(desk: Desk, draft: Draft) -> None:
    """What payments have applied to an entry must still be there after an edit."""
    applied = desk.books.applied.get(draft.kept("Id") or "", ())
    for customer in {who for _, who, _ in applied}:
        used = sum((amount for _, who, amount in applied if who == customer), Decimal(0))
        if abs(receivable_of(desk, draft.body, customer)) < used:
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
    sides = {
        side: sum((Decimal(line["Amount"]) for line in details if _side(line) == side), Decimal(0))
        for side in ("Debit", "Credit")
    }
    if sides["Debit"] != sides["Credit"]:
        raise faults.business("Please balance debits and credits.")
    if len({_side(line) for line in details}) < 2:
        raise faults.business("A journal entry needs at least one debit and one credit.", "Line")


def _side(line: Json) -> str:
    side: str = line["JournalEntryLineDetail"]["PostingType"]
    return side


def _complete(desk: Desk, line: Json) -> None:
    """Drop what is not tracked; fill in the kind of the named party."""
    detail = line["JournalEntryLineDetail"]
    if not desk.flags.track_departments:
        detail.pop("DepartmentRef", None)
    if not (desk.flags.class_per_line or desk.flags.class_per_txn):
        detail.pop("ClassRef", None)
    entity = detail.get("Entity")
    target = ref_value(entity, "EntityRef") if entity else None
    if entity and target is None:
        detail.pop("Entity")
    elif entity and "Type" not in entity:
        kind = next(one for one in PARTIES if desk.books.row(one, target) is not None)
        detail["Entity"] = {"Type": kind, **entity}


def _open_accounts(desk: Desk, body: Json, details: list[Json]) -> None:
    """Lines on A/R need a customer, on A/P a vendor, all in the currency of the entry."""
    currency = body["CurrencyRef"]["value"]
    seen: set[str] = set()
    for line in details:
        detail = line["JournalEntryLineDetail"]
        account = desk.books.data("Account", detail["AccountRef"]["value"])
        if account["AccountType"] in _OPEN:
            seen.add(account["Id"])
            _open_line(account, detail, currency)
        _party_currency(desk, detail, currency)
    if len(seen) > 1 and desk.switches.one_ar_ap_account_per_entry:
        raise faults.business(
            "A journal entry can use only one Accounts Receivable or Accounts Payable account.", "Line"
        )


def _open_line(account: Json, detail: Json, currency: str) -> None:
    name, kind, article = _OPEN[account["AccountType"]]
    if detail.get("Entity", {}).get("Type") != kind:
        raise faults.business(f"When you use Accounts {name}, you must choose a {article} in the Name field.", "Entity")
    if account["CurrencyRef"]["value"] != currency:
        raise _other_currency()


def _party_currency(desk: Desk, detail: Json, currency: str) -> None:
    entity = detail.get("Entity")
    if entity is not None and entity["Type"] != "Employee":
        party = desk.books.data(entity["Type"], entity["EntityRef"]["value"])
        if party["CurrencyRef"]["value"] != currency:
            raise _other_currency()


def _other_currency() -> Fault:
    detail = "The transaction must be in the same currency as the A/R and A/P accounts and the names used."
    return faults.business(detail, "CurrencyRef")


def _ordered(line: Json) -> Json:
    detail = line.get("JournalEntryLineDetail")
    if detail is not None:
        rest = {key: value for key, value in detail.items() if key not in _ORDER}
        line["JournalEntryLineDetail"] = {**{key: detail[key] for key in _ORDER if key in detail}, **rest}
    rest = {key: value for key, value in line.items() if key not in _LINE_ORDER}
    return {**{key: line[key] for key in _LINE_ORDER if key in line}, **rest}


def _signed(line: Json) -> Decimal:
    amount = Decimal(line["Amount"])
    return amount if _side(line) == "Debit" else -amount


def _customer(desk: Desk, detail: Json) -> str | None:
    """The customer whose balance a line moves: named on an A/R line."""
    entity = detail.get("Entity")
    if entity is None or entity["Type"] != "Customer":
        return None
    account = desk.books.data("Account", detail["AccountRef"]["value"])
    target: str = entity["EntityRef"]["value"]
    return target if account["AccountType"] == "Accounts Receivable" else None


def receivable_of(desk: Desk, entry: Json, customer: str) -> Decimal:
    """What an entry adds to a customer's receivable."""
    mine = (line for line in _details(entry) if _customer(desk, line["JournalEntryLineDetail"]) == customer)
    return sum((_signed(line) for line in mine), Decimal(0))


def postings(desk: Desk, body: Json) -> Iterator[Posting]:
    rate = rate_of(body)
    for line in _details(body):
        detail = line["JournalEntryLineDetail"]
        yield posting(desk, detail["AccountRef"]["value"], _signed(line), rate, _customer(desk, detail))
