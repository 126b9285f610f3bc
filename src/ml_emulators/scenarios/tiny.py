"""A tiny company for simulations: 3 customers, 4 invoices, 3 orders, 1 ready Account, nothing to hold."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from . import books, org
from .goods import TINY
from .orders import Order, activate, add_order
from .people import Client, add_account, add_contact, add_customer
from .stage import Stage
from .trade import Invoice, Line, add_invoice
from .words import Address, Person, domain_of

_BASIC, _HOUR = TINY


def build(stage: Stage, scale: int, seed: int, today: date) -> dict[str, Any]:
    """Always the same company, whatever scale and seed say: two businesses on both sides, one only in QuickBooks.

    Orders are activated within the last four days, so `today` should lie a week or more after the `start_date`.
    """
    first = today - timedelta(days=4)
    clients = [_client(number, first) for number in range(4)]
    stage.on(first, partial(_people, stage, clients, today))
    stage.play()
    return {"today": today.isoformat(), "clients": [[client.customer, client.account] for client in clients]}


def _client(number: int, since: date) -> Client:
    name = ("Alder Analytics", "Falconry Foods", "Pinnacle Robotics", "Zephyr Media")[number]
    person = Person(("Ada", "Hugo", "Mona", "Rosa")[number], ("Barlow", "Fenwick", "Lomax", "Thorne")[number])
    address = Address(f"{10 + number} Mill Street", "Boston", "MA", f"0210{number}", "US")
    phone = f"(617) 555-010{number}"
    return Client(name, "", domain_of(name), address, phone, "USD", person, since)


def _people(stage: Stage, clients: list[Client], today: date) -> None:
    made = books.set_up(stage, TINY, small=True)
    shop = org.set_up(stage, made, TINY, ("USD",))
    for client in clients[:3]:
        add_customer(stage, made, client)
    for client in (*clients[:2], clients[3]):
        add_account(stage, client, QBO_Ready__c=client is clients[3])
        add_contact(stage, client, client.person, client.email)
    orders = [
        Order(clients[number % 2], today - timedelta(days=3 - number), _lines(number), "East", "SaaS")
        for number in range(3)
    ]
    for order in orders:
        stage.on(order.effective, partial(_sell, stage, shop, order))
    for number in range(4):
        # The last one bills the first order and says so (accounting-rules A.10, L1).
        billed = orders[0] if number == 3 else None
        day = today - timedelta(days=3 - number)
        stage.on(day, partial(_bill, stage, made, clients[number % 3], number, day, billed))


def _sell(stage: Stage, shop: org.Shop, order: Order) -> None:
    add_order(stage, shop, order)
    activate(stage, order)


def _lines(number: int) -> list[Line]:
    return [
        Line(_BASIC, Decimal(number + 2), _BASIC.price, "SaaS"),
        Line(_HOUR, Decimal(1), _HOUR.price, "SaaS"),
    ]


def _bill(stage: Stage, made: books.Books, client: Client, number: int, day: date, order: Order | None) -> None:
    lines = order.lines if order else _lines(number + 5)
    note = f"SF-ORD:{order.number}" if order and order.number else ""
    add_invoice(stage, made, Invoice(client, day, lines, department="East", note=note))
