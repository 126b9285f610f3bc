"""Orders and opportunities as sales people keep them in Salesforce."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .org import Shop
from .people import Client
from .stage import Json, Stage
from .trade import Line


@dataclass
class Order:
    """What an order shall say. Blank texts are left out; `rate` is home units per unit of `currency`."""

    client: Client
    effective: date
    lines: Sequence[Line]
    department: str = ""
    class_name: str = ""
    currency: str = ""
    rate: Decimal | None = None
    opportunity: str = ""
    po_number: str = ""
    id: str = ""
    number: str = ""

    @property
    def net(self) -> Decimal:
        """The sum of its lines, in its currency."""
        return sum((line.net for line in self.lines), Decimal(0))


def add_order(stage: Stage, shop: Shop, order: Order) -> None:
    """A draft with its products; fills `id` and `number`. Nothing in an org without orders: both stay blank."""
    if not stage.shape.orders:
        return
    record = stage.sf("create", "Order", _order_body(shop, order))
    order.id, order.number = record["Id"], record["OrderNumber"]
    for line in order.lines:
        stage.sf("create", "OrderItem", item_body(shop, order, line, stage.shape.home))


def _order_body(shop: Shop, order: Order) -> Json:
    texts = {
        "Department__c": order.department,
        "Class__c": order.class_name,
        "OpportunityId": order.opportunity,
        "PoNumber": order.po_number,
        "QBO_Exchange_Rate__c": order.rate,
    }
    return {
        "AccountId": order.client.account,
        "EffectiveDate": order.effective.isoformat(),
        "Status": "Draft",
        "Pricebook2Id": shop.book,
        "CurrencyIsoCode": order.currency or order.client.currency,
        **{name: value for name, value in texts.items() if value},
    }


def item_body(shop: Shop, order: Order, line: Line, home: str) -> Json:
    """`home` is the only currency of the org, if it has one only."""
    texts = {"Department__c": line.department, "Class__c": line.class_name}
    return {
        "OrderId": order.id,
        "PricebookEntryId": shop.entries[line.good.sku, home or order.currency or order.client.currency],
        "Quantity": line.quantity,
        "UnitPrice": line.price,
        **{name: value for name, value in texts.items() if value},
    }


def activate(stage: Stage, order: Order) -> None:
    """Activate an order that was made; nothing happens for one that was not."""
    if order.id:
        stage.sf("update", "Order", {"Id": order.id, "Status": "Activated"})


def add_opportunity(
    stage: Stage, client: Client, name: str, amount: Decimal, close: date, stage_name: str, **more: str
) -> str:
    """A sales-owned opportunity; gives its id."""
    body = {
        "Name": name,
        "AccountId": client.account,
        "StageName": stage_name,
        "CloseDate": close.isoformat(),
        "Amount": amount,
        "CurrencyIsoCode": client.currency,
        **more,
    }
    return str(stage.sf("create", "Opportunity", body)["Id"])
