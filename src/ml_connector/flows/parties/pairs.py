"""Bringing a customer and its account into agreement, whichever of the two was looked at (accounting-rules E.2).

One pair, one answer: both flows come here, so a field has the same owner and the same comparison on both ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ml_connector.flows.company import Company
from ml_connector.flows.fields import Fitted, changed, for_customer, for_salesforce, forgotten
from ml_connector.model.canonical import flag, value
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.merge import Merge, Side, merge
from ml_connector.model.plans import Context, Overruled, Skip, Write
from ml_connector.model.refs import Json, Link, LinkDraft
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import SObject

from . import addresses, display_names
from .pair_fields import Pair
from .pair_links import is_declared_new


def settle(customer: Customer, account: SObject, link: Link | None, context: Context) -> Write | Skip:
    """What is to be written to bring the two together: first to the account, then to the customer, then nothing.

    `link` is None for a pair that was only now found to be one; the decision then carries the new link. So it does for
    a link that was not this pair's own until now: only what was agreed on counts of it.
    """
    pair = Pair(customer, account, Company(context))
    values, flags = pair.values()
    merged = merge(values, _agreed(link, pair) if link else {})
    flags += tuple(Flag.conflict(conflict.field) for conflict in merged.conflicts)
    to_account = _for_account(pair, merged, context)
    fitted = to_account.fitted
    flags += fitted.flags
    decision: Write | Skip
    if fitted.body:
        decision = _write_account(pair, merged, to_account, flags, context)
    elif merged.to_source and customer.active:
        decision = _write_customer(pair, merged, flags, link, context)
    else:
        decision = _nothing(pair, merged, flags, link)
    return _waiting(decision, pair) if any(map(Flag.is_left_out, flags)) else decision


def _waiting(decision: Write | Skip, pair: Pair) -> Write | Skip:
    """What is left out is looked at again when the org shows or allows more."""
    before = pair.company.refused_of_account(pair.company.customer_key(pair.customer.id))
    known = forgotten(pair.company.account_fields, before, creating=False)
    decision = msgspec.structs.replace(decision, links=(*decision.links, *known)) if known else decision
    return (
        msgspec.structs.replace(decision, waits_for=(changed("Account"),)) if isinstance(decision, Skip) else decision
    )


_SHARED, _WITHOUT = "shipping_address", "shipping_address_without"
"""An address that both sides may change, and the parts of it that the account did not take."""


def _agreed(link: Link, pair: Pair) -> Mapping[str, str | None]:
    """What both sides agreed on. A part that the account takes by now was never there: it is for QuickBooks to say,
    and no emptiness of Salesforce."""
    parts = (link.agreed.get(_WITHOUT) or "").split()
    taken = set(parts) - set(pair.kept_out(_SHARED)) if parts else set()
    if not taken:
        return link.agreed
    return {**link.agreed, _SHARED: addresses.text_without(link.agreed.get(_SHARED), taken)}


class ToSide(msgspec.Struct, frozen=True):
    """What is written to one side of a pair: the fields of the pair that are in it, and the body."""

    names: tuple[str, ...]
    fitted: Fitted


def _for_account(pair: Pair, merged: Merge, context: Context) -> ToSide:
    """Names whose fields are all left out are not among those that both agree on afterwards."""
    key = pair.company.customer_key(pair.customer.id)
    mark: Json = {} if pair.account["QBO_Id__c"] == key else {"QBO_Id__c": key}
    bodies = {name: pair.for_account((name,)) for name in merged.to_target}
    whole = {**mark, **{field: new for body in bodies.values() for field, new in body.items()}}
    label = pair.account.text("Name")
    fitted = for_salesforce("Account", key, whole, context, creating=False, record=label)
    if not any(value(new) != value(pair.account.get(field)) for field, new in fitted.body.items()):
        # What is left only went along with what is left out, as a country does with its state.
        fitted = msgspec.structs.replace(fitted, body={})
    names = tuple(name for name, body in bodies.items() if not body or any(field in fitted.body for field in body))
    return ToSide(names, fitted)


def _write_account(pair: Pair, merged: Merge, to_account: ToSide, flags: tuple[Flag, ...], context: Context) -> Write:
    names = to_account.names
    overruled = _overruled(pair, merged, names, "target")
    return Write(
        step="account",
        system="salesforce",
        kind="Account",
        action="update",
        body=to_account.fitted.body,
        key=pair.company.customer_key(pair.customer.id),
        target_id=pair.account.id,
        links=(draft(pair, merged.agreed_after(names)),),
        why=_why(names, overruled),
        flags=flags,
        label=pair.account.text("Name"),
        conflicts=overruled,
        declared_new=is_declared_new(context, pair.customer.ref, pair.account.ref),
    )


def _write_customer(
    pair: Pair, merged: Merge, flags: tuple[Flag, ...], link: Link | None, context: Context
) -> Write | Skip:
    key = pair.company.account_key(pair.account.id)
    to_customer = _for_customer(pair, merged, key, context)
    names, name, flags = to_customer.names, "", flags + to_customer.fitted.flags
    try:
        if "name" in names:
            name = display_names.free_name(pair.account, pair.customer, context)
    except Held:
        # The other fields do not wait for a free name: they go first, and the name is held in the round after.
        names = tuple(field for field in names if field != "name")
        if not names:
            raise
        flags += (Flag.LEFT_OUT_NAME,)
    body = to_customer.fitted.body | ({"DisplayName": name} if name else {})
    if not body or (name == pair.customer.plain_name and len(names) == 1):
        return _nothing(pair, merged, flags, link)
    overruled = _overruled(pair, merged, names, "source")
    return Write(
        step="customer",
        system="quickbooks",
        kind="Customer",
        action="update",
        body=body,
        key=key,
        target_id=pair.customer.id,
        sync_token=pair.customer.sync_token,
        links=(draft(pair, merged.agreed_after(names)),),
        why=_why(names, overruled),
        flags=flags,
        label=pair.account.text("Name"),
        claims=(display_names.claim(name),) if name else (),
        conflicts=overruled,
    )


def _for_customer(pair: Pair, merged: Merge, key: str, context: Context) -> ToSide:
    bodies = {name: pair.for_customer((name,)) for name in merged.to_source}
    whole = {part: value for body in bodies.values() for part, value in body.items()}
    fitted = for_customer(key, whole, context)
    return ToSide(tuple(name for name, body in bodies.items() if body.keys() <= fitted.body.keys()), fitted)


def _nothing(pair: Pair, merged: Merge, flags: tuple[Flag, ...], link: Link | None) -> Skip:
    renewed = draft(pair, merged.settled)
    own = link is not None and link.exclusive and link.target == pair.account.ref
    same = own and link is not None and dict(link.agreed) == dict(renewed.agreed)
    return Skip(links=() if same else (renewed,), flags=flags)


def draft(pair: Pair, agreed: Mapping[str, str | None]) -> LinkDraft:
    """The link of a pair. It also remembers whether the parent is billed, which invoices ask for (D.11)."""
    known = {name: text for name, text in agreed.items() if name != _WITHOUT}
    if out := pair.kept_out(_SHARED):
        known[_WITHOUT] = " ".join(out)
    return LinkDraft(
        role=Role.ACCOUNT,
        source=pair.customer.ref,
        target=pair.account.ref if pair.account.id else None,
        agreed={**known, "bill_with_parent": flag(pair.customer.bill_with_parent)},
        exclusive=True,
        source_version=pair.customer.version,
    )


def _overruled(pair: Pair, merged: Merge, names: Sequence[str], side: Side) -> tuple[Overruled, ...]:
    """What these fields, written to one side, overwrite there although people changed it since both agreed."""
    refs = {"source": pair.customer.ref, "target": pair.account.ref}
    record, other = refs.pop(side), *refs.values()
    fields = [conflict.field for conflict in merged.conflicts if conflict.field in names]
    return tuple(Overruled(name, record, other, pair.written(name, side)) for name in fields)


def _why(names: Sequence[str], overruled: Sequence[Overruled]) -> tuple[str, ...]:
    """What differs, in words; never the values, which may be about people."""
    differs = tuple(f"{_spoken(name)} differs" for name in names)
    return differs + tuple(_kept(each) for each in overruled)


def _kept(conflict: Overruled) -> str:
    winner = "Salesforce" if conflict.other.system == "salesforce" else "QuickBooks"
    field = _spoken(conflict.field)
    return f"{field} changed on both sides: {winner} keeps its own, the other value goes to the conflict log"


def _spoken(field: str) -> str:
    return field.replace("_", " ")
