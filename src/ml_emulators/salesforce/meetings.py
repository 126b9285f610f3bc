"""Where a request meets a record, a fault that the control door has put there strikes (`kit/CONTROL.md`, Faults)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_emulators.kit.faults import Fault, On

from .errors import ApiError
from .world import World


class MetFault(ApiError):
    """The refusal that was ordered; `whole` takes the rest of a list along."""

    def __init__(self, fault: Fault) -> None:
        text = fault.message or "An unexpected error occurred. Please include this ErrorId if you contact support"
        fields = [fault.element] if fault.element else ()
        super().__init__(fault.code or "UNKNOWN_EXCEPTION", text, status=fault.status, fields=fields)
        self.whole = fault.whole


def meet(world: World, on: On, kind: str, *records: Mapping[str, Any]) -> None:
    """Raises `MetFault` if one is at the record, which may come in several forms: as it is, as it shall be."""
    if world.record_faults and (fault := world.record_faults.meet(on, kind, *records)):
        raise MetFault(fault)
