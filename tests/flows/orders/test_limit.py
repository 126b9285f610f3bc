"""What may be posted without a click (accounting-rules 0.4, H)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from accounting import books
from ml_connector.flows.orders.limit import precedent_links, precedents, within_limit
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules

RULES = Rules(realm_id="1", org_id="2")


@pytest.mark.parametrize(
    ("limit", "total", "rate", "small"),
    [
        ("250.00", "250.00", "1", True),
        ("250.00", "250.01", "1", False),
        ("250.00", "230.41", "1.0850", True),  # 249.99485
        ("250.00", "230.42", "1.0850", False),  # 250.0057
        ("0.00", "0.01", "1", False),
        ("250.00", "99000", "0.0025", True),
    ],
)
def test_the_limit_is_in_home_currency(limit: str, total: str, rate: str, small: bool) -> None:
    rules = msgspec.structs.replace(RULES, auto_approve_limit=Decimal(limit))
    found = within_limit(Decimal(total), Decimal(rate), "USD", rules)
    assert (found is not None) == small
    assert found is None or (found["limit"], found["currency"], found["rules"]) == (limit, "USD", rules.digest())


def test_what_may_be_new_is_the_template_as_signed_and_each_mapping() -> None:
    rules = msgspec.structs.replace(RULES, template=books.T1)
    refs = precedents(rules, ["501>79"])
    assert [str(ref) for ref in refs] == [f"quickbooks:Template:{books.T1.digest()}", "quickbooks:Mapping:501>79"]
    changed = msgspec.structs.replace(books.T1, unbilled="32")
    assert precedents(msgspec.structs.replace(RULES, template=changed), ["501>79"])[0] != refs[0]
    assert [link.role for link in precedent_links(refs)] == [Role.PRECEDENT] * 2
