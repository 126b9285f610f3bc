"""Checks of journal entries: those in QuickBooks, and those of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector.accounting.identity import Identity
from ml_connector.model import money
from ml_connector.model.errors import WrongUse
from ml_connector.systems.quickbooks.records import note_fields

from .compare import differing, fits
from .ledger import Books, books_of, entry_lines, made_by_us, ref_of
from .lines import same, shown
from .play import Check, Play, Ready
from .steps import find_plan

Json = Mapping[str, Any]
Verdict = tuple[bool, str, str]


async def journal_entry(play: Play, entry: Ready) -> Check:
    """`journal_entry`: the entry in QuickBooks with the number that is picked, and what its lines are."""
    entries = [
        journal for journal in await _entries(play, entry) if journal.get("DocNumber") == await _number(play, entry)
    ]
    return await _judged(play, entry, entries, "in QuickBooks")


async def planned_entry(play: Play, entry: Ready) -> Check:
    """`planned_entry`: the same of an entry that a plan shows."""
    number = await _number(play, entry)
    postings = find_plan(play, entry.text("plan")).plan.postings()
    entries = [write.body for write in postings if write.body and write.body.get("DocNumber") == number]
    return await _judged(play, entry, entries, "in the plan")


async def journal_entries(play: Play, entry: Ready) -> Check:
    """`journal_entries`: how many entries there are, of an order, kind, number or day."""
    entries = await _entries(play, entry)
    if name := entry.text("order"):
        order = (await play.names.ref(name, "order")).id
        entries = [
            journal for journal in entries if note_fields(str(journal.get("PrivateNote", ""))).get("ord") == order
        ]
    for key, read in (("kind", _kind_of), ("number", lambda journal: journal.get("DocNumber")), ("date", _date_of)):
        if value := entry.get(key):
            entries = [journal for journal in entries if read(journal) == str(value)]
    return counted(entry, len(entries), "entries")


def counted(entry: Ready, count: int, what: str) -> Check:
    """A number, exact or within bounds."""
    least, most = entry.get("at_least"), entry.get("at_most")
    if least is None and most is None:
        return Check(entry.entry.title, count == entry.value, f"{entry.value} {what}", f"{count} {what}")
    good = (least is None or count >= least) and (most is None or count <= most)
    bounds = " and ".join(f"{w} {n}" for w, n in (("at least", least), ("at most", most)) if n is not None)
    return Check(entry.entry.title, good, f"{bounds} {what}", f"{count} {what}")


def _kind_of(journal: Json) -> str | None:
    return note_fields(str(journal.get("PrivateNote", ""))).get("k")


def _date_of(journal: Json) -> str:
    return str(journal.get("TxnDate"))


async def _entries(play: Play, entry: Ready) -> list[Json]:
    rows: list[Json] = list(await play.stage.records("quickbooks", "JournalEntry"))
    by = entry.get("by")
    return [row for row in rows if by is None or made_by_us(row) == (by == "connector")]


async def _number(play: Play, entry: Ready) -> str:
    """The number asked for, or that of an order's entry (accounting-rules B.11)."""
    if entry.value is not True:
        return str(entry.value)
    if not (name := entry.text("order")):
        raise WrongUse(f"{entry.entry.where}: no number and no order.", "Give one of the two.")
    ref = await play.names.ref(name, "order")
    number = str((await play.stage.record(ref))["OrderNumber"])
    kind, seq = entry.text("kind") or "O", entry.text("seq") or "01"
    return Identity(realm_id="", org_id="", order_id=ref.id, order_number=number, kind=kind, seq=seq).number


async def _judged(play: Play, entry: Ready, entries: list[Json], where: str) -> Check:
    title, number = entry.entry.title, await _number(play, entry)
    if not entry.get("present", True):
        return Check(title, not entries, f"no {number} {where}", f"{len(entries)} {where}")
    if len(entries) != 1:
        numbers = ", ".join(sorted(str(e.get("DocNumber")) for e in await _entries(play, entry))) or "none"
        seen = f"{len(entries)} {where}" + ("" if entries else f"; entries there: {numbers}")
        return Check(title, False, f"one {number} {where}", seen)
    verdicts = [verdict for verdict in _aspects(entry, entries[0], await books_of(play.stage)) if verdict is not None]
    good = all(ok for ok, _, _ in verdicts)
    wrong = [verdict for verdict in verdicts if good or not verdict[0]]
    return Check(title, good, "; ".join(verdict[1] for verdict in wrong), "; ".join(verdict[2] for verdict in wrong))


def _aspects(entry: Ready, journal: Json, books: Books) -> list[Verdict | None]:
    lines = entry_lines(journal, books)
    debits = money.total(line.amount for line in lines if line.side == "Debit")
    credits_ = money.total(line.amount for line in lines if line.side == "Credit")
    expected = entry.get("lines")
    customers = sorted({line.customer or "(none)" for line in lines})
    return [
        (debits == credits_, "balanced", f"debits {debits:,f}, credits {credits_:,f}"),
        _plain(entry, "date", str(journal.get("TxnDate"))),
        _plain(entry, "currency", ref_of(journal, "CurrencyRef")),
        _amount(entry, "rate", journal.get("ExchangeRate")),
        _amount(entry, "total", debits),
        None
        if expected is None
        else (
            same(expected, lines, in_order=entry.get("in_order", False)),
            shown(expected),
            shown(lines, like=expected),
        ),
        _plain(entry, "customer", ", ".join(customers)),
        *_note(entry, str(journal.get("PrivateNote", ""))),
    ]


def _plain(entry: Ready, name: str, actual: str) -> Verdict | None:
    expected = entry.get(name)
    return None if expected is None else (str(expected) == actual, f"{name} {expected}", f"{name} {actual}")


def _amount(entry: Ready, name: str, there: Any) -> Verdict | None:
    expected = entry.get(name)
    if expected is None:
        return None
    actual = None if there is None else money.exact(there)
    return expected == actual, f"{name} {expected:,f}", f"{name} {actual if actual is None else format(actual, ',f')}"


def _note(entry: Ready, note: str) -> list[Verdict | None]:
    verdicts: list[Verdict | None] = []
    if (fields := entry.get("note")) is not None:
        marks = note_fields(note)
        expected, actual = differing(fields, marks)
        verdicts.append((fits(fields, marks), f"note {expected}", f"note {actual}"))
    if text := entry.text("note_says"):
        verdicts.append((text in note, f"note with {text!r}", f"note {note!r}"))
    return verdicts
