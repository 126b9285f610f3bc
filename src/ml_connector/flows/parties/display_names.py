"""A name in QuickBooks that nobody else has: customers, vendors and employees share one list (accounting-rules E.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_connector.flows.company import Company
from ml_connector.model.held import Held
from ml_connector.model.plans import Context, NeedFind, NeedLink
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import SObject

from .names import display_forms, refused_name
from .pair_links import is_declared_new, is_linked

KINDS = ("Customer", "Vendor", "Employee")
_UNKNOWN = "QuickBooks does not say by whom"


def claim(name: str) -> str:
    """Two new records in one batch cannot have the same name."""
    return f"quickbooks:name:{name.casefold()}"


def free_name(account: SObject, customer: Customer | None, context: Context) -> str:
    """The name for an account's customer; `customer` is the one that it is for, and may keep its name.

    Raises `Held`: V-NAME where nothing is left of the name, V-DUP where a customer of that name may be this one,
    NAME-TAKEN where every form of it is taken.
    """
    rules = Company(context).rules
    plain, as_customer, as_account = display_forms(account.text("Name"), account.id, rules.display_name_max)
    if not plain:
        raise Held(code="V-NAME", account=account.text("Name") or account.id)
    own = customer.ref if customer is not None else None
    if customer is not None and _is_refused(plain, account, customer, context):
        raise Held(code="NAME-TAKEN", case="rename", name=plain, account=account.text("Name"), says=_UNKNOWN)
    takers = _takers(plain, own, context)
    customers = [taker for taker in takers if _kind(taker) == "Customer"]
    # An inactive customer only shows this name: the one that people gave it is another one.
    namesakes = [customer for customer in customers if customer.plain_name.casefold() == plain.casefold()]
    if unlinked := _unlinked(namesakes, account, context):
        named = ", ".join(f"{customer.plain_name} ({customer.id})" for customer in unlinked)
        raise Held(code="V-DUP", account=account.text("Name"), candidates=named)
    if not _is_taken(plain, account, own, context):
        return plain
    for name in [as_account] if customers else [as_customer, as_account]:
        if not _is_taken(name, account, own, context):
            return name
    if customer is None:
        raise Held(code="NAME-TAKEN", name=plain, account=account.text("Name"))
    says = ", ".join(f"{_kind(taker)} {taker.display_name} ({taker.ref.id})" for taker in takers) or _UNKNOWN
    raise Held(code="NAME-TAKEN", case="rename", name=plain, account=account.text("Name"), says=says)


def _is_taken(name: str, account: SObject, own: Ref | None, context: Context) -> bool:
    """Whether somebody has this name, or QuickBooks said so although nobody is found."""
    return _is_refused(name, account, None, context) or bool(_takers(name, own, context))


def _is_refused(name: str, account: SObject, customer: Customer | None, context: Context) -> bool:
    """Whether QuickBooks refused this name to a customer to be made, or to this one as it stands now."""
    version = customer.sync_token if customer is not None else None
    links = context.links(Role.NAME_TAKEN, account.ref)
    refused = refused_name(name, context.digest)
    return any(link.source == refused and link.agreed.get("version") == version for link in links)


def _takers(name: str, own: Ref | None, context: Context) -> Sequence[Any]:
    """Who has this name, whatever its case. Inactive ones carry ` (deleted)` and so leave theirs free."""
    context.want(*(NeedFind("quickbooks", kind, "DisplayName", name) for kind in KINDS))
    takers = [record for kind in KINDS for record in context.found("quickbooks", kind, "DisplayName", name)]
    return [taker for taker in takers if own is None or taker.ref != own]


def _kind(record: Any) -> str:
    kind: str = record.ref.kind
    return kind


def _unlinked(customers: Sequence[Any], account: SObject, context: Context) -> Sequence[Any]:
    """Customers of that name without an account: perhaps this one, unless a person said that it is not."""
    context.want(*(NeedLink(Role.ACCOUNT, customer.ref) for customer in customers))
    if is_declared_new(context, account.ref):
        return []
    return [customer for customer in customers if not is_linked(customer.ref, context)]
