"""Items, accounts, locations, classes, terms, payment methods and currencies (reference 6.6 to 6.9, 6.11)."""

from __future__ import annotations

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.refresh import CURRENCY_NAMES
from ml_emulators.quickbooks.rules.accounts import ACCOUNT_TYPES, SINGULAR, SUBTYPES
from ml_emulators.quickbooks.rules.context import Desk
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.names import settle_name, settle_place
from ml_emulators.quickbooks.rules.references import known_currency, ref_value
from ml_emulators.quickbooks.values import Json

_LONGEST_NUMBER = {"AU": 20, "CA": 20}
_RECEIVABLE_PAYABLE = ("Accounts Receivable", "Accounts Payable")


def account(desk: Desk, draft: Draft) -> None:
    draft.require("Name")
    draft.keep("AccountType", "AccountSubType", "CurrencyRef")
    _account_type(draft)
    settle_name(desk, draft)
    level = settle_place(desk, draft)
    _singular(desk, draft, level)
    _account_currency(desk, draft)
    draft.body |= {"SubAccount": level > 0, "CurrentBalance": 0, "CurrentBalanceWithSubAccounts": 0}
    if not desk.flags.account_numbers:
        draft.body.pop("AcctNum", None)
    longest, sent = _LONGEST_NUMBER.get(desk.books.company.country, 7), draft.body.get("AcctNum", "")
    if len(sent) > longest:
        raise faults.Fault([faults.too_long("AcctNum", longest, len(sent))])


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


def _singular(desk: Desk, draft: Draft, level: int) -> None:
    subtype = draft.body["AccountSubType"]
    if subtype not in SINGULAR:
        return
    if level:
        raise faults.business(f"An account of detail type {subtype} cannot be a subaccount.", "ParentRef")
    key = ("subtype", subtype)
    holder = desk.books.names.get(key)
    row = desk.books.row("Account", holder)
    if row is not None and row.active and holder != draft.kept("Id") and draft.body["Active"]:
        raise faults.business(f"Only one account of detail type {subtype} may exist.", "AccountSubType")


def _account_currency(desk: Desk, draft: Draft) -> None:
    was = ref_value(draft.old or {}, "CurrencyRef")
    code = ref_value(draft.body, "CurrencyRef") or was or desk.flags.home
    if was is not None and code != was:
        raise faults.business("The currency of an account cannot be changed.", "CurrencyRef")
    if not known_currency(desk.books, code):
        raise faults.Fault([faults.invalid_reference("CurrencyRef", code)])
    if code != desk.flags.home and draft.body["Classification"] in ("Revenue", "Expense"):
        raise faults.business("Income and expense accounts are kept in the home currency.", "CurrencyRef")
    draft.body["CurrencyRef"] = {"value": code}


def item(desk: Desk, draft: Draft) -> None:
    draft.require("Name")
    draft.keep("Type")
    draft.default("Type", "Service")
    _item_accounts(desk, draft)
    settle_name(desk, draft)
    level = settle_place(desk, draft)
    if level:
        draft.body |= {"SubItem": True, "Level": level}
    else:
        draft.body.pop("SubItem", None)
    if draft.body["Type"] != "Category":
        draft.default("Taxable", False)
        draft.default("UnitPrice", 0)
        draft.default("PurchaseCost", 0)
        draft.default("TrackQtyOnHand", draft.body["Type"] == "Inventory")


def _item_accounts(desk: Desk, draft: Draft) -> None:
    kind = draft.body["Type"]
    if kind in ("Service", "NonInventory") and "ExpenseAccountRef" not in draft.body:
        draft.require("IncomeAccountRef")
    if kind == "Inventory":
        draft.require("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef", "InvStartDate", "QtyOnHand")
    for name in ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef"):
        target = ref_value(draft.body, name)
        if target is not None and desk.books.data("Account", target)["AccountType"] in _RECEIVABLE_PAYABLE:
            raise faults.account_type_not_allowed(name)


def department(desk: Desk, draft: Draft) -> None:
    if not desk.flags.track_departments:
        raise faults.feature_missing("Location tracking is not turned on.")
    _dimension(desk, draft, "SubDepartment")


def class_(desk: Desk, draft: Draft) -> None:
    if not (desk.flags.class_per_line or desk.flags.class_per_txn):
        raise faults.feature_missing("Class tracking is not turned on.")
    _dimension(desk, draft, "SubClass")


def _dimension(desk: Desk, draft: Draft, flag: str) -> None:
    draft.require("Name")
    if draft.sent.get(flag) is True:
        draft.require("ParentRef")
    settle_name(desk, draft)
    draft.body[flag] = settle_place(desk, draft) > 0


def term(desk: Desk, draft: Draft) -> None:
    draft.require("Name")
    settle_name(desk, draft)
    draft.default("Type", "DATE_DRIVEN" if "DayOfMonthDue" in draft.body else "STANDARD")
    if draft.body["Type"] == "STANDARD":
        draft.default("DiscountPercent", 0)
        draft.default("DueDays", 0)
        draft.default("DiscountDays", 0)


def payment_method(desk: Desk, draft: Draft) -> None:
    draft.require("Name")
    settle_name(desk, draft)
    draft.default("Type", "NON_CREDIT_CARD")


def company_currency(desk: Desk, draft: Draft) -> None:
    draft.keep("Code")
    draft.require("Code")
    code = draft.body["Code"].upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise faults.Fault([faults.unsupported_value("Code", "Code must be an ISO 4217 code.")])
    draft.body["Code"] = code
    draft.default("Name", CURRENCY_NAMES.get(code, code))
    settle_name(desk, draft)


def note_account(desk: Desk, new: Json) -> None:
    if new["AccountSubType"] in SINGULAR and new["Active"]:
        desk.books.names["subtype", new["AccountSubType"]] = new["Id"]
