"""Parents first: the account above a sub-customer, or why it has to wait (accounting-rules D.11)."""

from __future__ import annotations

from ml_connector.model.held import Held
from ml_connector.model.plans import Context
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked
from ml_connector.systems.quickbooks.records import Customer, Reference

from .pair_links import of_customer

LEVELS = 5


def parent_account(customer: Customer, context: Context) -> str:
    """The id of the account that the account of this customer hangs below; empty for a customer at the top.

    Raises `Held`: WAIT_PARENT for a parent without an account, which is knocked; V-PARENT for an impossible one.
    """
    if not _has_parent(customer):
        return ""
    if customer.level >= LEVELS:
        raise _impossible(customer, "levels")
    parent = parent_ref(customer)
    if link := of_customer(parent, context):
        return link.target.id
    raise _impossible(customer, "circle") if _in_a_circle(customer, context) else _waits(customer, parent)


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


def _waits(customer: Customer, parent: Ref) -> Held:
    return Held(
        code="WAIT_PARENT",
        waits_for=(linked(Role.ACCOUNT, parent),),
        knocks=(parent,),
        name=customer.plain_name,
        parent=_pointer(customer).name or parent.id,
        awaited=str(parent),
    )


def _impossible(customer: Customer, case: str) -> Held:
    parent = _pointer(customer)
    return Held(code="V-PARENT", case=case, account=customer.plain_name, parent=parent.name or parent.value)
