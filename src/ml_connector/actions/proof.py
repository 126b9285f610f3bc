"""Who acts: a person proves it by password or token; the user of the machine is put down beside, and proves nothing.

The command line asks for a proof with every command that decides something. A web door would ask once, keep the
`Person` that `prove` gives with its session, and hand it to the same actions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from ml_connector.actions.acting import os_user
from ml_connector.actions.credentials import owner_of, password_fits, read_token, token_fits
from ml_connector.actions.tampered import tampered_rows
from ml_connector.app import App
from ml_connector.model.errors import NotProved, StateTampered
from ml_connector.model.people import NAME, Person
from ml_connector.store.rows import PersonRow
from ml_connector.vault import Secret

_FREE = 3
"""Wrong passwords before the next one has to wait."""
_MOST = timedelta(minutes=15)
_REMEMBERED = timedelta(days=1)
_TURN = timedelta(seconds=30)
_UNKNOWN = "?"
"""All names that nobody has share their tries: it is no name of a person."""


def prove_by_file(app: App, file: Path, name: str = "") -> Person:
    """The person whose token is in this file; `name`'s, if one is given. Raises as `prove`, and `WrongUse`."""
    token = read_token(file)
    return prove(app, name or owner_of(token), token.reveal())


def prove(app: App, name: str, secret: str) -> Person:
    """The person of this name, if `secret` is the password or the token. Raises `NotProved`; each try is an event.

    After three wrong passwords each one more doubles the wait before the next is looked at, up to 15 minutes; it is
    counted in the audit log, and looked at by one process at a time, so that many at once are no faster than one.
    """
    row = _believed(app, name) if NAME.fullmatch(name) else None
    tried = row.name if row else _UNKNOWN
    given = Secret(secret.strip()) if owner_of(Secret(secret.strip())) else Secret(secret)
    if owner_of(given):
        if owner_of(given) != name or row is None or not token_fits(given, row.token):
            raise _refused(app, tried, name)
    else:
        _try_password(app, tried, row, name, given)
    return _acting(app, row, name)


def _acting(app: App, row: PersonRow | None, name: str) -> Person:
    if row is None or row.ended_at is not None:
        refusal = NotProved(f"{name} is no longer a person of this company.", "Ask one of its administrators.")
        _note_refusal(app, name, refusal)
        raise refusal
    return Person(name=row.name, uid=os.getuid(), roles=row.roles, proved=True)


def _believed(app: App, name: str) -> PersonRow | None:
    """Raises `StateTampered` for a row that was changed or put back; everybody hears of it, as of any such row."""
    row = app.store.person(app.connection.id, name)
    if row is not None and not row.proved:
        error = StateTampered.of(f"person {name}")
        tampered_rows(app)
        _note_refusal(app, name, error)
        raise error
    return row


def _try_password(app: App, tried: str, row: PersonRow | None, name: str, secret: Secret) -> None:
    with _one_at_a_time(app, tried):
        now = app.world.clock.now()
        wrong = app.store.wrong_tries(app.connection.id, tried, now - _REMEMBERED, now)
        until = wrong[0] + _wait(len(wrong)) if wrong else now
        if until > now:
            seconds = max(1, round((until - now).total_seconds()))
            raise NotProved(
                f"Wrong passwords were given for {name}: the next one is looked at in {seconds} s.", "Wait so long."
            )
        fits = password_fits(secret, row.password if row else "")
        if wrong or not fits:
            app.store.note_try(app.connection.id, tried, fits=fits, actor=os_user(), now=app.world.clock.now())
        if not fits:
            raise _wrong(name)


def _wait(wrong: int) -> timedelta:
    """3 wrong ones: 2 s, then 4, 8 ..."""
    return min(timedelta(seconds=2 ** min(wrong - _FREE + 1, 20)), _MOST) if wrong >= _FREE else timedelta(0)


@contextmanager
def _one_at_a_time(app: App, tried: str) -> Iterator[None]:
    turn, holder, now = f"password {app.connection.id} {tried}", app.world.ids.token(), app.world.clock.now()
    if not app.store.take_turn(turn, holder, now + _TURN, now):
        raise NotProved("Another password for this name is being looked at.", "Try again in half a minute.")
    try:
        yield
    finally:
        app.store.end_turn(turn, holder)


def _refused(app: App, tried: str, name: str) -> NotProved:
    refusal = _wrong(name)
    _note_refusal(app, tried, refusal)
    return refusal


def _wrong(name: str) -> NotProved:
    known = name if NAME.fullmatch(name) else "a person"
    return NotProved(
        f"That does not prove to be {known}.", "Check name and password; an administrator can make a new token."
    )


def _note_refusal(app: App, tried: str, error: NotProved | StateTampered) -> None:
    detail = {"what": "prove", "why": error.sentence}
    app.store.audit(app.connection.id, os_user(), "refuse", f"person {tried}", detail, app.world.clock.now())
