"""Contacts to Multiple Accounts: an org without it knows no AccountContactRelation; with it every contact has one."""

from __future__ import annotations

import pytest

from emulators.salesforce.orgs import TestOrg
from ml_emulators.salesforce.actions.user_actions import ActError

RELATIONS = "SELECT ContactId, AccountId, IsDirect, IsActive FROM AccountContactRelation ORDER BY Id"
NESTED = "SELECT Email, (SELECT AccountId, IsDirect FROM AccountContactRelations) FROM Contact"


@pytest.fixture
def related(org: TestOrg) -> TestOrg:
    org.switches.contacts_to_multiple_accounts = True
    return org


def contact(org: TestOrg, account: str | None, **more: str) -> str:
    own = {"AccountId": account} if account else {}
    return org.add("Contact", LastName="Person", Email="p@acme.example", **own, **more)


def pairs(org: TestOrg) -> list[tuple[str, bool]]:
    """The accounts of all relations, and whether they are direct."""
    return [(row["AccountId"], row["IsDirect"]) for row in org.rows(RELATIONS)]


def test_without_the_feature_there_is_no_such_object(org: TestOrg) -> None:
    contact(org, org.account())
    assert org.get("/sobjects/AccountContactRelation/describe").status == 404
    names = [entry["name"] for entry in org.get("/sobjects").body["sobjects"]]
    assert "Contact" in names
    assert "AccountContactRelation" not in names
    children = org.get("/sobjects/Contact/describe").body["childRelationships"]
    assert "AccountContactRelations" not in [child["relationshipName"] for child in children]
    for query in (RELATIONS, NESTED):
        refused = org.query(query)
        assert (refused.status, refused.code) == (400, "INVALID_TYPE")
    assert org.post("/sobjects/AccountContactRelation", {}).status == 404
    assert "AccountContactRelation" not in org.vendor.kinds()


def test_with_the_feature_it_is_described(related: TestOrg) -> None:
    body = related.get("/sobjects/AccountContactRelation/describe").body
    assert (body["keyPrefix"], body["label"], body["undeletable"]) == ("07k", "Account Contact Relationship", False)
    fields = {field["name"]: field for field in body["fields"]}
    assert [
        (fields[name]["createable"], fields[name]["updateable"]) for name in ("AccountId", "IsDirect", "IsActive")
    ] == [
        (True, False),
        (False, False),
        (True, True),
    ]
    for kind in ("Account", "Contact"):
        children = related.get(f"/sobjects/{kind}/describe").body["childRelationships"]
        assert "AccountContactRelations" in [child["relationshipName"] for child in children]


def test_a_contact_has_a_direct_relation_and_may_have_others(related: TestOrg) -> None:
    own, other = related.account(), related.account()
    person = contact(related, own)
    made = related.add("AccountContactRelation", ContactId=person, AccountId=other, Roles="Decision Maker;Evaluator")
    assert made.startswith("07k")
    assert related.rows(RELATIONS) == [
        {"ContactId": person, "AccountId": own, "IsDirect": True, "IsActive": True},
        {"ContactId": person, "AccountId": other, "IsDirect": False, "IsActive": True},
    ]
    nested = related.rows(NESTED)[0]["AccountContactRelations"]
    assert [row["AccountId"] for row in nested["records"]] == [own, other]


def test_a_contact_without_an_account_has_none(related: TestOrg) -> None:
    contact(related, None)
    assert pairs(related) == []
    assert related.rows(NESTED)[0]["AccountContactRelations"] is None


def test_a_second_relation_of_the_same_two_is_refused(related: TestOrg) -> None:
    own = related.account()
    refused = related.post("/sobjects/AccountContactRelation", {"ContactId": contact(related, own), "AccountId": own})
    assert (refused.status, refused.code) == (400, "DUPLICATE_VALUE")
    assert refused.message == "This contact already has a relationship with this account."


@pytest.mark.parametrize("stays", [True, False])
def test_a_contact_that_changes_its_account(related: TestOrg, stays: bool) -> None:
    related.switches.former_account_stays_related = stays
    first, second = related.account(), related.account()
    person = contact(related, first)
    related.patch(f"/sobjects/Contact/{person}", {"AccountId": second})
    assert pairs(related) == ([(first, False), (second, True)] if stays else [(second, True)])
    related.patch(f"/sobjects/Contact/{person}", {"AccountId": first})
    assert sorted(pairs(related)) == ([(first, True), (second, False)] if stays else [(first, True)])


def test_only_an_indirect_relation_can_be_deleted_by_itself(related: TestOrg) -> None:
    own, other = related.account(), related.account()
    person = contact(related, own)
    indirect = related.add("AccountContactRelation", ContactId=person, AccountId=other)
    direct = related.column("SELECT Id FROM AccountContactRelation WHERE IsDirect = true")[0]
    refused = related.delete(f"/sobjects/AccountContactRelation/{direct}")
    assert (refused.status, refused.code) == (400, "DELETE_FAILED")
    assert related.delete(f"/sobjects/AccountContactRelation/{indirect}").status == 204
    with pytest.raises(ActError):
        related.act("undelete", "AccountContactRelation", Id=indirect)
    assert pairs(related) == [(own, True)]


def test_relations_go_and_come_back_with_the_contact_or_the_account(related: TestOrg) -> None:
    own, other = related.account(), related.account()
    person = contact(related, own)
    related.add("AccountContactRelation", ContactId=person, AccountId=other)
    related.delete(f"/sobjects/Contact/{person}")
    assert pairs(related) == []
    related.act("undelete", "Contact", Id=person)
    assert pairs(related) == [(own, True), (other, False)]
    related.delete(f"/sobjects/Account/{other}")
    assert pairs(related) == [(own, True)]


def test_merged_accounts_leave_one_relation_of_the_two(related: TestOrg) -> None:
    winner, loser = related.account(), related.account()
    person = contact(related, loser)
    related.add("AccountContactRelation", ContactId=person, AccountId=winner)
    related.act("merge", "Account", Id=winner, losers=[loser])
    assert pairs(related) == [(winner, True)]


def test_a_merged_contact_keeps_its_own_account_and_the_losers_as_others(related: TestOrg) -> None:
    own, other = related.account(), related.account()
    winner, loser = contact(related, own), contact(related, other)
    related.act("merge", "Contact", Id=winner, losers=[loser])
    assert pairs(related) == [(own, True), (other, False)]


def test_an_admin_switches_it_on_and_off(org: TestOrg) -> None:
    own, other = org.account(), org.account()
    person = contact(org, own)
    org.switches.contacts_to_multiple_accounts = True
    assert pairs(org) == [(own, True)]
    org.add("AccountContactRelation", ContactId=person, AccountId=other)
    org.vendor.act({"op": "set_switch", "body": {"contacts_to_multiple_accounts": False}})
    assert org.query(RELATIONS).code == "INVALID_TYPE"
    org.switches.contacts_to_multiple_accounts = True
    assert pairs(org) == [(own, True)], "switching it off deletes the indirect ones"


def test_a_snapshot_knows_which_objects_it_has(related: TestOrg) -> None:
    own = related.account()
    contact(related, own)
    kept = related.vendor.snapshot()
    related.vendor.reset()
    assert related.vendor.kinds().count("AccountContactRelation") == 0
    related.vendor.restore(kept)
    related.switches.contacts_to_multiple_accounts = True
    assert [row["AccountId"] for row in related.vendor.records("AccountContactRelation")] == [own]
