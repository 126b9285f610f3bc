"""Orders and opportunities, as sales people key them in Salesforce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ml_connector.model import money
from ml_connector.model.errors import WrongUse

from .catalog import pair_for, price_book, price_entry
from .parties import Json, remember, without_blanks
from .play import Play, Ready
from .values import instant

_CENT = Decimal("0.01")


async def opportunity(play: Play, entry: Ready) -> None:
    """`opportunity`: one of Salesforce; without a close date it closes today."""
    body = without_blanks(
        {
            "Name": str(entry.value),
            "AccountId": (await play.names.ref(entry.text("account"), "account")).id,
            "StageName": entry.text("stage") or "Prospecting",
            "CloseDate": (entry.get("close") or play.stage.today()).isoformat(),
            "Amount": entry.get("amount"),
            "CurrencyIsoCode": entry.get("currency"),
            "Department__c": entry.get("department"),
            "Class__c": entry.get("class"),
        }
    )
    made = await play.stage.act("salesforce", "create", "Opportunity", {**body, **(entry.get("fields") or {})})
    await remember(play, entry, "opportunity", made)


async def products(play: Play, entry: Ready) -> None:
    """Products on an opportunity, from the price book of direct sales."""
    deal = await play.stage.record(await play.names.ref(str(entry.value), "opportunity"))
    if not deal.get("Pricebook2Id"):
        body = {"Id": deal["Id"], "Pricebook2Id": await price_book(play.stage)}
        await play.stage.act("salesforce", "update", "Opportunity", body)
    for line in entry.get("lines"):
        sku = line.get("sku") or await pair_for(play, line.get("account") or "4000")
        product = (await play.names.ref(sku, "product")).id
        quantity, price = quantity_and_price(line)
        book_entry = await price_entry(play.stage, product, str(deal.get("CurrencyIsoCode") or ""), abs(price))
        body = {"OpportunityId": deal["Id"], "PricebookEntryId": book_entry}
        body |= {"Quantity": quantity, "UnitPrice": price}
        await play.stage.act("salesforce", "create", "OpportunityLineItem", body)


async def order(play: Play, entry: Ready) -> None:
    """A draft with its lines, activated at its instant; the clock goes there and comes back."""
    here = play.stage.now()
    activated = entry.get("activated", True)
    moment = _moment(play, activated) if isinstance(activated, date | datetime) else here
    play.check_moment(moment)
    effective = entry.get("effective") or moment.astimezone(play.stage.zone).date()
    if moment != here:
        await play.stage.set_clock(moment)
    try:
        made = await _draft(play, entry, effective)
        if activated is not False:
            await play.stage.act("salesforce", "activate_order", "Order", {"Id": made["Id"]})
    finally:
        if moment != here:
            await play.stage.set_clock(here)


def _moment(play: Play, given: date | datetime) -> datetime:
    """A day means nine o'clock in the company, or now where that is still to come today."""
    moment = instant(given, play.stage.zone)
    return play.stage.now() if not isinstance(given, datetime) and given == play.stage.today() else moment


async def _draft(play: Play, entry: Ready, effective: date) -> Json:
    account = await play.stage.record(await play.names.ref(entry.text("account"), "account"))
    currency = entry.text("currency") or str(account.get("CurrencyIsoCode") or "")
    body = without_blanks(
        {
            "AccountId": account["Id"],
            "EffectiveDate": effective.isoformat(),
            "EndDate": entry.get("end") and entry.get("end").isoformat(),
            "Status": "Draft",
            "Pricebook2Id": await price_book(play.stage),
            "CurrencyIsoCode": currency,
            "Department__c": entry.get("department"),
            "Class__c": entry.get("class"),
            "PoNumber": entry.get("po_number"),
            "QBO_Exchange_Rate__c": entry.get("rate"),
        }
    )
    if name := entry.text("opportunity"):
        body["OpportunityId"] = (await play.names.ref(name, "opportunity")).id
    originals = await _originals(play, entry)
    if originals:
        body |= {"IsReductionOrder": True, "OriginalOrderId": originals[0]["OrderId"]}
    made = await play.stage.act("salesforce", "create", "Order", {**body, **(entry.get("fields") or {})})
    await remember(play, entry, "order", made)
    for line in _lines(entry):
        await _line(play, made["Id"], currency, line, originals)
    await _check_total(play, entry)
    return made


