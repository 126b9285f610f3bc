"""Keeps a session of Salesforce: one for each process, made anew before it can end, and when it was ended.

There is nothing to lose here, unlike at QuickBooks: no refresh token, and a new session can be asked for at any time.
So sessions live in memory only, each process has its own, and no turn is taken.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

import structlog

from ml_connector.clock import Clock
from ml_connector.model.errors import BadAnswer, LimitReached, Unreachable, WrongUse
from ml_connector.systems import wire
from ml_connector.systems.http import Caller, Request

from .auth import (
    API_VERSION,
    TOKEN_PATH,
    VERSIONS_PATH,
    Credential,
    Credentials,
    Session,
    accept,
    as_number,
    checked_host,
    json_of,
    no_salesforce,
    read_session,
    read_versions,
)
from .records import long_id
from .refusals import about_the_secret

RENEWED, SPREAD = timedelta(minutes=90), timedelta(minutes=10)
"""A session is used for so long, less a part of `SPREAD` that differs by process. The org ends one after two hours
without use by default, and by its own settings sooner or later (reference 1.2)."""
_PAUSE = timedelta(minutes=1)
"""Between renewals that fail, while the session goes on being good."""
_log = structlog.get_logger("ml_connector.sign_in")


class Replaced(NamedTuple):
    """What to use in place of a session that was refused; whether the org gave it just now, and to this call."""

    session: Session
    ours: bool


class SessionKeeper:
    """Hands out one session, and makes a new one only once however many calls found the old one expired.

    The answer does not say when a session ends: it is renewed after a time, and when a call is answered 401, which is
    then repeated (reference 1.5).

    `org_id`, where it is known, must be the org that answers; another one raises `WrongUse`.
    """

    def __init__(
        self,
        caller: Caller,
        credentials: Credentials,
        clock: Clock,
        *,
        api_version: str = API_VERSION,
        org_id: str = "",
        jitter: float = 0.0,
    ) -> None:
        """`jitter`, 0.0 to 1.0, is how much of `SPREAD` this process renews earlier."""
        self.host = checked_host(credentials.host)
        self.api_version = api_version
        self._caller = caller
        self._credentials = credentials
        self._clock = clock
        self._org_id = long_id(org_id) if org_id else ""
        self._life = RENEWED - SPREAD * jitter
        self._lock = asyncio.Lock()
        self._session: Session | None = None
        self._renew_at = clock.now()
        self._version_checked = False

    async def session(self) -> Session:
        """The session in use, or a first one. Raises `SignInNeeded`, `WrongUse` or `Unreachable`."""
        session, now = self._session, self._clock.now()
        if session is None:
            return await self.renew(None)
        if now < self._renew_at <= now + RENEWED:
            return session
        try:
            return (await self._replaced(session)).session
        except (Unreachable, LimitReached, BadAnswer) as error:
            # It comes ahead of time: until the session is refused, its trouble is nobody else's.
            self._renew_at = now + _PAUSE
            _log.warning("the renewal of a session waits", vendor="Salesforce", why=type(error).__name__)
            return session

    async def keep(self) -> datetime:
        """See that there is a session; when to look again. Raises as `session`."""
        await self.session()
        return self._renew_at

    async def renew(self, stale: Session | None) -> Session:
        """A session that is not `stale`: the one that somebody else made meanwhile, or a new one."""
        return (await self.replace(stale)).session

    async def replace(self, stale: Session | None) -> Replaced:
        """As `renew`, for a session that was refused, and whether it was made for this call."""
        if self._session is stale:
            self._session = None
        return await self._replaced(None)

    async def _replaced(self, old: Session | None) -> Replaced:
        async with self._lock:
            if self._session is not None and self._session is not old:
                return Replaced(self._session, ours=False)
            await self._check_version()
            self._session = await self._log_in()
            self._renew_at = self._clock.now() + self._life
            return Replaced(self._session, ours=True)

    async def versions(self) -> list[str]:
        """The API versions that the org speaks; needs no token. Raises `Unreachable` or `BadAnswer`."""
        response = await self._caller.repeating(Request("GET", self.host + VERSIONS_PATH, accept()), "version")
        if response.status != 200:
            raise no_salesforce(self.host, response.status)
        return read_versions(wire.loads(response.body, "the list of API versions", strict=False))

    async def _check_version(self) -> None:
        if self._version_checked:
            return
        versions = await self.versions()
        if self.api_version not in versions:
            newest = max(versions, key=as_number, default="none")
            raise WrongUse(
                f"The org does not speak API version {self.api_version} (its newest is {newest}).",
                "Set salesforce.api_version to one that it speaks.",
            )
        self._version_checked = True

    async def _log_in(self) -> Session:
        options = self._credentials.options()
        for credential in options:
            response = await self._caller.repeating(self._request(credential), "token")
            if response.status == 200 or not about_the_secret(response.status, json_of(response)):
                break
        session = read_session(response, self.host)
        if self._org_id and session.org_id != self._org_id:
            raise WrongUse(
                f"These credentials belong to the org {session.org_id}, but this connection serves {self._org_id}.",
                "After a sandbox refresh make a new connection; otherwise correct the address or the consumer key.",
            )
        self._credentials.proved(credential)
        return session

    def _request(self, credential: Credential) -> Request:
        headers = {**accept(), "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(credential.form(self._clock.now())).encode()
        return Request("POST", self.host + TOKEN_PATH, headers, body)
