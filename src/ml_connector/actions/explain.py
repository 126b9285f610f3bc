"""Everything on record about one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ml_connector.actions.conflicts import ConflictView, entries
from ml_connector.actions.flags import flags
from ml_connector.actions.holds import HeldView, held_views
from ml_connector.app import App
from ml_connector.engine.intake import listeners
from ml_connector.model.errors import WrongUse
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.model.tasks import Waiting


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on record about one record: verdict, links, writes, hold, flags, conflicts without their values.

    `verdicts` and `reasons` are by flow: how it was decided, and what that means. `flags` are names with sentences.
    """

    record: str
    verdicts: Mapping[str, str]
    links: Sequence[str]
    writes: Sequence[str]
    holds: Sequence[HeldView]
    flags: Sequence[str]
    conflicts: Sequence[ConflictView] = ()
    reasons: Mapping[str, str] = {}


def explain(app: App, name: str) -> Explained:
    """What is on record about `system:kind:id`. Raises `WrongUse` if nothing is."""
    ref = Ref.parse(name)
    flows = [flow for flow, _ in listeners(app.runtime.flows, ref)]
    verdicts = {flow: verdict for flow in flows if (verdict := app.store.verdict(app.connection.id, flow, ref))}
    links = [
        f"{link.role}: {link.source} -> {link.target}{'' if link.proved else ' (changed without the key)'}"
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
        flags=[f"{view.flag}: {view.sentence}" for view in flags(app) if view.record == str(ref)],
        conflicts=conflicts,
        reasons={flow: reason_sentence(verdict) for flow, verdict in verdicts.items()},
    )


_SENTENCES: Mapping[str, str] = {
    **{reason.value: reason.sentence for reason in Reason},
    Waiting.APPROVAL: "Its write waits for a person's approval.",
    Waiting.CHANGED_MEANWHILE: "Somebody else was faster; it is read and decided again at once.",
    Waiting.LATER: "The vendor did not do it yet; it is tried again by itself.",
    Waiting.BEING_CHECKED: "Nobody knows yet whether the vendor did it; it is looked up by itself.",
    Waiting.NEXT_PLAN: "It rests on a record that does not exist yet, and stands in the plan after that.",
}


def reason_sentence(verdict: str) -> str:
    """What a verdict means; blank where its hold says it."""
    return _SENTENCES.get(verdict, "")
