"""Another profile for a company that is open: what no user can do, and a scenario needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.rules.company import merged
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.names import forget_name
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.values import Json

_CURRENCIES = "CompanyCurrency"
_RATES = "ExchangeRate"
_PROFILE = {
    "multicurrency": ("CurrencyPrefs", "MultiCurrencyEnabled"),
    "track_departments": ("AccountingInfoPrefs", "TrackDepartments"),
    "classes_per_line": ("AccountingInfoPrefs", "ClassTrackingPerTxnLine"),
    "classes_per_txn": ("AccountingInfoPrefs", "ClassTrackingPerTxn"),
    "account_numbers": ("AccountingInfoPrefs", "UseAccountNumbers"),
    "custom_txn_numbers": ("SalesFormsPrefs", "CustomTxnNumbers"),
    "close_day": ("AccountingInfoPrefs", "BookCloseDate"),
}


def set_profile(context: WriteContext, profile: Mapping[str, Any]) -> Json:
    """Make a company what these fields of `Company` would have made of it; gives its preferences. Raises Fault.

    A company becomes one of a single currency by losing the others, and the accounts in them, if nothing is kept there.
    """
    groups: Json = {}
    for name, value in profile.items():
        group, key = _place(name, value)
        groups.setdefault(group, {})[key] = None if value == "" else value
    if profile.get("multicurrency") is False:
        _lose_currencies(context)
    context.replace("Preferences", merged(context.books.data("Preferences", "1"), groups))
    return context.books.data("Preferences", "1")


def _place(name: str, value: Any) -> tuple[str, str]:
    """The preference behind a field of the profile: its group and its key."""
    if name not in _PROFILE:
        raise faults.business(f"A profile has {', '.join(_PROFILE)}; it has no {name}.")
    if not isinstance(value, str if name == "close_day" else bool):
        raise faults.Fault([faults.unsupported_value(name, "close_day is a text, all others are true or false.")])
    return _PROFILE[name]


def _lose_currencies(context: WriteContext) -> None:
    books = context.books
    accounts = [_empty(context, kind, record) for kind, record in _foreign(context)]
    for account in accounts:
        forget_name(context, KINDS["Account"], account)
        books.reparent("Account", account["Id"], ref_value(account, "ParentRef"), None)
        books.drop("Account", account["Id"], None)
    for kind in (_CURRENCIES, _RATES):
        for record_id in list(books.ids(kind)):
            books.drop(kind, record_id, None)
    for key in [key for key in books.names if key[0] in (_CURRENCIES, _RATES)]:
        del books.names[key]
    books.rates.clear()


def _foreign(context: WriteContext) -> Iterator[tuple[str, Json]]:
    """Every record that is kept in another currency than the company's own."""
    for kind in KINDS:
        for record_id in context.books.ids(kind) if kind not in (_CURRENCIES, _RATES) else ():
            record = context.books.data(kind, record_id)
            if ref_value(record, "CurrencyRef") not in (None, context.flags.home):
                yield kind, record


def _empty(context: WriteContext, kind: str, record: Json) -> Json:
    """The account, if nothing is kept in it; raises 6000 for all that is more than an empty account."""
    kept = context.books.account_balances.get(record["Id"]) or context.books.children.get((kind, record["Id"]))
    if kind != "Account" or kept:
        raise faults.business(f"{kind} {record['Id']} is kept in another currency.", "CurrencyRef")
    return record
