"""Sales tax: the codes and rates of a new company, and what they add to a transaction (reference 6.2, 6.11)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.values import Json, bare, cents, fold, money

Rates = tuple[tuple[str, str], ...]
Codes = tuple[tuple[str, str, tuple[int, ...]], ...]

US = "US"
IN_US = ("TAX", "NON")
"""The two codes that lines of a US company carry."""
_RATES: dict[str, Rates] = {
    US: (("State", "6.5"), ("City", "1.5"), ("Out of state", "0")),
    "GB": (("20.0% S", "20"), ("5.0% R", "5"), ("0.0% Z", "0")),
    "AU": (("GST", "10"), ("GST free", "0")),
    "CA": (("GST", "5"), ("HST (ON)", "13"), ("Zero-rated", "0")),
    "IN": (("CGST 9", "9"), ("SGST 9", "9"), ("IGST 18", "18"), ("Exempt", "0")),
    "FR": (("TVA 20", "20"), ("TVA 10", "10"), ("TVA 0", "0")),
}
_CODES: dict[str, Codes] = {
    US: (("Out of state", "No sales tax", (3,)), ("State and city", "State and city sales tax", (1, 2))),
    "GB": (("20.0% S", "Standard", (1,)), ("5.0% R", "Reduced", (2,)), ("0.0% Z", "Zero rated", (3,))),
    "AU": (("GST", "Goods and services tax", (1,)), ("GST free", "Free of tax", (2,))),
    "CA": (("GST", "GST 5%", (1,)), ("HST ON", "HST 13%", (2,)), ("Zero-rated", "Zero rated", (3,))),
    "IN": (
        ("18.0% GST", "Within the state", (1, 2)),
        ("18.0% IGST", "Between states", (3,)),
        ("0% GST", "Exempt", (4,)),
    ),
    "FR": (("TVA 20%", "Taux normal", (1,)), ("TVA 10%", "Taux réduit", (2,)), ("TVA 0%", "Exonéré", (3,))),
}
_DEFAULT_RATES: Rates = (("Standard", "20"), ("Zero", "0"))
_DEFAULT_CODES: Codes = (("Standard", "Standard rate", (1,)), ("Zero", "Zero rated", (2,)))


def seed(context: WriteContext) -> None:
    """The lists of sales tax of a new company: one agency, its rates, and the codes made of them."""
    country = context.books.company.country
    _insert(context, "TaxAgency", "DisplayName", {"DisplayName": "Revenue Agency", **_TRACKED})
    for name, rate in _RATES.get(country, _DEFAULT_RATES):
        value = bare(Decimal(rate))
        _insert(context, "TaxRate", "Name", {"Name": name, "Description": name, "RateValue": value, **_RATE})
    for name, description, rates in _CODES.get(country, _DEFAULT_CODES):
        lists = {key: _rate_list(rates) for key in ("SalesTaxRateList", "PurchaseTaxRateList")}
        _insert(context, "TaxCode", "Name", {"Name": name, "Description": description, **_CODE, **lists})


_TRACKED = {"TaxTrackedOnPurchases": True, "TaxTrackedOnSales": True}
_RATE = {"Active": True, "AgencyRef": {"value": "1"}, "SpecialTaxType": "NONE", "DisplayType": "ReadOnly"}
_CODE = {"Active": True, "Taxable": True, "TaxGroup": True, "Hidden": False}


def _rate_list(rates: tuple[int, ...]) -> Json:
    return {
        "TaxRateDetail": [
            {"TaxRateRef": {"value": str(rate)}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0} for rate in rates
        ]
    }


def _insert(context: WriteContext, kind: str, name_field: str, body: Json) -> None:
    stored = context.insert(kind, body)
    context.books.names[kind, fold(stored[name_field])] = stored["Id"]


def foreign(context: WriteContext) -> bool:
    """Whether the company is outside the US, where tax follows from the code of each line."""
    return context.books.company.country != US


def settle(context: WriteContext, draft: Draft, details: tuple[str, ...], rates: str) -> None:
    """Complete `TxnTaxDetail` out of the lines whose detail is one of `details`; `rates` names the list in a code.

    Outside the US tax follows from the codes of the lines, unless the request brings its own; with automated sales
    tax in the US it is worked out anew whatever was sent; otherwise it is taken as sent.
    """
    body = draft.body
    if foreign(context):
        _calculation(context, draft)
        if "TxnTaxDetail" not in draft.sent:
            body.pop("TxnTaxDetail", None)
        computed = "TxnTaxDetail" not in body and body["GlobalTaxCalculation"] != "NotApplicable"
        if computed:
            body["TxnTaxDetail"] = _computed(context, _by_code(body, details), rates, body["GlobalTaxCalculation"])
    else:
        body.pop("GlobalTaxCalculation", None)
        if context.flags.automated_tax and "CustomerRef" in body:
            body["TxnTaxDetail"] = _automated(context, body, details, rates)
    tax = {name: value for name, value in body.get("TxnTaxDetail", {}).items() if value != []}
    body["TxnTaxDetail"] = {**tax, "TotalTax": tax.get("TotalTax", 0)}


def _calculation(context: WriteContext, draft: Draft) -> None:
    if "GlobalTaxCalculation" not in draft.body and draft.old is None and context.switches.tax_calculation_required:
        raise faults.Fault([faults.missing("GlobalTaxCalculation")])
    draft.keep("GlobalTaxCalculation")
    draft.default("GlobalTaxCalculation", "TaxExcluded")


def _lines(lines: list[Json]) -> Iterator[Json]:
    for line in lines:
        inner = line.get("GroupLineDetail", {}).get("Line")
        yield from inner or (line,)


def _by_code(body: Json, details: tuple[str, ...]) -> dict[str, Decimal]:
    """Taxed amounts by tax code."""
    amounts: dict[str, Decimal] = {}
    for line in _lines(body["Line"]):
        for name in details:
            code = ref_value(line.get(name, {}), "TaxCodeRef")
            if code is not None and "Amount" in line:
                amounts[code] = amounts.get(code, Decimal(0)) + Decimal(line["Amount"])
    return amounts


def _automated(context: WriteContext, body: Json, details: tuple[str, ...], rates: str) -> Json:
    """The engine of US companies: it replaces code and amount, also those that were sent."""
    customer = context.books.data("Customer", body["CustomerRef"]["value"])
    taxed = _by_code(body, details).get(IN_US[0], Decimal(0)) if customer.get("Taxable", True) else Decimal(0)
    code = ref_value(customer, "DefaultTaxCodeRef") or "2"
    return {"TxnTaxCodeRef": {"value": code}, **_computed(context, {code: taxed}, rates, "TaxExcluded")}


def _computed(context: WriteContext, by_code: dict[str, Decimal], rates: str, calculation: str) -> Json:
    lines: list[Json] = []
    for code, amount in by_code.items():
        if context.books.row("TaxCode", code) is None:
            continue
        parts = [
            context.books.data("TaxRate", rate_id) for rate_id in _rates_of(context.books.data("TaxCode", code), rates)
        ]
        whole = sum((Decimal(part["RateValue"]) for part in parts), Decimal(0))
        net = cents(amount * 100 / (100 + whole)) if calculation == "TaxInclusive" else amount
        lines.extend(_tax_line(part, net) for part in parts)
    total = sum((Decimal(line["Amount"]) for line in lines), Decimal(0))
    return {"TotalTax": money(total), "TaxLine": lines}


def _rates_of(code: Json, rates: str) -> list[str]:
    return [detail["TaxRateRef"]["value"] for detail in code.get(rates, {}).get("TaxRateDetail", [])]


def _tax_line(rate: Json, net: Decimal) -> Json:
    percent: Any = rate["RateValue"]
    detail = {"TaxRateRef": {"value": rate["Id"]}, "PercentBased": True, "TaxPercent": percent}
    amount = money(net * Decimal(percent) / 100)
    return {
        "Amount": amount,
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {**detail, "NetAmountTaxable": money(net)},
    }


def tax_of(body: Json) -> Decimal:
    """The transaction's whole tax, in its currency."""
    return Decimal(body.get("TxnTaxDetail", {}).get("TotalTax", 0))


def added(body: Json) -> Decimal:
    """What tax adds to the sum of the lines: nothing where the lines include it."""
    return Decimal(0) if body.get("GlobalTaxCalculation") == "TaxInclusive" else tax_of(body)
