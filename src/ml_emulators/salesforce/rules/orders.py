"""Life cycle of Order and OrderItem, reduction orders, roll-ups (salesforce reference 7.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_emulators.salesforce import rights
from ml_emulators.salesforce.errors import ApiError, integrity, read_only, required
from ml_emulators.salesforce.numbers import tidy
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx

from .coerce import bad_pick
from .prices import matching_entry, require_active
from .rule import Rules, amount, changed, locked, undeletable

_ZERO = Decimal("0.0")
_FIXED_ONCE_ACTIVE = "The order is activated: this field is locked"


def failed(message: str) -> ApiError:
    """FAILED_ACTIVATION: a status that cannot be reached from here (reference 7.5)."""
    return ApiError("FAILED_ACTIVATION", message, fields=())


def _status_code(tx: Tx, record: Record) -> str:
    """The category of the record's Status; its spelling is set to the list's."""
    for row in tx.find("OrderStatus", "MasterLabel", record["Status"]):
        record["Status"] = row["ApiName"]
        return str(row["StatusCode"])
    raise bad_pick(tx.world.schema.objects["Order"].by_name["Status"], record["Status"])


def _items(tx: Tx, order: str) -> list[Record]:
    return list(tx.find("OrderItem", "OrderId", order))


class OrderRules(Rules):
    """Draft to activated and back; an activated order is nearly closed (reference 7.5)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """A draft of no amount, of its contract's account if none is named. Raises for other statuses, no account."""
        if "Status" in draft:
            draft["StatusCode"] = _status_code(tx, draft)
            if draft["StatusCode"] != "Draft":
                raise failed("Choose a valid order status and save your changes. A new order is a draft.")
        contract = tx.live("Contract", draft.get("ContractId"))
        if contract:
            draft.setdefault("AccountId", contract["AccountId"])
        if "AccountId" not in draft:
            raise required(["AccountId"])
        draft["TotalAmount"] = _ZERO
        _check_dates(draft)
        _check_reduction(tx, draft)

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """Activate, deactivate, or change within what the status allows. Raises FAILED_ACTIVATION or the lock."""
        new["StatusCode"] = _status_code(tx, new)
        moved = changed(old, new, values)
        was, now = old["StatusCode"], new["StatusCode"]
        if was == "Draft" and now == "Activated":
            _activate(tx, new, values)
        elif was == "Activated" and now == "Draft":
            _deactivate(tx, new)
        elif was == "Activated":
            _check_locked(tx, moved)
        else:
            _check_draft_changes(tx, old, moved)
        _check_dates(new)

    def before_delete(self, tx: Tx, record: Record) -> None:
        """Raises DELETE_FAILED unless it is a draft."""
        if record["StatusCode"] != "Draft":
            raise undeletable("An activated order cannot be deleted: set it back to draft first")


def _check_dates(order: Record) -> None:
    start, end = order.get("EffectiveDate"), order.get("EndDate")
    if start and end and end < start:
        raise integrity("Order End Date: must not lie before the Order Start Date", "EndDate")


def _check_reduction(tx: Tx, draft: Record) -> None:
    reducing = draft.get("IsReductionOrder")
    if reducing and not tx.switches.reduction_orders:
        raise read_only(["IsReductionOrder"])
    original_id = draft.get("OriginalOrderId")
    if original_id is None:
        return
    if not reducing:
        raise integrity("Original Order ID: only a reduction order has one", "OriginalOrderId")
    original = tx.live("Order", original_id)
    if original is None:
        return
    if original.get("IsReductionOrder") or original["StatusCode"] != "Activated":
        raise integrity("Original Order ID: must be an activated order", "OriginalOrderId")
    if original["AccountId"] != draft["AccountId"]:
        raise integrity("Original Order ID: must be of the same account", "OriginalOrderId")


def _check_draft_changes(tx: Tx, old: Record, moved: set[str]) -> None:
    fixed = moved & {"Pricebook2Id", "CurrencyIsoCode"}
    if fixed and _items(tx, old["Id"]):
        raise integrity("field integrity exception: the order has products", *sorted(fixed))


