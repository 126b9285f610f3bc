"""Names that somebody has, that QuickBooks refuses, and what a person's word changes (E.4)."""

from __future__ import annotations

import pytest

from ml_connector.flows.parties.account_to_customer import FLOW
from ml_connector.model.plans import Decision, Hold, Refused, Write
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked
from ml_connector.systems.quickbooks.records import Customer, Vendor
from support.context import World, decide, sobject

KEY = "001000000000002AAA"
ACCOUNT = Ref("salesforce", "Account", KEY)
TAKEN = Refused("6240", "Duplicate Name Exists Error")


def world(*others: Customer | Vendor, name: str = "Acme", new: bool = True) -> World:
    made = World(sobject("Account", KEY, Name=name, BillingCountry="US", QBO_Ready__c=True), *others)
    if new:
        made.link(Role.DECLARED_NEW, ACCOUNT, ACCOUNT)
    return made


def looked_at(made: World) -> Decision:
    return decide(FLOW, made.records[ACCOUNT], made)


@pytest.mark.parametrize("name", ["Acme", "Zażółć Gęślą", "ACME (deleted)"])
def test_one_that_is_declared_new_takes_the_next_form_of_a_name_that_quickbooks_refuses(name: str) -> None:
    """Nobody is found who has it: QuickBooks compares otherwise than it answers, or its index is behind."""
    made, tried = world(name=name), []
    while isinstance(write := looked_at(made), Write):
        assert write.declared_new
        tried.append(write.body["DisplayName"])
        hold = FLOW.refused(write, TAKEN)
        assert isinstance(hold, Hold)
        assert set(hold.waits_for) == {linked(Role.NAME_TAKEN, ACCOUNT)}  # fired by its own link: decided again at once
        made.keep(hold.links)
    assert tried == [name, f"{name} (Customer)", f"{name} (SF {KEY[-6:]})"]
    assert isinstance(write, Hold)
    assert write.code == "NAME-TAKEN"


def test_without_a_persons_word_a_taken_name_is_held_until_there_is_one() -> None:
    made = world(new=False)
    write = looked_at(made)
    assert isinstance(write, Write)
    assert not write.declared_new
    hold = FLOW.refused(write, TAKEN)
    assert isinstance(hold, Hold)
    assert (hold.code, hold.links) == ("NAME-TAKEN", ())
    assert linked(Role.DECLARED_NEW, ACCOUNT) in hold.waits_for


def test_an_inactive_customer_is_no_namesake_by_the_mark_that_it_carries() -> None:
    """An account may really be called so; the name is taken all the same."""
    inactive = Customer(id="7", display_name="Acme (deleted)", active=False)
    write = looked_at(world(inactive, name="Acme (deleted)", new=False))
    assert isinstance(write, Write)
    assert write.body["DisplayName"] == f"Acme (deleted) (SF {KEY[-6:]})"
