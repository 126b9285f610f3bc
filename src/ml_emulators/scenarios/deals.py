"""The sample company's clean orders: drafts, orders from before the start, posted ones, some of them invoiced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from .cast import READY, open_deal
from .goods import GOODS, SOLD
from .orders import Order, activate, add_opportunity, add_order
from .people import Client
from .plan import Setting
from .stage import workday
from .trade import CENT, Invoice, Line, add_invoice, price

DRAFTS, EARLIER, ZERO, CLEAN, OPEN_DEALS = 24, 34, 2, 78, 24
_COUNTS = (4, 5, 3, 4)
_SOLD = tuple(good for good in GOODS if good.sku in SOLD)
_SHIPPING = next(good for good in GOODS if good.sku == "SHIP-STD")
_LARGEST = Decimal(8900)


class Way(NamedTuple):
    """How an order says where it belongs. `header` is the location that results, for its invoices."""

    header: str
    department: str = ""
    class_name: str = ""
    on_lines: bool = False
    on_opportunity: bool = False


# Every spelling resolves to exactly one location and class (accounting-rules F.2), on any level of B.4.
WAYS = (
    Way("East", "East", "SaaS"),
    Way("East:Boston", "East:Boston", "SaaS:Enterprise"),
    Way("East:Boston", "Boston", "enterprise"),
    Way("West", "west", "Services"),
    Way("HQ", "HQ", on_lines=True),
    Way("West", "West", "SaaS", on_opportunity=True),
    Way("East:Boston", "East : Boston", "Services:Training"),
    Way("West:Ops", "West:Ops", "SaaS"),
)


def deals(setting: Setting) -> None:
    """Put orders and open opportunities on the calendar."""
    days, scale = setting.days, setting.scale
    _series(setting, DRAFTS, partial(_plan, activated=False), days.first, days.today)
    _series(setting, EARLIER, _plan, days.first + timedelta(days=9), days.start - timedelta(days=3))
    _series(setting, ZERO, partial(_plan, free=True), days.closing, days.today)
    _series(setting, CLEAN, partial(_plan, invoiced=True), days.closing, days.today)
    for number, client in enumerate(setting.ready):
        if number % READY >= 8:  # ready by an activated order, not by the flag
            day = setting.between(days.closing, days.today)
            _plan(setting, client, number, day)
    for client in setting.paired[: OPEN_DEALS * scale]:
        setting.stage.on(days.today - timedelta(days=5), partial(open_deal, setting, client))


def _series(setting: Setting, count: int, plan: Callable[..., None], first: date, last: date) -> None:
    clients = [client for client in setting.paired if client.since < last]
    for number in range(count * setting.scale):
        client = clients[(number * 7) % len(clients)]
        earliest = max(first, client.since + timedelta(days=1))
        plan(setting, client, number, setting.between(earliest, last))


def _plan(
    setting: Setting,
    client: Client,
    number: int,
    day: date,
    *,
    activated: bool = True,
    invoiced: bool = False,
    free: bool = False,
) -> None:
    """An order keyed up to four days before `day`, on which it is activated."""
    way = WAYS[number % len(WAYS)]
    invoiced = invoiced and number % 5 < 2
    deal = way.on_opportunity or number % 3 == 0
    lines = _lines(setting, client, way, number, limited=invoiced and not deal, free=free)
    effective = min(day + timedelta(days=number % 6 - 3), setting.days.today)
    order = Order(client, effective, lines, po_number=f"PO-{number}-{day:%m%d}" if number % 9 == 0 else "")
    if not way.on_opportunity:
        order = replace(order, department=way.department, class_name=way.class_name)
    if client.currency == "EUR" and number % 2:
        order.rate = Decimal("1.085") + Decimal(number % 7) / 1000
    keyed = max(day - timedelta(days=setting.random.randrange(5)), client.since)
    event = partial(_key, setting, order, way, deal, number)
    setting.stage.on(keyed, event)
    if activated:
        setting.stage.on(day, partial(activate, setting.stage, order))
    if invoiced:
        _invoices(setting, order, way, day, number)


def _lines(setting: Setting, client: Client, way: Way, number: int, *, limited: bool, free: bool) -> list[Line]:
    goods = setting.random.sample(_SOLD, _COUNTS[number % 4])
    lines = []
    for place, good in enumerate(goods):
        unit_price = price(good, client.currency)
        if place == 1 and number % 4 == 1:  # ten percent off
            unit_price = (unit_price * 9 / 10).quantize(CENT)
        most = int(_LARGEST / len(goods) // unit_price) if limited else 24
        quantity = Decimal(0 if free else min(setting.random.randrange(1, 13), most) or 1)
        line = Line(good, quantity, unit_price, good.class_name if way.on_lines else "")
        lines.append(replace(line, quantity=Decimal(1), price=Decimal(0)) if free else line)
    if number % 8 == 2 and not free:
        lines.append(Line(_SHIPPING, Decimal(1), price(_SHIPPING, client.currency)))
    if number % 10 == 9 and not free:  # goodwill, on a line of its own
        lines.append(Line(lines[0].good, Decimal(1), Decimal("-15.00"), lines[0].class_name))
    return lines


def _key(setting: Setting, order: Order, way: Way, deal: bool, number: int) -> None:
    """Sales keys the order, in two of three cases without an opportunity.

    The opportunity's amount is the deal's value over its life, far above any single plain invoice (D.5, M3).
    """
    if deal:
        amount = (12_000 + order.net * 3 / 2).quantize(CENT)
        dims = {"Department__c": way.department, "Class__c": way.class_name} if way.on_opportunity else {}
        order.opportunity = add_opportunity(
            setting.stage,
            order.client,
            f"{order.client.name} order {number}",
            amount,
            order.effective,
            "Closed Won",
            **dims,
        )
    add_order(setting.stage, setting.shop, order)


def _invoices(setting: Setting, order: Order, way: Way, day: date, number: int) -> None:
    """The accountant bills the order, naming it (A.10, L1): at once, or in two parts."""
    billed = [line for line in order.lines if line.price > 0]
    parts = [billed[:2], billed[2:]] if number % 10 == 1 else [billed]
    for place, lines in enumerate(parts):
        billing = workday(day + timedelta(days=3 + 8 * place))
        if billing <= setting.days.today:
            setting.stage.on(billing, partial(_invoice, setting, order, lines, way.header, billing))


def _invoice(setting: Setting, order: Order, lines: list[Line], header: str, day: date) -> None:
    classed = [replace(line, class_name=line.class_name or line.good.class_name) for line in lines]
    note = f"SF-ORD:{order.number}" if order.number else ""
    invoice = Invoice(order.client, day, classed, department=header, note=note)
    add_invoice(setting.stage, setting.books, invoice)
