"""What the documents in QuickBooks have posted, line by line, and journal entries as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.model import money
from ml_connector.systems.quickbooks.records import note_fields

from .lines import Line
from .stage import Stage

_INCOME = ("Income", "Other Income")
_CREDIT_SIDE = ("Liability", "Equity", "Revenue")
_SALES = {"Invoice": 1, "CreditMemo": -1, "SalesReceipt": 1}


class Books(msgspec.Struct, frozen=True):
    """The lists that lines refer to, by id."""

    accounts: Mapping[str, Mapping[str, Any]]
    departments: Mapping[str, Mapping[str, Any]]
    classes: Mapping[str, Mapping[str, Any]]
    items: Mapping[str, Mapping[str, Any]]
    customers: Mapping[str, Mapping[str, Any]]

    def number(self, account: str) -> str:
        """How people name the account with this id: its number, else its name, else the id."""
        row = self.accounts.get(account, {})
        return str(row.get("AcctNum") or row.get("Name") or account)

    def type_of(self, account: str) -> str:
        """The AccountType of the account with this id; blank where there is none."""
        return str(self.accounts.get(account, {}).get("AccountType", ""))

    def normal_credit(self, account: str) -> bool:
        """Whether its balance is read as credits less debits."""
        return self.accounts.get(account, {}).get("Classification") in _CREDIT_SIDE

    def by_number(self, number: str) -> str:
        """The id of the account that people name so; blank where there is none."""
        return next((key for key in self.accounts if self.number(key) == number), "")


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One amount on one account: positive for a debit, in the currency of its document; `rate` leads to home."""

    account: str
    amount: Decimal
    department: str = ""
    class_: str = ""
    customer: str = ""
    currency: str = ""
    rate: Decimal = Decimal(1)
    day: date


async def books_of(stage: Stage) -> Books:
    """The lists as they are now."""
    return Books(
        accounts=await stage.by_id("Account"),
        departments=await stage.by_id("Department"),
        classes=await stage.by_id("Class"),
        items=await stage.by_id("Item"),
        customers=await stage.by_id("Customer"),
    )


def ref_of(record: Mapping[str, Any], name: str) -> str:
    """The id that a field of a record points at; blank for none."""
    return str((record.get(name) or {}).get("value", ""))


def _full(rows: Mapping[str, Mapping[str, Any]], key: str) -> str:
    return str(rows.get(key, {}).get("FullyQualifiedName", key))


def entry_lines(entry: Mapping[str, Any], books: Books) -> list[Line]:
    """The posting lines of a journal entry, in the order QuickBooks gives."""
    return [
        _entry_line(line, line["JournalEntryLineDetail"], books)
        for line in entry.get("Line", ())
        if line.get("JournalEntryLineDetail")
    ]


def _entry_line(line: Mapping[str, Any], detail: Mapping[str, Any], books: Books) -> Line:
    text = str(line.get("Description", ""))
    customer = ref_of(detail.get("Entity") or {}, "EntityRef")
    return Line(
        side=str(detail["PostingType"]),
        account=books.number(ref_of(detail, "AccountRef")),
        amount=money.exact(line["Amount"]),
        department=_full(books.departments, ref_of(detail, "DepartmentRef")),
        class_=_full(books.classes, ref_of(detail, "ClassRef")),
        source=text[1 : text.index("]")] if text.startswith("[") and "]" in text else "",
        customer=str(books.customers.get(customer, {}).get("DisplayName", customer)),
    )


def made_by_us(entry: Mapping[str, Any]) -> bool:
    """Whether a journal entry carries our mark in its note (accounting-rules B.11)."""
    return bool(note_fields(str(entry.get("PrivateNote", ""))))


async def movements(stage: Stage, books: Books) -> list[Moved]:
    """Everything that entries, invoices, credit memos, receipts and payments have posted."""
    moved = [
        movement for kind, sign in _SALES.items()
        for form in await stage.records("quickbooks", kind)
        for movement in _form(kind, form, sign, books)
    ]  # fmt: skip
    for entry in await stage.records("quickbooks", "JournalEntry"):
        moved += _entry(entry, books)
    for payment in await stage.records("quickbooks", "Payment"):
        moved += _payment(payment, books)
    return moved


def _head(record: Mapping[str, Any], books: Books) -> dict[str, Any]:
    customer = books.customers.get(ref_of(record, "CustomerRef"), {})
    return {
        "currency": ref_of(record, "CurrencyRef"),
        "rate": money.exact(record.get("ExchangeRate") or 1),
        "day": date.fromisoformat(str(record["TxnDate"])),
        "customer": str(customer.get("DisplayName", "")),
    }


def _entry(entry: Mapping[str, Any], books: Books) -> Iterator[Moved]:
    head = _head(entry, books)
    for line in entry_lines(entry, books):
        amount = line.amount if line.side == "Debit" else -line.amount
        yield Moved(
            **{**head, "customer": line.customer or ""},
            account=books.by_number(line.account),
            amount=amount,
            department=line.department or "",
            class_=line.class_ or "",
        )


def _form(kind: str, form: Mapping[str, Any], sign: int, books: Books) -> Iterator[Moved]:
    """Dr receivable (or bank) total, Cr each item's income account, Cr tax, Dr discount; reversed for a credit memo."""
    head = {**_head(form, books), "department": _full(books.departments, ref_of(form, "DepartmentRef"))}
    total = money.exact(form.get("TotalAmt") or 0)
    tax = money.exact((form.get("TxnTaxDetail") or {}).get("TotalTax") or 0)
    counter = _bank(form, books) if kind == "SalesReceipt" else _receivable(head["currency"], books)
    yield Moved(**head, account=counter, amount=sign * total)
    if tax:
        yield Moved(**head, account=books.by_number("2200"), amount=-sign * tax)
    for line in form.get("Line", ()):
        yield from _sold(line, sign, head, books)


def _sold(line: Mapping[str, Any], sign: int, head: dict[str, Any], books: Books) -> Iterator[Moved]:
    amount = money.exact(line.get("Amount") or 0)
    if detail := line.get("SalesItemLineDetail"):
        item = books.items.get(ref_of(detail, "ItemRef"), {})
        account = ref_of(detail, "ItemAccountRef") or ref_of(item, "IncomeAccountRef")
        class_ = _full(books.classes, ref_of(detail, "ClassRef"))
        yield Moved(**head, account=account, amount=-sign * amount, class_=class_)
    elif detail := line.get("DiscountLineDetail"):
        account = ref_of(detail, "DiscountAccountRef") or books.by_number("4900")
        yield Moved(**head, account=account, amount=sign * amount)


def _payment(payment: Mapping[str, Any], books: Books) -> Iterator[Moved]:
    head, total = _head(payment, books), money.exact(payment.get("TotalAmt") or 0)
    yield Moved(**head, account=_bank(payment, books), amount=total)
    yield Moved(**head, account=_receivable(head["currency"], books), amount=-total)


def _bank(record: Mapping[str, Any], books: Books) -> str:
    return ref_of(record, "DepositToAccountRef") or books.by_number("1200")


def _receivable(currency: str, books: Books) -> str:
    """The receivable account in that currency."""
    rows = [key for key in books.accounts if books.type_of(key) == "Accounts Receivable"]
    fitting = [key for key in rows if ref_of(books.accounts[key], "CurrencyRef") in (currency, "")]
    return next(iter([*fitting, *rows]), "")


def is_income(books: Books, account: str) -> bool:
    """Whether the account with this id counts as revenue."""
    return books.type_of(account) in _INCOME
