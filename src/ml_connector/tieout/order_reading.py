"""What decides the entries of many orders, read for all of them together (accounting-rules B).

It is what `flows/orders` asks of its context for one order; here nothing is kept from an earlier run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from ml_connector.accounting.chart import CODES, Product, coded, shares_code
from ml_connector.accounting.customers import posting_customer, present
from ml_connector.accounting.dim_names import name_ref, renames
from ml_connector.accounting.order_entry import Rates, Scope, account_of, day_of, explicit_rate, products_of
from ml_connector.accounting.order_lines import Tables, dim_names
from ml_connector.accounting.postings import rate_ref
from ml_connector.accounting.rates import corporate_rate, rate_in
from ml_connector.model.errors import BadAnswer
from ml_connector.model.held import Held
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.salesforce.records import SObject

from .reading import Reading, answers_of, sound

_TABLES = ("accounts", "items", "departments", "classes", "preferences")


class OrderReading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read for some orders. Customers and products may be `BadAnswer` where they could not be read."""

    reading: Reading
    tables: Tables
    customers: Mapping[str, Any]
    accounts: Mapping[Ref, Sequence[Link]]
    items: Mapping[Ref, Sequence[Link]]
    names: Mapping[Ref, Sequence[Link]]
    same_code: Mapping[str, Mapping[str, Any]]

    def scope(self, order: SObject, *, past: bool = False) -> Scope:
        """All that decides what the order posts but the rates; with `past`, names that have ended count too.

        Raises `Held` (H-CUST-UNLINKED, H-CUST-INACTIVE) and `BadAnswer`.
        """
        account = account_of(order)
        ref = posting_customer(self.accounts[account], account)
        customer = present(sound(self.customers[ref.id]), ref, account)
        products = products_of(order)
        stored = _stored(products, self.items)
        by_code = coded(products.values(), {**stored, **self.reading.rules.item_mappings})
        tables = msgspec.structs.replace(
            self.tables,
            stored_items=stored,
            shared=frozenset(product.id for product in by_code if shares_code(product, self._same_code(product))),
            renames=renames(dim_names(order), lambda name: self.names[name], past=past),
        )
        rules, today = self.reading.rules, self.reading.today
        return Scope(order=order, customer=customer, rules=rules, tables=tables, today=today)

    def _same_code(self, product: Product) -> list[SObject]:
        return [other for field in CODES for other in sound(self.same_code[field].get(product.code, []))]


async def read_for(reading: Reading, orders: Sequence[SObject]) -> OrderReading:
    """Read what decides the entries of these orders, in as few calls as it takes."""
    links = reading.links
    accounts = links.by_ref(Role.ACCOUNT, [account_of(order) for order in orders])
    products = {id_: product for order in orders for id_, product in products_of(order).items()}
    items = links.by_ref(Role.ITEM, [product.ref for product in products.values()])
    names = [name_ref(dim, text) for order in orders for dim, text in dim_names(order)]
    by_code = coded(products.values(), {**_stored(products, items), **reading.rules.item_mappings})
    codes = [product.code for product in by_code]
    quickbooks, salesforce = reading.quickbooks, reading.salesforce
    return OrderReading(
        reading=reading,
        tables=Tables(**{name: await reading.table(name) for name in _TABLES}),
        customers=await answers_of(partial(quickbooks.read, "Customer"), _customers(accounts)),
        accounts=accounts,
        items=items,
        names=links.by_ref(Role.DIM_ALIAS, names),
        same_code={field: await answers_of(partial(salesforce.find, "Product2", field), codes) for field in CODES},
    )


def _customers(accounts: Mapping[Ref, Sequence[Link]]) -> list[str]:
    """The ids of the customers that these accounts post with."""
    ids = []
    for account, links in accounts.items():
        try:
            ids.append(posting_customer(links, account).id)
        except Held:  # an account that posts with no customer has no entries to read
            continue
    return ids


def _stored(products: Mapping[str, Product], items: Mapping[Ref, Sequence[Link]]) -> dict[str, str]:
    return {id_: items[product.ref][0].target.id for id_, product in products.items() if items[product.ref]}


async def with_rates(reading: Reading, scopes: Mapping[str, Scope]) -> dict[str, Scope]:
    """The scopes with the rates of their days; QuickBooks is asked once for each currency and day."""
    foreign = {id_: scope for id_, scope in scopes.items() if scope.currency != scope.home}
    pairs = {id_: rate_ref(scope.currency, scope.home) for id_, scope in foreign.items()}
    links = reading.links.by_ref(Role.RATE, list(pairs.values()))
    last = {id_: rate_in(next(iter(links[pair]), None)) for id_, pair in pairs.items()}
    rated = {id_: await _rates(reading, scope, last[id_]) for id_, scope in foreign.items()}
    return {**scopes, **{id_: msgspec.structs.replace(scopes[id_], rates=rates) for id_, rates in rated.items()}}


async def _rates(reading: Reading, scope: Scope, last: Decimal | None) -> Callable[[date], Rates]:
    if explicit_rate(scope.order):
        return lambda _: Rates(last=last)
    currencies = await reading.table("currencies", reading.salesforce)
    salesforce = corporate_rate(currencies, scope.currency, scope.home)
    quickbooks = {day: await _rate(reading, f"rate:{scope.currency}:{day}") for day in _days(scope)}
    return lambda day: Rates(quickbooks=quickbooks.get(day), salesforce=salesforce, last=last)


async def _rate(reading: Reading, table: str) -> Decimal | None:
    """A rate that cannot be read is none: its orders are held, and the proof of all others goes on."""
    try:
        rate: Decimal | None = await reading.table(table)
    except BadAnswer:  # the orders that need it are held
        return None
    return rate


def _days(scope: Scope) -> set[date]:
    """The days on which its entry may stand: the day it has, and the one it would have if the books were open."""
    try:
        day = day_of(scope)
    except (Held, BadAnswer):  # it is held for that day
        return set()
    return {day.day, day.original}
