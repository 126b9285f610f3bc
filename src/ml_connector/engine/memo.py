"""What rules have worked out on a page, each beside the facts that it asked for.

A rule is pure: of the same record and the same facts it says the same. So what it said stands until one of the facts
that it asked for is another one. Facts are never changed in place, they are replaced; nobody has to tell the memo.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

Look = Callable[[Any], Any]
"""Gives the fact of that name as it is now, None where it is not known."""
Fact = tuple[Look, Hashable, Any]
"""Where it was looked up, its name, and what it was."""


class _Said(NamedTuple):
    record: Any
    facts: tuple[Fact, ...]
    answer: Any


class Memo:
    """The answers of one page."""

    def __init__(self) -> None:
        self._said: dict[tuple[Hashable, int], _Said] = {}
        self._asked: list[Fact] | None = None

    @property
    def at_work(self) -> bool:
        """Whether a rule is being asked just now."""
        return self._asked is not None

    def consulted(self, look: Look, name: Hashable, fact: Any) -> None:
        """The rule at work has asked for this fact."""
        if self._asked is not None:
            self._asked.append((look, name, fact))

    def once(self, rule: Callable[[Any, Any], Any], record: Any, context: Any) -> Any:
        """What the rule says of this very record. Raises what it raises, and keeps nothing then."""
        name = (rule, id(record))
        said = self._said.get(name)
        if said is None or said.record is not record or not _stands(said.facts):
            said = self._said[name] = self._ask(rule, record, context)
        if self._asked is not None:
            # A rule that asks this one rests on its facts as well.
            self._asked += said.facts
        return said.answer

    def _ask(self, rule: Callable[[Any, Any], Any], record: Any, context: Any) -> _Said:
        outer, self._asked = self._asked, []
        try:
            answer = rule(record, context)
            return _Said(record, tuple(self._asked), answer)
        finally:
            self._asked = outer


def _stands(facts: tuple[Fact, ...]) -> bool:
    for look, name, fact in facts:  # noqa: SIM110 - a generator would cost as much as the comparison
        if look(name) is not fact:
            return False
    return True
