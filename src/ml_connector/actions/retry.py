"""Look at held records again at once: somebody has corrected what held them."""

from __future__ import annotations

from ml_connector.actions.acting import must_be
from ml_connector.app import App
from ml_connector.model.errors import WrongUse
from ml_connector.model.people import Actor
from ml_connector.store.marking import FLOW as STATE_ROWS
from ml_connector.store.rows import HeldRow


def retry(app: App, what: str, actor: Actor) -> list[str]:
    """Put held records on the list of the next sync: those of a hold code, one record, or all (blank). Their names.

    Nothing is decided here: a record whose reason still stands is held again. An event of the audit log.
    Raises `WrongUse` if nothing like it is held, and `NotProved` unless a proved person asks for it.
    """
    must_be(app, actor, "retry")
    held = [row for row in app.store.holds(app.connection.id) if row.flow != STATE_ROWS and _meant(row, what)]
    if not held:
        raise WrongUse(f"Nothing is held under {what!r}." if what else "Nothing is held.", "See  ml-connector holds")
    now = app.world.clock.now()
    app.store.intake(app.connection.id, [(row.flow, row.ref) for row in held], "retry", now)
    app.store.audit(app.connection.id, actor, "retry", what or "all", {"records": len(held)}, now)
    return sorted({str(row.ref) for row in held})


def _meant(row: HeldRow, what: str) -> bool:
    return not what or what in (row.code, str(row.ref))
