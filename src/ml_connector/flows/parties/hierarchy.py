"""Parents first: the account above a sub-customer, or why it has to wait (accounting-rules D.11)."""

from __future__ import annotations

from ml_connector.model.held import Held
from ml_connector.model.plans import Context
from ml_connector.model.refs import Gone, Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import Trigger, linked
from ml_connector.systems.quickbooks.records import Customer, Reference

from .pair_links import awaiting, ended, of_customer

LEVELS = 5


def parent_account(customer: Customer, context: Context) -> str:
    """The id of the account that the account of this customer hangs below; empty for a customer at the top.

    A project has no account: what is below it hangs where the project would. Raises `Held`: WAIT_PARENT for a parent
    whose account is to come, which is knocked; ACCOUNT-GONE and V-PARENT where none can come.
    """
    if not _has_parent(customer):
        return ""
    if customer.level >= LEVELS:
        raise _impossible(customer, "levels")
    ref = parent_ref(customer)
    if link := of_customer(ref, context):
        return link.target.id
    parent: Customer | Gone = context.record(ref)
    if isinstance(parent, Gone):
        raise _impossible(customer, "gone", waits_for=(linked(Role.ACCOUNT, ref),))
    if past := ended(ref, context):
        raise _deserted(customer, parent, past)
    if _in_a_circle(customer, context):
        raise _impossible(customer, "circle")
    if parent.is_project:
        return parent_account(parent, context)
    raise _waits(customer, parent, context)


def parent_ref(customer: Customer) -> Ref:
    """The customer above; of blank id for one at the top."""
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


def _waits(customer: Customer, parent: Customer, context: Context) -> Held:
    return Held(
        code="WAIT_PARENT",
        waits_for=(linked(Role.ACCOUNT, parent.ref),),
        knocks=(parent.ref,),
        links=awaiting(parent, customer.ref, context),
        name=customer.plain_name,
        parent=parent.plain_name or parent.id,
        awaited=str(parent.ref),
    )


def _deserted(customer: Customer, parent: Customer, past: Link) -> Held:
    return Held(
        code="ACCOUNT-GONE",
        case="parent",
        waits_for=(linked(Role.ACCOUNT, parent.ref),),
        customer=customer.plain_name,
        parent=past.agreed.get("name") or parent.plain_name,
    )


def _impossible(customer: Customer, case: str, waits_for: tuple[Trigger, ...] = ()) -> Held:
    parent = _pointer(customer)
    facts = {"account": customer.plain_name, "parent": parent.name or parent.value}
    return Held(facts, code="V-PARENT", case=case, waits_for=waits_for)
