"""The audit log: that it is whole, and what a person keeps of it."""

from __future__ import annotations

import msgspec

from ml_connector.actions.acting import must_be
from ml_connector.app import App
from ml_connector.model.errors import WrongUse
from ml_connector.model.people import Actor
from ml_connector.store.rows import Head


class AuditLog(msgspec.Struct, frozen=True, kw_only=True):
    """A log that is whole: how many events, its head as text, for a person to keep, and whether this home keeps one.

    `compared_with` is the event of a head that a person had kept; 0 where none was given.
    """

    events: int
    head: str
    kept_in_home: bool
    compared_with: int = 0


def verify_audit(app: App, head: str = "", *, restored: bool = False, actor: Actor = "") -> AuditLog:
    """Recompute the log, and compare it with its seals, with the approvals, and with a `head` that a person kept.

    With `restored`, the person says that the state was put back from the backup that printed `head`: what the home
    knew beyond that goes on record as lost. Raises `ConnectorError` that names the first event which does not fit.
    """
    if restored:
        must_be(app, actor, "audit verify --restored", "admin")
    hash_ = _hash(head)
    if restored and not hash_:
        raise WrongUse("--restored needs the head that the backup printed.", "Give it with  --head HEAD")
    app.store.verify_audit(kept=not restored)
    if restored:
        app.store.accept_restored(app.connection.id, actor, hash_, app.world.clock.now())
        for person in app.store.people(app.connection.id):
            app.store.remember_person(app.connection.id, person.name)
    return AuditLog(
        events=app.store.verify_audit(),
        head=audit_head(app),
        kept_in_home=app.store.head_is_kept(app.connection.id),
        compared_with=app.store.event_of_head(app.connection.id, hash_) if hash_ else 0,
    )


def audit_head(app: App) -> str:
    """The head of the log, `12:9f3c...`; blank before the first event."""
    head = app.store.audit_head(app.connection.id)
    return str(head) if head != Head() else ""


def _hash(head: str) -> str:
    """The hash of a head as it was printed, with or without its number."""
    text = head.strip().rpartition(":")[2].lower()
    if text and (len(text) != 64 or set(text) - set("0123456789abcdef")):
        raise WrongUse("That is no head of an audit log.", "Give it as it was printed, a number and 64 letters.")
    return text
