"""Create, update, delete and void: the common path of every write, whoever asks for it (reference section 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.kinds.fields import Problems, read_known
from ml_emulators.quickbooks.kinds.kind import Kind
from ml_emulators.quickbooks.rules import auxiliary as side
from ml_emulators.quickbooks.rules import journal, lists, payments, people, purchases, sales, spending
from ml_emulators.quickbooks.rules.company import company_info, preferences
from ml_emulators.quickbooks.rules.context import Desk
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.ledger import post
from ml_emulators.quickbooks.rules.names import note_name
from ml_emulators.quickbooks.rules.references import check_references
from ml_emulators.quickbooks.rules.transactions import check_open, is_voided, note_number, void_shape
from ml_emulators.quickbooks.values import Json, seconds

Rule = Callable[[Desk, Draft], None]
RULES: dict[str, Rule] = {
    "Customer": people.customer,
    "Vendor": people.vendor,
    "Employee": people.employee,
    "Item": lists.item,
    "Account": lists.account,
    "Department": lists.department,
    "Class": lists.class_,
    "Term": lists.term,
    "PaymentMethod": lists.payment_method,
    "CompanyCurrency": lists.company_currency,
    "Invoice": sales.sales_form,
    "SalesReceipt": sales.sales_form,
    "RefundReceipt": sales.sales_form,
    "CreditMemo": sales.sales_form,
    "Estimate": sales.sales_form,
    "Payment": payments.payment,
    "JournalEntry": journal.journal_entry,
    "Bill": purchases.purchase,
    "VendorCredit": purchases.purchase,
    "BillPayment": spending.bill_payment,
    "Purchase": spending.expense,
    "PurchaseOrder": spending.purchase_order,
    "Transfer": spending.transfer,
    "Deposit": spending.deposit,
    "TimeActivity": spending.time_activity,
    "Attachable": side.attachable,
    "ExchangeRate": side.no_rule,
    "TaxCode": side.tax_list,
    "TaxRate": side.tax_list,
    "TaxAgency": side.tax_agency,
    "Preferences": preferences,
    "CompanyInfo": company_info,
}
_STICKY = ("DisplayName", "PrintOnCheckName")
_SINGLE = ("Preferences", "CompanyInfo")
_UNPOSTED = (*_SINGLE, "Attachable", "TimeActivity")
_STATE = ("Id", "SyncToken", "MetaData", "domain", "sparse")
_PAYMENTS = ("Payment", "BillPayment")
_SPENDING = ("BillPayment", "Purchase", "Deposit", "Transfer")
_VOIDABLE = ("Invoice", "SalesReceipt", *_PAYMENTS)
_VOIDABLE_ON_SCREEN = (*_VOIDABLE, "CreditMemo", "RefundReceipt", "Purchase", "Transfer")


def _checked(kind: Kind, body: Any) -> Json:
    """The cleaned fields of a request body; unknown properties and illegal values are refused."""
    if not isinstance(body, dict):
        raise faults.unknown_property("body")
    for name in body:
        if name not in kind.known:
            raise faults.unknown_property(name)
    problems: Problems = []
    cleaned = read_known(kind.fields, body, problems)
    if problems:
        raise faults.Fault(problems)
    return cleaned


def create(desk: Desk, kind_name: str, body: Any, *, has_file: bool = False) -> Json:
    """A new record (of an attachment perhaps with a file beside it); raises Fault."""
    if kind_name in _SINGLE:
        raise faults.unsupported(f"create {kind_name}")
    kind = KINDS[kind_name]
    sent = _checked(kind, body)
    if kind_name == "Attachable" and not has_file and "Note" not in sent:
        raise faults.business("An attachment needs a note or a file.", "Note")
    draft = Draft(kind, sent, dict(sent), None)
    _judge(desk, draft)
    stored = desk.insert(kind_name, draft.body)
    _effects(desk, kind, stored, None)
    desk.notify(kind_name, stored["Id"], "create")
    return desk.books.data(kind_name, stored["Id"])


def _judge(desk: Desk, draft: Draft) -> None:
    check_references(desk.books, draft.kind.name, draft.body, draft.old)
    RULES[draft.kind.name](desk, draft)


def update(desk: Desk, kind_name: str, body: Any) -> Json:
    """A full or sparse update; what changes nothing moves no SyncToken. Raises Fault."""
    kind = KINDS[kind_name]
    if kind_name == "ExchangeRate":
        raise faults.unsupported(f"update {kind_name}")
    sent = _checked(kind, body)
    old = find(desk, kind_name, body)
    if not kind.is_list and kind_name not in _UNPOSTED:
        spending.refuse_deposited(desk, old["Id"])
    sparse = body.get("sparse") in (True, "true") or kind_name in _SINGLE
    start = {key: value for key, value in old.items() if key in kind.fields} if sparse else {}
    for name in kind.fields:
        if name in body and name not in sent and name not in _STICKY:
            start.pop(name, None)
    draft = Draft(kind, sent, start | sent, old)
    _judge(desk, draft)
    return _store(desk, draft)


def _store(desk: Desk, draft: Draft) -> Json:
    kind, old = draft.kind, draft.old or {}
    changed = {**draft.body, **{key: old[key] for key in _STATE}}
    if not _differs(desk, kind, changed, old):
        return old
    desk.replace(kind.name, changed)
    stored = desk.books.data(kind.name, old["Id"])
    _effects(desk, kind, stored, old)
    gone = kind.is_list and old["Active"] and not stored["Active"]
    desk.notify(kind.name, stored["Id"], "deactivate" if gone else "update")
    return desk.books.data(kind.name, old["Id"])


def _differs(desk: Desk, kind: Kind, new: Json, old: Json) -> bool:
    """Whether a write changes anything beyond names and balances, which follow by themselves."""
    return _bare(kind, new) != _bare(kind, old)


_FOLLOWING = (
    "Balance",
    "BalanceWithJobs",
    "CurrentBalance",
    "CurrentBalanceWithSubAccounts",
    "MetaData",
    "V4IDPseudonym",
    "ClientEntityId",
)


def _bare(kind: Kind, body: Json) -> Json:
    skipped = _FOLLOWING if kind.is_list else ("MetaData",)
    return {key: _unnamed(value) for key, value in body.items() if key not in skipped}


def _unnamed(value: Any) -> Any:
    if isinstance(value, dict):
        named = isinstance(value.get("value"), str)
        return {key: _unnamed(one) for key, one in value.items() if not (named and key == "name")}
    return [_unnamed(one) for one in value] if isinstance(value, list) else value


def find(desk: Desk, kind_name: str, body: Json) -> Json:
    """The record that a write names by Id and SyncToken: 2020, 610 or 5010."""
    record_id = body.get("Id")
    if kind_name in _SINGLE and record_id is None:
        record_id = "1"
    if record_id is None:
        raise faults.Fault([faults.missing("Id")])
    if desk.books.row(kind_name, str(record_id)) is None:
        raise faults.not_found()
    old = desk.books.data(kind_name, str(record_id))
    token = body.get("SyncToken")
    if token is None:
        raise faults.Fault([faults.missing("SyncToken")])
    if str(token) != old["SyncToken"]:
        raise faults.stale(desk.books.company.user_name)
    return old


def _effects(desk: Desk, kind: Kind, new: Json, old: Json | None) -> None:
    """What a committed write does to indexes, balances and other records."""
    name = kind.name
    if kind.is_list:
        note_name(desk, kind, new, old)
        if name == "Account":
            lists.note_account(desk, new)
    elif name not in _UNPOSTED:
        note_number(desk, name, new, old)
        if name in _PAYMENTS:
            payments.apply(desk, new["Id"], new, old)
        if name == "Deposit":
            spending.note_deposit(desk, new["Id"], new, old)
        post(desk, new["Id"], _postings(desk, name, new))
        if name == "Invoice":
            sales.link_estimates(desk, new, old)


def _postings(desk: Desk, kind: str, body: Json) -> list[Any]:
    if kind == "JournalEntry":
        return list(journal.postings(desk, body))
    if kind == "Payment":
        return list(payments.postings(desk, body))
    if kind in ("Bill", "VendorCredit"):
        return list(purchases.postings(desk, kind, body))
    if kind in _SPENDING:
        return list(spending.postings(desk, kind, body))
    return [] if kind == "PurchaseOrder" else list(sales.postings(desk, kind, body))


def delete(desk: Desk, kind_name: str, body: Any) -> Json:
    """Remove a transaction for good; the answer is a stub. Raises Fault."""
    kind = KINDS[kind_name]
    if kind.is_list or kind_name in (*_SINGLE, "ExchangeRate"):
        raise faults.unsupported(f"delete {kind_name}")
    old = find(desk, kind_name, body if isinstance(body, dict) else {})
    check_open(desk, old)
    if kind_name not in _UNPOSTED:
        spending.refuse_deposited(desk, old["Id"])
    if kind_name not in (*_PAYMENTS, *_UNPOSTED) and desk.books.applied.get(old["Id"]):
        raise faults.business("You must unlink the payments of this transaction before you can delete it.")
    if kind_name not in _UNPOSTED:
        _undo(desk, kind_name, old)
    if kind_name == "Attachable":
        desk.books.files.pop(old["Id"], None)
    desk.books.drop(kind_name, old["Id"], seconds(desk.now))
    desk.notify(kind_name, old["Id"], "delete")
    return {"domain": "QBO", "status": "Deleted", "Id": old["Id"]}


def _undo(desk: Desk, kind_name: str, old: Json) -> None:
    """Take a deleted transaction out of the books, and out of what it was linked to."""
    if kind_name in _PAYMENTS:
        payments.apply(desk, old["Id"], None, old)
    if kind_name == "Deposit":
        spending.note_deposit(desk, old["Id"], None, old)
    post(desk, old["Id"], ())
    if kind_name == "Invoice":
        sales.link_estimates(desk, None, old)
    desk.books.applied.pop(old["Id"], None)


def void(desk: Desk, kind_name: str, body: Any, *, on_screen: bool = False) -> Json:
    """Void a transaction: it stays, with zeros. On the screens more kinds can be voided than by API. Raises Fault."""
    if kind_name not in (_VOIDABLE_ON_SCREEN if on_screen else _VOIDABLE):
        raise faults.unsupported(f"void {kind_name}")
    old = find(desk, kind_name, body if isinstance(body, dict) else {})
    if is_voided(old):
        return old
    check_open(desk, old)
    spending.refuse_deposited(desk, old["Id"])
    new = desk.books.data(kind_name, old["Id"])
    if kind_name in _PAYMENTS:
        new["Line"] = []
    void_shape(new)
    if kind_name in _PAYMENTS:
        payments.apply(desk, old["Id"], None, old)
    else:
        payments.unlink(desk, kind_name, old["Id"])
    desk.replace(kind_name, new)
    post(desk, old["Id"], ())
    desk.notify(kind_name, old["Id"], "void")
    return desk.books.data(kind_name, old["Id"])
