"""What a test plans to go wrong with the next events: gaps, overflows, copies, losses, delays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from .changes import NO_ID, Change, header_only

PLANNED = ("gap", "overflow", "duplicate", "lose", "delay")


@dataclass(frozen=True)
class Plan:
    """The next `count` events of `kind` (blank: any) meet with `op`; a delay is of `seconds` of the virtual clock."""

    op: str
    kind: str = ""
    count: int = 1
    seconds: float = 0.0


Fate = tuple[Change, timedelta | None, int]
"""The event, how long it is held back, how often it comes."""


class Injections:
    def __init__(self) -> None:
        self.plans: list[Plan] = []

    def add(self, plan: Plan) -> None:
        self.plans.append(plan)

    def _use(self, op: str, kind: str) -> Plan | None:
        for index, plan in enumerate(self.plans):
            if plan.op == op and plan.kind in ("", kind):
                left = replace(plan, count=plan.count - 1)
                self.plans[index : index + 1] = [left] if left.count else []
                return plan
        return None

    def fates(self, changes: Iterable[Change]) -> Iterator[Fate]:
        """What becomes of the events of one transaction."""
        overflowed: set[str] = set()
        for change in changes:
            if change.kind in overflowed or not self.plans:
                if change.kind not in overflowed:
                    yield change, None, 1
            elif self._use("overflow", change.kind):
                overflowed.add(change.kind)
                yield header_only(change, "GAP_OVERFLOW", (NO_ID,)), None, 1
            elif not self._use("lose", change.kind):
                yield self._fate(change)

    def _fate(self, change: Change) -> Fate:
        gap = self._use("gap", change.kind)
        said = header_only(change, f"GAP_{change.change_type.removeprefix('GAP_')}") if gap else change
        delay = self._use("delay", change.kind)
        copies = 2 if self._use("duplicate", change.kind) else 1
        return said, timedelta(seconds=delay.seconds) if delay else None, copies
