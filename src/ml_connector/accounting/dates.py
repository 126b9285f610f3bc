"""The day of a journal entry (accounting-rules B.10)."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta

import msgspec

from ml_connector.model.held import Held
from ml_connector.model.rules import Rules
from ml_connector.model.triggers import PREFERENCES, day_begins


class PostingDay(msgspec.Struct, frozen=True):
    """`original` is the day the entry would have had; it differs from `day` when the books were closed (REDATED)."""

    day: date
    original: date

    @property
    def redated(self) -> bool:
        """Whether the books were closed on the day that it should have had."""
        return self.day != self.original


def activation_day(activated: datetime | None, effective: date | None, rules: Rules) -> date | None:
    """The day of activation in the company's time zone; the effective day where the org shows no activation."""
    return activated.astimezone(rules.zone).date() if activated else effective


def event_day(activated: datetime | None, effective: date | None, rules: Rules) -> date | None:
    """The day by `je_date_basis`; None when the order shows neither day."""
    local = activated.astimezone(rules.zone).date() if activated else None
    if rules.je_date_basis == "effective":
        return effective or local
    if rules.je_date_basis == "activated":
        return local or effective
    return max((day for day in (local, effective) if day), default=None)


def closed_to(book_close_date: date | None, rules: Rules) -> date | None:
    """The last closed day: QuickBooks' own or ours, whichever is later."""
    return max((day for day in (book_close_date, rules.lock_date) if day), default=None)


def posting_day(day: date, book_close_date: date | None, rules: Rules, today: date) -> PostingDay:
    """The day the entry is posted on. Raises `Held` with H-FUTURE or H-CLOSED."""
    _not_in_future(day, today)
    last_closed = closed_to(book_close_date, rules)
    if last_closed is None or day > last_closed:
        return PostingDay(day, day)
    if rules.closed_policy == "hold":
        raise Held(code="H-CLOSED", waits_for=PREFERENCES, date=str(day), closed_to=str(last_closed))
    first_open = last_closed + timedelta(days=1)
    moved = (first_open - day).days
    if moved > rules.max_redate_days:
        raise Held(
            code="H-CLOSED", case="far", waits_for=PREFERENCES, date=str(day), closed_to=str(last_closed),
            next_day=str(first_open), count=str(moved), allowed=str(rules.max_redate_days),
        )  # fmt: skip
    _not_in_future(first_open, today)
    return PostingDay(first_open, day)


def month_name(day: date) -> str:
    """As sentences name a month: `November 2026`."""
    return f"{calendar.month_name[day.month]} {day.year}"


def _not_in_future(day: date, today: date) -> None:
    if day > today:
        raise Held(code="H-FUTURE", waits_for=(day_begins(day),), date=str(day))
