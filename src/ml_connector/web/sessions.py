"""Sessions of people in the web: kept in this process, named by chance, ended by time; and how often who may try."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ml_connector.actions.desk import Begun
from ml_connector.model.people import Person

IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)
"""A session ends so long after its last request, and so long after its first."""
_MOST = 1000
_ADDRESSES = 10_000


@dataclass
class Session:
    """One person at one browser. `csrf` stands in every form, `begun` is a sign-in to QuickBooks that is under way."""

    person: Person
    connection: str
    begun_at: datetime
    seen_at: datetime
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    begun: Begun | None = None

    def may_post(self, csrf: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode())


class Sessions:
    """All sessions of this process. Nothing of them is on disk: a restart ends them."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def begin(self, person: Person, connection: str, now: datetime) -> str:
        """A new session, always under a new name. Returns the name."""
        self._end_old(now)
        name = secrets.token_urlsafe(32)
        self._sessions[name] = Session(person, connection, now, now)
        return name

    def get(self, name: str, now: datetime) -> Session | None:
        """The session of this name, which lives on by it; None where there is none any more."""
        session = self._sessions.get(name)
        if session is None or _is_over(session, now):
            self._sessions.pop(name, None)
            return None
        session.seen_at = now
        return session

    def end(self, name: str) -> None:
        """The person leaves. No error where there is no such session."""
        self._sessions.pop(name, None)

    def _end_old(self, now: datetime) -> None:
        for name in [name for name, session in self._sessions.items() if _is_over(session, now)]:
            del self._sessions[name]
        while len(self._sessions) >= _MOST:
            del self._sessions[min(self._sessions, key=lambda name: self._sessions[name].seen_at)]


def _is_over(session: Session, now: datetime) -> bool:
    return now - session.seen_at > IDLE or now - session.begun_at > LONGEST


class Rate:
    """So many events an address and minute, with as many at once; more are refused until some time has passed."""

    def __init__(self, a_minute: int) -> None:
        self._rate = a_minute
        self._levels: dict[str, tuple[float, datetime]] = {}

    def is_over(self, address: str, now: datetime) -> bool:
        """Whether the address has used up what it may."""
        return self._level(address, now) > self._rate - 1

    def count(self, address: str, now: datetime) -> None:
        """One event more of this address."""
        if len(self._levels) >= _ADDRESSES:
            self._forget(now)
        self._levels[address] = (self._level(address, now) + 1, now)

    def _level(self, address: str, now: datetime) -> float:
        level, at = self._levels.get(address, (0.0, now))
        passed = max(0.0, (now - at).total_seconds())
        return max(0.0, level - passed * self._rate / 60)

    def _forget(self, now: datetime) -> None:
        calm = [address for address in self._levels if self._level(address, now) < 1]
        for address in calm or list(self._levels)[: _ADDRESSES // 2]:
            del self._levels[address]
