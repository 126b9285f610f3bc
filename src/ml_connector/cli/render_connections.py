"""The list of connections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from .address import of_connection
from .text import count, fold, hanging, moment, pad, safe, width_of

if TYPE_CHECKING:
    from ml_connector.actions.connections import ConnectionView, Disconnected, RulesView


def connection_lines(views: Sequence[ConnectionView], width: int | None) -> list[str]:
    """A line for each connection with its state, below it what somebody must look after, and what to do next."""
    widest = max((width_of(view.name) for view in views), default=0)
    lines = [line for view in views for line in _lines(view, widest, width)]
    worst = next((view for view in views if view.attention), views[0] if views else None)
    return [*lines, *fold(f"Next:  ml-connector status --connection {worst.name}" if worst else "", width)]


def _lines(view: ConnectionView, widest: int, width: int | None) -> Iterator[str]:
    level = "FAIL" if view.attention else "ok"
    company = ", ".join(part for part in (view.company or view.realm_id, view.environment.upper()) if part)
    head = f"{pad(level, 4)}  {pad(view.name, widest)}   "
    parts = (safe(company), view.state, "at work" if view.at_work else "", _reads(view))
    yield from hanging(head, "   ".join(part for part in parts if part), width)
    indent = " " * width_of(head)
    if view.trouble:
        yield from hanging(indent, of_connection(safe(f"{view.trouble} {view.remedy}"), view.name), width)
    for item in view.undone:
        if item.level == "FAIL":
            command = f"ml-connector {item.command} --connection {view.name}"
            yield from hanging(indent, f"{safe(item.sentence)}  {command}", width)


def _reads(view: ConnectionView) -> str:
    reads = view.called.get("quickbooks", {}).get("read", 0)
    return f"{count(reads, 'QuickBooks read')} this month" if reads else ""


def rules_lines(versions: Sequence[RulesView], width: int | None, zone: tzinfo) -> list[str]:
    """A line for each version, the newest first."""
    lines = [
        line
        for version in versions
        for line in hanging(
            f"{version.number:>4}  {moment(version.at, zone)}  ",
            f"{safe(version.by)}: {safe(', '.join(version.changed))}",
            width,
        )
    ]
    return [*(lines or ["No rules are on record yet: the next sync keeps them."]), "Next:  ml-connector status"]


def ended_lines(ended: Disconnected) -> list[str]:
    """What became of the QuickBooks sign-in."""
    if ended.shared_with:
        return [f"The sign-in stays: {', '.join(ended.shared_with)} needs it, for the same company."]
    if ended.revoked:
        return ["Intuit has ended the sign-in, and its tokens are forgotten."]
    if ended.revoked is None:
        return ["There was no sign-in to be ended."]
    return ["Its tokens are forgotten. Intuit did not hear of it: end it there too, under Apps of the company."]