async def _originals(play: Play, entry: Ready) -> list[Json]:
    """The lines of the order that this one reduces, by number."""
    if not (name := entry.text("reduces")):
        return []
    order_id = (await play.names.ref(name, "order")).id
    rows = [row for row in await play.stage.records("salesforce", "OrderItem") if row["OrderId"] == order_id]
    return sorted(rows, key=lambda row: str(row["OrderItemNumber"]))


def _lines(entry: Ready) -> list[Mapping[str, Any]]:
    if lines := entry.get("lines"):
        return list(lines)
    if entry.get("net") is None:
        raise WrongUse(f"{entry.entry.where}: order has neither lines nor net.", "Give it lines.")
    return [without_blanks({"net": entry.get("net"), "sku": entry.get("sku")})]


async def _line(play: Play, order_id: str, currency: str, line: Mapping[str, Any], originals: list[Json]) -> None:
    original = _original(line, originals)
    sku = line.get("sku") or ("" if original else await pair_for(play, line.get("account") or "4000"))
    product = original["Product2Id"] if original else (await play.names.ref(sku, "product")).id
    quantity, price = quantity_and_price(line, original["UnitPrice"] if original else None)
    body = {
        "OrderId": order_id,
        "PricebookEntryId": await price_entry(play.stage, product, currency, abs(price)),
        "Quantity": -quantity if original and quantity > 0 else quantity,
        "UnitPrice": price,
        "OriginalOrderItemId": original["Id"] if original else None,
        "Department__c": line.get("department"),
        "Class__c": line.get("class"),
        "Description": line.get("description"),
        "ServiceDate": line["service_date"].isoformat() if "service_date" in line else None,
        "EndDate": line["end"].isoformat() if "end" in line else None,
    }
    body = {key: value for key, value in body.items() if value not in (None, "", "-")}
    made = await play.stage.act("salesforce", "create", "OrderItem", {**body, **line.get("fields", {})})
    if name := line.get("as"):
        play.names.give("order_line", name, made)


def _original(line: Mapping[str, Any], originals: Sequence[Json]) -> Json | None:
    if not originals:
        return None
    place: int = line.get("reduces", 1)
    if not 1 <= place <= len(originals):
        raise WrongUse(f"The original order has no line {place}.", f"It has lines 1 to {len(originals)}.")
    return originals[place - 1]


def quantity_and_price(line: Mapping[str, Any], usual: Decimal | None = None) -> tuple[Decimal, Decimal]:
    """Of an order or invoice line. Raises `WrongUse` where net / quantity has no exact price."""
    quantity = line.get("quantity", Decimal(1))
    if "price" in line:
        return quantity, line["price"]
    if "net" not in line and usual is not None:
        return quantity, money.exact(usual)
    if "net" not in line:
        raise WrongUse("A line has neither net nor price.", "Give it one of the two.")
    net: Decimal = line["net"]
    price = (net / quantity).quantize(_CENT) if quantity else net
    if price * quantity != net:
        raise WrongUse(
            f"{quantity} x a price of two decimals cannot make {net}.",
            "An org could not store this line. Leave quantity out, or use a  build  check.",
        )
    return quantity, price


async def _check_total(play: Play, entry: Ready) -> None:
    total = entry.get("total")
    if total is None:
        return
    there = (await play.stage.record(await play.names.ref(str(entry.value), "order")))["TotalAmount"]
    if money.exact(there) != total:
        raise WrongUse(f"The lines of the order sum to {there}, not to {total}.", "Correct the lines or the total.")
