"""Notes on records, exchange rates, and the lists of sales tax (reference 6.11)."""

from __future__ import annotations

from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.kinds.fields import Problems, read_known
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.names import ListRule, settle_name
from ml_emulators.quickbooks.rules.references import known_currency
from ml_emulators.quickbooks.rules.rule import Rule
from ml_emulators.quickbooks.state import meta
from ml_emulators.quickbooks.values import Json, Number, Unreadable, parse_day, seconds

_RATE = "ExchangeRate"


class AttachableRule(Rule):
    """A note or a file, perhaps on records: 6000 with neither, 2500 for a record that is not there."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Raises 6000 without note and file, 2500 for a record that is not there."""
        has_file = context.has_file if draft.old is None else draft.old["Id"] in context.books.files
        if "Note" not in draft.body and not has_file:
            raise faults.business("An attachment needs a note or a file.", "Note")
        draft.keep("FileName", "ContentType")
        for link in draft.body.get("AttachableRef", []):
            link.setdefault("IncludeOnSend", False)
            target = link.get("EntityRef", {})
            kind = target.get("type", "")
            if kind not in KINDS or context.books.row(kind, target.get("value")) is None:
                raise faults.Fault([faults.invalid_reference("EntityRef", f"{kind} {target.get('value', '')}")])

    def on_delete(self, context: WriteContext, old: Json) -> None:
        """The file goes too."""
        context.books.files.pop(old["Id"], None)


class TaxListRule(ListRule):
    """Tax codes and rates are set up by users only."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Name and place in the list; 2020 without Name."""
        draft.require("Name")
        settle_name(context, draft)


class TaxAgencyRule(ListRule):
    """Those to whom sales tax is paid; apps may make them (reference 6.11)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Tracks purchases and sales unless sent; 2020 without DisplayName."""
        draft.require("DisplayName")
        draft.default("TaxTrackedOnPurchases", True)
        draft.default("TaxTrackedOnSales", True)
        settle_name(context, draft)


class ExchangeRateRule(Rule):
    """Exchange rates have their own way in."""

    creatable = updatable = deletable = False


def exchange_rate(context: WriteContext, code: str, day: str | None) -> Json:
    """The rate of a currency on a day (default today); raises Fault."""
    flags = context.flags
    if not flags.multicurrency:
        raise faults.feature_missing("Multicurrency is not turned on.")
    if not code:
        raise faults.Fault([faults.missing("sourcecurrencycode")])
    if code != flags.home and not known_currency(context.books, code):
        raise faults.Fault([faults.invalid_reference("sourcecurrencycode", code[:20])])
    try:
        as_of = parse_day(day) if day else context.today
    except Unreadable as error:
        raise faults.Fault([faults.illegal_date("asofdate", day)]) from error
    return {_RATE: _rate(context, code, as_of)}


def _rate(context: WriteContext, code: str, day: str) -> Json:
    known = [rate for rate in context.books.rates.get(code, ()) if rate[0] <= day]
    as_of, rate, updated = known[-1] if known else (day, 1, int(context.now.timestamp()))
    return {
        "SourceCurrencyCode": code,
        "TargetCurrencyCode": context.flags.home,
        "Rate": rate,
        "AsOfDate": as_of,
        "domain": "QBO",
        "sparse": False,
        "MetaData": {"LastUpdatedTime": meta(updated, updated)["LastUpdatedTime"]},
    }


def write_rate(context: WriteContext, body: Any) -> Json:
    """`POST /exchangerate`: the rate of a currency from a day on; raises Fault."""
    if not context.flags.multicurrency:
        raise faults.feature_missing("Multicurrency is not turned on.")
    problems: Problems = []
    sent = read_known(KINDS[_RATE].fields, body if isinstance(body, dict) else {}, problems)
    absent = [faults.missing(name) for name in ("SourceCurrencyCode", "Rate") if name not in sent]
    if problems or absent:
        raise faults.Fault(problems or absent)
    home = context.flags.home
    if sent.get("TargetCurrencyCode", home) != home:
        raise faults.Fault([faults.invalid_reference("TargetCurrencyCode", sent["TargetCurrencyCode"])])
    code, day = sent["SourceCurrencyCode"], sent.get("AsOfDate", context.today)
    set_rate(context, code, day, sent["Rate"], "SourceCurrencyCode")
    return exchange_rate(context, code, day)


def set_rate(context: WriteContext, code: str, day: str, rate: Number, element: str = "currency") -> None:
    """Home units for one unit of `code` from `day` on: 2500 for a currency that has no rate, 2080 below zero."""
    books = context.books
    if code == context.flags.home or not known_currency(books, code):
        raise faults.Fault([faults.invalid_reference(element, code)])
    if rate <= 0:
        raise faults.Fault([faults.illegal_number("Rate", rate)])
    others = [known for known in books.rates.get(code, ()) if known[0] != day]
    books.rates[code] = tuple(sorted([*others, (day, rate, seconds(context.now))]))
    body = {"SourceCurrencyCode": code, "TargetCurrencyCode": context.flags.home, "Rate": rate, "AsOfDate": day}
    key = (_RATE, f"{code}:{day}")
    if key in books.names:
        context.replace(_RATE, {**body, "Id": books.names[key], "SyncToken": "0"}, bump=False)
    else:
        books.names[key] = books.next_id(_RATE)
        context.insert(_RATE, {**body, "Id": books.names[key]})
