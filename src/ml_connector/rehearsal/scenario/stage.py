"""The stage of a scenario: fresh emulators behind their control door, and time that only the scenario moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.clock import MovedClock
from ml_connector.model.errors import ConnectorError, WrongUse
from ml_connector.model.refs import Ref
from ml_connector.rehearsal.emulators import started
from ml_connector.systems.http import Network
from ml_connector.systems.network import AiohttpNetwork

from .reader import Scenario
from .values import instant

Ask = Callable[[str, str, Any], Awaitable[Any]]
TODAY = date(2026, 11, 22)
ZONE = "America/Los_Angeles"


class Refused(ConnectorError):
    """A vendor refused what a user wanted to do; the sentence is the vendor's."""


class Door:
    """The emulators as a scenario needs them: their JSON line, their control door, and the way to them."""

    def __init__(self, line: Mapping[str, Any], ask: Ask, network: Network) -> None:
        self.line = line
        self.ask = ask
        self.network = network


Opens = Callable[[Scenario], AbstractAsyncContextManager[Door]]


def base_of(scenario: Scenario) -> tuple[str, int, date]:
    """Name, seed and day with which the emulators begin."""
    day = now_of(scenario).astimezone(zone_of(scenario)).date()
    return scenario.top.get("base", "empty"), scenario.top.get("seed", 1), day


def zone_of(scenario: Scenario) -> ZoneInfo:
    """The time zone of the company in this file. Raises `WrongUse` for a name that is none."""
    name = scenario.top.get("time_zone") or scenario.top.get("rules", {}).get("time_zone", ZONE)
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise WrongUse(f"{name!r} is no time zone.", "Write its name, for example America/Los_Angeles.") from error


def now_of(scenario: Scenario) -> datetime:
    """The instant at which the scenario begins."""
    return instant(scenario.top.get("clock") or scenario.top.get("today", TODAY), zone_of(scenario), 12)


@asynccontextmanager
async def on_sockets(scenario: Scenario) -> AsyncIterator[Door]:
    """Emulators as a process of their own."""
    base, seed, day = base_of(scenario)
    options = ("--scenario", base, "--seed", str(seed), "--today", day.isoformat())
    async with started(*options) as emulators, AiohttpNetwork() as network:
        yield Door(emulators.line, emulators.ask, network)


class Stage(MovedClock):
    """What users do and see at the vendors, and the clock of everybody. It is also the connector's clock."""

    def __init__(self, door: Door, scenario: Scenario) -> None:
        super().__init__()
        self.door = door
        self.zone = zone_of(scenario)
        self._now = now_of(scenario)
        self._seen: dict[tuple[str, str], list[dict[str, Any]]] = {}

    # --- time

    def now(self) -> datetime:
        """The instant that everybody has, UTC."""
        return self._now

    def today(self) -> date:
        """The day in the company's time zone."""
        return self._now.astimezone(self.zone).date()

    async def move(self, by: timedelta) -> None:
        """Let time pass at the vendors and for the connector alike."""
        await self.set_clock(self._now + by)

    async def set_clock(self, at: datetime) -> None:
        """Set everybody's clock, back too: it stands until it is moved."""
        answer = await self.door.ask("POST", "/clock", {"op": "freeze", "at": at.isoformat()})
        self._now = datetime.fromisoformat(answer["now"]) if isinstance(answer["now"], str) else answer["now"]
        self.forget()

    # --- users at the vendors

    async def act(self, system: str, op: str, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One act of a user. Raises `Refused` with the vendor's own words."""
        operation = {"system": system, "op": op, "kind": kind, "body": dict(body)}
        report = await self.door.ask("POST", "/seed", {"operations": [operation]})
        self.forget()
        if not report["ok"]:
            raise Refused(f"{_NAMES[system]} refuses to {op} {kind}: {_words(report['failed']['reason'])}", _CORRECT)
        result: dict[str, Any] = report["results"][0]
        return result

    async def records(self, system: str, kind: str) -> list[dict[str, Any]]:
        """The live records of a kind as the vendor keeps them."""
        if (system, kind) not in self._seen:
            rows = (await self.door.ask("GET", f"/state/{system}/{kind}", None))["records"]
            self._seen[system, kind] = [row for row in rows if not _is_deleted(row)]
        return self._seen[system, kind]

    async def has_currencies(self) -> bool:
        """Whether the Salesforce org has more currencies than one."""
        switches = await self.door.ask("GET", "/switches", None)
        return bool(switches["salesforce"]["multicurrency"])

    async def record(self, ref: Ref) -> dict[str, Any]:
        """One record as it is now. Raises `Refused` when it is gone."""
        for row in await self.records(ref.system, ref.kind):
            if row.get("Id") == ref.id:
                return row
        raise Refused(f"{_NAMES[ref.system]} has no {ref.kind} {ref.id} any more.", _CORRECT)

    async def by_id(self, kind: str) -> dict[str, dict[str, Any]]:
        """The records of a QuickBooks kind by id."""
        return {str(row["Id"]): row for row in await self.records("quickbooks", kind)}

    def forget(self) -> None:
        """What was read may have changed."""
        self._seen.clear()

    def facts(self) -> dict[str, str]:
        """What `${today}`, `${now}`, `${realm}` and `${org}` stand for."""
        line = self.door.line
        return {
            "today": self.today().isoformat(),
            "now": self._now.isoformat(),
            "realm": line["quickbooks"]["realm_id"],
            "org": line["salesforce"]["org_id"],
        }


_NAMES = {"quickbooks": "QuickBooks", "salesforce": "Salesforce"}
_CORRECT = "Correct the entry; fields and their rules are the vendor's own."


def _is_deleted(record: Mapping[str, Any]) -> bool:
    return record.get("status") == "Deleted" or record.get("IsDeleted") is True


def _words(reason: Any) -> str:
    """What the vendor said, without its wrapping."""
    if isinstance(reason, Mapping) and isinstance(reason.get("Error"), list) and reason["Error"]:
        error = reason["Error"][0]
        return f"{error.get('Message', '')} {error.get('Detail', '')} ({error.get('code', '')})".strip()
    if isinstance(reason, Mapping) and "message" in reason:
        return f"{reason['message']} ({reason.get('errorCode', '')})"
    return str(reason)
