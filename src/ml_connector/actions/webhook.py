"""Webhooks of QuickBooks: the verifier tokens they are signed with, and how deliveries went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from ml_connector.actions.open import Home
from ml_connector.app import App
from ml_connector.clients import quickbooks_custody
from ml_connector.custody import Custody, seal_secret
from ml_connector.model.errors import WrongUse
from ml_connector.service import hooks
from ml_connector.settings import QuickBooks, Settings

CURRENT, BEFORE = "verifier_token", "verifier_token_before"
"""Under which names they are sealed. The one before counts for what the vendor still repeats (reference 9.1)."""
SET = "ml-connector webhook set"


class HookState(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries of webhooks went, over all time.

    `waiting` were acknowledged and are not tasks yet. `alarm`: the last one was signed and named no record that is
    known, so that something has changed at the vendor.
    """

    verifier: bool
    counts: Mapping[str, int]
    last_at: datetime | None
    waiting: int
    oldest: datetime | None
    alarm: bool


def set_verifier(home: Home, token: str) -> None:
    """Seal the verifier token of the app; the one before goes on counting until `forget_verifier`.

    Raises `WrongUse` for none, or one that the vendor cannot have made.
    """
    token = token.strip()
    if not token or len(token) > 200 or not token.isascii() or not token.isprintable():
        raise WrongUse(
            "That is no verifier token.", "Copy it from Webhooks in your app at the Intuit developer portal."
        )
    quickbooks, custody = _of(home)
    owner = _owner(quickbooks)
    before = custody.take(owner, CURRENT)
    if before is not None and before.decode() != token:
        custody.put(owner, BEFORE, before)
    seal_secret(custody, owner, CURRENT, token)


def forget_verifier(home: Home) -> bool:
    """Let the token before the current one count no longer. Whether there was one."""
    quickbooks, custody = _of(home)
    there = home.store.sealed(_owner(quickbooks), BEFORE) is not None
    custody.store.drop_sealed(_owner(quickbooks), BEFORE)
    return there


def _of(home: Home) -> tuple[QuickBooks, Custody]:
    quickbooks = home.settings.quickbooks
    if quickbooks is None or not quickbooks.client_id:
        raise WrongUse("No client id for quickbooks is set.", "Run  ml-connector connect quickbooks  first.")
    return quickbooks, quickbooks_custody(home.settings, home.store, home.vault, home.world.clock)


def _owner(quickbooks: QuickBooks) -> str:
    return f"quickbooks:{quickbooks.client_id}"


def verifier_tokens(app: App) -> list[str]:
    """The tokens that count, the current one first. Secrets. Raises `SignInNeeded` where they are for other hosts."""
    return list(_tokens(app.settings, quickbooks_custody(app.settings, app.store, app.vault, app.world.clock)))


def _tokens(settings: Settings, custody: Custody) -> Iterator[str]:
    if settings.quickbooks is not None:
        for name in (CURRENT, BEFORE):
            if (token := custody.take(_owner(settings.quickbooks), name)) is not None:
                yield token.decode()


def hook_state(app: App) -> HookState:
    """How deliveries went; no vendor is asked."""
    counts = app.store.hook_counts()
    waiting, oldest = app.store.arrivals_waiting(app.connection.id)
    last = counts.get(hooks.DELIVERIES)
    return HookState(
        verifier=app.settings.quickbooks is not None
        and app.store.sealed(_owner(app.settings.quickbooks), CURRENT) is not None,
        counts={name: counts[name].count if name in counts else 0 for name in hooks.COUNTED},
        last_at=None if last is None else last.last_at,
        waiting=waiting,
        oldest=oldest,
        alarm=hooks.says_nothing(counts),
    )


STALE = timedelta(minutes=5)
"""A delivery that is no task after so long: no service is running."""
