"""Every end that the parent of a sub-customer can come to, and what the sub-customer does then (D.11)."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.flows.parties.customer_to_account import FLOW
from ml_connector.model import holds
from ml_connector.model.plans import Decision, Hold, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked
from ml_connector.systems.quickbooks.records import Customer, Reference
from support.context import World, decide, settle

MOTHER, CHILD = Ref("quickbooks", "Customer", "1"), Ref("quickbooks", "Customer", "2")
ACCOUNT = Ref("salesforce", "Account", "001000000000001AAA")


def customer(id_: str, name: str, parent: str = "", **fields: Any) -> Customer:
    above = Reference(value=parent) if parent else None
    return Customer(id=id_, display_name=name, parent_ref=above, level=1 if parent else 0, **fields)


def family(mother: Customer | Gone) -> World:
    return World(mother, customer("2", "Child", "1"))


def child_of(world: World) -> Decision:
    return decide(FLOW, world.records[CHILD], world)


@pytest.mark.parametrize("name", ["Mother (deleted)", "Mother (DELETED-2)", "Mother"])
def test_an_inactive_parent_gets_its_account_because_it_is_awaited(name: str) -> None:
    world = family(customer("1", name, active=False))
    assert decide(FLOW, world.records[MOTHER], world) == Skip(
        reason=Reason.INACTIVE, waits_for=(linked(Role.AWAITED, MOTHER),)
    )
    hold = child_of(world)
    assert isinstance(hold, Hold)
    assert (hold.code, hold.knocks, hold.facts["parent"]) == ("WAIT_PARENT", (MOTHER,), "Mother")
    world.keep(hold.links)

    made = settle(FLOW, MOTHER, world)[0]
    assert isinstance(made, Write)
    assert made.body["Name"] == "Mother"
    below = child_of(world)
    assert isinstance(below, Write)
    assert below.body["ParentId"] == world.links[Role.ACCOUNT, MOTHER].target.id


def test_it_is_told_once_who_waits_for_it() -> None:
    world = family(customer("1", "Mother (deleted)", active=False))
    hold = child_of(world)
    assert isinstance(hold, Hold)
    world.keep(hold.links)
    again = child_of(world)
    assert isinstance(again, Hold)
    assert (again.code, again.links) == ("WAIT_PARENT", ())


def test_a_customer_that_waits_itself_is_not_awaited_by_that() -> None:
    world = World(customer("1", "Mother", active=True), customer("2", "Child (deleted)", "1", active=False))
    world.link(Role.AWAITED, MOTHER, CHILD)
    assert isinstance(child_of(world), Skip)


def test_the_child_of_a_project_hangs_where_the_project_would() -> None:
    world = World(customer("1", "Mother"), customer("3", "Project", "1", is_project=True), customer("2", "Child", "3"))
    waits = child_of(world)
    assert isinstance(waits, Hold)
    assert (waits.code, waits.knocks) == ("WAIT_PARENT", (MOTHER,))
    world.link(Role.ACCOUNT, MOTHER, ACCOUNT)
    write = child_of(world)
    assert isinstance(write, Write)
    assert write.body["ParentId"] == ACCOUNT.id


def test_the_child_of_a_project_without_a_customer_stands_at_the_top() -> None:
    world = World(customer("3", "Project", is_project=True), customer("2", "Child", "3"))
    write = child_of(world)
    assert isinstance(write, Write)
    assert "ParentId" not in write.body


NEVER = {
    "gone": "The parent 1 of Child is no longer there.",
    "its account was deleted": "The account of Mother, the parent of Child, was deleted in Salesforce.",
    "a circle": "Child stands under itself by way of its parent 1.",
}


@pytest.mark.parametrize("end", NEVER)
def test_a_parent_that_will_have_no_account_is_a_reason_of_its_own(end: str) -> None:
    """Nothing says that it is on its way, and nobody is alarmed after a day as if it were."""
    world = family(Gone(MOTHER) if end == "gone" else customer("1", "Mother", "2" if end == "a circle" else ""))
    if end == "its account was deleted":
        world.link(Role.ACCOUNT, MOTHER, Ref("salesforce", "AccountPast", ACCOUNT.id), exclusive=False)
    hold = child_of(world)

    assert isinstance(hold, Hold)
    assert (holds.render_hold(hold).sentence, hold.code in holds.ALLOWED) == (NEVER[end], False)
    assert end == "a circle" or linked(Role.ACCOUNT, MOTHER) in hold.waits_for
