"""Everything on record about one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ml_connector.actions.conflicts import ConflictView, entries
from ml_connector.actions.holds import HeldView, held_views
from ml_connector.app import App
from ml_connector.engine.intake import listeners
from ml_connector.model.errors import WrongUse
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on record about one record: verdict, links, writes, hold, flags, conflicts without their values."""

    record: str
    verdicts: Mapping[str, str]
    links: Sequence[str]
    writes: Sequence[str]
    holds: Sequence[HeldView]
    flags: Sequence[str]
    conflicts: Sequence[ConflictView] = ()


def explain(app: App, name: str) -> Explained:
    """What is on record about `system:kind:id`. Raises `WrongUse` if nothing is."""
    ref = Ref.parse(name)
    flows = [flow for flow, _ in listeners(app.runtime.flows, ref)]
    verdicts = {flow: verdict for flow in flows if (verdict := app.store.verdict(app.connection.id, flow, ref))}
    links = [
        f"{link.role}: {link.source} -> {link.target}"
        for role in Role
        for link in app.store.links_of(app.connection.id, role, [ref])[ref]
    ]
    writes = [
        f"{at.isoformat()} {step} {state} {result}".rstrip()
        for flow in flows
        for state, step, result, at in app.store.written(app.connection.id, flow, ref)
    ]
    conflicts = entries(app, ref)
    if not verdicts and not links and not conflicts:
        raise WrongUse(f"Nothing is on record about {ref}.", "Check the id; it is seen after the next sync.")
    return Explained(
        record=str(ref),
        verdicts=verdicts,
        links=links,
        writes=writes,
        holds=[view for view in held_views(app) if view.record == str(ref)],
        flags=[flag for _, flagged, flag in app.store.flags(app.connection.id) if flagged == ref],
        conflicts=conflicts,
    )
