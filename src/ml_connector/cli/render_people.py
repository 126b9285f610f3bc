"""People, in a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from .layout import Column, table
from .text import fold, moment, safe

if TYPE_CHECKING:
    from ml_connector.actions.people import PersonView


def people_lines(views: Sequence[PersonView], width: int | None, zone: tzinfo = UTC) -> list[str]:
    """Everybody by name: roles, by what they prove who they are, who invited them, since when, until when."""
    if not views:
        return ["Nobody is known here yet.", *fold("Next:  ml-connector people add NAME --role admin", width)]
    columns = [Column(title) for title in ("Name", "Roles", "Proves it by", "Invited by", "Since", "Ended", "")]
    rows = [
        [
            safe(view.name),
            ", ".join(view.roles),
            _means(view),
            safe(view.invited_by),
            moment(view.since, zone),
            moment(view.ended_at, zone) if view.ended_at else "",
            "" if view.proved else "FAIL: changed without the key",
        ]
        for view in views
    ]
    lines = table(columns, rows, width)
    if not all(view.proved for view in views):
        return [*lines, "Next:  ml-connector tampered list"]
    admins = sum("admin" in view.roles and view.ended_at is None for view in views)
    if admins < 2:
        lines += fold("warn  One administrator only: should the password be lost, nobody can add people.", width)
    return [*lines, "Next:  ml-connector status"]


def _means(view: PersonView) -> str:
    means = [name for name, has in (("password", view.password), ("token", view.token)) if has]
    return " and ".join(means) or "nothing"
