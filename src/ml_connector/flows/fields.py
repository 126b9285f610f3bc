"""What of a body the other side takes, and what is left out of it with a flag.

Left out is what describe hides or locks, what a picklist does not have, and what was refused before with the same
value. A field that a record cannot do without holds it instead. What is left out is no difference: whoever compares
writes nothing for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.plans import Context, Digest, NeedLink, NeedReference, Refused, Without, Write
from ml_connector.model.refs import Json, Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import SETTINGS, Trigger, table_changed
from ml_connector.systems.salesforce.records import EXTERNAL_ID, WRITTEN, Field, Object, Written

CUSTOMER: Mapping[str, Flag] = {
    "CompanyName": Flag.LEFT_OUT_COMPANY_NAME,
    "PrimaryPhone": Flag.LEFT_OUT_PHONE,
    "WebAddr": Flag.LEFT_OUT_WEBSITE,
    "PrimaryEmailAddr": Flag.LEFT_OUT_BILLING_EMAIL,
    "BillAddr": Flag.LEFT_OUT_BILLING_ADDRESS,
    "ShipAddr": Flag.LEFT_OUT_SHIPPING_ADDRESS,
}
"""What a QuickBooks customer can do without."""

_OF_A_VALUE = {
    "salesforce": frozenset(
        {
            *("FIELD_INTEGRITY_EXCEPTION", "FIELD_FILTER_VALIDATION_EXCEPTION", "INVALID_FIELD"),
            *("INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_EMAIL_ADDRESS"),
            *("STRING_TOO_LONG", "NUMBER_OUTSIDE_VALID_RANGE"),
        }
    ),
    "quickbooks": frozenset({"2010", "2030", "2040", "2050", "2080", "2090", "2170", "6000"}),
}
"""Refusals that are about the value of the fields they name (salesforce reference 2.6, quickbooks reference 12.2)."""
_NAMES_IN_TEXT = ("INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE")


class Fitted(msgspec.Struct, frozen=True):
    """What is left of a body, and the flags of what is not. `waits_for`: upon these more of it may be taken.

    `links` end what was remembered of refusals: describe knows better by now.
    """

    body: Json
    flags: tuple[Flag, ...] = ()
    waits_for: tuple[Trigger, ...] = ()
    links: tuple[LinkDraft, ...] = ()


def shown(kind: str, context: Context) -> Object:
    """What the org shows of a kind to the integration user."""
    described: Object = context.reference("salesforce", f"fields:{kind}")
    return described


def changed(kind: str) -> Trigger:
    """Fires when the org shows other fields of a kind, or gives other rights on them."""
    return table_changed(f"fields:{kind}", "salesforce")


def require(kind: str, names: Sequence[str], record: str, context: Context) -> None:
    """Raises `Held` where a field is hidden that `record` cannot be looked for without."""
    hidden = [name for name in names if name not in shown(kind, context)]
    if hidden:
        raise _needed(kind, hidden, record, "see")


def for_salesforce(kind: str, key: str, body: Json, context: Context, *, creating: bool, record: str) -> Fitted:
    """What of a body is sent. `key` is that of the write; `record` how people call it.

    Raises `Held` where a field is needed that cannot be written.
    """
    if not body:
        return Fitted(body)
    context.want(NeedReference("salesforce", f"fields:{kind}"), NeedLink(Role.REFUSED, Ref("salesforce", kind, key)))
    described, before = shown(kind, context), refused_before("salesforce", kind, key, context)
    _check_needed(kind, body, described, creating=creating, record=record)
    fitted: Json = {}
    flags: dict[Flag, None] = {}
    for name, value in body.items():
        field, flag = described.field(name), WRITTEN[kind][name].flag
        choice = _choice(field, value)
        closed = (
            _lacks(described, name, creating=creating)
            or not choice
            or is_refused(before, name, choice[0], context.digest)
        )
        if flag is not None and closed:
            flags[flag] = None
        else:
            fitted[name] = choice[0] if choice else value
    waits = (changed(kind),) if flags else ()
    return Fitted(fitted, tuple(flags), waits, forgotten(described, before, creating=creating))


def for_customer(key: str, body: Json, context: Context) -> Fitted:
    """The same for a QuickBooks customer, of which nothing is known but what was refused before."""
    before = refused_before("quickbooks", "Customer", key, context) if any(name in CUSTOMER for name in body) else {}
    out = [name for name, value in body.items() if name in CUSTOMER and is_refused(before, name, value, context.digest)]
    return Fitted({name: value for name, value in body.items() if name not in out}, tuple(CUSTOMER[n] for n in out))


def refused_before(system: str, kind: str, key: str, context: Context) -> Mapping[str, Link]:
    """What is remembered of values that were refused, by field."""
    links = context.links(Role.REFUSED, Ref(system, kind, key))
    return {field: link for link in links if (field := link.agreed.get("field"))}


def flags_of(kind: str, key: str, context: Context) -> tuple[Flag, ...]:
    """Flags of the fields of a Salesforce record that were refused and are not there since."""
    before = refused_before("salesforce", kind, key, context)
    flags = [WRITTEN[kind][name].flag for name, link in before.items() if link.agreed.get("value")]
    return tuple(dict.fromkeys(flag for flag in flags if flag is not None))


def takes(described: Object, name: str, *, creating: bool) -> bool:
    """Whether a field may be written by right."""
    return not _lacks(described, name, creating=creating)


def _check_needed(kind: str, body: Json, described: Object, *, creating: bool, record: str) -> None:
    """A right on the whole object is not looked at: Salesforce says in its own words that it is missing."""
    rules = WRITTEN[kind]
    names = [*body, *([EXTERNAL_ID] if creating and EXTERNAL_ID in rules and EXTERNAL_ID not in body else [])]
    needed = [name for name in names if rules[name].needed]
    for right in ("see", "create" if creating else "edit"):
        lacking = [name for name in needed if _lacks(described, name, creating=creating) == right]
        if lacking:
            raise _needed(kind, lacking, record, right)
    for name in needed:
        if name in body and not _choice(described.field(name), body[name]):
            raise _needed(kind, [name], record, "list")


def _needed(kind: str, names: Sequence[str], record: str, case: str) -> Held:
    fields = ", ".join(f"{kind}.{name}" for name in names)
    return Held(code="FIELD-NEEDED", waits_for=(changed(kind), SETTINGS), case=case, name=record, fields=fields)


def _lacks(described: Object, name: str, *, creating: bool) -> str:
    """The right on a field that is missing to write it; blank for none, or where the object as a whole is closed."""
    field = described.field(name)
    if field is None:
        return "see"
    if creating:
        return "" if field.createable or not described.createable else "create"
    return "" if field.updateable or not described.updateable else "edit"


def _choice(field: Field | None, value: Any) -> tuple[Any] | None:
    """The value as the org's picklist spells it; None where a restricted one does not have it."""
    if field is None or not field.restricted_picklist or not isinstance(value, str):
        return (value,)
    choice = field.choice(value)
    return None if choice is None else (choice,)


