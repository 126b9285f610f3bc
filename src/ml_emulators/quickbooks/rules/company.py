"""Updates of the two single records, and the opening of a company's books."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.preferences import ALPHA_3, new_company_info, new_preferences
from ml_emulators.quickbooks.rules import taxes
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.people import add_currency
from ml_emulators.quickbooks.rules.rule import Rule
from ml_emulators.quickbooks.settings import Company, Switches
from ml_emulators.quickbooks.state import Books
from ml_emulators.quickbooks.values import company_day

_COUNTRIES = {short.casefold(): long for short, long in ALPHA_3.items()} | {
    "united states": "USA",
    "united kingdom": "GBR",
    "australia": "AUS",
    "canada": "CAN",
    "india": "IND",
    "france": "FRA",
    "germany": "DEU",
    "ireland": "IRL",
}


class SingleRule(Rule):
    """A record that every company has, once."""

    creatable = deletable = False
    single = True


class PreferencesRule(SingleRule):
    """Groups are merged part by part. Multicurrency, once on, stays on; the closing date is not for apps."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Merge what was sent into what is. Raises 6000 for what cannot go back, 5020 for what the edition has not."""
        old = draft.old or {}
        for name, sent in draft.sent.items():
            if not isinstance(sent, dict):
                raise faults.Fault([faults.unsupported_value(name, f"{name} must be an object.")])
            draft.body[name] = merged(old.get(name, {}), sent)
        draft.keep(*old)
        if context.flags.multicurrency and not draft.body["CurrencyPrefs"].get("MultiCurrencyEnabled"):
            raise faults.business("Multicurrency cannot be turned off.", "MultiCurrencyEnabled")
        home = draft.body["CurrencyPrefs"].get("HomeCurrency")
        if not isinstance(home, dict) or home.get("value") != old["CurrencyPrefs"]["HomeCurrency"]["value"]:
            raise faults.business("The home currency cannot be changed.", "HomeCurrency")
        draft.body["CurrencyPrefs"]["HomeCurrency"] = old["CurrencyPrefs"]["HomeCurrency"]
        tracking = draft.body["AccountingInfoPrefs"]
        for name in ("TrackDepartments", "ClassTrackingPerTxn", "ClassTrackingPerTxnLine"):
            if tracking.get(name) is True and not context.books.company.has_dimensions:
                raise faults.feature_missing(f"{name} is not available in this edition.")


def merged(old: Any, new: Any) -> Any:
    """`new` laid over `old`, objects part by part; null takes a part away."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    kept = {key: value for key, value in old.items() if key not in new}
    changed = {key: merged(old.get(key), value) for key, value in new.items() if value is not None}
    return {key: (kept | changed)[key] for key in (*old, *new) if key in kept or key in changed}


class CompanyInfoRule(SingleRule):
    """The facts of the company; what is not sent stays (reference 6.11)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """An address that is sent takes the place of the old one, with its Id; countries become codes."""
        old = draft.old or {}
        for name, value in old.items():
            draft.default(name, value)
        for name in ("CompanyAddr", "LegalAddr", "CustomerCommunicationAddr"):
            if name in draft.sent:
                draft.body[name] = {"Id": old.get(name, {}).get("Id", "1"), **draft.sent[name]}
                country = draft.sent[name].get("Country")
                if country is not None:
                    draft.body[name]["Country"] = _COUNTRIES.get(country.casefold(), country)


def open_books(company: Company, at: datetime, switches: Switches) -> Books:
    """The books of a new company: its two single records and its currencies."""
    books = Books(company)
    context = WriteContext(books, at, switches)
    context.insert("CompanyInfo", new_company_info(company, company_day(at)))
    context.insert("Preferences", new_preferences(company))
    for code in company.currencies if company.multicurrency else ():
        if code != company.home_currency:
            add_currency(context, code)
    taxes.seed(context)
    return books
