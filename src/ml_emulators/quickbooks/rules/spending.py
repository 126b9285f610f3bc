"""Rules of payments of bills, expenses, purchase orders, transfers, deposits and hours (reference 4.3, 6.10)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.lines import number_ids
from ml_emulators.quickbooks.rules import accounts
from ml_emulators.quickbooks.rules.applications import OWED, applications
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.ledger import balancing, posting, rate_of
from ml_emulators.quickbooks.rules.payments import ApplyingRule
from ml_emulators.quickbooks.rules.purchases import (
    book_lines,
    booked,
    settle_lines,
    settle_payable,
    settle_purchase_tax,
)
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.rules.rule import Rule
from ml_emulators.quickbooks.rules.system_accounts import system_account
from ml_emulators.quickbooks.rules.taxes import added
from ml_emulators.quickbooks.rules.transactions import (
    TransactionRule,
    check_open,
    settle_currency,
    settle_date,
    settle_number,
)
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.values import Json, money

_PAID_BY = {
    "Check": ("CheckPayment", "BankAccountRef", "Bank"),
    "CreditCard": ("CreditCardPayment", "CCAccountRef", "Credit Card"),
}
_DEPOSITED = ("Payment", "SalesReceipt")


class BillPaymentRule(ApplyingRule):
    """Money to a vendor, applied to bills (reference 6.10)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Date, currency of the vendor, paying account, what is applied. Raises 2020, and 6000 below zero."""
        draft.require("VendorRef", "PayType", "TotalAmt")
        body = draft.body
        if body["TotalAmt"] < 0:
            raise faults.business("The amount of a payment cannot be negative.", "TotalAmt")
        vendor = context.books.data("Vendor", body["VendorRef"]["value"])
        settle_date(context, draft)
        settle_currency(context, draft, ref_value(vendor, "CurrencyRef"), "vendor")
        _paying_account(context, body)
        if "APAccountRef" in body:
            settle_payable(context, draft)
        body["Line"] = [line for line in body.get("Line", []) if line]
        _settle_debts(context, draft)
        settle_number(context, draft)

    def postings(self, context: WriteContext, body: Json) -> Iterator[Posting]:
        """The payable against the account that pays."""
        if body["TotalAmt"]:
            amount, rate = Decimal(body["TotalAmt"]), rate_of(body)
            payable = ref_value(body, "APAccountRef") or system_account(
                context, accounts.PAYABLE, body["CurrencyRef"]["value"]
            )
            yield posting(context, payable, amount, rate, body["VendorRef"]["value"])
            yield posting(context, _paying_account(context, body), -amount, rate)


def _paying_account(context: WriteContext, body: Json) -> str:
    group, name, kind = _PAID_BY[body["PayType"]]
    account = ref_value(body.get(group, {}), name)
    if account is None:
        raise faults.Fault([faults.missing(name)])
    if context.books.data("Account", account)["AccountType"] != kind:
        raise faults.account_type_not_allowed(name)
    return account


def _settle_debts(context: WriteContext, draft: Draft) -> None:
    body, former = draft.body, applications(draft.old)
    left = Decimal(body["TotalAmt"])
    for (kind, target), amount in applications(body).items():
        if amount > _owed(context, body, kind, target) + former.get((kind, target), Decimal(0)):
            raise faults.business("You can't apply more than the open balance of the transaction.", "Line")
        left += amount if kind == "VendorCredit" else -amount
    if left < 0:
        raise faults.business("You can't apply more than the amount of the payment.", "Line")


def _owed(context: WriteContext, body: Json, kind: str, target: str) -> Decimal:
    if kind not in OWED:
        raise faults.Fault([faults.invalid_enumeration("TxnType", kind)])
    if context.books.row(kind, target) is None:
        raise faults.not_found()
    data = context.books.data(kind, target)
    if data["VendorRef"]["value"] != body["VendorRef"]["value"]:
        raise faults.business("The linked transaction belongs to another vendor.", "Line")
    return Decimal(data["Balance"])


class PurchaseRule(TransactionRule):
    """Money spent at once. 2020 without PaymentType, also in a sparse update (reference 4.1)."""

    voidable_on_screen = True

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Raises 2020, and 6430 for an account that does not go with the way of paying."""
        if "PaymentType" not in draft.sent:
            raise faults.Fault([faults.missing("PaymentType")])
        if not draft.body.get("Line"):
            draft.body.pop("Line", None)
        draft.require("AccountRef", "Line")
        account = context.books.data("Account", draft.body["AccountRef"]["value"])
        card = account["AccountType"] == "Credit Card"
        if card != (draft.body["PaymentType"] == "CreditCard") or account["AccountType"] not in ("Bank", "Credit Card"):
            raise faults.account_type_not_allowed("AccountRef")
        settle_date(context, draft)
        settle_currency(context, draft, ref_value(account, "CurrencyRef"), "account")
        _spent(context, draft)
        settle_number(context, draft)

    def postings(self, context: WriteContext, body: Json) -> Iterator[Posting]:
        """The costs against the account that pays; a credit the other way round."""
        costs = list(book_lines(context, body, -1 if body.get("Credit") else 1))
        yield from costs
        yield balancing(body["AccountRef"]["value"], costs)


