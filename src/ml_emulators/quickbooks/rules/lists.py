"""Items, accounts, locations, classes, terms, payment methods and currencies (reference 6.6 to 6.9, 6.11)."""

from __future__ import annotations

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.currencies import CURRENCY_NAMES
from ml_emulators.quickbooks.rules.accounts import ACCOUNT_TYPES, SINGULAR, SUBTYPES
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.names import ListRule, settle_name, settle_place
from ml_emulators.quickbooks.rules.references import known_currency, ref_value
from ml_emulators.quickbooks.values import Json

_LONGEST_NUMBER = {"AU": 20, "CA": 20}
_RECEIVABLE_PAYABLE = ("Accounts Receivable", "Accounts Payable")


class AccountRule(ListRule):
    """Accounts: a type and subtype that fit, one of some subtypes, a currency that stays (reference 6.6)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Type, name, place and currency; balances follow the ledger. Raises 2020, 2050, 6000 and 6240."""
        draft.require("Name")
        draft.keep("AccountType", "AccountSubType", "CurrencyRef")
        _account_type(draft)
        settle_name(context, draft)
        level = settle_place(context, draft)
        _singular(context, draft, level)
        _account_currency(context, draft)
        draft.body |= {"SubAccount": level > 0, "CurrentBalance": 0, "CurrentBalanceWithSubAccounts": 0}
        if not context.flags.account_numbers:
            draft.body.pop("AcctNum", None)
        longest, sent = _LONGEST_NUMBER.get(context.books.company.country, 7), draft.body.get("AcctNum", "")
        if len(sent) > longest:
            raise faults.Fault([faults.too_long("AcctNum", longest, len(sent))])

    def after_save(self, context: WriteContext, new: Json, old: Json | None) -> None:
        """Note its name, and the one account of a subtype of which there is one."""
        super().after_save(context, new, old)
        if new["AccountSubType"] in SINGULAR and new["Active"]:
            context.books.names["subtype", new["AccountSubType"]] = new["Id"]


def _account_type(draft: Draft) -> None:
    body = draft.body
    subtype, kind = body.get("AccountSubType"), body.get("AccountType")
    if subtype is None and kind is None:
        draft.require("AccountType")
    if kind is None:
        kind = SUBTYPES.get(subtype or "")
    if kind not in ACCOUNT_TYPES:
        raise faults.Fault([faults.invalid_enumeration("AccountType", kind or subtype)])
    if subtype is not None and SUBTYPES.get(subtype, kind) != kind:
        raise faults.Fault([faults.invalid_enumeration("AccountSubType", subtype)])
    classification, usual = ACCOUNT_TYPES[kind]
    body |= {"AccountType": kind, "AccountSubType": subtype or usual, "Classification": classification}


def _singular(context: WriteContext, draft: Draft, level: int) -> None:
    subtype = draft.body["AccountSubType"]
    if subtype not in SINGULAR:
        return
    if level:
        raise faults.business(f"An account of detail type {subtype} cannot be a subaccount.", "ParentRef")
    key = ("subtype", subtype)
    holder = context.books.names.get(key)
    row = context.books.row("Account", holder)
    if row is not None and row.active and holder != draft.kept("Id") and draft.body["Active"]:
        raise faults.business(f"Only one account of detail type {subtype} may exist.", "AccountSubType")


def _account_currency(context: WriteContext, draft: Draft) -> None:
    was = ref_value(draft.old or {}, "CurrencyRef")
    code = ref_value(draft.body, "CurrencyRef") or was or context.flags.home
    if was is not None and code != was:
        raise faults.business("The currency of an account cannot be changed.", "CurrencyRef")
    if not known_currency(context.books, code):
        raise faults.Fault([faults.invalid_reference("CurrencyRef", code)])
    if code != context.flags.home and draft.body["Classification"] in ("Revenue", "Expense"):
        raise faults.business("Income and expense accounts are kept in the home currency.", "CurrencyRef")
    draft.body["CurrencyRef"] = {"value": code}


class ItemRule(ListRule):
    """Items and categories: the accounts that their type needs, and a place among categories (reference 6.9)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Service unless sent, its accounts, name and place; zero prices. Raises 2020 and what the accounts raise."""
        draft.require("Name")
        draft.keep("Type")
        draft.default("Type", "Service")
        _item_accounts(context, draft)
        settle_name(context, draft)
        level = settle_place(context, draft)
        if level:
            draft.body |= {"SubItem": True, "Level": level}
        else:
            draft.body.pop("SubItem", None)
        if draft.body["Type"] != "Category":
            draft.default("Taxable", False)
            draft.default("UnitPrice", 0)
            draft.default("PurchaseCost", 0)
            draft.default("TrackQtyOnHand", draft.body["Type"] == "Inventory")


def _item_accounts(context: WriteContext, draft: Draft) -> None:
    kind = draft.body["Type"]
    if kind in ("Service", "NonInventory") and "ExpenseAccountRef" not in draft.body:
        draft.require("IncomeAccountRef")
    if kind == "Inventory":
        draft.require("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef", "InvStartDate", "QtyOnHand")
    for name in ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef"):
        target = ref_value(draft.body, name)
        if target is not None and context.books.data("Account", target)["AccountType"] in _RECEIVABLE_PAYABLE:
            raise faults.account_type_not_allowed(name)


class DepartmentRule(ListRule):
    """Locations, up to five levels (reference 6.7)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Name and place; 5020 where location tracking is off."""
        if not context.flags.track_departments:
            raise faults.feature_missing("Location tracking is not turned on.")
        _dimension(context, draft, "SubDepartment")


class ClassRule(ListRule):
    """Classes, up to five levels (reference 6.8)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Name and place; 5020 where class tracking is off."""
        if not (context.flags.class_per_line or context.flags.class_per_txn):
            raise faults.feature_missing("Class tracking is not turned on.")
        _dimension(context, draft, "SubClass")


def _dimension(context: WriteContext, draft: Draft, flag: str) -> None:
    draft.require("Name")
    if draft.sent.get(flag) is True:
        draft.require("ParentRef")
    settle_name(context, draft)
    draft.body[flag] = settle_place(context, draft) > 0


class TermRule(ListRule):
    """Payment terms: a number of days, or a day of the month (reference 6.11)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """The type follows from DayOfMonthDue; 2020 without Name."""
        draft.require("Name")
        settle_name(context, draft)
        draft.default("Type", "DATE_DRIVEN" if "DayOfMonthDue" in draft.body else "STANDARD")
        if draft.body["Type"] == "STANDARD":
            draft.default("DiscountPercent", 0)
            draft.default("DueDays", 0)
            draft.default("DiscountDays", 0)


class PaymentMethodRule(ListRule):
    """Ways of paying (reference 6.11)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """No credit card unless sent; 2020 without Name."""
        draft.require("Name")
        settle_name(context, draft)
        draft.default("Type", "NON_CREDIT_CARD")


class CompanyCurrencyRule(ListRule):
    """Currencies that the company uses beside its own; the code stays (reference 6.11)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Code in upper case, name of the currency; 2020 without Code, 2040 for what is no code."""
        draft.keep("Code")
        draft.require("Code")
        code = draft.body["Code"].upper()
        if len(code) != 3 or not code.isascii() or not code.isalpha():
            raise faults.Fault([faults.unsupported_value("Code", "Code must be an ISO 4217 code.")])
        draft.body["Code"] = code
        draft.default("Name", CURRENCY_NAMES.get(code, code))
        settle_name(context, draft)
