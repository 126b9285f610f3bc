"""What a person decides about a review: these two belong together, or this one has no counterpart yet."""

from __future__ import annotations

from ml_connector.actions.acting import must_be
from ml_connector.app import App
from ml_connector.engine.intake import listeners
from ml_connector.flows.parties import pair_links
from ml_connector.model.errors import WrongUse
from ml_connector.model.people import Actor
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import fired_by


def declare_new(app: App, record: str, actor: Actor) -> None:
    """A person says: this customer (or account) has no counterpart yet; a review of it ends, a new one is made."""
    must_be(app, actor, "match new", "preparer")
    ref = Ref.parse(record)
    if (ref.system, ref.kind) not in (("quickbooks", "Customer"), ("salesforce", "Account")):
        raise WrongUse(f"{ref} is neither a customer nor an account.", "Name the record that is under review.")
    _decided(app, Link(Role.DECLARED_NEW, ref, ref), actor)


def declare_pair(app: App, customer: str, account: str, actor: Actor) -> None:
    """A person says: these two belong together. A pair that came about by a merge is confirmed by that.

    Raises `WrongUse` if one has another counterpart, unless that is gone.
    """
    must_be(app, actor, "match pair", "preparer")
    left, right = Ref.parse(customer), Ref.parse(account)
    if (left.system, left.kind, right.system, right.kind) != ("quickbooks", "Customer", "salesforce", "Account"):
        raise WrongUse(
            "A pair is a customer and an account.", "Write quickbooks:Customer:<id> and salesforce:Account:<id>."
        )
    known = app.store.links_of(app.connection.id, Role.ACCOUNT, [left, right])
    vanished = any(row.code == "CUSTOMER-GONE" and row.ref == right for row in app.store.holds(app.connection.id))
    believed = {ref: [link for link in links if link.proved] for ref, links in known.items()}
    for link in pair_links.decided(left, right, believed, vanished=vanished):
        _decided(app, link, actor)


def _decided(app: App, link: Link, actor: Actor) -> None:
    now = app.world.clock.now()
    app.store.put_link(app.connection.id, link, now)
    app.store.fire(app.connection.id, fired_by([link]), now)
    knocks = [knock for ref in (link.source, link.target) for knock in listeners(app.runtime.flows, ref)]
    app.store.intake(app.connection.id, knocks, "decided", now)
    app.store.audit(app.connection.id, actor, "match", str(link.source), {"role": link.role}, now)
