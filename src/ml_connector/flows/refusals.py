"""A final refusal becomes a hold: the vendor's code and words, and the record it is about."""

from __future__ import annotations

import msgspec

from ml_connector.model.plans import Hold, Refused, Reread, Write
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked, record_changed

DUPLICATE_NAME = "6240"
BAD_REFERENCE = ("610", "2500")
GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY")


def refused(write: Write, refusal: Refused) -> Hold | Reread:
    """What a write that was refused means. Where QuickBooks knows an id no longer, the customer or its parent is read
    anew first; what is inactive or gone is then held by its name."""
    hold = _hold(write, refusal)
    reread = write.system == "quickbooks" and refusal.code in BAD_REFERENCE
    return Reread(otherwise=hold) if reread else hold


def _hold(write: Write, refusal: Refused) -> Hold:
    """A taken name has a code of its own, because it needs another name."""
    if write.system == "quickbooks" and refusal.code == DUPLICATE_NAME:
        facts = {"name": str(write.body.get("DisplayName", "")), "account": write.label}
        return Hold(code="NAME-TAKEN", facts=facts, amount=write.amount, currency=write.currency)
    facts = {"name": write.label or write.key, "code": refusal.code, "message": refusal.message, "step": write.step}
    code = "REFUSED-BY-QUICKBOOKS" if write.system == "quickbooks" else "REFUSED-BY-SALESFORCE"
    return Hold(code=code, facts=facts, amount=write.amount, currency=write.currency)


def refused_alone(write: Write, refusal: Refused) -> Hold:
    """The same for a flow that no sweep lists records for: it waits for a change of the record that was refused."""
    record = Ref(write.system, write.kind, write.target_id)
    return msgspec.structs.replace(_hold(write, refusal), waits_for=(record_changed(record),))


def refused_with_account(write: Write, refusal: Refused) -> Hold | Reread:
    """The same for what hangs on an account: people may have deleted or merged that a moment ago; it is looked at."""
    above = "ParentId" if write.kind == "Account" else "AccountId"
    account = Ref(write.system, "Account", str(write.body.get(above) or ""))
    if write.system != "salesforce" or not account.id or refusal.code not in GONE:
        return refused(write, refusal)
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
