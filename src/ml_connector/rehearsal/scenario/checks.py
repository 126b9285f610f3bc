"""Checks of what is the case after the steps: records, holds, balances, requests, agreement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from ml_connector.accounting.postings import posting_ref
from ml_connector.actions.explain import explain
from ml_connector.actions.reconcile import Report, Row, reconcile
from ml_connector.model import money
from ml_connector.model.errors import WrongUse
from ml_connector.model.holds import render
from ml_connector.model.roles import Role
from ml_connector.rehearsal import inside

from .check_entries import counted
from .compare import differing, fits, matches, plain
from .ledger import Books, Moved, books_of, is_income, movements
from .play import Check, Play, Ready
from .steps import find_plan


async def record(play: Play, entry: Ready) -> Check:
    """`quickbooks`, `salesforce`: how many records are picked, and what the one that is picked says."""
    system, title = entry.entry.verb.name, entry.entry.title
    records = await play.stage.records(system, str(entry.value))
    if name := entry.text("of"):
        ids = {ref.id for ref in await play.names.refs(name) if (ref.system, ref.kind) == (system, entry.value)}
        records = [row for row in records if row["Id"] in ids]
    picked = [row for row in records if fits(entry.get("where") or {}, row)]
    count = entry.get("count", 1)
    if len(picked) != count:
        which = f" where {differing(entry.get('where') or {}, {})[0]}" if entry.get("where") else ""
        return Check(title, False, f"{count} {entry.value}{which}", f"{len(picked)} of {len(records)}")
    fields = entry.get("fields")
    if not fields:
        return Check(title, True, f"{count} {entry.value}", f"{count} {entry.value}")
    sides = [differing(fields, row) for row in picked]
    good = all(fits(fields, row) for row in picked)
    return Check(title, good and bool(sides), sides[0][0] if sides else "", "; ".join(side[1] for side in sides))


# --- holds


class _Held:
    """A hold of the store or of a plan, alike."""

    def __init__(self, code: str, record: str, facts: Mapping[str, str], amount: Decimal | None, currency: str) -> None:
        self.code = code
        self.record = record
        self.facts = dict(facts)
        self.amount = amount
        self.currency = currency

    def __str__(self) -> str:
        words = render(self.code, self.facts, self.amount, self.currency)
        return f"{self.code} {words.sentence} {words.meaning} {words.remedy}"


async def _held_now(play: Play) -> list[_Held]:
    app = await play.app()
    rows = inside.holds(app)
    return [_Held(row.code, str(row.ref), row.facts, row.amount, row.currency) for row in rows]


def _planned(play: Play, entry: Ready) -> list[_Held]:
    plan = find_plan(play, entry.text("plan")).plan
    return [_Held(row.code, row.record, row.facts, row.amount, row.currency) for row in plan.holds]


async def _of(play: Play, entry: Ready, rows: Iterable[_Held]) -> list[_Held]:
    if not (name := entry.text("of")):
        return list(rows)
    refs = {str(ref) for ref in await play.names.refs(name)}
    return [row for row in rows if row.record in refs]


async def hold(play: Play, entry: Ready) -> Check:
    """`hold`: whether a record is held now with a code, its facts, amount and words."""
    return _judged(entry, await _of(play, entry, await _held_now(play)))


async def planned_hold(play: Play, entry: Ready) -> Check:
    """`planned_hold`: the same of a hold that a plan shows."""
    return _judged(entry, await _of(play, entry, _planned(play, entry)))


def _judged(entry: Ready, rows: list[_Held]) -> Check:
    title, seen = entry.entry.title, "; ".join(map(str, rows)) or "no hold"
    coded = [row for row in rows if row.code == entry.value]
    if not entry.get("present", True):
        return Check(title, not coded, f"no {entry.value}", seen)
    expected = {name: entry.args[name] for name in ("facts", "amount", "currency", "says") if name in entry.args}
    words = f"{entry.value}" + "".join(f", {name} {plain(value)}" for name, value in expected.items())
    fitting = [row for row in coded if _fits(entry, row)]
    facts = "; ".join(f"facts {plain(row.facts)}, amount {plain(row.amount)} {row.currency}" for row in coded)
    return Check(title, bool(fitting), words, seen if fitting or not facts else f"{seen} ({facts})")


def _fits(entry: Ready, held: _Held) -> bool:
    if not fits(entry.get("facts") or {}, held.facts):
        return False
    if "amount" in entry.args and entry.get("amount") != held.amount:
        return False
    return entry.text("currency") in ("", held.currency) and entry.text("says").casefold() in str(held).casefold()


async def holds(play: Play, entry: Ready) -> Check:
    """`holds`: how many records are held, of a code where one is named."""
    rows = await _of(play, entry, await _held_now(play))
    held = [row for row in rows if entry.text("code") in ("", row.code)]
    check = counted(entry, len(held), "holds")
    return check._replace(actual=f"{check.actual}: {'; '.join(map(str, held))}") if held else check


async def planned(play: Play, entry: Ready) -> Check:
    """`planned`: how many entries, writes or holds a plan has."""
    plan, what = find_plan(play, entry.text("plan")).plan, entry.text("what") or "entries"
    count = {"entries": len(plan.postings()), "writes": len(plan.writes), "holds": len(plan.holds)}[what]
    return counted(entry, count, what)


# --- balances and requests


async def balance(play: Play, entry: Ready) -> Check:
    """`balance`: an account's balance as its side is read; in home currency, unless one is named."""
    books = await books_of(play.stage)
    account = str(entry.value)
    chosen = [moved for moved in await movements(play.stage, books) if _counts(entry, moved, books, account)]
    foreign = entry.text("currency")
    amounts = [moved.amount if foreign else money.q(moved.amount * moved.rate, "USD") for moved in chosen]
    total = money.total(amounts)
    if account == "revenue" or books.normal_credit(books.by_number("2200" if account == "tax" else account)):
        total = money.negated(total)
    expected: Decimal = entry.get("amount")
    return Check(entry.entry.title, expected == total, f"{expected:,f}", f"{total:,f}")