def _may_edit_activated(tx: Tx) -> bool:
    return rights.holds(tx.world, tx.actor, "EditActivatedOrders")


def _check_locked(tx: Tx, moved: set[str]) -> None:
    free = tx.switches.activated_order_editable
    fixed = sorted(name for name in moved if not name.endswith("__c") and name not in free | {"Status"})
    if fixed:
        raise locked(_FIXED_ONCE_ACTIVE, *fixed)
    if moved and not _may_edit_activated(tx):
        raise locked("insufficient access rights on object id: the order is activated", *sorted(moved))


def _activate(tx: Tx, new: Record, values: dict[str, Any]) -> None:
    if not rights.holds(tx.world, tx.actor, "ActivateOrder"):
        raise failed("You do not have the permission to activate orders.")
    if tx.switches.activation_status_only and set(values) != {"Status"}:
        raise failed("To activate an order, change its Status and no other field in the same call.")
    items = _items(tx, new["Id"])
    if tx.switches.activation_needs_items and not items:
        raise failed("An order must have at least one product to be activated.")
    if new.get("IsReductionOrder"):
        _take(tx, items, 1)
    new["ActivatedDate"] = tx.now
    new["ActivatedById"] = tx.actor.user_id


def _deactivate(tx: Tx, new: Record) -> None:
    if not rights.holds(tx.world, tx.actor, "ActivateOrder"):
        raise failed("You do not have the permission to deactivate orders.")
    items = _items(tx, new["Id"])
    if any(next(tx.find("OrderItem", "OriginalOrderItemId", item["Id"]), None) for item in items):
        raise failed("An order with reduction order products cannot go back to draft.")
    if new.get("IsReductionOrder"):
        _take(tx, items, -1)
    new.pop("ActivatedDate", None)
    new.pop("ActivatedById", None)


def _take(tx: Tx, items: list[Record], sign: int) -> None:
    """An active reduction takes from what can still be reduced; one that goes back to draft returns it."""
    for item in items:
        original = tx.live("OrderItem", item.get("OriginalOrderItemId"))
        if original is None:
            continue
        left = original["AvailableQuantity"] - sign * abs(item["Quantity"])
        if left < 0:
            raise failed("The quantity to reduce is greater than what is left of the original product.")
        tx.adjust("OrderItem", original, AvailableQuantity=tidy(left, tx.places))


class ItemRules(Rules):
    """Products of an order, and of a reduction order, which take from those of the original (reference 7.5)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Currency, total and available quantity by order and entry. Raises unless the order is a draft with a book."""
        order = tx.live("Order", draft.get("OrderId"))
        if order is None:
            return
        if order["StatusCode"] != "Draft":
            raise locked("Products cannot be added to an activated order", "OrderId")
        if order.get("Pricebook2Id") is None:
            raise integrity("field integrity exception: the order has no price book", "PricebookEntryId")
        reducing = bool(order.get("IsReductionOrder"))
        entry = matching_entry(tx, draft, "order", order["Pricebook2Id"], order)
        if entry is None:
            return
        if not reducing:
            require_active(entry)
        if "UnitPrice" not in draft:
            raise required(["UnitPrice"])
        draft["CurrencyIsoCode"] = order["CurrencyIsoCode"]
        if "Quantity" in draft:
            _check_quantity(tx, draft, reducing=reducing)
            _check_original(tx, draft, order)
            _total(tx, draft)
            draft["AvailableQuantity"] = _ZERO if reducing else draft["Quantity"]

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """Total and available quantity anew. Raises when the order is activated and the user may not edit such."""
        order = tx.live("Order", old["OrderId"]) or {}
        if "UnitPrice" not in new:
            raise required(["UnitPrice"])
        moved = changed(old, new, values)
        if order.get("StatusCode") == "Activated" and moved and not _may_edit_activated(tx):
            raise locked("insufficient access rights on object id: the order is activated", *sorted(moved))
        if "Quantity" in moved:
            _check_quantity(tx, new, reducing=bool(order.get("IsReductionOrder")))
            _keep_available(tx, old, new, reducing=bool(order.get("IsReductionOrder")))
        _total(tx, new)

    def after_create(self, tx: Tx, record: Record) -> None:
        """The order's amount grows by the total."""
        _roll_up(tx, record["OrderId"], record["TotalPrice"])

    def after_update(self, tx: Tx, old: Record, new: Record) -> None:
        """The order's amount moves by the difference."""
        _roll_up(tx, new["OrderId"], new["TotalPrice"] - old["TotalPrice"])

    def before_delete(self, tx: Tx, record: Record) -> None:
        """Raises DELETE_FAILED unless the order is a draft."""
        order = tx.live("Order", record["OrderId"])
        if order and order["StatusCode"] != "Draft":
            raise undeletable("Products of an activated order cannot be deleted")

    def after_delete(self, tx: Tx, record: Record) -> None:
        """The order's amount shrinks by the total."""
        _roll_up(tx, record["OrderId"], -record["TotalPrice"])


