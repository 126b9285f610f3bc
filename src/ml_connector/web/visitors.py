"""Who visits: sessions, the one-time link of a rehearsal, and how much each address may send."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta

from ml_connector.actions.desk import Desk
from ml_connector.model.people import Person

from .guard import Visit
from .sessions import Rate, Session, Sessions

_DELIVERIES, _UNSIGNED, _TRIES = 6000, 60, 10
"""What an address may send a minute: deliveries, those among them that are not signed, and tries to sign in.

A burst of QuickBooks is some hundred deliveries from a few addresses; the first is twenty times as many.
"""


class Visitors:
    """Everything that is known of who comes in. Kept in this process only."""

    CONSENT = timedelta(minutes=10)
    """How long a sign-in at the vendor may take: its code lives no longer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sessions = Sessions()
        self._deliveries, self._unsigned, self._tries = Rate(_DELIVERIES), Rate(_UNSIGNED), Rate(_TRIES)
        self._key = secrets.token_urlsafe(32) if desk.open_to_the_terminal else ""

    @property
    def entry(self) -> str:
        """The path of the one-time link; blank where people must prove who they are."""
        return f"/enter?key={self._key}" if self._key else ""

    def spend(self, key: str) -> bool:
        """Whether it is the key of the link, which serves no more then."""
        fits = bool(self._key) and hmac.compare_digest(self._key.encode(), key.encode())
        if fits:
            self._key = ""
        return fits

    # --- sessions

    def begin(self, person: Person, connection: str) -> str:
        """A new session; its name is for the cookie."""
        return self._sessions.begin(person, connection, self._desk.clock.now())

    def session(self, visit: Visit) -> Session | None:
        """The session of a visit."""
        return self._sessions.get(visit.session, self._desk.clock.now()) if visit.session else None

    def end(self, visit: Visit) -> None:
        """The person leaves."""
        self._sessions.end(visit.session)

    async def may_look(self, headers: Mapping[str, str], path: str, visit: Visit) -> bool:
        """Whether somebody stands behind a request: a session, or for figures alone the token of a machine."""
        if self.session(visit) is not None:
            return True
        kind, _, token = headers.get("authorization", "").partition(" ")
        if path != "/metrics" or kind.lower() != "bearer" or self.tries_are_over(visit.address):
            return False
        if await self._desk.proved_by_token(token.strip()) is not None:
            return True
        self.tried(visit.address)
        return False

    # --- how much an address may send

    def is_over(self, address: str) -> bool:
        """Whether no more deliveries are taken from this address for now."""
        now = self._desk.clock.now()
        return self._deliveries.is_over(address, now) or self._unsigned.is_over(address, now)

    def delivered(self, address: str, *, taken: bool) -> None:
        """A delivery came in; one that was not `taken` was no delivery of the vendor's."""
        now = self._desk.clock.now()
        self._deliveries.count(address, now)
        if not taken:
            self._unsigned.count(address, now)

    def tries_are_over(self, address: str) -> bool:
        """Whether this address may not try to sign in for now."""
        return self._tries.is_over(address, self._desk.clock.now())

    def tried(self, address: str) -> None:
        """It has tried, and it was not right."""
        self._tries.count(address, self._desk.clock.now())
