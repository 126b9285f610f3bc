"""What a rule has worked out stands until a fact that it asked for is another one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ml_connector.engine.context import DrainCache, PageContext, ReferenceCache
from ml_connector.model.plans import Done, NotLoaded, Write
from ml_connector.model.refs import Link
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import SObject
from support.digests import digest

CUSTOMER = Customer(id="1", display_name="Acme")
ACCOUNT = SObject("Account", "001000000000001AAA", {"Name": "Acme"})
OTHER = SObject("Account", "001000000000002AAA", {"Name": "Birch"})
PAIR = Link(Role.ACCOUNT, CUSTOMER.ref, ACCOUNT.ref)
MOVED = Link(Role.ACCOUNT, CUSTOMER.ref, OTHER.ref)


def page() -> PageContext:
    made = PageContext(
        Rules(realm_id="", org_id=""),
        date(2026, 11, 22),
        datetime(2026, 11, 22, tzinfo=UTC),
        DrainCache(ReferenceCache()),
        digest,
    )
    for record in (CUSTOMER, ACCOUNT, OTHER):
        made.put(record)
    made.settled(_write({}), Done(ACCOUNT.ref, created=True), ACCOUNT, [PAIR])
    return made


def _write(body: dict[str, Any]) -> Write:
    return Write(step="account", system="salesforce", kind="Account", action="update", body=body, key="k")


class Rule:
    """The name of the customer's account; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, customer: Customer, context: Any) -> str:
        self.asked += 1
        link = context.link(Role.ACCOUNT, customer.ref)
        name: str = context.record(link.target)["Name"]
        return name


def _renamed(context: PageContext) -> None:
    context.put(ACCOUNT.merged({"Name": "Alder"}))


def _moved(context: PageContext) -> None:
    context.learn([MOVED], CUSTOMER.ref)


def _planned(context: PageContext) -> None:
    context._cache.plan_links([MOVED])


def _neighbour(context: PageContext) -> None:
    context.put(OTHER.merged({"Name": "Beech"}))


def _written(context: PageContext) -> None:
    now = ACCOUNT.merged({"Name": "Cedar"})
    context.settled(_write({"Name": "Cedar"}), Done(ACCOUNT.ref), now, [])


@pytest.mark.parametrize(
    ("event", "name", "asked"),
    [
        (_renamed, "Alder", 2),
        (_moved, "Birch", 2),
        (_planned, "Birch", 2),
        (_written, "Cedar", 2),
        (_neighbour, "Acme", 1),
    ],
)
def test_a_rule_is_asked_again_when_one_of_its_facts_is_another(
    event: Callable[[PageContext], None], name: str, asked: int
) -> None:
    context, rule = page(), Rule()
    assert [context.once(rule, CUSTOMER), context.once(rule, CUSTOMER), rule.asked] == ["Acme", "Acme", 1]
    event(context)
    assert (context.once(rule, CUSTOMER), rule.asked) == (name, asked)


def test_a_rule_that_rests_on_another_is_asked_again_with_it() -> None:
    context, inner = page(), Rule()

    def greeting(customer: Customer, facts: Any) -> str:
        return f"Dear {facts.once(inner, customer)}"

    context.once(inner, CUSTOMER)
    assert context.once(greeting, CUSTOMER) == "Dear Acme"
    _renamed(context)
    assert context.once(greeting, CUSTOMER) == "Dear Alder"


def test_the_same_record_read_anew_is_another_record() -> None:
    context, rule = page(), Rule()
    context.once(rule, CUSTOMER)
    assert context.once(rule, Customer(id="1", display_name="Acme")) == "Acme"
    assert rule.asked == 2


def test_what_could_not_be_worked_out_is_not_kept() -> None:
    context, rule = page(), Rule()
    stranger = Customer(id="2")
    for _ in range(2):
        with pytest.raises(NotLoaded):
            context.once(rule, stranger)
    assert rule.asked == 2
