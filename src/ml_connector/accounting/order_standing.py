"""How far an order is, by its record, what is posted of it, and the rules alone (accounting-rules A.2, B.1, C.3).

Nothing of QuickBooks is consulted: what an order that is due posts, or why not, says `order_entry.order_posting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from ml_connector.model.held import Held
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Link
from ml_connector.model.rules import Rules
from ml_connector.model.triggers import SETTINGS
from ml_connector.systems.salesforce.records import SObject

from .dates import activation_day, month_name
from .entry import EntryPart
from .order_entry import is_zero, total_of
from .templates import policy_of

Standing = Reason | Literal["posted", "in_parts", "due"]
"""A reason why nothing is posted, or how far it is. `in_parts`: some parts of a long entry are posted, others due."""


def standing_of(order: SObject, posted: Link | None, missing: Sequence[EntryPart], rules: Rules) -> Standing:
    """Where the order stands. `posted` is the link of its first entry, `missing` are later parts of it not yet posted.

    Raises `Held`: H-DEACTIVATED for one that was posted and is not active, H-UNSIGNED while the signature of the
    template does not fit, H-START-DATE without a go-live day, H-ORDER-DATA for lines without amounts.
    """
    if order["IsReductionOrder"]:
        return Reason.REDUCTION_ORDER
    active = order.text("StatusCode") == "Activated"
    if posted and not active:
        raise Held(code="H-DEACTIVATED", month=_month(posted))
    if posted and not missing:
        return "posted"
    if active and rules.template_doubted:
        raise Held(code="H-UNSIGNED", waits_for=(SETTINGS,))
    if posted:
        return "in_parts"
    return _not_posted(order, rules) if active else Reason.NOT_ACTIVATED


def _not_posted(order: SObject, rules: Rules) -> Standing:
    """Whether the settings, the start date or its amounts keep an activated order from posting."""
    if not policy_of(rules.template).posts:
        return Reason.NO_TEMPLATE
    if rules.start_date is None:
        raise Held(code="H-START-DATE", waits_for=(SETTINGS,))
    day = activation_day(order.instant("ActivatedDate"), order.day("EffectiveDate"), rules)
    if day is not None and day < rules.start_date:
        return Reason.BEFORE_START
    if not total_of(order) and is_zero(order, rules):
        return Reason.ZERO
    return "due"


def _month(posted: Link) -> str:
    day = posted.agreed.get("date")
    return month_name(date.fromisoformat(day)) if day else "the month"
