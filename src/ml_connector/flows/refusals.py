"""A final refusal becomes a hold: the vendor's code and words, and the record it is about."""

from __future__ import annotations

import msgspec

from ml_connector.model.plans import Digest, Duplicates, Hold, Refused, Reread, Without, Write
from ml_connector.model.refs import LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import Trigger, linked, record_changed, table_changed

from . import fields
from .parties.names import refused_name

DUPLICATE_NAME = "6240"
BAD_REFERENCE = ("610", "2500")
GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY")


def refused(write: Write, refusal: Refused, digest: Digest) -> Hold | Reread | Without:
    """What a write that was refused means: it goes once more without what it can do without, else it is held.

    Where QuickBooks knows an id no longer, the customer or its parent is read anew first; what is inactive or gone is
    then held by its name."""
    if again := fields.without(write, refusal, digest) or _without_name(write, refusal, digest):
        return again
    hold = _hold(write, refusal, digest)
    reread = write.system == "quickbooks" and refusal.code in BAD_REFERENCE
    return Reread(otherwise=hold) if reread else hold


def _without_name(write: Write, refusal: Refused, digest: Digest) -> Without | None:
    """A new name that is taken keeps nothing else of a customer back: the rest goes first, then the name alone.

    The refusal is remembered for the version of the customer that it was about, so that the name is tried again later.
    """
    account = _pair(write).get("account")
    taken = write.system == "quickbooks" and refusal.code == DUPLICATE_NAME and write.action == "update"
    if not taken or account is None or not write.body.keys() - {"DisplayName"}:
        return None
    name, agreed = refused_name(str(write.body.get("DisplayName", "")), digest), {"version": write.sync_token}
    return Without(links=(LinkDraft(Role.NAME_TAKEN, name, account, agreed),))


def _hold(write: Write, refusal: Refused, digest: Digest) -> Hold:
    """A taken name and a duplicate have codes of their own: a person can do something about either."""
    if write.system == "quickbooks" and refusal.code == DUPLICATE_NAME:
        return _name_taken(write, refusal, digest)
    if refusal.duplicates is not None:
        return _duplicate(write, refusal.duplicates)
    facts = {"name": write.label or write.key, "code": refusal.code, "message": refusal.message, "step": write.step}
    code = "REFUSED-BY-QUICKBOOKS" if write.system == "quickbooks" else "REFUSED-BY-SALESFORCE"
    # Who gives a right back, or frees a field, changes no record: the description of the object tells of it.
    waits = (table_changed(f"fields:{write.kind}", "salesforce"),) if write.system == "salesforce" else ()
    return Hold(code=code, facts=facts, waits_for=waits, amount=write.amount, currency=write.currency)


def _name_taken(write: Write, refusal: Refused, digest: Digest) -> Hold:
    """Nobody was found who has the name. Of one that is declared new it is remembered, and the next form is tried."""
    name, account = str(write.body.get("DisplayName", "")), _pair(write).get("account")
    links: tuple[LinkDraft, ...] = ()
    waits: tuple[Trigger, ...] = ()
    if account is not None:
        waits = (linked(Role.ACCOUNT, account), linked(Role.DECLARED_NEW, account))
    if account is not None and write.declared_new:
        links = (LinkDraft(Role.NAME_TAKEN, refused_name(name, digest), account),)
        waits = (linked(Role.NAME_TAKEN, account),)
    facts = {"name": name, "account": write.label}
    if write.action == "update":
        facts |= {"case": "rename", "says": refusal.message}
    return Hold(code="NAME-TAKEN", facts=facts, waits_for=waits, links=links)


def _duplicate(write: Write, found: Duplicates) -> Hold:
    """A rule that only warns lets pass what a person declares new; one that blocks must be changed by its owner."""
    facts = {"name": write.label or write.key, "rule": found.rule or "(not named)"}
    facts["candidates"] = ", ".join(found.candidates) or "another record"
    customer = _pair(write).get("customer")
    if customer is None or not found.warns or write.declared_new:
        return Hold(code="DUPLICATE-BLOCKED", facts=facts, amount=write.amount, currency=write.currency)
    waits = (linked(Role.ACCOUNT, customer), linked(Role.DECLARED_NEW, customer))
    return Hold(code="DUPLICATE-ALERT", facts={**facts, "record": str(customer)}, waits_for=waits)


def _pair(write: Write) -> dict[str, Ref]:
    """Customer and account of a write that makes or renews their link, as far as they are there."""
    ends = [end for draft in write.links if draft.role == Role.ACCOUNT for end in (draft.source, draft.target)]
    return {end.kind.lower(): end for end in ends if end is not None and end.id}


def refused_alone(write: Write, refusal: Refused, digest: Digest) -> Hold | Without:
    """The same for a flow that no sweep lists records for: it waits for a change of the record that was refused."""
    record = Ref(write.system, write.kind, write.target_id)
    hold = _hold(write, refusal, digest)
    hold = msgspec.structs.replace(hold, waits_for=(record_changed(record), *hold.waits_for))
    return fields.without(write, refusal, digest) or hold


def refused_with_account(write: Write, refusal: Refused, digest: Digest) -> Hold | Reread | Without:
    """The same for what hangs on an account: people may have deleted or merged that a moment ago; it is looked at."""
    above = "ParentId" if write.kind == "Account" else "AccountId"
    account = Ref(write.system, "Account", str(write.body.get(above) or ""))
    if write.system != "salesforce" or not account.id or refusal.code not in GONE:
        return refused(write, refusal, digest)
    waits = (linked(Role.MERGED, account), linked(Role.ACCOUNT, Ref(account.system, "AccountPast", account.id)))
    return Hold(
        code="ACCOUNT-GONE",
        facts=_facts(write, account),
        waits_for=waits,
        knocks=(account,),
        amount=write.amount,
        currency=write.currency,
    )


def _facts(write: Write, account: Ref) -> dict[str, str]:
    if write.kind == "Account":
        return {"case": "parent", "customer": write.label, "parent": account.id}
    return {"case": "invoice", "invoice": write.label} if write.kind == "Opportunity" else {"customer": write.label}