def _spent(context: WriteContext, draft: Draft) -> None:
    body = draft.body
    settle_lines(context, draft)
    if not context.flags.track_departments:
        body.pop("DepartmentRef", None)
    settle_purchase_tax(context, draft)
    total = sum((Decimal(line.get("Amount", 0)) for line in booked(body)), Decimal(0)) + added(body)
    if total < 0:
        raise faults.business("Transaction amount must be 0 or greater.", "Line")
    body["TotalAmt"] = money(total)


class PurchaseOrderRule(TransactionRule):
    """An order to a vendor: it books nothing."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Date, currency of the vendor, lines; open unless sent. Raises 2020."""
        if not draft.body.get("Line"):
            draft.body.pop("Line", None)
        draft.require("VendorRef", "Line")
        vendor = context.books.data("Vendor", draft.body["VendorRef"]["value"])
        settle_date(context, draft)
        settle_currency(context, draft, ref_value(vendor, "CurrencyRef"), "vendor")
        settle_payable(context, draft)
        _spent(context, draft)
        draft.default("POStatus", "Open")
        draft.default("EmailStatus", "NotSet")
        settle_number(context, draft)


class TransferRule(TransactionRule):
    """Money from one balance-sheet account to another, in one currency."""

    voidable_on_screen = True

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Raises 2020, and 6000 for no amount above zero, one account, or two currencies."""
        draft.require("FromAccountRef", "ToAccountRef", "Amount")
        body = draft.body
        if body["Amount"] <= 0 or body["FromAccountRef"] == body["ToAccountRef"]:
            raise faults.business("A transfer moves an amount above zero between two accounts.", "Amount")
        settle_date(context, draft)
        source, goal = (
            context.books.data("Account", body[name]["value"]) for name in ("FromAccountRef", "ToAccountRef")
        )
        settle_currency(context, draft, ref_value(source, "CurrencyRef"), "account")
        if ref_value(goal, "CurrencyRef") != ref_value(source, "CurrencyRef"):
            raise faults.business("Both accounts of a transfer must be in one currency.", "ToAccountRef")

    def postings(self, context: WriteContext, body: Json) -> Iterator[Posting]:
        """The account it goes to against the one it comes from."""
        if body["Amount"]:
            amount, rate = Decimal(body["Amount"]), rate_of(body)
            yield posting(context, body["ToAccountRef"]["value"], amount, rate)
            yield posting(context, body["FromAccountRef"]["value"], -amount, rate)


class TimeActivityRule(Rule):
    """Hours are no money yet."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """The person of its kind, date and hours; not billable unless sent. Raises 2020."""
        draft.require("NameOf")
        draft.require(f"{draft.body['NameOf']}Ref")
        settle_date(context, draft)
        draft.default("BillableStatus", "NotBillable")
        draft.default("Hours", 0)
        draft.default("Minutes", 0)

    def before_delete(self, context: WriteContext, old: Json) -> None:
        """Raises 6210 in closed books."""
        check_open(context, old)


class DepositRule(TransactionRule):
    """Money brought to the bank: out of undeposited payments, or from accounts."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Number the lines, take payments out of undeposited funds, add up. Raises 2020 and 6000."""
        if not draft.body.get("Line"):
            draft.body.pop("Line", None)
        draft.require("DepositToAccountRef", "Line")
        body = draft.body
        account = context.books.data("Account", body["DepositToAccountRef"]["value"])
        settle_date(context, draft)
        settle_currency(context, draft, ref_value(account, "CurrencyRef"), "account")
        number_ids(body["Line"], {line["Id"] for line in draft.kept("Line") or []}, 1)
        for place, line in enumerate(body["Line"], 1):
            line["LineNum"] = place
            _deposit_line(context, line, draft.kept("Id"))
        body["TotalAmt"] = money(sum((Decimal(line["Amount"]) for line in body["Line"]), Decimal(0)))
        if context.flags.multicurrency:
            body["HomeTotalAmt"] = money(Decimal(body["TotalAmt"]) * Decimal(rate_of(body)))

    def after_save(self, context: WriteContext, new: Json, old: Json | None) -> None:
        """What lies in it can no longer be changed (6540), what was taken out can; then the ledger."""
        _mark_deposited(context, new["Id"], new, old)
        super().after_save(context, new, old)

    def on_delete(self, context: WriteContext, old: Json) -> None:
        """What lay in it can be changed again; then the ledger."""
        _mark_deposited(context, old["Id"], None, old)
        super().on_delete(context, old)

    def postings(self, context: WriteContext, body: Json) -> Iterator[Posting]:
        """The bank against undeposited funds and the accounts of its lines."""
        rate, taken = rate_of(body), []
        for line in body["Line"]:
            account = ref_value(line.get("DepositLineDetail", {}), "AccountRef")
            source = account or system_account(context, accounts.UNDEPOSITED)
            taken.append(posting(context, source, -Decimal(line["Amount"]), rate))
        yield from taken
        yield balancing(body["DepositToAccountRef"]["value"], taken)


