"""Where the connection stands, from our own records; no vendor is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, assert_never

import msgspec

from ml_connector.actions.continuity import Continuity, continuity_of
from ml_connector.actions.holds import OPEN_WRITE_ALLOWED, PLAYED_DAYS, hours_since, is_late
from ml_connector.actions.plan import plan_view
from ml_connector.actions.tampered import tampered_rows
from ml_connector.app import App
from ml_connector.engine.corridor import UNANSWERED
from ml_connector.model.errors import WrongUse
from ml_connector.restored import PUT_BACK
from ml_connector.service.sides import NAMES
from ml_connector.service.token_lives import TokenLife, Warned, token_lives
from ml_connector.store.rows import Comparison, HeldRow, LateWrite, PlanRow, RunEnd, SideRow

SAID_BY_ALARMS = ("hole ", "silence ", "quiet ", "budget ", "hold ")
"""Alarms that say what nothing else here says."""


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """Holds of one code that should have ended by themselves: how many, and how long the oldest has lasted."""

    code: str
    count: int
    since: datetime
    hours: int


class OpenTooLong(msgspec.Struct, frozen=True, kw_only=True):
    """A write whose outcome nobody knows yet, although it should have been settled long ago."""

    record: str
    step: str
    since: datetime
    hours: int


class Undone(msgspec.Struct, frozen=True):
    """Something that is left to do. FAIL: somebody must look after it. warn: it waits, or ends by itself.

    `command` is what shows or mends it. `planned`: a plan that is made now shows it.
    """

    level: Literal["FAIL", "warn"]
    sentence: str
    command: str
    planned: bool = False


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Where the connection stands, from our own records; no vendor is asked.

    `held_by_flow` are the same holds as `holds`, which counts them by code. `conflicts` are those whose lost value can
    still be read. `flags` are marks on records that are done. `audit` says why the audit log does not fit its seals.
    `tampered` names the rows that were changed without the key, `unsigned` says what of the settings does not count.
    `sides` says how each side is: live, away, limited or dead, since when and why, when it was and will be swept.
    `lives` says how long the sign-in of each side lives, `expiring` what of that should be done in time.
    `compared` says of each kind when all its ids were compared with ours, what that found, and whether it is under way.
    `continuity` says what of each kind is covered, which holes are open, which alarms raised, and what the schedule is.
    """

    company: str
    realm_id: str
    org_id: str
    environment: str
    dry_run: bool
    paused: str
    waiting: Mapping[str, int]
    open_writes: int
    holds: Mapping[str, int]
    swept: Mapping[str, str]
    plans_open: int
    overdue: Sequence[Overdue] = ()
    conflicts: int = 0
    compared: Sequence[Comparison] = ()
    held_by_flow: Mapping[str, int] = {}
    late_writes: Sequence[OpenTooLong] = ()
    last_run: RunEnd | None = None
    sides: Sequence[SideRow] = ()
    lives: Sequence[TokenLife] = ()
    expiring: Sequence[Warned] = ()
    flags: int = 0
    audit: str = ""
    tampered: Sequence[str] = ()
    unsigned: Sequence[str] = ()
    for_approval: int = 0
    continuity: Continuity = Continuity()

    @property
    def hint(self) -> str:
        """What a newcomer would wonder about; blank for nothing."""
        played = self.environment == "rehearsal" and self.holds.get("H-FUTURE", 0) > 0
        return f"H-FUTURE: {PLAYED_DAYS}" if played else ""

    @property
    def exit_status(self) -> int:
        """3 while a side is dead, limited or away; 1 if somebody must look after something; else 0."""
        return 3 if any(side.state != "live" for side in self.sides) else int(self.attention)

    @property
    def attention(self) -> bool:
        """Whether somebody must look after something."""
        return bool(self.failing())

    def failing(self) -> list[Undone]:
        """What somebody must look after."""
        return list(self._failing())

    def undone(self) -> list[Undone]:
        """All that is left to do, the worst first. `status`, `doctor` and every run say this and nothing else."""
        return [*self._failing(), *self._waiting()]

    def _failing(self) -> Iterator[Undone]:
        yield from self._altered()
        yield from self._of_sources("FAIL")
        yield from (_in_time(warned) for warned in self.expiring if warned.level == "FAIL")
        if self.paused.startswith(PUT_BACK):
            yield Undone("FAIL", f"Writes are stopped: {self.paused}.", "resume")
        if self.last_run is not None and self.last_run.error:
            yield Undone("FAIL", f"The last run did not end well: {self.last_run.sentence}", "sync --once")
        if self.late_writes:
            oldest, number = self.late_writes[0], len(self.late_writes)
            what = f"{number:,} write{' has' if number == 1 else 's have'} been open for too long"
            yield Undone(
                "FAIL", f"{what}: nobody knows yet whether {'it was' if number == 1 else 'they were'} done.",
                f"explain {oldest.record}",
            )  # fmt: skip
        for row in self.compared:
            if row.withheld:
                yield Undone("FAIL", row.alarm, "backfill --compare-only")
        for holds in self.overdue:
            yield Undone("FAIL", f"{_records(holds.count)} too long ({holds.code}).", f"holds {holds.code}")
        for code in UNANSWERED:
            if unread := self.holds.get(code, 0):
                records, it = ("record", "it is") if unread == 1 else ("records", "they are")
                what = f"{unread:,} {records} could not be read; {it} held ({code}), and asked for again."
                yield Undone("FAIL", what, f"holds {code}")

    def _of_sources(self, level: str) -> Iterator[Undone]:
        """What is to be said of the two sides, of what is known of them, and of the alarms."""
        for side in self.sides:
            yield from (item for item in side_undone(side) if item.level == level)
        if level == "FAIL":
            for alarm in self.continuity.alarms:
                if alarm.key.startswith(SAID_BY_ALARMS):
                    yield Undone("FAIL", alarm.sentence, alarm.command)
        elif numbers := {hole.number for hole in self.continuity.holes}:
            holes = "A hole" if len(numbers) == 1 else f"{len(numbers):,} holes"
            yield Undone("warn", f"{holes} in what we know of the two sides: closed by a run.", "sync --once")

    def _altered(self) -> Iterator[Undone]:
        """What somebody without the key has changed in the state."""
        if self.audit:
            yield Undone("FAIL", self.audit, "audit verify")
        if self.tampered:
            sentence = f"{len(self.tampered):,} rows of the state were changed without the key: {self.tampered[0]}, ..."
            if len(self.tampered) == 1:
                sentence = f"A row of the state was changed without the key: {self.tampered[0]}."
            yield Undone("FAIL", sentence, "tampered list")
        for sentence in self.unsigned:
            yield Undone("FAIL", sentence, "sign-off")

    def _waiting(self) -> Iterator[Undone]:
        yield from self._of_sources("warn")
        yield from (_in_time(warned) for warned in self.expiring if warned.level == "warn")
        if self.paused and not self.paused.startswith(PUT_BACK):
            yield Undone("warn", f"Writes are stopped: {self.paused}.", "resume")
        if self.plans_open:
            yield Undone(
                "warn",
                f"{self.plans_open:,} plan{'' if self.plans_open == 1 else 's'} to apply.",
                "plan --list",
                planned=True,
            )
        if self.dry_run:
            yield Undone("warn", "This is a dry run: nothing is written.", "plan", planned=True)
        if self.for_approval and not self.plans_open:
            yield Undone("warn", f"{_records(self.for_approval)} for a plan to be approved.", "plan", planned=True)
        if self.open_writes > len(self.late_writes):
            number = self.open_writes - len(self.late_writes)
            yield Undone("warn", f"{number:,} write{' is' if number == 1 else 's are'} being checked.", "sync --once")
        if held := sum(self.holds.values()):
            yield Undone("warn", f"{held:,} record{' is' if held == 1 else 's are'} held.", "holds")
        if kinds := ", ".join(row.kind for row in self.compared if row.why):
            yield Undone("warn", f"All ids are still to be compared: {kinds}.", "sync --once")
        if waiting := sum(self.waiting.values()):
            yield Undone("warn", f"{_records(waiting)} to be looked at.", "sync --once", planned=True)


