"""Audit log, keys, backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ml_connector.cli.text import count, safe

from .common import USUAL, Common, look, show


def audit_verify(*, common: Common = USUAL) -> int:
    """Recompute the chain of the audit log; ends with 1 at the first event that does not fit."""
    from ml_connector.actions.audit import verify_audit

    number = look(common, verify_audit)
    lines = [f"ok    {count(number, 'event')}, none changed, none missing in between.", "Next:  ml-connector status"]
    show(common, "audit", {"events": number, "intact": True}, lambda _: lines)
    return 0


def keys_rotate(*, common: Common = USUAL) -> int:
    """Seal every secret and every lost value with a new key, and forget the old one."""
    from ml_connector.actions.keys import rotate_keys

    number = look(common, rotate_keys)
    lines = [f"{count(number, 'value')} sealed with a new key.", "Next:  ml-connector backup"]
    show(common, "keys", {"sealed": number}, lambda _: lines)
    return 0


def backup(
    to: Annotated[Path | None, Parameter(name="FILE", help="Where to; else a dated file in the home")] = None,
    /,
    *,
    common: Common = USUAL,
) -> int:
    """Copy the state to a file while work goes on. Keys are not in it; keep them elsewhere."""
    from ml_connector.actions.backup import backup as action

    file = look(common, lambda app: action(app, to))
    lines = [f"The state is in {safe(file)}.", "Keys are not in it. Next: copy the folder keys to another safe place."]
    show(common, "backup", {"file": str(file)}, lambda _: lines)
    return 0
