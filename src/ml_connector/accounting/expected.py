"""What an order that counts as posted must have posted, by the rules and from what both systems show now (G, R2).

Books that were closed since then do not matter, nor do departments and classes that were renamed or deactivated, nor
the default allocation of its account, nor which rates of the pair came later.
"""

from __future__ import annotations

import msgspec

from ml_connector.model.refs import Link
from ml_connector.systems.salesforce.records import SObject

from . import account_dims
from .order_entry import OrderPosting, Rates, Scope, order_posting
from .parts import cut_as_posted
from .rates import rate_in


def order_then(order: SObject, posted: Link | None) -> SObject:
    """The order under the allocation of its account that was in force when it was posted."""
    return account_dims.as_posted(order, posted.agreed) if posted else order


def expected_posting(scope: Scope, posted: Link | None) -> OrderPosting:
    """What the order of `scope` (as `order_then` gives it) must have posted; `posted` is the link of its first entry.

    Raises `Held` with the reason for which it would not be posted today.
    """
    preferences = scope.tables.preferences
    open_books = msgspec.structs.replace(preferences.accounting_info_prefs, book_close_date=None)
    preferences = msgspec.structs.replace(preferences, accounting_info_prefs=open_books)
    then = msgspec.structs.replace(
        scope,
        tables=msgspec.structs.replace(scope.tables, preferences=preferences, past=True),
        rules=msgspec.structs.replace(cut_as_posted(scope.rules, posted), lock_date=None),
    )
    if posted:
        rates = Rates(quickbooks=rate_in(posted))
        then = msgspec.structs.replace(then, rates=lambda _: rates)
    return order_posting(then)
