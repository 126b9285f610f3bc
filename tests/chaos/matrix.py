"""The crash matrix: every boundary of the corridor x every kind of write, alone and together, x every fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .cases import Case
from .faults import FAULTS, Strike
from .ills import VICTIMS, Befallen, choices
from .life import Event, Manner
from .runs import Place
from .situations import SITUATIONS

KINDS: Mapping[str, str] = {
    "Account": "upsert Account", "Contact": "upsert Contact", "Opportunity": "upsert Opportunity",
    "role": "create OpportunityContactRole", "Customer": "create Customer", "JournalEntry": "create JournalEntry",
}  # fmt: skip
REQUESTS = ("asking", "looking up", "reading", "writing")
BEFORE = ("asking", "knocks stored", "connection taken", "reading", "read", "composed", "noted")
AFTER = ("writing done", "applied", "writes settled", "deciding done", "tasks settled", "connection released")
RECOVERY = ("looking up", "looked up")
BOUNDARIES = (*BEFORE[:3], *RECOVERY, *BEFORE[3:], "writing", *AFTER)
COLUMNS = (
    "kill", "lost before", "lost after", "timeout", "429", "5xx", "200 with fault", "half refused", "edit",
    "second worker", "frozen", "knocks", "forgotten", "clock jump", "sign-in",
)  # fmt: skip
OF_THE_STATE = ("kill", "second worker", "frozen", "knocks", "forgotten", "clock jump", "sign-in")
"""Faults at which transactions end half way, or several processes want the same rows: they fall on the database too."""
MEANINGLESS: Mapping[str, str] = {
    "a": "no request is under way here; what befalls the next one stands in that one's row",
    "b": "nothing is written in this request, so nothing of it can be refused",
    "c": "a batch of one has no half (the two cells of several records each are run)",
}


class Cell(NamedTuple):
    """One combination."""

    boundary: str
    fault: str
    kind: str
    several: bool

    @property
    def meaningless(self) -> str:
        """The letter of the reason why there is nothing to run; blank where there is."""
        if FAULTS[self.fault].on_request and self.boundary not in REQUESTS:
            return "a"
        if self.fault == "half refused" and self.boundary != "writing":
            return "b"
        return "c" if self.fault == "half refused" and not self.several else ""


def cells() -> Iterator[Cell]:
    """All combinations, the meaningless ones too."""
    for boundary in BOUNDARIES:
        for fault in COLUMNS:
            for kind in KINDS:
                yield Cell(boundary, fault, kind, several=False)
                yield Cell(boundary, fault, kind, several=True)


def runs() -> list[tuple[int, Cell]]:
    """Those that are run, with their numbers."""
    return [(number, cell) for number, cell in enumerate(cells(), 1) if not cell.meaningless]


def on_a_server() -> list[tuple[int, Cell]]:
    """Those that are run on PostgreSQL too: of each fault that a database can tell apart one at every boundary.

    The kinds of write, and one or several, take turns. What a vendor or the network does falls between two
    transactions, which are the same wherever it falls: of each such fault one is run, at the write.
    """
    pairs: dict[tuple[str, str], list[tuple[int, Cell]]] = {}
    for number, cell in runs():
        if cell.fault in OF_THE_STATE or cell.boundary == "writing":
            pairs.setdefault((cell.boundary, cell.fault), []).append((number, cell))
    return [pair[place * 5 % len(pair)] for place, pair in enumerate(pairs.values())]


def case_of(place: Place, number: int, cell: Cell) -> Case:
    """The run of a cell. Varieties and manners take turns with its number."""
    situation = _situation(cell.kind, several=cell.several)
    acts, edits = SITUATIONS[situation].acts, SITUATIONS[situation].edits
    choices = edits if cell.fault == "edit" else FAULTS[cell.fault].varieties
    events = place.events_of(situation, acts, False)
    write = _write(events, cell.kind)
    manner = Manner(stays=number % 2 == 0, forgetful=number % 3 == 0)
    arg = choices[number % len(choices)]
    strikes: tuple[Strike, ...]
    if cell.boundary in RECOVERY:
        killed = Strike("kill", place=write + 1)
        later = place.recovery_of(situation, acts, killed)
        strikes = (killed, Strike(cell.fault, 2, _first(later, cell.boundary), arg))
    else:
        strikes = (Strike(cell.fault, 1, _near(events, write, cell.boundary), arg),)
    return Case(number, situation, acts, manner, strikes, "matrix")


def ills() -> list[Befallen]:
    """Every ill of every kind of write, and of every kind that is read. What takes a day lasts, of the others a few."""
    victims = [SITUATIONS[_situation(kind, several=False)].acts[0] for kind in KINDS] + ["hour on 1002"]
    read = ("Birch", "invoice 2001", "Elm", "Alder's order")
    found = [each for victim in victims for each in choices("", [victim]) if victim in read or each.of_a_write]
    return [each for number, each in enumerate(found) if each.late == (each.patient or number % 8 > 5)]


def ill_case(place: Place, number: int, befallen: Befallen) -> Case:
    """An ill from the beginning on: of one record, or of one of several with a kill at some step."""
    kind = VICTIMS[befallen.victim].kind
    kind = "role" if kind == "OpportunityContactRole" else kind
    killed = number % 2 == 1
    situation = "changes" if befallen.victim == "hour on 1002" else _situation(kind, several=killed)
    acts = SITUATIONS[situation].acts
    strikes = [Strike("ill", arg=befallen.arg)]
    if killed:
        strikes.append(Strike("kill", place=1 + number * 7 % len(place.events_of(situation, acts, False))))
    return Case(number, situation, acts, Manner(stays=number % 3 > 0), tuple(strikes), "matrix")


def _situation(kind: str, *, several: bool) -> str:
    return next(name for name, each in SITUATIONS.items() if (each.kind, each.several) == (kind, several))


def _write(events: Sequence[Event], kind: str) -> int:
    return next(place for place, event in enumerate(events, 1) if event.items.startswith(KINDS[kind]))


def _first(events: Sequence[Event], name: str, start: int = 0) -> int:
    return next(place for place, event in enumerate(events, 1) if place > start and event.what == name)


def _near(events: Sequence[Event], write: int, boundary: str) -> int:
    if boundary == "writing":
        return write
    if boundary in AFTER:
        return _first(events, boundary, write)
    return max(place for place, event in enumerate(events[:write], 1) if event.what == boundary)


def table() -> str:
    """How many kinds of write are run for each boundary and fault, or the reason why there is nothing to run."""
    counts: dict[tuple[str, str], list[str]] = {}
    for cell in cells():
        counts.setdefault((cell.boundary, cell.fault), []).append(cell.meaningless)
    wide = max(map(len, BOUNDARIES))
    lines = [f"{'':{wide}} " + " ".join(f"{number:>3}" for number in range(1, len(COLUMNS) + 1))]
    for boundary in BOUNDARIES:
        shown = (_entry(counts[boundary, fault]) for fault in COLUMNS)
        lines.append(f"{boundary:{wide}} " + " ".join(f"{each:>3}" for each in shown))
    lines.append("faults: " + ", ".join(f"{number} {fault}" for number, fault in enumerate(COLUMNS, 1)))
    kinds = ", ".join(KINDS)
    lines.append(f"numbers: runs, of the kinds of write {kinds}, each with one record and with several in a request")
    lines += [f"{letter}: {reason}" for letter, reason in MEANINGLESS.items()]
    return "\n".join(lines)


def _entry(reasons: Sequence[str]) -> str:
    count = sum(not reason for reason in reasons)
    return f"{count}{''.join(sorted(set(reasons)))}" if count else "".join(sorted(set(reasons)))
