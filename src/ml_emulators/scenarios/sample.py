"""The sample company: a mid-size SaaS business, a quarter and a half of its life on both sides.

Everything is decided by (scale, seed, today). Set-up, people, traffic, deals and planted cases put their events
on one calendar; the stage then plays them with the clock set back to each day.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from functools import partial
from random import Random
from typing import Any

from . import books, org
from .awkward import awkward
from .cast import cast
from .deals import deals
from .goods import GOODS, ODD
from .people import Client
from .plan import Setting, calendar
from .stage import Stage
from .strangers import strangers
from .traffic import traffic
from .words import Names


def build(stage: Stage, scale: int, seed: int, today: date) -> dict[str, Any]:
    """Play the sample company up to `today`; gives what later business days need to know."""
    days = calendar(today)
    chance = Random(seed + 1)  # noqa: S311  # a sample wants repeatable chance
    setting = Setting(stage, days, scale, Names(seed), chance)
    stage.on(days.opening, partial(_set_up, setting))
    stage.on(days.closing, partial(books.close_books, stage, days.closed))
    cast(setting)
    strangers(setting)
    traffic(setting)
    deals(setting)
    awkward(setting)
    stage.play()
    return _memory(setting)


def _set_up(setting: Setting) -> None:
    goods = (*GOODS, *ODD)
    made = books.set_up(setting.stage, goods)
    for name, value in vars(made).items():
        setattr(setting.books, name, value)
    shop = org.set_up(setting.stage, made, goods)
    for name, value in vars(shop).items():
        setattr(setting.shop, name, value)
    books.set_rates(setting.stage, setting.days.opening, setting.days.today)


def _memory(setting: Setting) -> dict[str, Any]:
    """Plain values only: they are put aside and brought back with the records."""
    active = [client for client in setting.paired if client.since == setting.days.opening]
    return {
        "today": setting.days.today.isoformat(),
        "start_date": setting.days.start.isoformat(),
        "books_closed": setting.days.closed.isoformat(),
        "books": asdict(setting.books),
        "products": dict(setting.shop.products),
        "book": setting.shop.book,
        "entries": {f"{sku} {currency}": entry for (sku, currency), entry in setting.shop.entries.items()},
        "paired": [_known(client) for client in active if client.currency == "USD"],
        "plain": [_known(client) for client in setting.plain if client.currency == "USD"],
        "prospects": [_known(client) for client in setting.prospects],
        "names": list(setting.names.used),
    }


def _known(client: Client) -> dict[str, str]:
    return {
        "name": client.name,
        "customer": client.customer,
        "account": client.account,
        "email": client.bill_email,
        "phone": client.phone,
    }
