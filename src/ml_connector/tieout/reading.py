"""What a tie-out reads: both vendors afresh, and our links, which only say which belongs to which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from ml_connector.accounting.rates import HOME_CURRENCY
from ml_connector.model.errors import BadAnswer, WrongUse
from ml_connector.model.reading import apart
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.store import Store
from ml_connector.systems.quickbooks.client import QuickBooks
from ml_connector.systems.salesforce.client import Salesforce

from .report import NONE

__all__ = ["NONE", "Links", "Reading", "answers_of", "first_day", "months_between", "sound", "span"]


class Links(msgspec.Struct, frozen=True):
    """The links of one connection; what somebody without the key has put there proves nothing, and is left out."""

    store: Store
    connection: str

    def all_of(self, role: Role) -> list[Link]:
        """All links of the connection in one role."""
        return [link for link in self.store.all_links(self.connection, role) if link.proved]

    def by_ref(self, role: Role, refs: Sequence[Ref]) -> dict[Ref, list[Link]]:
        """The links of these records, whichever side they stand on; every record is in the answer."""
        known = self.store.links_of(self.connection, role, list(dict.fromkeys(refs))) if refs else {}
        return {ref: [link for link in links if link.proved] for ref, links in known.items()}


class Reading:
    """One run of reads. Reference tables are read once in it, by whichever report asks first."""

    def __init__(
        self, quickbooks: QuickBooks, salesforce: Salesforce, links: Links, rules: Rules, now: datetime
    ) -> None:
        """`now` is the instant of the run; its day in the company's time zone is `today`."""
        self.quickbooks = quickbooks
        self.salesforce = salesforce
        self.links = links
        self.rules = rules
        self.today = now.astimezone(rules.zone).date()
        self._tables: dict[tuple[str, str], Any] = {}

    async def table(self, name: str, system: QuickBooks | Salesforce | None = None) -> Any:
        """A reference table of QuickBooks, or of `system` (docs/contracts.md)."""
        source = system or self.quickbooks
        key = (source.name, name)
        if key not in self._tables:
            self._tables[key] = (await source.reference(name)).value
        return self._tables[key]

    async def home(self) -> str:
        """The home currency of the books."""
        return (await self.table("preferences")).home_currency or HOME_CURRENCY


async def answers_of(
    ask: Callable[[Sequence[str]], Awaitable[Mapping[str, Any]]], names: Sequence[str]
) -> dict[str, Any]:
    """The answers about all of `names`; what cannot be read stands there as `BadAnswer` and spoils no other."""
    answers, bad = await apart(ask, list(dict.fromkeys(names)))
    return {**answers, **bad}


def sound(answer: Any) -> Any:
    """An answer of `answers_of`. Raises `BadAnswer` for one that could not be read."""
    if isinstance(answer, BadAnswer):
        raise answer
    return answer


def first_day(month: str) -> date:
    """Of a month like `2026-11`. Raises `WrongUse` for a text that is none."""
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise WrongUse(f"{month!r} is not a month.", "Write it like 2026-11.") from error


def span(months: Sequence[str]) -> tuple[str, str]:
    """First day of the first month, first day after the last one."""
    last = first_day(max(months))
    after = date(last.year + last.month // 12, last.month % 12 + 1, 1)
    return min(months) + "-01", after.isoformat()


def months_between(first: date, last: date) -> list[str]:
    """`2026-10`, `2026-11`, ... from the month of `first` to that of `last`."""
    count = (last.year - first.year) * 12 + last.month - first.month
    months = (divmod(first.month - 1 + number, 12) for number in range(count + 1))
    return [f"{first.year + years}-{month + 1:02d}" for years, month in months]
