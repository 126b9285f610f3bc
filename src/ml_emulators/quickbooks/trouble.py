"""Records that cannot be answered, and bodies that cannot be written: by order of the control door, or by a switch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ml_emulators.kit.wire import loads
from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.values import Json

_LAST_OF_BMP = "\uffff"
_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")


def refuse_unanswerable(context: WriteContext, kind: str, ids: Iterable[int], rows: Iterable[Any]) -> None:
    """Before a list is answered: raise for a record in it that meets a fault, or has a malformed value (4002).

    `rows` are the records as they would be shown; what is not shown does no harm.
    """
    strict = context.switches.malformed_email == "fails_lists"
    if not (context.ordered or strict):
        return
    for number, row in zip(ids, rows, strict=True):
        context.meet("list", kind, context.books.data(kind, str(number)))
        shown = row if isinstance(row, dict) else loads(bytes(row))
        if strict and any(map(_is_malformed, shown.values())):
            raise faults.processing_error(f"{kind} {number}: Email address does not conform to the syntax rules.")


def _is_malformed(value: Any) -> bool:
    """Whether a field holds an e-mail with an address that is none; a form takes several, with commas between."""
    if not isinstance(value, dict) or not isinstance(value.get("Address"), str):
        return False
    return not all(_MAIL.fullmatch(part.strip()) for part in value["Address"].split(","))


def refuse_unwritable(context: WriteContext, kind: str, body: Any) -> None:
    """Before anything is written: raise for a record that meets a fault, and for letters that make the service fail."""
    if context.ordered:
        context.meet("write", kind, *_forms(context, kind, body), whole=False if context.in_batch else None)
    if context.switches.beyond_bmp != "kept" and _beyond_bmp(body):
        raise faults.system_failure()


def refuse_whole(context: WriteContext, kind: str, body: Any) -> None:
    """Before a batch is begun: raise for an item that takes the whole call along."""
    if context.ordered:
        context.meet("write", kind, *_forms(context, kind, body), whole=True)
    if context.switches.beyond_bmp == "fails_batch" and _beyond_bmp(body):
        raise faults.system_failure()


def _forms(context: WriteContext, kind: str, body: Any) -> list[Json]:
    """The record that a write is about: as it stands, and as it was sent."""
    sent = body if isinstance(body, dict) else {}
    record_id = str(sent.get("Id", ""))
    stored = [context.books.data(kind, record_id)] if context.books.row(kind, record_id) is not None else []
    return [*stored, sent]


def _beyond_bmp(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_beyond_bmp, value.values()))
    if isinstance(value, list):
        return any(map(_beyond_bmp, value))
    return isinstance(value, str) and max(value, default="") > _LAST_OF_BMP