def _counts(entry: Ready, moved: Moved, books: Books, account: str) -> bool:
    number = "2200" if account == "tax" else account
    right = is_income(books, moved.account) if account == "revenue" else books.number(moved.account) == number
    pairs = (("department", moved.department), ("class", moved.class_), ("currency", moved.currency))
    same = all(entry.get(name) is None or _dim(entry.text(name)) == there.casefold() for name, there in pairs)
    mine = entry.text("customer") in ("", moved.customer)
    first, last = entry.get("from"), entry.get("to")
    return right and same and mine and (first is None or moved.day >= first) and (last is None or moved.day <= last)


def _dim(text: str) -> str:
    return "" if text.strip() == "-" else text.strip().casefold()


async def requests(play: Play, entry: Ready) -> Check:
    """`requests`: how many requests the vendors had since a mark, or their cost; and what all must share."""
    since = play.marks.get(entry.text("since"), 0)
    if entry.text("since") and entry.text("since") not in play.marks:
        raise WrongUse(
            f"{entry.entry.where}: there is no mark {entry.text('since')!r}.", 'Set it before:  mark = "..."'
        )
    rows = (await play.stage.door.ask("GET", f"/requests?since={since}&limit=100000", None))["requests"]
    path, method = re.compile(entry.text("path")), re.compile(entry.text("method").upper() or ".*")
    asked = [row for row in rows if _asked(entry, row, path, method)]
    cost = entry.text("cost")
    check = counted(entry, sum(row["cost"][cost] for row in asked) if cost else len(asked), cost or "requests")
    for name in entry.get("same") or []:
        values = sorted({_of_row(row, name) for row in asked})
        if len(values) > 1:
            return check._replace(ok=False, expected=f"the same {name}", actual=", ".join(values))
    seen = ", ".join(f"{row['method']} {row['path']} {row['status']}" for row in asked[:8])
    return check._replace(actual=f"{check.actual}: {seen}") if asked else check


def _asked(entry: Ready, row: Mapping[str, Any], path: re.Pattern[str], method: re.Pattern[str]) -> bool:
    same = all(entry.get(name) in (None, row[name]) for name in ("vendor", "status"))
    return bool(same and method.fullmatch(row["method"]) and path.search(f"{row['path']}?{row['query']}"))


def _of_row(row: Mapping[str, Any], name: str) -> str:
    return str(row[name]) if name in row else ", ".join(parse_qs(str(row["query"])).get(name, ["(none)"]))


# --- the connector


