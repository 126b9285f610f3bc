"""Products, items and the accounts behind them (accounting-rules B.3, B.3a)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from ml_connector.model.held import Held
from ml_connector.model.refs import Ref
from ml_connector.model.rules import AccountRule, Template
from ml_connector.model.triggers import ACCOUNTS, ITEMS, SETTINGS, Trigger, record_changed
from ml_connector.systems.quickbooks.records import Account, Item, plain_path
from ml_connector.systems.salesforce.records import SObject

from .templates import Balance

POSTABLE = ("Service", "NonInventory", "Inventory")
INCOME = ("Income", "Other Income")
EXPENSE = ("Expense", "Other Expense")
UNBILLED = ("Other Current Asset",)
DEFERRED = ("Other Current Liability", "Long Term Liability")
RECEIVABLE = ("Accounts Receivable",)


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """What an order line says of its product. `code` is the text compared with a QuickBooks SKU."""

    id: str = ""
    name: str = ""
    sku: str = ""
    product_code: str = ""
    family: str = ""
    item_id: str = ""
    delivery: bool = False

    @classmethod
    def of(cls, line: SObject) -> Product:
        """The product of an OrderItem; blank where the line has none."""
        product = line["Product2"] or SObject("Product2", "")
        return cls(
            id=line.text("Product2Id"),
            name=product.text("Name"),
            sku=product.text("StockKeepingUnit").strip(),
            product_code=product.text("ProductCode").strip(),
            family=product.text("Family").strip(),
            item_id=product.text("QBO_Item_Id__c").strip(),
            delivery=line.get("Type") == "Delivery Charge",
        )

    @property
    def code(self) -> str:
        """Its SKU, else its product code; blank where it has neither (B.3a)."""
        return self.sku or self.product_code

    @property
    def label(self) -> str:
        """How a hold names it: by code, else name, else id."""
        return self.code or self.name or self.id or "(none)"

    @property
    def is_shipping(self) -> bool:
        """Family `Shipping`, or a delivery charge of an org with order management."""
        return self.delivery or self.family.casefold() == "shipping"

    @property
    def ref(self) -> Ref:
        """The Product2 of it, blank id where the line has none."""
        return Ref("salesforce", "Product2", self.id)

    @property
    def waits_for(self) -> tuple[Trigger, ...]:
        """What releases an order that is held for its item: a change of QuickBooks' items, or of the product."""
        return (*ITEMS, record_changed(self.ref)) if self.id else ITEMS


class Mapped(msgspec.Struct, frozen=True):
    """The item of a product and how it was found; `by_code` findings are stored (accounting-rules B.3a)."""

    item: Item
    how: str
    by_code: bool = False


def mapped_item(
    product: Product, items: Mapping[str, Item], stored: Mapping[str, str], shared: frozenset[str] = frozenset()
) -> Mapped | None:
    """The item of `product` by stored mapping, id on the product, or code; None when nothing names one.

    `stored` maps product ids to item ids. `shared` are products whose code another product has too.
    Raises `Held` (H-ITEM-UNMAPPED) for an id that QuickBooks does not have and for a code that is not unique.
    """
    for id_, how in ((stored.get(product.id, ""), "mapping"), (product.item_id, "QBO_Item_Id__c")):
        if id_ in items:
            return Mapped(items[id_], how)
        if id_:
            raise Held(
                code="H-ITEM-UNMAPPED", case="gone", waits_for=product.waits_for, product=product.label, item=id_
            )
    return _by_code(product, items, shared)


class _Skus:
    """Items by SKU, for the table last asked about: a page of orders asks thousands of times about the same one.

    A table is never changed in place; a new reading is another object.
    """

    def __init__(self) -> None:
        self._last: tuple[Mapping[str, Item], Mapping[str, list[Item]]] = ({}, {})

    def of(self, items: Mapping[str, Item]) -> Mapping[str, list[Item]]:
        table, index = self._last
        if table is not items:
            index = self._made(items)
            self._last = (items, index)
        return index

    @staticmethod
    def _made(items: Mapping[str, Item]) -> Mapping[str, list[Item]]:
        index: dict[str, list[Item]] = {}
        for item in items.values():
            index.setdefault(item.sku.strip().casefold(), []).append(item)
        return index


_SKUS = _Skus()


def coded(products: Iterable[Product], stored: Mapping[str, str]) -> list[Product]:
    """The products whose item only their code can name. `stored` maps product ids to item ids."""
    return [product for product in products if product.code and product.id not in stored and not product.item_id]


CODES = ("StockKeepingUnit", "ProductCode")
"""The fields of a product that may hold its code, in the order in which they count."""


def shares_code(product: Product, products: Iterable[SObject]) -> bool:
    """Whether another active one of these products has the same code, so that it does not name one product (B.3a)."""
    others = [other for other in products if other.id != product.id and other["IsActive"] is not False]
    codes = [next(filter(None, (other.text(field).strip() for field in CODES)), "") for other in others]
    return any(code.casefold() == product.code.casefold() for code in codes)


def _by_code(product: Product, items: Mapping[str, Item], shared: frozenset[str]) -> Mapped | None:
    code = product.code.casefold()
    hits = list(_SKUS.of(items).get(code, ())) if code else []
    hits = [item for item in hits if item.active] or hits
    if len(hits) > 1:
        names = ", ".join(sorted(plain_path(item, items) or item.plain_name for item in hits))
        raise Held(
            code="H-ITEM-UNMAPPED",
            case="several",
            waits_for=product.waits_for,
            product=product.label,
            candidates=names,
        )
    if hits and product.id in shared:
        raise Held(code="H-ITEM-UNMAPPED", case="shared", waits_for=product.waits_for, product=product.label)
    return Mapped(hits[0], "SKU", by_code=True) if hits else None


