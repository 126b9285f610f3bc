"""Customers, vendors and employees (reference 6.1 and 6.10)."""

from __future__ import annotations

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.currencies import CURRENCY_NAMES
from ml_emulators.quickbooks.kinds.fields import ADDRESS_PARTS
from ml_emulators.quickbooks.kinds.lists import PARTS
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.names import ListRule, settle_name, settle_place
from ml_emulators.quickbooks.rules.references import known_currency, ref_value
from ml_emulators.quickbooks.values import Json

_TAX_ID_COUNTRIES = ("IN", "CA", "GB", "AU")


class CustomerRule(ListRule):
    """Customers, sub-customers and projects: five levels, one name space with vendors and employees (6.1)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Names, place, currency, addresses; balances follow the ledger. Raises 2020, 6240, 6000, 6180."""
        body = draft.body
        _refuse_open_balance(context, draft)
        if context.books.company.country in _TAX_ID_COUNTRIES:
            _mask(draft, "PrimaryTaxIdentifier")
        else:
            body.pop("PrimaryTaxIdentifier", None)
        if context.books.company.country != "FR":
            body.pop("ARAccountRef", None)
        if draft.sent.get("Job") is False and "ParentRef" not in draft.sent:
            body.pop("ParentRef", None)
        _display_name(draft)
        settle_name(context, draft)
        level = settle_place(context, draft)
        _currency(context, draft, _parent_currency(context, body))
        body["Job"] = level > 0
        if level:
            body["Level"] = level
        draft.default("Taxable", True)
        draft.default("BillWithParent", False)
        draft.default("PreferredDeliveryMethod", "Print")
        draft.default("DefaultTaxCodeRef", {"value": "2"})
        body |= {"IsProject": _is_project(context, draft), "Balance": 0, "BalanceWithJobs": 0}
        _print_name(draft)
        _addresses(context, draft, "BillAddr", "ShipAddr")


def _refuse_open_balance(context: WriteContext, draft: Draft) -> None:
    """Apps cannot make a customer inactive that owes or is owed something; users can (reference 4.3)."""
    if context.on_screen or context.switches.inactive_with_balance == "kept":
        return
    if draft.kept("Active") is not True or draft.sent.get("Active") is not False:
        return
    if context.books.customer_balances.get(draft.kept("Id"), 0):
        raise faults.business("A customer with an open balance cannot be made inactive.", "Active")


def _is_project(context: WriteContext, draft: Draft) -> bool:
    """Projects are made on the screens, each below its customer; for apps the flag is to be read only."""
    if draft.old is not None or not context.on_screen:
        return draft.kept("IsProject") is True
    if draft.sent.get("IsProject") is not True:
        return False
    draft.require("ParentRef")
    return True


def _mask(draft: Draft, name: str) -> None:
    """Tax ids are never read back whole: only the last five signs are kept."""
    if name in draft.body:
        draft.body[name] = "X" * (len(draft.body[name]) - 5) + draft.body[name][-5:]


class VendorRule(ListRule):
    """Vendors, in one name space with customers and employees (reference 6.10)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Names, currency, address; the tax id is shown masked. Raises 2020 and 6240."""
        _mask(draft, "TaxIdentifier")
        _display_name(draft)
        settle_name(context, draft)
        _currency(context, draft, None)
        draft.default("Vendor1099", False)
        draft.body["Balance"] = 0
        _print_name(draft)
        _addresses(context, draft, "BillAddr")


class EmployeeRule(ListRule):
    """Employees, in one name space with customers and vendors (reference 6.10)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Names and address; hours are not billable unless sent. Raises 2020 and 6240."""
        _display_name(draft)
        settle_name(context, draft)
        draft.default("BillableTime", False)
        _print_name(draft)
        _addresses(context, draft, "PrimaryAddr")


def _display_name(draft: Draft) -> None:
    """Without a DisplayName it is built from the parts of the name; one of them is required."""
    parts = [draft.body[part] for part in PARTS if part in draft.body]
    if "DisplayName" not in draft.body and parts:
        draft.body["DisplayName"] = " ".join(parts)
    draft.require("DisplayName")


def _print_name(draft: Draft) -> None:
    body = draft.body
    person = " ".join(body[part] for part in PARTS if part in body)
    draft.default("PrintOnCheckName", body.get("CompanyName") or person or body["DisplayName"])


def _parent_currency(context: WriteContext, body: Json) -> str | None:
    parent = ref_value(body, "ParentRef")
    if parent is None:
        return None
    return ref_value(context.books.data("Customer", parent), "CurrencyRef")


def _currency(context: WriteContext, draft: Draft, inherited: str | None) -> None:
    """The currency is fixed at creation; an unknown one joins the company's list."""
    was = ref_value(draft.old or {}, "CurrencyRef")
    asked = ref_value(draft.body, "CurrencyRef")
    code = was or asked or inherited or context.flags.home
    if asked is not None and asked != code:
        raise faults.business("The currency cannot be changed once the record has been created.", "CurrencyRef")
    if code != context.flags.home and not context.flags.multicurrency:
        raise faults.business("Multicurrency is not enabled for this company.", "CurrencyRef")
    if not known_currency(context.books, code):
        if not (len(code) == 3 and code.isascii() and code.isupper()):
            raise faults.Fault([faults.invalid_reference("CurrencyRef", code)])
        add_currency(context, code)
    draft.body["CurrencyRef"] = {"value": code}


def add_currency(context: WriteContext, code: str) -> None:
    """The company uses the currency from now on; its webhooks hear of it."""
    stored = context.insert("CompanyCurrency", {"Code": code, "Name": CURRENCY_NAMES.get(code, code), "Active": True})
    context.books.names["CompanyCurrency", code.casefold()] = stored["Id"]
    context.notify("CompanyCurrency", stored["Id"], "create")


def _addresses(context: WriteContext, draft: Draft, *names: str) -> None:
    """An address has an Id of its own, kept over updates."""
    for name in names:
        if name not in draft.body:
            continue
        former = draft.kept(name)
        address_id = former["Id"] if former is not None else context.books.next_id("address")
        parts = draft.body[name]
        draft.body[name] = {"Id": address_id, **{part: parts[part] for part in ADDRESS_PARTS if part in parts}}