async def tie(play: Play, entry: Ready) -> Check:
    """`tie_out`: whether the proof agrees, and its totals and reasons. What does not fit is named."""
    proof = await reconcile(await play.app(), entry.get("months") or ())
    reports = [report for report in proof.reports if entry.text("report") in ("", report.name)]
    actual = {**_totals(entry, reports), "items": _reasons(entry, reports)}
    expected = {name: entry.args[name] for name in actual if name in entry.args}
    left = [f"{r.name} {plain(row.unexplained)}" for r in proof.reports for row in r.rows if row.unexplained]
    left += [f"{item.reason} {item.record}" for _, item in proof.open_items]
    words = "agrees" if proof.agrees else f"differs ({', '.join(left) or 'counts'})"
    good = proof.agrees == (entry.value == "agrees") and fits(expected, actual)
    extra = f", {plain(expected)}" if expected else ""
    return Check(entry.entry.title, good, f"{entry.value}{extra}", f"{words}, {plain(actual)}")


def _reasons(entry: Ready, reports: Iterable[Report]) -> dict[str, Decimal]:
    """Sums of the differences that have a name, by reason, in one currency."""
    sums: dict[str, Decimal] = {}
    for item in (item for row in _rows(entry, reports) for item in row.items):
        sums[item.reason] = sums.get(item.reason, Decimal("0.00")) + item.amount
    return sums


def _totals(entry: Ready, reports: Iterable[Report]) -> dict[str, Decimal]:
    names = ("quickbooks", "salesforce", "unexplained")
    rows = _rows(entry, reports)
    return {name: sum((getattr(row, name) for row in rows), Decimal("0.00")) for name in names}


def _rows(entry: Ready, reports: Iterable[Report]) -> list[Row]:
    currency = entry.text("currency") or "USD"
    return [row for report in reports for row in report.rows if row.cell.currency == currency]


async def link(play: Play, entry: Ready) -> Check:
    """`link`: whether records are linked in a role, and to whom."""
    role, ends = Role(str(entry.value)), await play.names.refs(entry.text("from"))
    ends = [posting_ref(ref.id) if role == Role.JOURNAL and ref.kind == "Order" else ref for ref in ends]
    links = inside.links_of(await play.app(), role, ends)
    pairs = {(str(link.source), str(link.target)) for link in links}
    seen = ", ".join(f"{source} -> {target}" for source, target in sorted(pairs)) or "no link"
    targets = [str(ref) for ref in await play.names.refs(entry.text("to"))] if entry.text("to") else []
    there = bool(pairs) and (
        not targets or any({name, str(ref)} in map(set, pairs) for name in targets for ref in ends)
    )
    expected = f"{role} link{' to ' + ' or '.join(targets) if targets else ''}"
    present = entry.get("present", True)
    return Check(entry.entry.title, there == present, expected if present else f"no {expected}", seen)


async def outcome(play: Play, entry: Ready) -> Check:
    """`outcome`: whether some flow ended last with this about a record, a hold code counts too."""
    app = await play.app()
    words: set[str] = set()
    for ref in await play.names.refs(entry.text("of")):
        try:
            words |= set(explain(app, str(ref)).verdicts.values())
        except WrongUse:
            words |= set()
    held = {row.code for row in await _of(play, entry, await _held_now(play))}
    seen = words | held
    return Check(
        entry.entry.title, entry.value in seen, str(entry.value), ", ".join(sorted(seen)) or "nothing on record"
    )


async def flag(play: Play, entry: Ready) -> Check:
    """`flag`: whether a record has this flag, or any record where none is named."""
    rows = [(str(ref), name) for ref, name in inside.flags(await play.app())]
    if name := entry.text("of"):
        refs = {str(ref) for ref in await play.names.refs(name)}
        rows = [row for row in rows if row[0] in refs]
    there, present = entry.value in {name for _, name in rows}, entry.get("present", True)
    seen = ", ".join(sorted({name for _, name in rows})) or "no flags"
    return Check(entry.entry.title, there == present, f"{'' if present else 'no '}{entry.value}", seen)


async def written(play: Play, entry: Ready) -> Check:
    """`written`: how many records the last step of the connector wrote."""
    return counted(entry, play.written, "records written")


async def waiting(play: Play, entry: Ready) -> Check:
    """`waiting`: how many tasks are not served."""
    return counted(entry, inside.unserved(await play.app()), "records waiting")


async def open_writes(play: Play, entry: Ready) -> Check:
    """`open_writes`: how many noted writes are not settled."""
    return counted(entry, inside.open_writes(await play.app()), "open writes")


async def equal(play: Play, entry: Ready) -> Check:
    """`equal`: two values, most of them filled in from records."""
    expected = entry.get("to")
    return Check(entry.entry.title, matches(expected, entry.value), plain(expected), plain(entry.value))
