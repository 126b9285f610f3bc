"""Which account is a customer's and which customer an account's, after people merged or deleted some (D.9, E.5).

| Link of role `account` | Means |
|---|---|
| customer -> account, exclusive | a pair: each is the other's own |
| customer -> account | accounts were merged: the customer's invoices go there, nothing else |
| account -> customer | customers were merged: the account's orders are posted with it, nothing else |
| customer -> `AccountPast`, account -> `CustomerPast` | it has ended; what both last agreed on is kept |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ml_connector.accounting.customers import PAST, has_ended, live_links
from ml_connector.model.errors import WrongUse
from ml_connector.model.plans import Context, NeedLink
from ml_connector.model.refs import Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Customer

REVIEWED = "reviewed"


def of_customer(customer: Ref, context: Context) -> Link | None:
    """The link to the account that its invoices go to."""
    return next((link for link in _from(customer, context) if not has_ended(link)), None)


def ended(customer: Ref, context: Context) -> Link | None:
    """What is left of the pair of a customer whose account was deleted."""
    return next((link for link in _from(customer, context) if has_ended(link)), None)


def of_account(account: Ref, context: Context) -> list[Link]:
    """Its links to customers: its own first, then those whose invoices it shows, then the one its orders post with."""
    return live_links(context.links(Role.ACCOUNT, account), account)


def beside(customer: Ref, context: Context) -> list[Ref]:
    """The accounts whose orders are posted with this customer although it is another account's own."""
    live = [link for link in context.links(Role.ACCOUNT, customer) if not has_ended(link)]
    return [each.source for each in live if each.target == customer]


def is_linked(ref: Ref, context: Context) -> bool:
    """Whether this customer or account belongs to one of the other side."""
    return bool(of_customer(ref, context) if ref.kind == "Customer" else of_account(ref, context))


def is_awaited(customer: Ref, context: Context) -> bool:
    """Whether an invoice or a customer below it needs its account although it is inactive."""
    return any(link.source == customer for link in context.links(Role.AWAITED, customer))


def awaiting(customer: Customer, waiting: Ref, context: Context) -> tuple[LinkDraft, ...]:
    """What tells an inactive customer, which would get no account, that `waiting` needs one."""
    if customer.active or is_awaited(customer.ref, context):
        return ()
    return (LinkDraft(Role.AWAITED, customer.ref, waiting),)


def is_declared_new(context: Context, *refs: Ref) -> bool:
    """Whether a person said that one of these records has no counterpart and is to get a new one."""
    context.want(*(NeedLink(Role.DECLARED_NEW, ref) for ref in refs))
    return any(context.link(Role.DECLARED_NEW, ref) for ref in refs)


def end(link: Link) -> LinkDraft:
    """The same link as it ends."""
    past = Ref(link.target.system, f"{link.target.kind}{PAST}", link.target.id)
    return LinkDraft(Role.ACCOUNT, link.source, past, link.agreed, source_version=link.source_version)


def decided(customer: Ref, account: Ref, known: Mapping[Ref, Sequence[Link]], *, vanished: bool = False) -> list[Link]:
    """The links of a pair that people decide on, in order. `vanished`: the account's customer is gone."""
    customer_links = [each for each in known[customer] if not has_ended(each)]
    account_links = [each for each in known[account] if not has_ended(each)]
    second = [
        their for their in customer_links if not their.exclusive and {their.source, their.target} == {customer, account}
    ]
    if second:
        agreed = {**second[0].agreed, REVIEWED: "true"}
        return [msgspec.structs.replace(second[0], agreed=agreed)]
    own = [their for their in customer_links if their.source == customer]
    for link in (*(own if not vanished else ()), *(account_links if not vanished else ())):
        raise WrongUse(
            f"{link.source} and {link.target} belong together already.",
            f"Look at it:  ml-connector explain {link.source}",
        )
    ended = [msgspec.structs.replace(other, target=end(other).target, exclusive=False) for other in account_links]
    if own:
        agreed = {REVIEWED: "true"}
        return [*ended, Link(Role.ACCOUNT, account, customer, agreed)]
    return [*ended, Link(Role.ACCOUNT, customer, account, exclusive=True)]


def _from(customer: Ref, context: Context) -> list[Link]:
    return [link for link in context.links(Role.ACCOUNT, customer) if link.source == customer]
