"""What is planted in the sample company is held, with the code it was planted for: nothing more, nothing less."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from ml_connector.actions.drain import drain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.reconcile import reconcile
from ml_connector.actions.status import current_status
from ml_connector.actions.sweep import sweep_all
from ml_connector.tieout import months_between
from ml_emulators.scenarios import play_day
from support.tables import put_back, rows_of
from support.world import Installation

DAYS = 5
"""Business days played after the first plan; on the fifth, causes go away and holds with them."""

Held = set[tuple[str, str]]


def planted(home: Installation) -> Held:
    return {(one.code, f"{one.system}:{one.kind}:{one.key}") for one in home.emulation.planted if not one.released}


def held(home: Installation) -> Held:
    return {(each.code, each.record) for each in open_holds(home.app)}


def difference(home: Installation) -> str:
    """The two lists side by side, with the reason why a record was planted and what its hold says."""
    why = {(one.code, f"{one.system}:{one.kind}:{one.key}"): one.why for one in home.emulation.planted}
    says = {(each.code, each.record): each.sentence for each in open_holds(home.app)}
    missing = [
        f"planted, not held:  {code} {record}: {why[code, record]}" for code, record in planted(home) - set(says)
    ]
    more = [f"held, not planted:  {code} {record}: {says[code, record]}" for code, record in set(says) - planted(home)]
    return "\n".join(sorted(missing + more))


async def nothing_is_left(home: Installation) -> str:
    """What a sync, and a tie-out of everything since the start, still find; blank when all is well."""
    await sweep_all(home.app)
    report = await drain(home.app)
    status = current_status(home.app)
    today = home.app.connection.today(home.clock.now())
    proof = await reconcile(home.app, months_between(home.rules.start_date or today, today))
    found = [
        f"the second run wrote {report.written}" if report.written else "",
        f"waiting: {status.waiting}" if status.waiting else "",
        f"open writes: {status.open_writes}" if status.open_writes else "",
        *(f"unexplained: {row.cell} {row.unexplained}" for r in proof.reports for row in r.rows if row.unexplained),
        *(f"does not add up: {each}" for r in proof.reports for each in r.completeness if not each.adds_up),
    ]
    return "\n".join(line for line in found if line)


def unbalanced(entries: list[dict[str, Any]]) -> list[str]:
    """Journal entries whose debits are not their credits."""
    wrong = []
    for entry in entries:
        sides: dict[str, Decimal] = defaultdict(Decimal)
        for line in entry["Line"]:
            sides[line["JournalEntryLineDetail"]["PostingType"]] += Decimal(str(line["Amount"]))
        if sides["Debit"] != sides["Credit"] or not sides["Debit"]:
            wrong.append(f"{entry['DocNumber']}: {dict(sides)}")
    return wrong


def ours(home: Installation) -> list[dict[str, Any]]:
    rows = home.state("quickbooks", "JournalEntry")
    return [row for row in rows if str(row.get("PrivateNote", "")).startswith("mlc1|")]


async def goes_on(home: Installation, syncs: set[int]) -> None:
    """The days after the first, with a sync after some of them, each held to everything."""
    first = planted(home)
    for day in range(1, DAYS + 1):
        played = play_day(home.emulation, day)
        assert played.ok, played.failed
        if day not in syncs:
            continue
        await home.run()
        assert not difference(home), f"after day {day}:\n{difference(home)}"
        assert current_status(home.app).conflicts == (day >= 2), "the telephone that both sides changed on day two"
        left = await nothing_is_left(home)
        assert not left, f"after day {day}:\n{left}"
    assert unbalanced(ours(home)) == []
    assert len(ours(home)) > 80
    assert first - held(home), "nothing was released by itself"


async def test_what_is_planted_is_held(tmp_path: Path) -> None:
    """Every day, and a week at once: both go on from one first day, which costs most of it."""
    home = Installation(tmp_path, scenario="sample", seed=7)
    assert len({code for code, _ in planted(home)}) >= 8
    await home.run()
    assert not difference(home), difference(home)
    left = await nothing_is_left(home)
    assert not left, left
    vendors, rows, chance = home.emulation.snapshot(), rows_of(home.store), home.ids.random.getstate()
    await goes_on(home, set(range(1, DAYS + 1)))
    home.emulation.restore(vendors)
    put_back(home.store, rows)
    home.ids.random.setstate(chance)
    home.app = home.process()
    await goes_on(home, {DAYS})
