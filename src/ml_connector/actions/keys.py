"""Seal everything with a new key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ml_connector.actions.acting import must_be
from ml_connector.actions.conflicts import reseal
from ml_connector.app import App
from ml_connector.custody import SealedHeads
from ml_connector.engine.lease import Lease
from ml_connector.model.errors import StateTrouble
from ml_connector.model.people import Actor
from ml_connector.store.people import memory_of


def rotate_keys(app: App, actor: Actor) -> int:
    """Seal every secret and every lost value with a new key, then forget the old one. Returns how many were sealed.

    A value that changes meanwhile (a refreshed token) is not overwritten: it was sealed with the new key already.
    Raises `Busy` while a run is at work: a value that it has sealed but not yet put down would be left behind.
    """
    must_be(app, actor, "keys rotate", "admin")
    with _lease_of_our_own(app):
        return _rotated(app, actor)


@contextmanager
def _lease_of_our_own(app: App) -> Iterator[None]:
    """Nobody writes meanwhile. Before both sides are connected nobody could."""
    if app.store.connection(app.connection.id) is None:
        yield
        return
    with Lease(app.store, app.connection.id, app.world.clock).held(app.world.ids.token()):
        yield


def _rotated(app: App, actor: Actor) -> int:
    app.vault.new_key()
    now = app.world.clock.now()
    count = 0
    for owner, name, sealed in app.store.all_sealed():
        count += app.store.replace_sealed(owner, name, sealed, app.vault.reseal(sealed, owner, name), now)
    count += reseal(app)
    _reseal_heads(app)
    app.store.mark_anew()
    if any((app.settings.rules.template, app.settings.rules.auto_approve_limit)):
        app.signer.sign_anew(app.settings.home)
    # The event renews both seals of the log: afterwards nothing needs the old key.
    app.store.audit(app.connection.id, actor, "rotate keys", app.connection.id, {"secrets": count}, now)
    kept = [sealed for _, _, sealed in (*app.store.all_sealed(), *app.store.sealed_conflicts())]
    app.vault.forget_old(kept)
    return count


def _reseal_heads(app: App) -> None:
    """The heads of the audit logs. One that does not open is left as it is: `audit verify` tells of it."""
    heads = SealedHeads(app.vault, app.settings.home)
    for owner, sealed in app.store.sealed_heads():
        with suppress(StateTrouble):  # evidence: it is not touched
            app.store.reseal_head(owner, sealed, heads.reseal(owner, sealed))
        _keep_anew(heads, owner)
    for person in app.store.people(app.connection.id):
        _keep_anew(heads, memory_of(app.connection.id, person.name))


def _keep_anew(heads: SealedHeads, place: str) -> None:
    with suppress(StateTrouble):  # as well
        if (kept := heads.kept(place)) is not None:
            heads.keep(place, heads.reseal(place, kept))
