"""What a test plans to go wrong with the next events: gaps, overflows, copies, losses, delays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from .changes import NO_ID, Change, header_only

PLANNED = ("gap", "overflow", "duplicate", "lose", "delay", "reorder")
_SEED = 1


@dataclass(frozen=True)
class Plan:
    """The next `count` events of `kind` (blank: any) meet with `op`, each with `probability`.

    A delay is of `seconds` of the virtual clock; what is reordered comes after the event that follows it.
    """

    op: str
    kind: str = ""
    count: int = 1
    seconds: float = 0.0
    probability: float = 1.0


Fate = tuple[Change, timedelta | None, int]
"""The event, how long it is held back, how often it comes."""


class Injections:
    """The plans in force, and the events they hold back. Chance is of the injections' own generator."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self._late: list[Fate] = []
        self._random = Random(_SEED)  # noqa: S311  # repeatable chance is wanted

    def snapshot(self) -> Any:
        """Plans, what is late, and the state of chance."""
        return list(self.plans), list(self._late), self._random.getstate()

    def restore(self, kept: Any) -> None:
        """Back to a snapshot, which may be restored again."""
        plans, late, chance = kept
        self.plans, self._late = list(plans), list(late)
        self._random.setstate(chance)

    def reseed(self, seed: int) -> None:
        """Start chance anew."""
        self._random.seed(seed)

    def add(self, plan: Plan) -> None:
        """Put a plan behind those in force."""
        self.plans.append(plan)

    def _use(self, op: str, kind: str) -> Plan | None:
        for index, plan in enumerate(self.plans):
            if plan.op == op and plan.kind in ("", kind) and self._strikes(plan):
                left = replace(plan, count=plan.count - 1)
                self.plans[index : index + 1] = [left] if left.count else []
                return plan
        return None

    def _strikes(self, plan: Plan) -> bool:
        return plan.probability >= 1 or self._random.random() < plan.probability

    def fates(self, changes: Iterable[Change]) -> Iterator[Fate]:
        """What becomes of the events of one transaction, in the order in which they go out."""
        for fate in self._met(changes):
            if self._use("reorder", fate[0].kind):
                self._late.append(fate)
            else:
                late, self._late = self._late, []
                yield from (fate, *late)

    def _met(self, changes: Iterable[Change]) -> Iterator[Fate]:
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
