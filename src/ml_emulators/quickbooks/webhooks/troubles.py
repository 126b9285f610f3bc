"""What a test plans to go wrong with webhooks: losses, delays, copies, another order; repeatable by its seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import msgspec

from ml_emulators.kit.control_bodies import BadOrder, WebhookTrouble, WebhookTroubles
from ml_emulators.quickbooks.webhooks.bodies import Event

_SEED = 1
_LONGEST = 366 * 24 * 3600


class Troubles:
    """Plans are used up in order; each is offered the next events until its count is spent."""

    def __init__(self) -> None:
        self.plans: list[WebhookTrouble] = []
        self._random = Random(_SEED)  # noqa: S311  # repeatable chance is wanted

    def copy(self) -> Troubles:
        """The same plans, and chance from the same place."""
        copy = Troubles()
        copy.plans = list(self.plans)
        copy._random.setstate(self._random.getstate())
        return copy

    def order(self, order: WebhookTroubles) -> None:
        """Clear, seed, add; all or nothing. Raises `BadOrder`."""
        for plan in order.add:
            _check(plan)
        if order.clear:
            self.plans = []
        if order.seed is not None:
            self._random.seed(order.seed)
        self.plans.extend(order.add)

    def outcomes(self, event: Event) -> list[Event]:
        """What becomes of one event: none, itself now or later, and a copy."""
        kind = event.notice.entity
        if not self.plans:
            return [event]
        if self._use("lose", kind):
            return []
        delay, again = self._use("delay", kind), self._use("duplicate", kind)
        first = _put_off(event, delay) if delay else event
        return [first, replace(_put_off(first, again), copy=True)] if again else [first]

    def reordered(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """The events of one delivery, in another order when that is planned and they are several."""
        if len(events) < 2 or not self._use("reorder", ""):
            return events
        while (mixed := tuple(self._random.sample(events, len(events)))) == events:
            pass
        return mixed

    def _use(self, op: str, kind: str) -> WebhookTrouble | None:
        for index, plan in enumerate(self.plans):
            if plan.op != op or plan.kind not in ("", kind):
                continue
            if plan.probability < 1 and self._random.random() >= plan.probability:
                continue
            left = msgspec.structs.replace(plan, count=plan.count - 1)
            self.plans[index : index + 1] = [left] if left.count else []
            return plan
        return None


def _put_off(event: Event, plan: WebhookTrouble) -> Event:
    if not plan.seconds:
        return event
    return replace(event, due=event.due + timedelta(seconds=plan.seconds), held=True)


def _check(plan: WebhookTrouble) -> None:
    if plan.count < 1:
        raise BadOrder("count must be 1 or more")
    if not 0 < plan.probability <= 1:
        raise BadOrder("probability lies above 0 and at most at 1")
    if not 0 <= plan.seconds <= _LONGEST:
        raise BadOrder("seconds must be 0 or more, and a year at most")
    if plan.op == "delay" and not plan.seconds:
        raise BadOrder("a delay needs seconds")
    if plan.op == "reorder" and plan.kind:
        raise BadOrder("reorder meets whole deliveries, without a kind")