# --- what was refused


def without(write: Write, refusal: Refused, digest: Digest) -> Without | None:
    """The same write again without what was refused; None if that is nothing that it can do without."""
    if refusal.code not in _OF_A_VALUE.get(write.system, ()):
        return None
    named = _named(write, refusal)
    if not named or not all(_optional(write, name) for name in named):
        return None
    return Without(links=tuple(_remembered(write, name, refusal.code, digest) for name in named))


def _optional(write: Write, name: str) -> bool:
    if write.system == "quickbooks":
        return write.kind == "Customer" and name in CUSTOMER
    return not WRITTEN.get(write.kind, {}).get(name, Written()).needed


def _named(write: Write, refusal: Refused) -> list[str]:
    """The fields of the body that a refusal names; none if it names one that is not in it."""
    if not refusal.fields and refusal.code in _NAMES_IN_TEXT:
        words = set(re.findall(r"\w+", refusal.message))
        return [name for name in write.body if name in words]
    named: dict[str, None] = {}
    for field in refusal.fields:
        names = [name for name in write.body if _is_called(name, field)]
        if not names:
            return []
        named |= dict.fromkeys(names)
    return list(named)


def _is_called(name: str, field: str) -> bool:
    """Whether a vendor means this field: `BillingState` is written as a code, `BillAddr.City` is a part."""
    plain, asked = name.casefold(), field.casefold()
    if asked.endswith("address"):
        return plain.startswith(asked.removesuffix("address"))
    return plain in asked.split(".") or plain.removesuffix("code") == asked.removesuffix("code")


def _remembered(write: Write, name: str, code: str, digest: Digest) -> LinkDraft:
    """One link for each field, so that a second refusal does not forget the first."""
    record = Ref(write.system, write.kind, write.key)
    field = Ref(write.system, "Refused", f"{write.kind}.{name}:{write.key}")
    agreed = {"field": name, "value": digest(_plain(write.body[name])), "code": code}
    return LinkDraft(Role.REFUSED, field, record, agreed)


def is_refused(before: Mapping[str, Link], name: str, value: Any, digest: Digest) -> bool:
    """Whether this field was refused with this value."""
    return name in before and before[name].agreed.get("value") == digest(_plain(value))


def forgotten(described: Object, before: Mapping[str, Link], *, creating: bool) -> tuple[LinkDraft, ...]:
    """A right that a refusal told of and that describe tells of too is no longer remembered: once it is given, all of
    it is tried again."""
    told = [
        link
        for name, link in before.items()
        if link.agreed.get("value") and link.agreed.get("code") in _NAMES_IN_TEXT
        if _lacks(described, name, creating=creating)
    ]
    return tuple(LinkDraft(Role.REFUSED, link.source, link.target, {**link.agreed, "value": None}) for link in told)


def _plain(value: Any) -> str:
    """The same for the same value. All telephone numbers can be tried against it: it is never kept as it is."""
    return f"value {hashlib.sha256(msgspec.json.encode(value, order='sorted')).hexdigest()[:16]}"
