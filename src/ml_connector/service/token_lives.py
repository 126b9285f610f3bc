"""How long each side's sign-in lives, from our own records; no vendor is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from ml_connector.app import App
from ml_connector.clients import CLIENT_SECRET, SIGNING_KEY, quickbooks_custody, salesforce_custody
from ml_connector.custody import SealedPair, SealedTokens, signed_in
from ml_connector.model.errors import ConnectorError
from ml_connector.systems.salesforce.certificate import Certified

FIVE_YEARS = timedelta(days=5 * 365)
"""A consent ends then, however often it was renewed (quickbooks reference 1.4)."""
CONSENT, UNUSED, CERTIFICATE = timedelta(days=90), timedelta(days=30), timedelta(days=60)
"""How long before it ends each of them is told of."""
URGENT = timedelta(days=14)


class Warned(msgspec.Struct, frozen=True):
    """What somebody should do in time, with the command that does it."""

    level: Literal["FAIL", "warn"]
    sentence: str
    command: str


class TokenLife(msgspec.Struct, frozen=True, kw_only=True):
    """How long a sign-in lives. What is not known is None: before the first renewal, or of another side.

    `by`: consent, secret or certificate. `refresh_until`: QuickBooks forgets a sign-in that nobody renews until then.
    `consent_until`: the end of the five years. `staged`: a new secret or key waits for the vendor to take it.
    """

    system: str
    by: str = ""
    connected_since: datetime | None = None
    renewed_at: datetime | None = None
    access_until: datetime | None = None
    refresh_until: datetime | None = None
    consent_until: datetime | None = None
    certificate_until: datetime | None = None
    dead_since: datetime | None = None
    staged: bool = False

    def warned(self, now: datetime) -> Iterator[Warned]:
        """What ends soon, the most urgent of each kind."""
        yield from _ends(
            self.consent_until, CONSENT, now, "The consent to QuickBooks ends on {}: five years are its end.",
            "connect quickbooks",
        )  # fmt: skip
        if self.refresh_until is not None and self.refresh_until != self.consent_until:
            yield from _ends(
                self.refresh_until, UNUSED, now, "Nothing renews the sign-in to QuickBooks: it ends on {}.",
                "sync --once",
            )  # fmt: skip
        yield from _ends(
            self.certificate_until, CERTIFICATE, now, "The certificate for Salesforce ends on {}.",
            "connect salesforce --jwt --new-key",
        )  # fmt: skip
        if self.staged:
            name = {"quickbooks": "QuickBooks"}.get(self.system, "Salesforce")
            how = "--jwt" if self.by == "certificate" else "--new-secret"
            yield Warned("warn", f"A new secret or key waits until {name} takes it.", f"connect {self.system} {how}")


def _ends(until: datetime | None, ahead: timedelta, now: datetime, sentence: str, command: str) -> Iterator[Warned]:
    if until is not None and until - now <= ahead:
        yield Warned("FAIL" if until - now <= URGENT else "warn", sentence.format(f"{until:%Y-%m-%d}"), command)


def token_lives(app: App) -> list[TokenLife]:
    """Of both sides. What does not open is left blank: `doctor` and the next call say why."""
    return [_or_blank("quickbooks", _quickbooks, app), _or_blank("salesforce", _salesforce, app)]


def _or_blank(system: str, life: Callable[[App], TokenLife], app: App) -> TokenLife:
    try:
        return life(app)
    except ConnectorError:
        return TokenLife(system=system)


def _quickbooks(app: App) -> TokenLife:
    quickbooks, _ = app.settings.both()
    custody = quickbooks_custody(app.settings, app.store, app.vault, app.world.clock)
    tokens = SealedTokens(custody, quickbooks.realm_id).load()
    staged = SealedPair(custody, f"quickbooks:{quickbooks.client_id}", CLIENT_SECRET).staged
    if tokens is None:
        return TokenLife(system="quickbooks", staged=staged)
    guessed = None if tokens.connected_at is None else tokens.connected_at + FIVE_YEARS
    return TokenLife(
        system="quickbooks",
        by="consent",
        connected_since=tokens.connected_at,
        renewed_at=tokens.renewed_at,
        access_until=tokens.access_expires_at,
        refresh_until=tokens.refresh_expires_at,
        consent_until=tokens.hard_expires_at or guessed,
        dead_since=tokens.dead_since,
        staged=staged,
    )


def _salesforce(app: App) -> TokenLife:
    _, salesforce = app.settings.both()
    custody, owner = (
        salesforce_custody(app.settings, app.store, app.vault, app.world.clock),
        f"salesforce:{salesforce.client_id}",
    )
    known = signed_in(custody, owner)
    by = "secret" if known is None else known.by
    pair = SealedPair(custody, owner, SIGNING_KEY if by == "certificate" else CLIENT_SECRET)
    in_use = pair.values()[-1:] if by == "certificate" else []
    return TokenLife(
        system="salesforce",
        by=by,
        connected_since=None if known is None else known.connected_at,
        renewed_at=None if known is None else known.renewed_at,
        certificate_until=Certified.read(in_use[0]).ends if in_use else None,
        staged=pair.staged,
    )
