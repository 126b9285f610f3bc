"""What the doctor says about the org: what is missing, and how to put it right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from ml_connector.model.errors import ConnectorError

from .calls import Calls
from .catalog import Catalog
from .reading import Reader
from .records import (
    COMPANY,
    DEPENDS_ON_ORG,
    DESCRIBED,
    EXTERNAL_ID,
    FEATURES,
    KEYED,
    SOUGHT,
    WRITTEN,
    Field,
    Object,
    SObject,
    Written,
    fields_needed,
)

_SETUP = "Run `ml-connector setup salesforce`, and assign its permission set to the integration user."
_COMPANY = f"It is needed where more than one company is connected to this org. {_SETUP}"
_SCARCE = 10


class Finding(msgspec.Struct, frozen=True):
    """One fact: a sentence, and what to do about it (blank where all is well)."""

    level: Literal["ok", "warn", "FAIL"]
    sentence: str
    remedy: str = ""


async def fit(calls: Calls, catalog: Catalog, reader: Reader) -> list[Finding]:
    """Everything that can be said about the org. Raises only when nothing can be asked at all."""
    session = await calls.sessions.session()
    objects = await catalog.objects(fresh=True)
    findings = [Finding("ok", f"Signed in to the org {session.org_id}, API version {calls.sessions.api_version}.")]
    findings += await _asked(calls, reader, objects)
    for kind in DESCRIBED:
        if kind != "OrderItem" or objects["Order"].fields:  # without orders it is said once
            findings += object_findings(objects[kind])
    return findings


async def _asked(calls: Calls, reader: Reader, objects: Mapping[str, Object]) -> list[Finding]:
    async def edition() -> list[Finding]:
        return [edition_finding(await reader.organization())]

    async def currency() -> list[Finding]:
        return [currency_finding(objects["Account"], list(await reader.currencies()))]

    async def limit() -> list[Finding]:
        body = await calls.get(f"{calls.base}/limits")
        return [limit_finding(body, calls.usage.reserve), *storage_findings(body)]

    return [finding for question in (edition, currency, limit) for finding in await _findings(question)]


async def _findings(question: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    """The answer, or the trouble with it: one question that fails must not hide the others."""
    try:
        return await question()
    except ConnectorError as error:
        return [Finding("FAIL", error.sentence, error.remedy)]


def edition_finding(organization: SObject) -> Finding:
    """A warning for editions without change events (reference 7.7), else edition and time zone of the org."""
    edition = organization.text("OrganizationType")
    where = "sandbox" if organization["IsSandbox"] is True else "org"
    if not any(name in edition for name in ("Enterprise", "Unlimited", "Performance", "Developer")):
        return Finding(
            "warn",
            f"The {where} is {edition or 'of an unknown edition'}.",
            "It has no change events and needs the API add-on; changes are found by sweeps only.",
        )
    return Finding("ok", f"The {where} is {edition}, in the time zone {organization.text('TimeZoneSidKey')}.")


def currency_finding(account: Object, currencies: list[str]) -> Finding:
    """Which currencies the org has. Only an org with several shows CurrencyIsoCode (reference 7.7)."""
    if "CurrencyIsoCode" not in account.names:
        return Finding("ok", "The org has a single currency.")
    return Finding("ok", f"The org has several currencies: {', '.join(sorted(currencies))}.")


def limit_finding(body: Any, reserve: int) -> Finding:
    """From the answer of `/limits`: calls left of the rolling 24 hours."""
    daily = body.get("DailyApiRequests") if isinstance(body, Mapping) else None
    most, left = (daily.get("Max"), daily.get("Remaining")) if isinstance(daily, Mapping) else (None, None)
    if not isinstance(most, int) or not isinstance(left, int):
        return Finding("warn", "The org does not say how many API calls are left.", "Give the user View Setup rights.")
    sentence = f"{left:,} of {most:,} API calls are left in the last 24 hours."
    if left <= reserve or left * _SCARCE < most:
        return Finding("warn", sentence, "Work stops at the reserve and goes on by itself; buy calls or save them.")
    return Finding("ok", sentence)


def storage_findings(body: Any) -> list[Finding]:
    """From the answer of `/limits`: whether the org has room for new records. Nothing where it does not say."""
    storage = body.get("DataStorageMB") if isinstance(body, Mapping) else None
    left = storage.get("Remaining") if isinstance(storage, Mapping) else None
    if not isinstance(left, int) or left > 0:
        return []
    remedy = "Make room (Setup > Storage Usage) or buy storage; what waits is tried again by itself every hour."
    return [Finding("FAIL", "The data storage of the org is full: it takes no new records.", remedy)]


def object_findings(described: Object) -> list[Finding]:
    """What is missing of one object, or that it is complete."""
    if not described.fields:
        return [_missing_object(described.name)]
    findings = [*_missing_fields(described), *_missing_rights(described), *_weak_key(described)]
    return findings or [Finding("ok", f"{described.name} has all its fields and rights.")]


def _missing_object(kind: str) -> Finding:
    if kind in FEATURES:
        return Finding("ok", f"The org does not show {kind}: {FEATURES[kind]}.")
    if kind == "Order":
        return Finding(
            "warn",
            "The org has no orders, or the user may not see them: no journal entries are posted. Customers and "
            "invoices are kept in step all the same.",
            "If you use orders: Setup > Order Settings > Enable Orders, and give the integration user read rights.",
        )
    if kind == "OrderItem":
        remedy = f"Give the integration user read rights on it; until then orders are held. {_SETUP}"
        return Finding("FAIL", "The org shows orders without their products.", remedy)
    return Finding("FAIL", f"The org does not show {kind}.", f"Give the integration user read rights on it. {_SETUP}")


def _missing_fields(described: Object) -> Iterator[Finding]:
    """Fields that are read or written and cannot be seen."""
    written = WRITTEN.get(described.name, {})
    used = dict.fromkeys((*fields_needed(described.name), *written))
    if COMPANY in used and COMPANY not in described:
        yield Finding("warn", f"{described.name} lacks {COMPANY}, or the user may not see it.", _COMPANY)
    missing = [name for name in used if name not in described and name not in {*DEPENDS_ON_ORG, COMPANY}]
    ours = [name for name in missing if name.endswith("__c") or (name in written and written[name].needed)]
    if ours:
        yield Finding("FAIL", f"{described.name} lacks {', '.join(ours)}, or the user may not see them.", _SETUP)
    sought = [name for name in missing if name not in ours and name in SOUGHT.get(described.name, ())]
    if sought:
        remedy = "Give the integration user read rights on them; until then what is looked for by them is held."
        yield Finding("FAIL", f"The user may not see {', '.join(sought)} of {described.name}.", remedy)
    if others := [name for name in missing if name not in (*ours, *sought)]:
        out = " and are not written" if any(name in written for name in others) else ""
        remedy = f"Give the integration user read rights on them; until then they count as blank{out}."
        yield Finding("warn", f"The user may not see {', '.join(others)} of {described.name}.", remedy)


def _missing_rights(described: Object) -> Iterator[Finding]:
    kind, written = described.name, WRITTEN.get(described.name, {})
    needs = {
        "create": any(rule.create for rule in written.values()),
        "edit": any(rule.update for rule in written.values()),
    }
    given = {"create": described.createable, "edit": described.updateable}
    if lacking := [right for right, needed in needs.items() if needed and not given[right]]:
        yield Finding("FAIL", f"The user may not {' or '.join(lacking)} {kind}.", f"Give it the right. {_SETUP}")
    locked = [name for name, rule in written.items() if _is_locked(described.field(name), rule)]
    held = [name for name in locked if written[name].needed or name.endswith("__c")]
    if held:
        yield Finding("FAIL", f"The user may not edit {', '.join(held)} of {kind}.", f"Give it the right. {_SETUP}")
    if others := [name for name in locked if name not in held]:
        remedy = f"Give it the right; until then they are left out of what is written, with a flag. {_SETUP}"
        yield Finding("warn", f"The user may not edit {', '.join(others)} of {kind}.", remedy)


def _is_locked(field: Field | None, rule: Written) -> bool:
    """Whether a field that can be seen cannot be written as it is."""
    if field is None:
        return False
    return (rule.create and not field.createable) or (rule.update and not field.updateable)


def _weak_key(described: Object) -> Iterator[Finding]:
    key = described.field(EXTERNAL_ID)
    if described.name not in KEYED or key is None:
        return
    name = f"{described.name}.{EXTERNAL_ID}"
    if not (key.external_id and key.unique):
        remedy = "Make the field an external id that does not allow duplicates, else records could be made twice."
        yield Finding("FAIL", f"{name} is not a unique external id.", remedy)
    elif not key.case_sensitive:
        remedy = "It works; new orgs are set up with a case-sensitive one."
        yield Finding("warn", f"{name} does not tell capital letters from small ones.", remedy)
