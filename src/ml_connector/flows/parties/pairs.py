"""Bringing a customer and its account into agreement, whichever of the two was looked at (accounting-rules E.2).

One pair, one answer: both flows come here, so a field has the same owner and the same comparison on both ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_connector.flows.company import Company
from ml_connector.model.canonical import flag
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.merge import Merge, Side, merge
from ml_connector.model.plans import Context, Overruled, Skip, Write
from ml_connector.model.refs import Json, Link, LinkDraft
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import SObject

from . import display_names
from .pair_fields import Pair
from .pair_links import is_declared_new


def settle(customer: Customer, account: SObject, link: Link | None, context: Context) -> Write | Skip:
    """What is to be written to bring the two together: first to the account, then to the customer, then nothing.

    `link` is None for a pair that was only now found to be one; the decision then carries the new link. So it does for
    a link that was not this pair's own until now: only what was agreed on counts of it.
    """
    pair = Pair(customer, account, Company(context))
    fields, flags = pair.values()
    merged = merge(fields, link.agreed if link else {})
    flags += tuple(Flag.conflict(conflict.field) for conflict in merged.conflicts)
    to_account = _for_account(pair, merged)
    if to_account:
        return _write_account(pair, merged, to_account, flags, context)
    if merged.to_source and customer.active:
        return _write_customer(pair, merged, flags, link, context)
    return _nothing(pair, merged, flags, link)


def _for_account(pair: Pair, found: Merge) -> Json:
    body = pair.for_account(found.to_target)
    key = pair.company.customer_key(pair.customer.id)
    return body if pair.account["QBO_Id__c"] == key else {"QBO_Id__c": key, **body}


def _write_account(pair: Pair, merged: Merge, body: Json, flags: tuple[Flag, ...], context: Context) -> Write:
    overruled = _overruled(pair, merged, merged.to_target, "target")
    return Write(
        step="account",
        system="salesforce",
        kind="Account",
        action="update",
        body=body,
        key=pair.company.customer_key(pair.customer.id),
        target_id=pair.account.id,
        links=(draft(pair, merged.agreed_after(merged.to_target)),),
        why=_why(merged.to_target, overruled),
        flags=flags,
        label=pair.account.text("Name"),
        conflicts=overruled,
        declared_new=is_declared_new(context, pair.customer.ref, pair.account.ref),
    )


def _write_customer(
    pair: Pair, merged: Merge, flags: tuple[Flag, ...], link: Link | None, context: Context
) -> Write | Skip:
    names, name = merged.to_source, ""
    body = pair.for_customer(names)
    try:
        if "name" in names:
            name = display_names.free_name(pair.account, pair.customer.ref, context)
    except Held:
        # The other fields do not wait for a free name: they go first, and the name is held in the round after.
        names = tuple(field for field in names if field != "name")
        if not names:
            raise
    if name:
        body["DisplayName"] = name
    if name == pair.customer.plain_name and len(names) == 1:
        return _nothing(pair, merged, flags, link)
    overruled = _overruled(pair, merged, names, "source")
    return Write(
        step="customer",
        system="quickbooks",
        kind="Customer",
        action="update",
        body=body,
        key=pair.company.account_key(pair.account.id),
        target_id=pair.customer.id,
        sync_token=pair.customer.sync_token,
        links=(draft(pair, merged.agreed_after(names)),),
        why=_why(names, overruled),
        flags=flags,
        label=pair.account.text("Name"),
        claims=(display_names.claim(name),) if name else (),
        conflicts=overruled,
    )


def _nothing(pair: Pair, merged: Merge, flags: tuple[Flag, ...], link: Link | None) -> Skip:
    renewed = draft(pair, merged.settled)
    own = link is not None and link.exclusive and link.target == pair.account.ref
    same = own and link is not None and dict(link.agreed) == dict(renewed.agreed)
    return Skip(links=() if same else (renewed,), flags=flags)


def draft(pair: Pair, agreed: Mapping[str, str | None]) -> LinkDraft:
    """The link of a pair. It also remembers whether the parent is billed, which invoices ask for (D.11)."""
    return LinkDraft(
        role=Role.ACCOUNT,
        source=pair.customer.ref,
        target=pair.account.ref if pair.account.id else None,
        agreed={**agreed, "bill_with_parent": flag(pair.customer.bill_with_parent)},
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
