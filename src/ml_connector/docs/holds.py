"""Every reason to hold, as a chapter of the runbook."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from string import Formatter
from typing import assert_never

from ml_connector.model.hold_words import ORDERS, Actor, HoldCode, Late
from ml_connector.model.holds import CODES, WORDS
from ml_connector.model.roles import Role
from ml_connector.model.triggers import Release, TriggerKind

_ACTORS: dict[Actor, str] = {
    "preparer": "the preparer, who maps and makes plans",
    "approver": "the approver, who applies plans",
    "admin": "the administrator of the connection",
    "sales": "whoever keeps the record in its source",
    "nobody": "nobody; it is a matter of time",
}
_ROLES = {Role.ACCOUNT: "an account", Role.OPPORTUNITY: "an opportunity"}
_TABLES = {
    "accounts": "an account of the chart of accounts changes",
    "items": "an item changes",
    "departments": "a location (department) changes",
    "classes": "a class changes",
    "preferences": "the company's settings or its closing date change",
    "stages": "the opportunity stages change",
    "currencies": "the active currencies change",
}


def holds_as_markdown() -> str:
    """One section for each hold code, with its cases; orders first."""
    orders = {word.code for word in ORDERS}
    first = [code for code in CODES if code in orders]
    others = [code for code in CODES if code not in orders]
    parts = ["## Holds on orders\n", *map(_section, first), "## Holds on customers, accounts and invoices\n"]
    return "\n".join([*parts, *map(_section, others)])


def _section(code: str) -> str:
    cases = [case for case in WORDS.values() if case.code == code]
    return "\n".join([f"### {code}\n", *map(_case, cases)])


def _case(case: HoldCode) -> str:
    return (
        f"> {_spoken(case.sentence)}\n\n"
        f"- **Means:** {_spoken(case.meaning)}\n"
        f"- **Do:** {_spoken(case.remedy)}\n"
        f"- **Who:** {_ACTORS[case.actor]}\n"
        f"- **Ends by itself when** {_or(dict.fromkeys(map(_release, case.released_by)))}\n"
        f"{_late(case.late) if case.late else ''}"
    )


def _late(late: Late) -> str:
    hours, actor = late.after // timedelta(hours=1), _ACTORS[late.actor]
    return (
        f"- **Too long after {hours} hours:** `status` ends with 1 and `holds` lists it first; then it is for {actor}."
        f" {_spoken(late.remedy)}\n"
    )


def _spoken(template: str) -> str:
    """The template with its facts in italics: `{gl_account}` becomes *gl account*."""
    parts = []
    for text, fact, _, _ in Formatter().parse(template):
        parts += [text.replace("*", "\\*"), f"*{fact.replace('_', ' ')}*" if fact else ""]
    spoken = "".join(parts)
    return spoken[:1].upper() + spoken[1:]


def _release(release: Release) -> str:
    """What ends a hold, in words. Raises `KeyError` for a table or a role that has none here."""
    match release.kind:
        case TriggerKind.RECORD:
            return "the record changes"
        case TriggerKind.SETTINGS:
            return "the settings change"
        case TriggerKind.STATE:
            return "the changed row of the state is put right"
        case TriggerKind.CLEAN_POSTINGS:
            return "enough approved entries went well"
        case TriggerKind.DAY:
            return f"that day ({_fact(release.fact)}) has come"
        case TriggerKind.LINK:
            target = _ROLES[release.role] if release.role and release.fact != "account" else "a customer"
            return f"*{_fact(release.fact)}* is linked to {target}"
        case TriggerKind.REFERENCE:
            system = "QuickBooks" if release.system == "quickbooks" else "Salesforce"
            return f"{_TABLES[release.table]} in {system}"
        case _:
            assert_never(release.kind)


def _fact(name: str) -> str:
    return name.replace("_", " ")


def _or(texts: Iterable[str]) -> str:
    *before, last = texts
    return f"{', '.join(before)}, or {last}." if before else f"{last}."
