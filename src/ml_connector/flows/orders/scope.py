"""What a decision about an order must know beside the order: asked of its context, in bulk (accounting-rules B)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from ml_connector.accounting.chart import CODES, Product, coded, shares_code
from ml_connector.accounting.customers import posting_customer, present
from ml_connector.accounting.dim_names import name_ref, renames
from ml_connector.accounting.order_entry import (
    Rates,
    Scope,
    account_of,
    explicit_rate,
    products_of,
)
from ml_connector.accounting.order_lines import Tables, dim_names
from ml_connector.accounting.postings import rate_ref
from ml_connector.accounting.rates import corporate_rate, rate_in
from ml_connector.model.plans import Context, NeedFind, NeedLink, NeedRecord, NeedReference
from ml_connector.model.roles import Role
from ml_connector.systems.salesforce.records import SObject

_TABLES = ("accounts", "items", "departments", "classes", "preferences")


def scope_of(order: SObject, context: Context) -> Scope:
    """Everything that decides what the order posts. Raises `Held` (H-CUST-UNLINKED, H-CUST-INACTIVE)."""
    names, account, products = dim_names(order), account_of(order), products_of(order)
    context.want(
        NeedLink(Role.ACCOUNT, account),
        *(NeedReference("quickbooks", name) for name in _TABLES),
        NeedReference("salesforce", "organization"),
        *(NeedLink(Role.ITEM, product.ref) for product in products.values()),
        *(NeedLink(Role.DIM_ALIAS, name_ref(dim, text)) for dim, text in names),
    )
    customer_ref = posting_customer(context.links(Role.ACCOUNT, account), account)
    stored = {
        id_: link.target.id for id_, product in products.items() if (link := context.link(Role.ITEM, product.ref))
    }
    by_code = coded(products.values(), {**stored, **context.settings.item_mappings})
    context.want(NeedRecord(customer_ref), *(need for product in by_code for need in _code_needs(product)))
    customer = present(context.record(customer_ref), customer_ref, account)
    tables = Tables(
        **_tables(context),
        stored_items=stored,
        shared=frozenset(product.id for product in by_code if shares_code(product, _same_code(product, context))),
        renames=renames(names, lambda ref: context.links(Role.DIM_ALIAS, ref)),
    )
    scope = Scope(
        order=order,
        customer=customer,
        rules=context.settings,
        tables=tables,
        today=context.today,
        sandbox=bool(context.reference("salesforce", "organization")["IsSandbox"]),
    )
    return msgspec.structs.replace(scope, rates=_rates(scope, context))


def _tables(context: Context) -> dict[str, Any]:
    return {name: context.reference("quickbooks", name) for name in _TABLES}


def _code_needs(product: Product) -> list[NeedFind]:
    return [NeedFind("salesforce", "Product2", field, product.code) for field in CODES]


def _same_code(product: Product, context: Context) -> list[SObject]:
    needs = _code_needs(product)
    return [other for need in needs for other in context.found(need.system, need.kind, need.field, need.value)]


def _rates(scope: Scope, context: Context) -> Callable[[date], Rates]:
    """The rates for a day, asked for only when the entry needs them."""
    currency, home = scope.currency, scope.home
    pair = rate_ref(currency, home)

    def of(day: date) -> Rates:
        if explicit_rate(scope.order):
            return Rates(last=rate_in(context.link(Role.RATE, pair)))
        name = f"rate:{currency}:{day}"
        context.want(
            NeedLink(Role.RATE, pair), NeedReference("quickbooks", name), NeedReference("salesforce", "currencies")
        )
        return Rates(
            quickbooks=context.reference("quickbooks", name),
            salesforce=corporate_rate(context.reference("salesforce", "currencies"), currency, home),
            last=rate_in(context.link(Role.RATE, pair)),
        )

    return of
