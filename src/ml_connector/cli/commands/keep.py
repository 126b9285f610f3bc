"""Audit log, keys, backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from ml_connector.cli.text import count, safe

from .acting import UNSAID, By, who
from .common import USUAL, Common, look, show


def audit_verify(
    *,
    head: Annotated[str, Parameter(help="A head that you kept: it must be in the log")] = "",
    restored: Annotated[bool, Parameter(help="The state was put back from the backup that printed --head")] = False,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Recompute the audit log and compare it with its seals and the approvals; ends with 1 where something differs."""
    common.check()
    from ml_connector.actions.audit import verify_audit

    actor = who(common, by, "audit verify --restored") if restored else ""
    log = look(common, lambda app: verify_audit(app, head, restored=restored, actor=actor))
    lines = [f"ok    {count(log.events, 'event')}: none changed, moved or missing, and every approval as it was given."]
    if log.compared_with:
        since = count(log.events - log.compared_with, "event")
        lines.append(f"ok    The head that you kept is event {log.compared_with}; {since} since then.")
    if not log.kept_in_home:
        lines.append("warn  This home keeps no head of the log yet; the next event puts it there.")
    keep = [f"head  {log.head}", "Keep the head elsewhere: it proves later that nothing before it was cut off."]
    after = (
        [*keep, f"Next:  ml-connector audit verify --head {log.head}"] if log.head else ["Next:  ml-connector status"]
    )
    show(common, "audit", {"intact": True, **msgspec.structs.asdict(log)}, lambda _: [*lines, *after])
    return 0


def keys_rotate(*, by: By = UNSAID, common: Common = USUAL) -> int:
    """Seal every secret and every lost value, and mark every row, with a new key."""
    common.check()
    from ml_connector.actions.keys import rotate_keys

    actor = who(common, by, "keys rotate")
    rotation = look(common, lambda app: rotate_keys(app, actor))
    lines = [
        f"{count(rotation.sealed, 'value')} sealed with a new key.",
        *(f"warn  It does not open, and was left as it is: {safe(name)}" for name in rotation.left),
        "The key before is kept until the next rotation, for what a process had just sealed with it.",
        "If somebody may have read it: end every run, and rotate once more.",
        "Next:  ml-connector backup",
    ]
    show(common, "keys", msgspec.structs.asdict(rotation), lambda _: lines)
    return 0


def backup(
    to: Annotated[Path | None, Parameter(name="FILE", help="Where to; else a dated file in the home")] = None,
    /,
    *,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Copy the state to a file while work goes on. Keys are not in it; keep them elsewhere."""
    from ml_connector.actions.backup import backup as action

    actor = who(common, by, "backup")
    copy = look(common, lambda app: action(app, actor, to))
    lines = [
        f"The state is in {safe(copy.file)}.",
        f"head  {copy.head}",
        "Keep the head of its audit log elsewhere: after the state was put back, audit verify asks for it.",
        "Keys are not in it. Next: copy the folder keys to another safe place.",
    ]
    show(common, "backup", {"file": str(copy.file), "head": copy.head}, lambda _: lines)
    return 0
