"""Columns as they stand in the state, where somebody without the key may have put anything.

What cannot be read there is nothing, or stands for itself: it is shown as it is, and ends no run (docs/security.md).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from ml_connector.model.continuity import Cause
from ml_connector.model.errors import WrongUse
from ml_connector.model.plans import Write
from ml_connector.model.refs import Ref

UNREADABLE = "unreadable"
"""The kind of record, of the system `state`, that a text stands for which names none."""
_write = msgspec.json.Decoder(Write, float_hook=Decimal)


def ref_of(text: str) -> Ref:
    """The record that a text names."""
    try:
        return Ref.parse(text)
    except WrongUse:
        return Ref("state", UNREADABLE, text or "(blank)")


def refs_of(text: str) -> tuple[Ref, ...]:
    """The records that a list of texts names."""
    try:
        return tuple(map(ref_of, msgspec.json.decode(text, type=list[str])))
    except msgspec.MsgspecError:
        return ()


def facts_of(text: str) -> dict[str, str]:
    """Texts by name."""
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.MsgspecError:
        return {}


def detail_of(text: str) -> dict[str, Any]:
    """The detail of an event."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def amount_of(text: str) -> Decimal | None:
    """An amount of money; None for a blank."""
    try:
        amount = Decimal(text or "NaN")
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def cause_of(text: str) -> Cause:
    """Why a stretch of time is not covered: the cause that most is done about, where nobody knows."""
    return Cause(text) if text in set(Cause) else Cause.DELETIONS


def step_of(content: str) -> str:
    """The step of a write."""
    try:
        return _write.decode(content).step
    except msgspec.MsgspecError:
        return UNREADABLE