def required_item(
    product: Product, items: Mapping[str, Item], stored: Mapping[str, str], shared: frozenset[str] = frozenset()
) -> Mapped:
    """`mapped_item`, checked: active, and of a type that posts to one income account. Raises `Held`."""
    mapped = mapped_item(product, items, stored, shared)
    if mapped is None:
        raise Held(code="H-ITEM-UNMAPPED", waits_for=product.waits_for, product=product.label)
    name = mapped.item.plain_name
    if not mapped.item.active:
        raise Held(code="H-ITEM-INACTIVE", waits_for=product.waits_for, product=product.label, item=name)
    if mapped.item.type not in POSTABLE:
        raise Held(
            code="H-ITEM-TYPE",
            waits_for=product.waits_for,
            product=product.label,
            item=name,
            item_type=mapped.item.type or "unknown",
        )
    return mapped


def income_account(product: Product, item: Item | None, rules: tuple[AccountRule, ...]) -> tuple[str, str]:
    """Id of the income account of a line, and which rule chose it. Raises `Held` (H-ACCT-MISSING)."""
    for rule in rules:
        if rule.sku and rule.sku == product.code:
            return rule.account, f"rule for SKU {rule.sku}"
    for rule in rules:
        if rule.family and not rule.sku and rule.family == product.family:
            return rule.account, f"rule for family {rule.family}"
    if item is not None and item.income_account_ref and item.income_account_ref.value:
        return item.income_account_ref.value, f"item {item.plain_name}"
    raise Held(code="H-ACCT-MISSING", waits_for=(*ACCOUNTS, *product.waits_for), product=product.label)


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts of the company, and the currencies that decide which of them an entry may touch."""

    accounts: Mapping[str, Account]
    currency: str
    home: str
    by_number: bool = True

    def number(self, id_: str) -> str:
        """Account number; the id where numbers are off or the account has none."""
        account = self.accounts.get(id_)
        return (account.acct_num if account and self.by_number else "") or id_

    def label(self, id_: str) -> str:
        """Number and name as people read them; the id where QuickBooks has no such account."""
        account = self.accounts.get(id_)
        if account is None:
            return id_
        return f"{account.acct_num if self.by_number else ''} {account.plain_name}".strip() or id_

    def check(self, id_: str, purpose: str, expected: tuple[str, ...], currencies: tuple[str, ...]) -> str:
        """The id again if QuickBooks has it, active, of an expected type and in one of `currencies`; else `Held`.

        Income and expense accounts are always in home currency, so `currencies` is for balance-sheet accounts.
        """
        account = self.accounts.get(id_)
        facts = {"gl_account": self.label(id_), "purpose": purpose}
        if account is None:
            raise Held(facts, code="H-ACCT-MISSING", case="unknown" if id_ else "template", waits_for=ACCOUNTS)
        if not account.active:
            raise Held(facts, code="H-ACCT-INACTIVE", waits_for=ACCOUNTS)
        if account.account_type not in expected:
            facts |= {"account_type": account.account_type or "unknown", "expected": " or ".join(expected)}
            raise Held(facts, code="H-ACCT-TYPE", waits_for=ACCOUNTS)
        own = account.currency or self.home
        if currencies and own not in currencies:
            facts |= {"order_currency": self.currency, "customer_currency": own}
            raise Held(facts, code="H-CUR-MISMATCH", case="account", waits_for=ACCOUNTS)
        return id_

    def of(self, balance: Balance, template: Template, income: str = "") -> str:
        """The account of a balance; `income` is the income account it stands for. Raises `Held` as `check`."""
        match balance:
            case "unbilled":
                return self.unbilled(template)
            case "receivable":
                return self.receivable(template)
            case "deferred":
                return self.deferred(template, income)
            case "income":
                return self.income(income)

    def income(self, id_: str) -> str:
        """An income account, in whatever currency (B.3). Raises `Held` as `check`."""
        return self.check(id_, "Revenue", INCOME, ())

    def unbilled(self, template: Template) -> str:
        """The Unbilled account, in home currency or that of the entry (A.2). Raises `Held` as `check`."""
        return self.check(template.unbilled, "Unbilled", UNBILLED, (self.home, self.currency))

    def deferred(self, template: Template, income: str) -> str:
        """The deferred account mapped from an income account, else the default one."""
        chosen = template.deferred.get(income) or template.deferred_default
        if not chosen:
            gl_account = self.label(income)
            raise Held(code="H-ACCT-MISSING", case="deferred", waits_for=(SETTINGS,), gl_account=gl_account)
        return self.check(chosen, "Deferred revenue", DEFERRED, (self.home, self.currency))

    def receivable(self, template: Template) -> str:
        """The A/R account in the currency of the entry."""
        chosen = template.receivable.get(self.currency, "")
        return self.check(chosen, f"Accounts receivable ({self.currency})", RECEIVABLE, (self.currency,))

    def discounts(self, template: Template) -> str:
        """The account of discounts given, income or expense (B.6). Raises `Held` as `check`."""
        return self.check(template.discounts, "Discounts given", (*INCOME, *EXPENSE), ())

    def tax(self, id_: str) -> str:
        """A plain liability; beside an A/R line it must be in the entry's own currency (P13)."""
        return self.check(id_, "Sales tax", DEFERRED, (self.currency,))


def amount_of(line: SObject) -> Decimal | None:
    """Exact net of an order line in the order's currency: adjusted where the org has that, else total price (B.1)."""
    adjusted = line.get("AdjustedLineAmount")
    return adjusted if isinstance(adjusted, Decimal) else line.amount("TotalPrice")