def _in_time(warned: Warned) -> Undone:
    return Undone(warned.level, warned.sentence, warned.command)


def _records(number: int) -> str:
    return f"{number:,} record{' waits' if number == 1 else 's wait'}"


def side_undone(side: SideRow) -> Iterator[Undone]:
    """What is to be said of a side that is not well, in the words that `status`, `doctor` and every run use."""
    name = NAMES.get(side.system, side.system)
    since = f" since {side.since:%Y-%m-%d %H:%M} UTC" if side.since else ""
    match side.state:
        case "dead":
            mends = f"connect {side.system}" if side.error == "SignInNeeded" else "doctor"
            yield Undone("FAIL", f"{name} is dead{since}, until a person acts: {side.sentence}", mends)
        case "limited":
            yield Undone("warn", f"{name} is limited{since}: {side.sentence} {side.remedy}", "status")
        case "away":
            yield Undone("warn", f"{name} is away{since}: {side.sentence}", "doctor")
        case "live":
            pass
        case _:
            assert_never(side.state)
    if side.refused:
        kinds = ", ".join(sorted(side.refused))
        what = f"{name} does not list {kinds} any more: what is about them waits, everything else goes on."
        yield Undone("FAIL", what, "doctor --fit")


def current_status(app: App) -> Status:
    """Raises `WrongUse` before both sides are connected."""
    connected = app.store.connection(app.connection.id)
    if connected is None:
        raise WrongUse("The two sides are not connected yet.", "Run  ml-connector connect quickbooks")
    held, now = app.store.holds(app.connection.id), app.world.clock.now()
    sides, lives = app.store.sides(app.connection.id), token_lives(app)
    quickbooks = app.settings.quickbooks
    return Status(
        company=connected.company,
        realm_id=connected.realm_id,
        org_id=connected.org_id,
        environment=quickbooks.environment if quickbooks else "",
        dry_run=connected.live_since is None,
        paused=connected.paused,
        waiting=app.store.unserved(app.connection.id),
        open_writes=len(app.store.open_writes(app.connection.id)),
        holds=_counted(row.code for row in held),
        held_by_flow=_counted(row.flow for row in held),
        swept={name: at.isoformat() for name, at in app.store.swept(app.connection.id).items()},
        plans_open=sum(
            _is_to_apply(row, dry=connected.live_since is None) for row in app.store.plans(app.connection.id)
        ),
        overdue=_overdue(held, now),
        late_writes=[_late(write, now) for write in app.store.late_writes(app.connection.id, OPEN_WRITE_ALLOWED, now)],
        conflicts=app.store.count_conflicts(app.connection.id),
        compared=app.store.comparisons(app.connection.id),
        last_run=app.store.last_run(app.connection.id),
        sides=[sides[name] for name in app.runtime.systems if name in sides],
        lives=lives,
        expiring=[warned for life in lives for warned in life.warned(now)],
        flags=len(app.store.flags(app.connection.id)),
        audit=app.store.audit_trouble(app.connection.id),
        tampered=tampered_rows(app),
        unsigned=app.unsigned,
        for_approval=app.store.planned(app.connection.id),
        continuity=continuity_of(app),
    )


def _is_to_apply(row: PlanRow, *, dry: bool) -> bool:
    """A plan that writes nothing only ends the dry run; after that there is nothing in it to apply.

    Nothing is read of one that was changed without the key: nobody can apply it.
    """
    return row.state == "open" and row.proved and (dry or bool(plan_view(row).plan.writes))


def _counted(names: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _late(write: LateWrite, now: datetime) -> OpenTooLong:
    hours = hours_since(write.since, now)
    return OpenTooLong(record=str(write.ref), step=write.step, since=write.since, hours=hours)


def _overdue(held: Sequence[HeldRow], now: datetime) -> list[Overdue]:
    """By code, the one that has waited longest first."""
    late: dict[str, list[datetime]] = {}
    for row in held:
        if is_late(row, now):
            late.setdefault(row.code, []).append(row.since)
    overdue = [
        Overdue(code=code, count=len(times), since=min(times), hours=hours_since(min(times), now))
        for code, times in late.items()
    ]
    return sorted(overdue, key=lambda holds: (holds.since, holds.code))


__all__ = ["OpenTooLong", "Overdue", "RunEnd", "SideRow", "Status", "TokenLife", "Undone", "current_status"]
