"""What of an older version's links is a digest without a key, and what stands there instead."""

from __future__ import annotations

import pytest

from ml_connector.flows.older_digests import keyed
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from support.digests import digest

EMAIL, VALUE, NAME = "621d8cc13e7c", "621d8cc13e7c621d", "621d8cc13e7c621d8cc13e7c"
ADDRESS = digest(f"email {EMAIL}")
CONTACT, ACCOUNT = Ref("salesforce", "Contact", "003A"), Ref("salesforce", "Account", "001A")
INVOICE, OPPORTUNITY = Ref("quickbooks", "Invoice", "7"), Ref("salesforce", "Opportunity", "006A")


def _refused(kind: str, key: str, value: str | None) -> Link:
    source = Ref("salesforce", "Refused", f"{kind}.Phone:{key}")
    return Link(Role.REFUSED, source, Ref("salesforce", kind, key), {"field": "Phone", "value": value, "code": "X"})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            Link(Role.CONTACT, Ref("quickbooks", "Email", f"58:{EMAIL}"), CONTACT),
            Link(Role.CONTACT, Ref("quickbooks", "Email", f"58:{ADDRESS}"), CONTACT),
        ),
        (
            Link(Role.NAME_TAKEN, Ref("quickbooks", "Name", NAME), ACCOUNT, {"version": "3"}),
            Link(Role.NAME_TAKEN, Ref("quickbooks", "Name", digest(f"name {NAME}")), ACCOUNT, {"version": "3"}),
        ),
        (
            Link(Role.OPPORTUNITY, INVOICE, OPPORTUNITY, {"emails": f"{EMAIL} {EMAIL}", "net": "5.00"}),
            Link(Role.OPPORTUNITY, INVOICE, OPPORTUNITY, {"emails": f"{ADDRESS} {ADDRESS}", "net": "5.00"}),
        ),
        (_refused("Account", "1:58", VALUE), _refused("Account", "1:58", digest(f"value {VALUE}"))),
        (_refused("Contact", f"1:58:{EMAIL}", None), _refused("Contact", f"1:58:{ADDRESS}", None)),
    ],
)
def test_they_are_keyed_once(before: Link, after: Link) -> None:
    assert keyed(before, digest) == keyed(after, digest) == after


@pytest.mark.parametrize(
    "link",
    [
        Link(Role.OPPORTUNITY, INVOICE, OPPORTUNITY, {"emails": None, "net": "5.00"}),
        Link(Role.OPPORTUNITY, INVOICE, OPPORTUNITY, {"net": "5.00"}),
        _refused("Account", "1:58", None),
        Link(Role.BILLED, INVOICE, ACCOUNT),
    ],
)
def test_a_link_without_any_stays_as_it_is(link: Link) -> None:
    assert keyed(link, digest) == link
