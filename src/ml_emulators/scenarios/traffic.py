"""The sample company's invoices and what becomes of them: paid, partly paid, overdue, voided, credited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from .books import DEPARTMENTS
from .goods import GOODS
from .people import Client
from .plan import Setting
from .stage import Json, workday
from .trade import CENT, Invoice, Line, add_invoice, apply_credit, credit, pay, random_lines, void

INVOICES, VOIDED, CREDITED, UNAPPLIED, DELETED = 2000, 24, 20, 3, 3
_HEADERS = tuple(name for name in DEPARTMENTS if name != "Legacy")
# No plain invoice reaches this: sales' opportunities and orders start above it (see `cast.open_deal`).
MOST = Decimal(8900)
_WHOLE = Decimal(1)
_SHARED = "ledger@shared-bookkeeping.example"


def traffic(setting: Setting) -> None:
    """Put invoices and their fates on the calendar."""
    total = INVOICES * setting.scale
    weights = [4] * len(setting.paired) + [1 + 2 * (n % 5 == 0) for n in range(len(setting.plain))]
    clients: Sequence[Client] = (*setting.paired, *setting.plain, *setting.subs)
    chosen = setting.random.choices(clients, [*weights, *[1] * len(setting.subs)], k=total)
    fates = _fates(setting, total)
    for client, fate in zip(chosen, fates, strict=True):
        day = _day(setting, client, fate)
        setting.stage.on(day, partial(_bill, setting, _invoice(setting, client, day, fate), fate))
    for client in setting.plain[: UNAPPLIED * setting.scale]:
        lines = random_lines(setting.random, GOODS, client.currency, Decimal(900))
        day = setting.between(max(client.since, setting.days.closing + timedelta(days=1)), setting.days.today)
        setting.stage.on(day, partial(credit, setting.stage, setting.books, client, day, lines))


def _fates(setting: Setting, total: int) -> list[str]:
    special = [("void", VOIDED), ("credit", CREDITED), ("delete", DELETED)]
    fates = [fate for fate, count in special for _ in range(count * setting.scale)]
    usual = ("paid", "paid", "paid", "paid", "late", "partial", "open")
    fates += setting.random.choices(usual, k=total - len(fates))
    setting.random.shuffle(fates)
    return fates


def _day(setting: Setting, client: Client, fate: str) -> date:
    days = setting.days
    first = max(client.since, days.first)
    if fate in ("void", "delete", "credit"):  # nothing dated in closed books can be voided or deleted
        first = max(first, days.closing + timedelta(days=1))
        return setting.between(first, max(first, days.today - timedelta(days=9)))
    return setting.between(first, days.today)


def _invoice(setting: Setting, client: Client, day: date, fate: str) -> Invoice:
    random = setting.random
    lines = random_lines(random, GOODS, client.currency, MOST)
    plain = Invoice(client, day, lines, department=random.choice(_HEADERS), email=_email(setting, client))
    if fate == "credit":
        return plain
    if random.random() < 0.3 and client.currency == "USD":
        plain = replace(plain, taxed=True)
    if random.random() < 0.06:
        plain = replace(plain, discount=(plain.net / 10).quantize(CENT))
    return plain if random.random() < 0.8 else replace(plain, memo="Thank you for your business.")


def _email(setting: Setting, client: Client) -> str:
    """Mostly one address; now and then several, an odd spelling, or an outside bookkeeper's."""
    chance, usual = setting.random.random(), client.bill_email
    domain = usual.partition("@")[2]
    if chance < 0.01:
        return _SHARED
    if chance < 0.03:
        return usual.upper()
    several = f"{usual}, ap@{domain}" if chance < 0.06 else f"{usual};reception.desk ; ap@{domain}"
    return several if chance < 0.08 and len(several) <= 100 else ""


def _bill(setting: Setting, invoice: Invoice, fate: str) -> None:
    record = add_invoice(setting.stage, setting.books, invoice)
    settle = _SETTLE.get(fate)
    if settle is not None:
        settle(setting, invoice, record)


def _later(setting: Setting, day: date, event: Callable[[], object]) -> None:
    """On that day, unless it is still to come."""
    if day <= setting.days.today:
        setting.stage.on(day, event)


def _paid(setting: Setting, invoice: Invoice, record: Json) -> None:
    """A few days before it is due."""
    _pay(setting, invoice, record, max(_due(record) - timedelta(days=4), invoice.day + timedelta(days=2)))


def _late(setting: Setting, invoice: Invoice, record: Json) -> None:
    _pay(setting, invoice, record, _due(record) + timedelta(days=19))


def _partial(setting: Setting, invoice: Invoice, record: Json) -> None:
    """Forty percent after three days, and then nothing."""
    _pay(setting, invoice, record, invoice.day + timedelta(days=3), Decimal("0.4"))


def _due(record: Json) -> date:
    return date.fromisoformat(record["DueDate"])


def _pay(setting: Setting, invoice: Invoice, record: Json, day: date, share: Decimal = _WHOLE) -> None:
    parts = [(record["Id"], (Decimal(record["TotalAmt"]) * share).quantize(CENT))]
    client, banked = invoice.client, workday(day)
    event = partial(pay, setting.stage, client.customer, client.currency, banked, parts)
    _later(setting, banked, event)


def _void(setting: Setting, invoice: Invoice, record: Json) -> None:
    _later(setting, workday(invoice.day + timedelta(days=3)), partial(void, setting.stage, record["Id"]))


def _delete(setting: Setting, invoice: Invoice, record: Json) -> None:
    body = {"Id": record["Id"]}
    day = workday(invoice.day + timedelta(days=2))
    _later(setting, day, partial(setting.stage.qbo, "delete", "Invoice", body))


def _credit(setting: Setting, invoice: Invoice, record: Json) -> None:
    """Two in three are credited in full, the others by their first line."""
    lines: Sequence[Line] = invoice.lines if int(record["Id"]) % 3 else invoice.lines[:1]
    day = workday(invoice.day + timedelta(days=4))
    _later(setting, day, partial(_set_off, setting, invoice, record["Id"], day, lines))


def _set_off(setting: Setting, invoice: Invoice, number: str, day: date, lines: Sequence[Line]) -> None:
    memo = credit(setting.stage, setting.books, invoice.client, day, lines)
    amount = sum((line.net for line in lines), Decimal(0))
    apply_credit(setting.stage, invoice.client, day, number, memo["Id"], amount)


_SETTLE = {
    "paid": _paid,
    "late": _late,
    "partial": _partial,
    "void": _void,
    "delete": _delete,
    "credit": _credit,
}
