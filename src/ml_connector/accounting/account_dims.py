"""The default allocation of an account as it was when an order was posted (accounting-rules B.4, E.2).

The connector itself changes that default when the customer's invoices change. What is posted stays right: the tie-out
expects of an order the allocation that was in force on its day.
"""

from __future__ import annotations

from collections.abc import Mapping

from ml_connector.systems.salesforce.records import SObject

from .dims import FIELDS


def now(order: SObject) -> dict[str, str]:
    """What the link of an entry keeps of the order's account."""
    account = order["Account"]
    return {f"account_{dim}": account.text(field) for dim, field in FIELDS.items()} if account else {}


def as_posted(order: SObject, agreed: Mapping[str, str | None]) -> SObject:
    """The order under the defaults that the link of its entry keeps; as it is where none are kept."""
    then = {field: agreed[f"account_{dim}"] for dim, field in FIELDS.items() if f"account_{dim}" in agreed}
    account = order["Account"]
    return order.merged({"Account": account.merged(then)}) if account and then else order
