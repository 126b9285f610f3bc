"""Parents first: the account above a sub-customer, or why it has to wait (accounting-rules D.11)."""

from __future__ import annotations

import msgspec

from ml_connector.model.plans import Context, Hold
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked
from ml_connector.systems.quickbooks.records import Customer, Reference

from .pair_links import of_customer

LEVELS = 5


class Above(msgspec.Struct, frozen=True):
    """The parent's account; blank for a customer at the top."""

    account_id: str = ""


def parent_account(customer: Customer, context: Context) -> Above | Hold:
    """Where the account of this customer hangs. A parent without an account is knocked and waited for."""
    if not _has_parent(customer):
        return Above()
    if customer.level >= LEVELS:
        return _impossible(customer, "levels")
    parent = parent_ref(customer)
    if link := of_customer(parent, context):
        return Above(link.target.id)
    return _impossible(customer, "circle") if _in_a_circle(customer, context) else _waits(customer, parent)


def parent_ref(customer: Customer) -> Ref:
    return Ref("quickbooks", "Customer", _pointer(customer).value)


def _has_parent(customer: Customer) -> bool:
    return bool(_pointer(customer).value)


def _pointer(customer: Customer) -> Reference:
    return customer.parent_ref or Reference()


def _in_a_circle(customer: Customer, context: Context) -> bool:
    """Whether the way up leads back, or is longer than QuickBooks allows."""
    seen = {customer.ref}
    above: Customer | Gone = customer
    for _ in range(LEVELS):
        if isinstance(above, Gone) or not _has_parent(above):
            return False
        ref = parent_ref(above)
        if ref in seen:
            return True
        seen.add(ref)
        if of_customer(ref, context):
            return False
        above = context.record(ref)
    return True


def _waits(customer: Customer, parent: Ref) -> Hold:
    return Hold(
        code="WAIT_PARENT",
        facts={
            "name": customer.plain_name,
            "parent": _pointer(customer).name or parent.id,
            "awaited": str(parent),
        },
        waits_for=(linked(Role.ACCOUNT, parent),),
        knocks=(parent,),
    )


def _impossible(customer: Customer, case: str) -> Hold:
    facts = {
        "case": case,
        "account": customer.plain_name,
        "parent": _pointer(customer).name or _pointer(customer).value,
    }
    return Hold(code="V-PARENT", facts=facts)
