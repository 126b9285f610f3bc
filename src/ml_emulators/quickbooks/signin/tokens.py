"""Consent, tokens, rotation and revocation (reference section 1)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from ml_emulators.quickbooks.settings import App, Switches
from ml_emulators.quickbooks.values import Json

ACCESS_LIFE = timedelta(minutes=60)
CODE_LIFE = timedelta(minutes=10)
ROTATION = timedelta(hours=24)
HARD_LIFE = timedelta(days=5 * 365)
ACCOUNTING = "com.intuit.quickbooks.accounting"
COMPANY_SCOPES = (ACCOUNTING, "com.intuit.quickbooks.payment")


class OAuthError(Exception):
    """A refusal by the token endpoint."""

    def __init__(self, status: int, error: str, description: str | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.body: Json = {"error": error}
        if description is not None:
            self.body["error_description"] = description


def invalid_grant(description: str = "Incorrect or invalid refresh token") -> OAuthError:
    """400 invalid_grant: the code or refresh token is unknown, used up or revoked (reference 1.5)."""
    return OAuthError(400, "invalid_grant", description)


def _not_in_realm() -> OAuthError:
    error = invalid_grant("The user is not a member of the realm")
    reason = {"x_error_reason": "user_not_in_realm", "x_error_reason_detail": "user lost access to the company"}
    error.body = {"error": error.body["error"], **reason, "error_description": error.body["error_description"]}
    return error


@dataclass(frozen=True)
class Connection:
    """One consent: an app on a company, with the refresh token that is alive now."""

    client_id: str
    realm_id: str
    authorized: datetime
    refresh_token: str
    issued: datetime
    refreshed: datetime
    alive: bool = True
    scopes: tuple[str, ...] = (ACCOUNTING,)


@dataclass(frozen=True)
class Code:
    """An authorization code that was given to the app: for one company, one address, once (reference 1.2)."""

    client_id: str
    realm_id: str
    redirect_uri: str
    issued: datetime
    connection: int | None = None
    scopes: tuple[str, ...] = (ACCOUNTING,)


@dataclass
class Tokens:
    """All consents, codes and tokens. The parts are immutable, so a copy is shallow."""

    connections: dict[int, Connection] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    refresh: dict[str, int] = field(default_factory=dict)
    rotated: dict[str, datetime] = field(default_factory=dict)

    def copy(self) -> Tokens:
        """The same, to be changed apart."""
        return Tokens(
            self.connections.copy(), self.codes.copy(), self.access.copy(), self.refresh.copy(), self.rotated.copy()
        )


def _token(random: Random, prefix: str, length: int) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return prefix + "".join(random.choices(alphabet, k=length))


@dataclass
class Authority:
    """The authorization server of one emulator."""

    apps: dict[str, App]
    tokens: Tokens
    random: Random
    switches: Switches

    def consent(
        self, client_id: str, realm_id: str, redirect_uri: str, now: datetime, scopes: tuple[str, ...] = (ACCOUNTING,)
    ) -> str:
        """The user agrees: a code, good once and for ten minutes."""
        code = _token(self.random, "XAB", 47)
        self.tokens.codes[code] = Code(client_id, realm_id, redirect_uri, now, scopes=scopes)
        return code

    def grant(self, client_id: str, realm_id: str, now: datetime, scopes: tuple[str, ...] = (ACCOUNTING,)) -> str:
        """A finished consent; returns its refresh token."""
        token = self._refresh_token()
        number = len(self.tokens.connections) + 1
        self.tokens.connections[number] = Connection(client_id, realm_id, now, token, now, now, scopes=scopes)
        self.tokens.refresh[token] = number
        return token

    def connected(self, client_id: str, realm_id: str) -> bool:
        """Whether a company has authorised an app, and not disconnected it since."""
        pair = (client_id, realm_id)
        return any(
            connection.alive and (connection.client_id, connection.realm_id) == pair
            for connection in self.tokens.connections.values()
        )

    def newest(self, token: str) -> str:
        """The refresh token that has taken the place of an older one of the same consent."""
        number = self.tokens.refresh.get(token)
        return token if number is None else self.tokens.connections[number].refresh_token

    def exchange(self, app: App, code: str, redirect_uri: str, now: datetime, *, hard: bool) -> Json:
        """A code for tokens. A code used twice also kills the tokens that came from it."""
        known = self.tokens.codes.get(code)
        if known is None or known.client_id != app.client_id:
            raise invalid_grant("Incorrect or invalid authorization code")
        if known.connection is not None:
            self.kill(known.connection)
            raise invalid_grant("Incorrect or invalid authorization code")
        if known.redirect_uri != redirect_uri or now - known.issued > CODE_LIFE:
            raise invalid_grant("Incorrect or invalid authorization code")
        token = self.grant(app.client_id, known.realm_id, now, known.scopes)
        number = self.tokens.refresh[token]
        self.tokens.codes[code] = replace(known, connection=number)
        return self._answer(number, now, hard=hard)

    def refresh(self, app: App, token: str, now: datetime, *, hard: bool) -> Json:
        """A refresh token for a new access token; the refresh token itself changes every 24 hours."""
        number = self.tokens.refresh.get(token)
        connection = self.tokens.connections.get(number) if number is not None else None
        if number is None or connection is None or connection.client_id != app.client_id or not connection.alive:
            raise invalid_grant()
        if token != connection.refresh_token and not self._in_grace(token, now):
            if self.switches.reuse_revokes_connection:
                self.kill(number)
            raise invalid_grant()
        if now >= self._dies(connection):
            raise invalid_grant()
        if self.switches.user_lost_access:
            raise _not_in_realm()
        connection = replace(connection, refreshed=now)
        if now - connection.issued >= ROTATION:
            connection = self._rotate(number, connection, now)
        self.tokens.connections[number] = connection
        return self._answer(number, now, hard=hard)

    def _rotate(self, number: int, connection: Connection, now: datetime) -> Connection:
        token = self._refresh_token()
        self.tokens.refresh[token] = number
        self.tokens.rotated[connection.refresh_token] = now
        return replace(connection, refresh_token=token, issued=now)

    def _in_grace(self, token: str, now: datetime) -> bool:
        rotated = self.tokens.rotated.get(token)
        grace = timedelta(seconds=self.switches.old_refresh_token_grace)
        return rotated is not None and grace > timedelta(0) and now - rotated <= grace

    def _dies(self, connection: Connection) -> datetime:
        rolling = connection.refreshed + timedelta(seconds=self.switches.refresh_window_seconds)
        return min(rolling, connection.authorized + HARD_LIFE)

    def _answer(self, number: int, now: datetime, *, hard: bool) -> Json:
        connection = self.tokens.connections[number]
        access = _token(self.random, "eyJ", 61)
        self.tokens.access[access] = (number, now + ACCESS_LIFE)
        body: Json = {
            "token_type": "bearer",
            "access_token": access,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "refresh_token": connection.refresh_token,
            "x_refresh_token_expires_in": int((self._dies(connection) - now).total_seconds()),
        }
        if hard:
            left = connection.authorized + HARD_LIFE - now
            body["x_refresh_token_hard_expires_in"] = int(left.total_seconds())
        return body

    def _refresh_token(self) -> str:
        return _token(self.random, "RT1-", 40)

    def revoke(self, app: App, token: str) -> bool:
        """Either token kills the whole connection; False for a token that is not the app's."""
        held = self.tokens.access.get(token)
        number = held[0] if held is not None else self.tokens.refresh.get(token)
        if number is None or self.tokens.connections[number].client_id != app.client_id:
            return False
        self.kill(number)
        return True

    def kill(self, number: int) -> None:
        """End a connection: all its tokens are refused from now on."""
        self.tokens.connections[number] = replace(self.tokens.connections[number], alive=False)

    def disconnect(self, realm_id: str, client_id: str | None = None) -> int:
        """The user disconnects the app (or every app) inside QuickBooks; how many connections ended."""
        hit = [
            number
            for number, connection in self.tokens.connections.items()
            if connection.alive and connection.realm_id == realm_id and client_id in (None, connection.client_id)
        ]
        for number in hit:
            self.kill(number)
        return len(hit)

    def bearer(self, token: str, now: datetime) -> Connection | None:
        """The live connection that an access token stands for."""
        held = self.tokens.access.get(token)
        if held is None or now >= held[1]:
            return None
        connection = self.tokens.connections[held[0]]
        return connection if connection.alive else None
