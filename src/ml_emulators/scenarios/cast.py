"""The sample company's customers, vendors, accounts and contacts, each with a part to play.

Everything here is clean: a customer either meets exactly one Account that is plainly the same business
(accounting-rules E.1: 80 points or more, 20 ahead of the next), or none that comes near (below 35).
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

from .orders import add_opportunity
from .people import Client, add_account, add_contact, add_customer, new_client, sub_client
from .plan import Setting
from .trade import CENT
from .words import PLACES

PLAIN, PAIRED, SUBS, READY, PROSPECTS, SPARE, VENDORS = 274, 60, 60, 14, 40, 14, 18
_OPEN_STAGES = ("Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review")
_DIMS = (("HQ", "SaaS"), ("", ""), ("West", "Services"), ("", ""))


def cast(setting: Setting) -> None:
    """Name everybody and put their arrival on the calendar."""
    scale, home = setting.scale, setting.stage.shape.home
    # Orders are in the customer's currency: an org with one currency sells to no one in another.
    setting.paired = [_client(setting, n, home or ("EUR" if n % 6 == 5 else "USD")) for n in range(PAIRED * scale)]
    # Paired in USD, without orders and invoices of their own: the planted cases happen to them.
    setting.spare = [_client(setting, 0, "USD") for _ in range(SPARE * scale)]
    setting.plain = [_client(setting, n, "EUR" if n % 9 == 8 else "USD") for n in range(PLAIN * scale)]
    setting.subs = _subs(setting)
    setting.ready = [_client(setting, 0, "USD") for _ in range(READY * scale)]
    setting.prospects = [_client(setting, 0, "USD") for _ in range(PROSPECTS * scale)]
    for number, client in enumerate((*setting.spare, *setting.paired)):
        setting.stage.on(client.since, partial(_pair, setting, client, number))
    for client in (*setting.plain, *setting.subs):  # parents first
        setting.stage.on(client.since, partial(_customer, setting, client))
    _vendors(setting)
    for number, client in enumerate(setting.ready):
        setting.stage.on(client.since, partial(_ready, setting, client, number))
    for client in setting.prospects:
        setting.stage.on(client.since, partial(_prospect, setting, client))


def _client(setting: Setting, number: int, currency: str) -> Client:
    """Three in four were customers before the first day."""
    days = setting.days
    late = number % 4 == 3
    since = setting.between(days.first, days.today - timedelta(days=21)) if late else days.opening
    return new_client(setting.names, currency, since)


def _subs(setting: Setting) -> list[Client]:
    """Sub-customers on up to three levels below top customers of old: 40 + 14 + 6 of 60."""
    tops = [client for client in (*setting.paired, *setting.plain) if client.since == setting.days.opening]
    subs: list[Client] = []
    for number in range(SUBS * setting.scale):
        turn = number % SUBS
        if turn < 40:
            parent, suffix = tops[number % len(tops)], PLACES[number // len(tops) % len(PLACES)]
        elif turn < 54:
            parent, suffix = subs[number - 40], "Laboratory"
        else:
            parent, suffix = subs[number - 14], "Cold Storage"
        subs.append(sub_client(setting.names, parent, suffix))
    return subs


def _customer(setting: Setting, client: Client) -> None:
    add_customer(setting.stage, setting.books, client)


def _pair(setting: Setting, client: Client, number: int) -> None:
    """The same business on both sides, found in one of three ways; all score 95 or more."""
    add_customer(setting.stage, setting.books, client)
    department, class_name = _DIMS[number % len(_DIMS)]
    dims = {"Department__c": department or None, "Class__c": class_name or None}
    way = number % 3
    if way == 0:  # e-mail of a contact 50 + name 40 + phone 20 + address 20
        add_account(setting.stage, client, **dims)
        add_contact(setting.stage, client, client.person, client.email)
        return
    if way == 1:  # website 40 + name in capitals 40 + phone written otherwise 20 + address 20
        phone = client.phone.replace("(", "+1 ").replace(") ", "-") if client.currency == "USD" else client.phone
        add_account(setting.stage, client, Name=client.name.upper(), Phone=phone, **dims)
    else:  # website 40 + name 40 + address 20, no phone
        add_account(setting.stage, client, Phone=None, **dims)
    person = setting.names.person()
    add_contact(setting.stage, client, person, f"billing@{client.domain}")


def _vendors(setting: Setting) -> None:
    """Twenty at scale 1; two bear the name of a business that will become a customer: `Name (Customer)` (E.4)."""
    names = [setting.names.company() for _ in range(VENDORS * setting.scale)]
    names += [client.name for number, client in enumerate(setting.ready) if number % READY in (0, 1)]
    for name in names:
        address, phone = setting.names.address("USD")
        body = {
            "DisplayName": name,
            "PrimaryPhone": {"FreeFormNumber": phone},
            "BillAddr": {"Line1": address.street, "City": address.city, "PostalCode": address.postal},
        }
        setting.stage.on(setting.days.opening, partial(setting.stage.qbo, "create", "Vendor", body))


def _ready(setting: Setting, client: Client, number: int) -> None:
    """Passes every gate of E.3. The first eight are flagged; the others get ready by an activated order."""
    turn = number % READY
    name = {2: f"{client.name}: North\tDivision", 3: f"{client.name}:\tSouth"}.get(turn, client.name)
    add_account(setting.stage, client, name=name, QBO_Ready__c=turn < 8 or not setting.stage.shape.orders)
    add_contact(setting.stage, client, client.person, client.email)


def _prospect(setting: Setting, client: Client) -> None:
    """Sales works on it; it is not ready and nobody's customer."""
    add_account(setting.stage, client, Type="Prospect")
    add_contact(setting.stage, client, client.person, client.email)
    open_deal(setting, client)


def open_deal(setting: Setting, client: Client) -> None:
    """An open opportunity, far larger than any plain invoice, so that M3 of D.5 never takes one for the other."""
    amount = (Decimal(setting.random.randrange(40_000_00, 95_000_00)) / 100).quantize(CENT)
    close = setting.days.today + timedelta(days=setting.random.randrange(10, 90))
    stage_name = setting.random.choice(_OPEN_STAGES)
    add_opportunity(setting.stage, client, f"{client.name} expansion", amount, close, stage_name)