def _deposit_line(context: WriteContext, line: Json, own: str | None) -> None:
    for link in line.get("LinkedTxn", []):
        kind, target = link.get("TxnType", ""), link.get("TxnId", "")
        if kind not in _DEPOSITED:
            raise faults.Fault([faults.invalid_enumeration("TxnType", kind)])
        if context.books.row(kind, target) is None:
            raise faults.not_found()
        if context.books.names.get(("deposited", target), own) != own:
            raise faults.business("The linked transaction has been deposited already.", "Line")
        data = context.books.data(kind, target)
        if ref_value(data, "DepositToAccountRef") != system_account(context, accounts.UNDEPOSITED):
            raise faults.business("Only what is in Undeposited Funds can be deposited.", "Line")
        line["Amount"] = data["TotalAmt"]
    absent = [name for name in ("Amount",) if name not in line]
    if not line.get("LinkedTxn") and ref_value(line.get("DepositLineDetail", {}), "AccountRef") is None:
        absent.append("AccountRef")
    if absent:
        raise faults.Fault([faults.missing(name) for name in absent])


def _mark_deposited(context: WriteContext, deposit_id: str, new: Json | None, old: Json | None) -> None:
    """What lies in a deposit cannot be changed any more (6540), until the deposit is gone."""
    for target in _linked(old):
        context.books.names.pop(("deposited", target), None)
    for target in _linked(new):
        context.books.names["deposited", target] = deposit_id


def _linked(body: Json | None) -> list[str]:
    lines = body["Line"] if body is not None else []
    return [link["TxnId"] for line in lines for link in line.get("LinkedTxn", [])]