def _total(tx: Tx, item: Record) -> None:
    item["TotalPrice"] = amount(item["UnitPrice"] * item["Quantity"], "TotalPrice", tx.places)


def _wrong_sign(tx: Tx, quantity: Decimal, *, reducing: bool) -> bool:
    if reducing and tx.switches.reduction_sign != "positive":
        return quantity > 0 and tx.switches.reduction_sign == "negative"
    return quantity < 0 and not tx.switches.negative_quantity


def _check_quantity(tx: Tx, item: Record, *, reducing: bool) -> None:
    quantity: Decimal = item["Quantity"]
    zero = not quantity and not tx.switches.zero_quantity
    if zero or _wrong_sign(tx, quantity, reducing=reducing):
        word = "less" if reducing and tx.switches.reduction_sign == "negative" else "greater"
        raise integrity(f"Quantity: must be {word} than zero", "Quantity")


def _check_original(tx: Tx, draft: Record, order: Record) -> None:
    original_id = draft.get("OriginalOrderItemId")
    if not order.get("IsReductionOrder"):
        if original_id is not None:
            text = "Original Order Item ID: only products of a reduction order have one"
            raise integrity(text, "OriginalOrderItemId")
        return
    if original_id is None:
        raise required(["OriginalOrderItemId"])
    original = tx.live("OrderItem", original_id)
    if original is not None:
        _check_reducible(tx, draft, order, original)


def _check_reducible(tx: Tx, draft: Record, order: Record, original: Record) -> None:
    parent = tx.live("Order", original["OrderId"]) or {}
    wrong = (
        parent.get("IsReductionOrder")
        or parent.get("StatusCode") != "Activated"
        or parent.get("AccountId") != order["AccountId"]
        or order.get("OriginalOrderId", parent.get("Id")) != parent.get("Id")
        or original["PricebookEntryId"] != draft["PricebookEntryId"]
    )
    if wrong:
        raise integrity("Original Order Item ID: not a product this order can reduce", "OriginalOrderItemId")
    if abs(draft["Quantity"]) > original["AvailableQuantity"]:
        raise integrity("Quantity: more than is left of the original product", "Quantity")


def _keep_available(tx: Tx, old: Record, new: Record, *, reducing: bool) -> None:
    if reducing:
        return
    left = old.get("AvailableQuantity", _ZERO) + new["Quantity"] - old["Quantity"]
    if left < 0:
        raise integrity("Quantity: less than what was reduced already", "Quantity")
    new["AvailableQuantity"] = tidy(left, tx.places)


def _roll_up(tx: Tx, order: str, change: Decimal) -> None:
    parent = tx.live("Order", order)
    if parent is not None and change:
        tx.adjust("Order", parent, TotalAmount=amount(parent["TotalAmount"] + change, "TotalAmount", tx.places))
