"""Names that somebody has, that QuickBooks refuses, and what a person's word changes (E.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.flows.parties.account_to_customer import FLOW
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Decision, Hold, Refused, Write
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked
from ml_connector.systems.quickbooks.records import Customer, Reference, Vendor
from support.context import RULES, World, decide, settle, sobject, writes
from support.digests import digest

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
        hold = FLOW.refused(write, TAKEN, digest)
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
    hold = FLOW.refused(write, TAKEN, digest)
    assert isinstance(hold, Hold)
    assert (hold.code, hold.links) == ("NAME-TAKEN", ())
    assert linked(Role.DECLARED_NEW, ACCOUNT) in hold.waits_for


def test_an_inactive_customer_is_no_namesake_by_the_mark_that_it_carries() -> None:
    """An account may really be called so; the name is taken all the same."""
    inactive = Customer(id="7", display_name="Acme (deleted)", active=False)
    write = looked_at(world(inactive, name="Acme (deleted)", new=False))
    assert isinstance(write, Write)
    assert write.body["DisplayName"] == f"Acme (deleted) (SF {KEY[-6:]})"


# --- an account is renamed into a name that is taken

OTHERS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "Phone": ("617-555-0199", lambda customer: customer.primary_phone.free_form_number),
    "Website": ("https://new.example", lambda customer: customer.web_addr.uri),
    "ShippingCity": ("Albany", lambda customer: customer.ship_addr.city),
}
SAYS = "The name supplied already exists. : Another vendor is already using this name"


@pytest.mark.parametrize("name", ["Globex", "globex gmbh", "Zażółć"])
@pytest.mark.parametrize("others", [(), ("Phone",), ("Website", "ShippingCity"), tuple(OTHERS)])
def test_a_rename_into_a_taken_name_keeps_nothing_else_back(name: str, others: tuple[str, ...]) -> None:
    customer = Customer(id="7", sync_token="3", display_name="Acme", currency_ref=Reference(value="USD"))
    account = sobject("Account", ACCOUNT.id, Name="Acme", QBO_Id__c=f"{RULES.realm_id}:7", QBO_Active__c=True)
    refusing: list[Write] = []

    def refuses(write: Write) -> Refused | None:
        if "DisplayName" not in write.body:
            return None
        refusing.append(write)
        return Refused("6240", SAYS)

    made = World(customer, account, refuses=refuses)
    made.link(Role.ACCOUNT, customer.ref, ACCOUNT, {"name": "Acme"})
    settle(FLOW, ACCOUNT, made)
    made.put(made.records[ACCOUNT].merged({"Name": name, **{field: OTHERS[field][0] for field in others}}))
    decisions = settle(FLOW, ACCOUNT, made)
    hold = decisions[-1]
    assert isinstance(hold, Hold)
    assert (hold.code, hold.facts) == (
        "NAME-TAKEN", {"case": "rename", "name": name, "account": name, "says": SAYS}
    )  # fmt: skip
    assert len(refusing) == (2 if others else 1)
    now = made.records[customer.ref]
    assert now.display_name == "Acme"
    assert [read(now) for _, read in (OTHERS[field] for field in others)] == [OTHERS[field][0] for field in others]
    went = [write for write in writes(decisions) if write.system == "quickbooks" and write not in refusing]
    assert [write.flags for write in went] == [(Flag.LEFT_OUT_NAME,)] * bool(others)


def test_a_rename_that_is_free_at_last_goes_through() -> None:
    customer = Customer(id="7", sync_token="3", display_name="Acme", currency_ref=Reference(value="USD"))
    account = sobject("Account", ACCOUNT.id, Name="Globex", QBO_Id__c=f"{RULES.realm_id}:7", Phone="617-555-0199")
    made = World(
        customer, account, refuses=lambda write: Refused("6240", SAYS) if "DisplayName" in write.body else None
    )
    made.link(Role.ACCOUNT, customer.ref, ACCOUNT, {"name": "Acme"})
    assert isinstance(settle(FLOW, ACCOUNT, made)[-1], Hold)
    made.refuses = lambda _: None
    settle(FLOW, ACCOUNT, made)
    assert made.records[customer.ref].display_name == "Globex"
