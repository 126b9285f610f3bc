"""Which QuickBooks customer an account's orders are posted with, after people merged or deleted some (D.9, E.5)."""

from __future__ import annotations

from collections.abc import Iterable

from ml_connector.model.held import Held
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked, record_changed
from ml_connector.systems.quickbooks.records import Customer

PAST = "Past"


def has_ended(link: Link) -> bool:
    """Whether it only says what was."""
    return link.target.kind.endswith(PAST)


def customer_of(link: Link) -> Ref:
    """The customer's side of a link between a customer and an account."""
    return link.source if link.source.kind == "Customer" else link.target


def live_links(links: Iterable[Link], account: Ref) -> list[Link]:
    """An account's links: to its own customer first, then to those whose invoices it shows, then whom it posts with."""
    live = [link for link in links if not has_ended(link)]
    return sorted(live, key=lambda link: (not link.exclusive, link.source == account))


def posting_customer(links: Iterable[Link], account: Ref) -> Ref:
    """The customer of an account's orders, from its links in role `account`. Raises `Held` (H-CUST-UNLINKED).

    After a merge an account may have a second, read-only link; its own customer comes first.
    """
    live = live_links(links, account)
    if not live:
        raise Held(code="H-CUST-UNLINKED", waits_for=(linked(Role.ACCOUNT, account),), knocks=(account,))
    return customer_of(live[0])


def present(record: object, ref: Ref, account: Ref) -> Customer:
    """The customer `ref` as it was read. Raises `Held` (H-CUST-INACTIVE) for one that is gone."""
    if isinstance(record, Customer):
        return record
    waits = (record_changed(ref), linked(Role.ACCOUNT, account))
    raise Held(code="H-CUST-INACTIVE", case="gone", waits_for=waits, knocks=(account,))
