"""What a test lets go wrong at the event bus: planned fates of events, refused calls, broken or silent streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ml_emulators.kit.control_bodies import BadOrder, EventsOrder

from .bus import Bus
from .changes import NO_ID, Change, header_only
from .channels import STANDARD
from .injections import PLANNED, Plan
from .refusals import Refusal, known_code

_LONGEST = 366 * 24 * 3600.0
_RPCS = ("Subscribe", "GetSchema", "GetTopic", "Publish", "PublishStream", "ManagedSubscribe")


@dataclass
class RefusedCalls:
    """The next `count` calls of `rpc` (blank: any) are refused with `code`."""

    code: str
    rpc: str = ""
    count: int = 1


class Trouble:
    """What goes wrong on one bus. `breaks` and `stalls` only grow; a stream older than the last one is struck."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.breaks = 0
        self.break_code = ""
        self.stalls = 0
        self.refused: list[RefusedCalls] = []
        self._orders: dict[str, Callable[[EventsOrder], None]] = {
            **dict.fromkeys(PLANNED, self._planned),
            "break": lambda order: self.break_streams(order.code),
            "stall": lambda _: self.stall_streams(),
            "refuse": lambda order: self.refuse(order.code, order.rpc, order.count),
            "select": self._select,
            "deselect": lambda order: bus.channels.deselect(order.kind, order.channel),
            "define": self._define,
        }

    def order(self, order: EventsOrder) -> None:
        """Carry out one order of the control door. Raises `BadOrder` with what is wrong."""
        self._bus.settle()
        self._orders[order.op](order)
        self._bus.ring()

    def _planned(self, order: EventsOrder) -> None:
        if order.seed is not None:
            self._bus.injections.reseed(order.seed)
        if not order.at_once:
            self.plan(order.op, order.kind, order.count, order.seconds, order.probability)
        elif order.op == "duplicate":
            self.repeat(order.count, order.channel)
        elif order.op in ("gap", "overflow"):
            self.gap_now(order.kind, order.ids if order.op == "gap" else ())
        else:
            raise BadOrder(f"{order.op} at once is not possible; it meets the next events")

    def _select(self, order: EventsOrder) -> None:
        kind = self._bus.salesforce.world.schema.objects.get(order.kind)
        if kind is None:
            raise BadOrder(f"no object {order.kind}")
        self._bus.channels.select(kind, order.channel, order.fields)

    def _define(self, order: EventsOrder) -> None:
        self._bus.define_event(order.kind, order.fields)

    def plan(self, op: str, kind: str = "", count: int = 1, seconds: float = 0.0, probability: float = 1.0) -> None:
        """Let the next `count` events of `kind` meet with one of `PLANNED`. Raises `BadOrder`."""
        if op not in PLANNED or count < 1:
            raise BadOrder(f"plan one of {', '.join(PLANNED)} for 1 event or more")
        if (op == "delay") != (seconds > 0) or seconds > _LONGEST:
            raise BadOrder("a delay, and only a delay, needs seconds above 0, and a year of them at most")
        if not 0 < probability <= 1:
            raise BadOrder("probability lies above 0 and at most at 1")
        self._bus.settle()
        self._bus.injections.add(Plan(op, kind, count, seconds, probability))

    def gap_now(self, kind: str, ids: Iterable[str], change_type: str = "GAP_UPDATE") -> None:
        """A gap (without ids: an overflow) that no write of the org stands behind. Raises `BadOrder`."""
        bus, given = self._bus, tuple(ids)
        schema = bus.schema_of(kind)
        if schema is None:
            raise BadOrder(f"{kind!r} has no change events")
        now, number = bus.settle(), bus.next_commit()
        key, user = bus.made_uuid("transaction", number), bus.salesforce.world.sales.user_id
        bare = Change(kind, given, "", key, 1, number, now, user, "", schema.schema_id, {})
        bus.publish_changes([header_only(bare, change_type) if given else header_only(bare, "GAP_OVERFLOW", (NO_ID,))])
        bus.ring()

    def repeat(self, count: int = 1, channel: str = STANDARD) -> None:
        """Deliver the last `count` events of a channel once more: same UUID, new replay ids."""
        known = (*self._bus.channels.members, *self._bus.platform)
        if count < 1 or channel not in known:
            raise BadOrder(f"1 event or more can come again, on one of {', '.join(known)}")
        now, log = self._bus.settle(), self._bus.log(channel)
        for entry in log.entries[-count:]:
            log.append(replace(entry, position=self._bus.positions.next(1, now), instant=now))
        self._bus.ring()

    def break_streams(self, code: str = "service.unavailable") -> None:
        """End every running stream with a code; blank: UNAVAILABLE without trailers."""
        self._known(code)
        self.breaks, self.break_code = self.breaks + 1, code
        self._bus.ring()

    def stall_streams(self) -> None:
        """Every running stream stays open and silent for ever."""
        self.stalls += 1

    def refuse(self, code: str = "service.unavailable", rpc: str = "", count: int = 1) -> None:
        """Refuse the next calls before anything else is looked at."""
        self._known(code)
        if count < 1 or rpc not in ("", *_RPCS):
            raise BadOrder(f"1 call or more can be refused, of {', '.join(_RPCS)}, or of any (blank)")
        self.refused.append(RefusedCalls(code, rpc, count))

    def _known(self, code: str) -> None:
        if not known_code(code):
            raise BadOrder(f"{code!r} is not one of the vendor's codes (leave the prefix out)")

    def check_call(self, rpc: str) -> None:
        """Raises the `Refusal` that was ordered for this call, if any."""
        for refusal in self.refused:
            if refusal.rpc in ("", rpc):
                refusal.count -= 1
                self.refused = [order for order in self.refused if order.count > 0]
                raise Refusal(refusal.code)
