"""Seal and mark everything with a new key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta

import msgspec

from ml_connector.actions.acting import must_be
from ml_connector.actions.conflicts import reseal
from ml_connector.app import App, signer_of
from ml_connector.custody import TOKENS, SealedHeads
from ml_connector.engine.conflicts import seal_name
from ml_connector.engine.lease import Lease
from ml_connector.model.errors import Busy, StateTrouble
from ml_connector.model.people import Actor
from ml_connector.settings import Settings, other_settings
from ml_connector.store.people import memory_of

_TURN = timedelta(minutes=5)
"""As long as a renewal of tokens may last: the turn of a rotation that was killed ends by itself."""
_ROTATION = "keys rotate"
_AGAIN = "Nothing was changed. Run the command again in a moment; what was killed is over after five minutes."


class Rotation(msgspec.Struct, frozen=True):
    """How many values were `sealed` anew, and the names of those that were `left` because they do not open."""

    sealed: int
    left: list[str]


def rotate_keys(app: App, actor: Actor) -> Rotation:
    """Seal every secret and every lost value, and mark every row, with a new key.

    The key before is kept until the next rotation: a process that runs may have sealed or marked something with it that
    it has not put down yet. Such a value still opens, and the next rotation seals it anew. Keys before that one are
    forgotten, unless something needs them.
    A value that changes meanwhile is not overwritten; one that does not open is left as it is. Raises `Busy`, and has
    done nothing, while a run is at work, while a QuickBooks sign-in is renewed (the new token would be sealed with the
    key that goes), and while another rotation is at work. Raises `WrongUse` where the settings of another connection
    cannot be read: what is signed in them would count no longer.
    """
    must_be(app, actor, "keys rotate", "admin")
    others = other_settings(app.settings.home, app.settings.name)
    another = Busy("Another rotation of keys is at work.", _AGAIN)
    with _turn(app, _ROTATION, another), _leases(app), _renewals(app):
        return _rotated(app, actor, others)


@contextmanager
def _turn(app: App, name: str, taken: Busy) -> Iterator[None]:
    holder, now = app.world.ids.token(), app.world.clock.now()
    if not app.store.take_turn(name, holder, now + _TURN, now):
        raise taken
    try:
        yield
    finally:
        app.store.end_turn(name, holder)


@contextmanager
def _leases(app: App) -> Iterator[None]:
    """Nobody writes meanwhile, in no connection of the installation. Before both sides are connected nobody could."""
    with ExitStack() as leases:
        for connected in app.store.connections():
            leases.enter_context(Lease(app.store, connected.id, app.world.clock).held(app.world.ids.token()))
        yield


@contextmanager
def _renewals(app: App) -> Iterator[None]:
    """Nobody renews a sign-in meanwhile."""
    renewing = Busy("The QuickBooks sign-in is being renewed.", _AGAIN)
    with ExitStack() as turns:
        for owner in [owner for owner, name, _ in app.store.all_sealed() if name == TOKENS]:
            turns.enter_context(_turn(app, owner, renewing))
        yield


def _rotated(app: App, actor: Actor, others: Sequence[Settings]) -> Rotation:
    before = app.vault.new_key()
    now = app.world.clock.now()
    left: list[str] = []
    count = _reseal_secrets(app, left) + reseal(app, left)
    _reseal_heads(app)
    app.store.mark_anew()
    if any((app.settings.rules.template, app.settings.rules.auto_approve_limit)):
        app.signer.sign_anew(app.settings.home)
    for settings in others:
        signer_of(settings, app.vault).sign_anew(settings.home)
    # The event renews both seals of the log as well.
    app.store.audit(app.connection.id, actor, "rotate keys", app.connection.id, {"secrets": count, "left": left}, now)
    app.vault.forget_old({before, *_needed(app)})
    return Rotation(count, left)


def _reseal_secrets(app: App, left: list[str]) -> int:
    """How many. Names of those that do not open are put into `left`: one damaged value keeps no other under the key."""
    count = 0
    for owner, name, sealed in app.store.all_sealed():
        try:
            fresh = app.vault.reseal(sealed, owner, name)
        except StateTrouble:
            left.append(f"{name} of {owner}")
        else:
            count += app.store.replace_sealed(owner, name, sealed, fresh, app.world.clock.now())
    return count


def _reseal_heads(app: App) -> None:
    """The heads of the audit logs. One that does not open is left as it is: `audit verify` tells of it."""
    heads = SealedHeads(app.vault, app.settings.home)
    for owner, sealed in app.store.sealed_heads():
        with suppress(StateTrouble):  # evidence: it is not touched
            app.store.reseal_head(owner, sealed, heads.reseal(owner, sealed))
        _keep_anew(heads, owner)
    for place in _memories(app):
        _keep_anew(heads, place)


def _memories(app: App) -> list[str]:
    """Where the home remembers the people of each connection."""
    ids = [connected.id for connected in app.store.connections()]
    return [memory_of(id_, person.name) for id_ in ids for person in app.store.people(id_)]


def _keep_anew(heads: SealedHeads, place: str) -> None:
    with suppress(StateTrouble):  # as well
        if (kept := heads.kept(place)) is not None:
            heads.keep(place, heads.reseal(place, kept))


def _needed(app: App) -> set[str]:
    """The keys that something came in with while everything was sealed and marked anew.

    A value, a head or a mark counts only where it opens or fits: who can write the state must not be able to keep an
    old key alive.
    """
    vault, heads = app.vault, SealedHeads(app.vault, app.settings.home)
    secrets = [vault.key_needed(value, owner, name) for owner, name, value in app.store.all_sealed()]
    lost = [vault.key_needed(row.sealed, owner, seal_name(row.id)) for owner, row in app.store.sealed_conflicts()]
    sealed: list[bytes] = []
    places = (*(owner for owner, _ in app.store.sealed_heads()), *_memories(app))
    kept = [(place, _kept(heads, place)) for place in places]
    for place, value in (*app.store.sealed_heads(), *kept):
        with suppress(StateTrouble):  # evidence that opens with no key needs none
            heads.open(place, value)
            sealed.append(value)
    marks = app.store.marks_otherwise(vault.key_id.encode())
    return {*secrets, *lost, *map(vault.key_of, sealed), *map(vault.key_of_mark, marks)}


def _kept(heads: SealedHeads, owner: str) -> bytes:
    with suppress(StateTrouble):  # it cannot be read
        return heads.kept(owner) or b""
    return b""
