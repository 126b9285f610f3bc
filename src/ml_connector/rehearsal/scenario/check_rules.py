"""Checks of single rules, without any record: building an entry from exact lines, matching by evidence."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.accounting.entry import Entry, EntryInputs, EntryLine, build_entry
from ml_connector.accounting.identity import Identity
from ml_connector.accounting.splits import Split
from ml_connector.flows.parties.candidates import of_account
from ml_connector.flows.parties.matching import Index, Party, match
from ml_connector.model import canonical, money
from ml_connector.model.held import Held
from ml_connector.model.holds import render_hold
from ml_connector.systems import wire
from ml_connector.systems.quickbooks.records import Account
from ml_connector.systems.salesforce.records import SObject

from .compare import fits, matches, plain
from .ledger import books_of, entry_lines
from .lines import same, shown
from .names import Unknown
from .play import Check, Play, Ready

Json = Mapping[str, Any]
_HOME = "US"


async def build(play: Play, entry: Ready) -> Check:
    """An entry from exact lines (accounting-rules B.2 to B.8)."""
    inputs = await _inputs(play, entry)
    title, code = entry.entry.title, entry.text("hold")
    try:
        built = build_entry(inputs)
    except Held as held:
        return _held(held, inputs, entry)
    if code:
        return Check(title, False, code, f"{len(built.parts)} entries, net {plain(built.net)}")
    verdicts = [verdict for verdict in await _built(play, entry, built) if verdict is not None]
    wrong = [verdict for verdict in verdicts if not verdict[0]] or verdicts
    return Check(
        title, all(verdict[0] for verdict in verdicts), "; ".join(e[1] for e in wrong), "; ".join(e[2] for e in wrong)
    )


def _held(held: Held, inputs: EntryInputs, entry: Ready) -> Check:
    total = inputs.header_total
    total = money.total(line.net for line in inputs.lines) if total is None else total
    hold = held.hold(total, inputs.currency, order=inputs.identity.order_number)
    code, facts = entry.text("hold"), entry.get("facts") or {}
    good = hold.code == code and fits(facts, hold.facts)
    expected = f"{code or 'an entry'} {plain(facts) if facts else ''}".strip()
    return Check(entry.entry.title, good, expected, f"{hold.code} {render_hold(hold).sentence}")


async def _inputs(play: Play, entry: Ready) -> EntryInputs:
    rules, accounts = await play.rules(), await play.stage.records("quickbooks", "Account")
    table = {str(account["Id"]): wire.convert(account, Account, "an account") for account in accounts}
    template = rules.template
    if template is None:
        raise Unknown("There is no template.", "Report this.")
    lines = [await _line(play, line, number) for number, line in enumerate(entry.get("given_lines"), 1)]
    return EntryInputs(
        identity=Identity(
            realm_id=rules.realm_id, org_id=rules.org_id, order_id="801000000000001AAA", order_number="1"
        ),
        template=msgspec.structs.replace(template, id=entry.value),
        lines=tuple(lines),
        accounts=table,
        customer="1",
        currency=entry.text("currency") or "USD",
        home="USD",
        day=entry.get("date") or play.stage.today(),
        rate=entry.get("rate"),
        header_total=entry.get("header"),
        discount=entry.get("discount", money.ZERO),
        discount_mode=entry.get("discount_mode", "net"),
        max_lines=entry.get("max_lines", rules.max_lines),
    )


async def _line(play: Play, line: Json, number: int) -> EntryLine:
    return EntryLine(
        number=line.get("number", f"{100 + number:010}"),
        net=line["net"],
        account=(await play.names.ref(line.get("account", "4000"), "gl_account")).id,
        department=await _dim(play, "department", line.get("department", "")),
        class_=await _dim(play, "class", line.get("class", "")),
        gross=line.get("gross"),
        splits=tuple([await _split(play, share) for share in line.get("splits", ())]),
    )


async def _split(play: Play, share: Json) -> Split:
    class_ = await _dim(play, "class", share["class"]) if "class" in share else None
    return Split(
        percent=share["percent"], department=await _dim(play, "department", share["department"]), class_=class_
    )


async def _dim(play: Play, kind: str, text: str) -> str:
    """The id of a department or class; an id of the writer's own stays as it is."""
    if text in ("", "-"):
        return ""
    try:
        return (await play.names.ref(text, kind)).id
    except Unknown:
        if text.isdecimal():
            return text
        raise


async def _built(play: Play, entry: Ready, built: Entry) -> list[tuple[bool, str, str] | None]:
    books = await books_of(play.stage)
    lines = [line for part in built.parts for line in entry_lines(part.draft.body(), books)]
    expected, total = entry.get("lines"), money.total(part.draft.total for part in built.parts)
    nets: list[Decimal] = entry.get("nets", [])
    sums = _sums(built, [line.get("number", f"{100 + n:010}") for n, line in enumerate(entry.get("given_lines"), 1)])
    count = entry.get("entries")
    return [
        None
        if expected is None
        else (same(expected, lines, in_order=entry.get("in_order", False)), shown(expected), shown(lines, expected)),
        (nets == sums, f"nets {plain(nets)}", f"nets {plain(sums)}") if nets else None,
        None if "total" not in entry.args else (entry.get("total") == total, plain(entry.get("total")), plain(total)),
        None if count is None else (count == len(built.parts), f"{count} entries", f"{len(built.parts)} entries"),
        (True, "balanced", "balanced"),
    ]


def _sums(built: Entry, numbers: list[str]) -> list[Decimal]:
    return [money.total(leg.net for leg in built.legs if leg.line == number) for number in numbers]


async def matching(play: Play, entry: Ready) -> Check:
    """Points and outcome (accounting-rules E.1)."""
    rules = await play.rules()
    parties = [_party(str(number), args) for number, args in enumerate(entry.get("candidates"), 1)]
    matched = match(_party("0", entry.args), Index(parties), rules)
    points = {candidate.party.name: candidate.score for candidate in matched.candidates}
    expected_points = entry.get("points") or {}
    scores = {name: points.get(name, 0) for name in expected_points}
    ahead = matched.best.party.name if matched.candidates else "(none)"
    good = matched.outcome == entry.value and all(
        matches(score, scores[name]) for name, score in expected_points.items()
    )
    best = entry.text("best")
    points_text = f", points {plain(expected_points)}" if expected_points else ""
    expected = f"{entry.value}{f', best {best}' if best else ''}{points_text}"
    evidence = "; ".join(
        f"{candidate.party.name} {candidate.score} ({', '.join(candidate.why)})" for candidate in matched.candidates
    )
    return Check(
        entry.entry.title, good and best in ("", ahead), expected, f"{matched.outcome}: {evidence or 'nobody'}"
    )


def _party(key: str, known: Json) -> Party:
    """A business by its evidence, read as the flows read an account's."""
    children = tuple(SObject("Contact", str(n), {"Email": email}) for n, email in enumerate(known.get("email", ())))
    fields = {
        "Name": known["name"],
        "Website": known.get("website"),
        "Phone": known.get("phone"),
        "BillingStreet": known.get("street"),
        "BillingPostalCode": known.get("postal_code"),
        "BillingCountry": known.get("country"),
        "Contacts": children,
    }
    party = of_account(SObject("Account", key, fields), _HOME)
    return msgspec.structs.replace(party, tax_id=canonical.folded(known.get("tax_id")) or "")
