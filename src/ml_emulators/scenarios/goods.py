"""What the sample company sells, on both sides: QuickBooks items and Salesforce products of the same things."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

Mapping = Literal["sku", "other case", "product code", "item id", "none"]


class Good(NamedTuple):
    """One thing sold. `mapping` says how product and item find each other (accounting-rules B.3a)."""

    sku: str
    name: str
    price: Decimal
    kind: str
    income: str
    family: str
    class_name: str
    mapping: Mapping = "sku"


def _good(
    sku: str, name: str, price: str, kind: str, income: str, family: str, class_name: str, mapping: Mapping = "sku"
) -> Good:
    return Good(sku, name, Decimal(price), kind, income, family, class_name, mapping)


GOODS = (
    _good("SUB-BASIC", "Subscription Basic", "49.00", "Service", "4000", "Subscription", "SaaS"),
    _good("SUB-TEAM", "Subscription Team", "129.00", "Service", "4000", "Subscription", "SaaS"),
    _good("SUB-BUS", "Subscription Business", "249.00", "Service", "4000", "Subscription", "SaaS", "other case"),
    _good("SUB-ENT", "Subscription Enterprise", "999.90", "Service", "4000", "Subscription", "SaaS:Enterprise"),
    _good("SUB-API", "API Access", "62.50", "Service", "4000", "Subscription", "SaaS", "product code"),
    _good("SUB-STOR", "Extra Storage", "18.75", "Service", "4000", "Subscription", "SaaS"),
    _good("SUB-SSO", "Single Sign-On", "33.33", "Service", "4000", "Subscription", "SaaS:Enterprise"),
    _good("SRV-ONB", "Onboarding", "1500.00", "Service", "4100", "Services", "Services"),
    _good("SRV-CONS", "Consulting Hour", "185.00", "Service", "4100", "Services", "Services", "item id"),
    _good("SRV-TRAIN", "Training Day", "1250.00", "Service", "4100", "Services", "Services:Training"),
    _good("SRV-MIGR", "Data Migration", "2500.00", "Service", "4100", "Services", "Services", "other case"),
    _good("SRV-SUPP", "Premium Support", "410.00", "Service", "4100", "Services", "Services", "product code"),
    _good("HW-TOKEN", "Security Token", "27.40", "NonInventory", "4000", "Hardware", "SaaS"),
    _good("HW-DOCK", "Meeting Dock", "316.00", "NonInventory", "4000", "Hardware", "SaaS", "item id"),
    _good("SHIP-STD", "Shipping", "45.00", "Service", "4200", "Shipping", "Services"),
)
SOLD = tuple(good.sku for good in GOODS if good.sku != "SHIP-STD")
# Each of these is wrong in one way; only planted orders use them. See `awkward`.
INACTIVE = _good("SUB-LEGACY", "Subscription Legacy", "99.00", "Service", "4000", "Subscription", "SaaS")
BUNDLE = _good("BUN-START", "Starter Bundle", "1780.00", "Group", "", "Subscription", "SaaS")
NO_INCOME = _good("HW-LOAN", "Loan Laptop", "640.00", "NonInventory", "", "Hardware", "SaaS")
NO_ITEM = _good("ADD-GENIE", "Insight Genie", "220.00", "", "", "Subscription", "SaaS", "none")
ODD = (INACTIVE, BUNDLE, NO_INCOME, NO_ITEM)
TINY = tuple(good for good in GOODS if good.sku in ("SUB-BASIC", "SRV-CONS"))
EURO = Decimal("0.93")


def euros(price: Decimal) -> Decimal:
    """The price list's amount in euros."""
    return (price * EURO).quantize(Decimal("0.01"))
