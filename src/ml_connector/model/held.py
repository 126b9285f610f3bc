"""A reason to hold, raised from the depth of a rule and turned into a `Hold` by the flow's `decide`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .plans import Hold
from .refs import LinkDraft, Ref
from .triggers import Trigger


class Held(Exception):
    """Stops a rule. Facts are those of `model/holds.py`; the flow adds order, amount and currency."""

    def __init__(
        self,
        facts: Mapping[str, str] | None = None,
        *,
        code: str,
        waits_for: tuple[Trigger, ...] = (),
        knocks: tuple[Ref, ...] = (),
        links: tuple[LinkDraft, ...] = (),
        **more: str,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.waits_for = waits_for
        self.knocks = knocks
        self.links = links
        self.facts = {**(facts or {}), **more}

    def hold(self, amount: Decimal | None = None, currency: str = "", **more: str) -> Hold:
        """The decision. `amount` is in `currency`; facts given when it was raised win over `more`."""
        return Hold(
            code=self.code,
            facts={**more, **self.facts},
            waits_for=self.waits_for,
            knocks=self.knocks,
            links=self.links,
            amount=amount,
            currency=currency,
        )
