"""What a user may see and do: fields, objects, permissions; the integration user and others, taken away in mid-run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_emulators.salesforce import ActError

from .orgs import Reply, TestOrg

CLERK = "clerk@acme.example"


class Worker:
    """Somebody with a token of their own."""

    def __init__(self, org: TestOrg, username: str) -> None:
        self.org = org
        made = org.act("open_session", "", username=username)
        self.token, self.user_id = made["access_token"], made["user_id"]

    def send(self, method: str, url: str, body: Any = None) -> Reply:
        return self.org.send(method, url, body, authorization=f"Bearer {self.token}")

    def fields(self, kind: str) -> dict[str, dict[str, Any]]:
        return {entry["name"]: entry for entry in self.send("GET", f"/sobjects/{kind}/describe").body["fields"]}

    def query(self, text: str) -> Reply:
        return self.send("GET", f"/query?q={text.replace(' ', '+')}")


@pytest.fixture
def clerk(org: TestOrg) -> Worker:
    org.act("add_user", "", Username=CLERK, LastName="Clerk")
    return Worker(org, CLERK)


def test_a_new_user_signs_in_and_owns_what_it_makes(org: TestOrg, clerk: Worker) -> None:
    about = clerk.send("GET", "/services/oauth2/userinfo").body
    assert (about["preferred_username"], about["user_id"]) == (CLERK, clerk.user_id)
    made = clerk.send("POST", "/sobjects/Account", {"Name": "Acme"}).body["id"]
    record = org.record("Account", made)
    assert (record["OwnerId"], record["CreatedById"]) == (clerk.user_id, clerk.user_id)


def test_two_users_cannot_share_a_name(org: TestOrg, clerk: Worker) -> None:
    with pytest.raises(ActError, match="DUPLICATE_USERNAME"):
        org.act("add_user", "", Username=CLERK.upper(), LastName="Other")


def test_a_field_hidden_from_one_user_only(org: TestOrg, clerk: Worker) -> None:
    account = org.account(Phone="1")
    org.act("set_fls", "", object="Account", field="Phone", readable=False, username=CLERK)
    assert "Phone" not in clerk.fields("Account")
    assert "Phone" not in clerk.send("GET", f"/sobjects/Account/{account}").body
    assert clerk.query("SELECT Phone FROM Account").code == "INVALID_FIELD"
    refused = clerk.send("PATCH", f"/sobjects/Account/{account}", {"Phone": "2"})
    assert (refused.code, refused.body[0]["fields"]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Phone"])
    assert org.record("Account", account)["Phone"] == "1"


def test_a_field_read_only_for_one_user(org: TestOrg, clerk: Worker) -> None:
    account = org.account(Phone="1")
    org.act("set_fls", "", object="Account", field="Phone", editable=False, username=CLERK)
    field = clerk.fields("Account")["Phone"]
    assert (field["createable"], field["updateable"]) == (False, False)
    assert clerk.send("PATCH", f"/sobjects/Account/{account}", {"Phone": "2"}).code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert org.patch(f"/sobjects/Account/{account}", {"Phone": "2"}).status == 204


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize(
    ("right", "shown", "method"),
    [("create", "createable", "POST"), ("edit", "updateable", "PATCH"), ("delete", "deletable", "DELETE")],
)
def test_a_right_on_an_object_taken_in_mid_run(org: TestOrg, right: str, shown: str, method: str, status: int) -> None:
    account = org.account()
    org.switches.access_status = status
    org.act("set_object_rights", "", **{"object": "Account", right: False})
    url = "/sobjects/Account" if method == "POST" else f"/sobjects/Account/{account}"
    refused = org.send(method, url, None if method == "DELETE" else {"Name": "Other"})
    assert (refused.status, refused.code) == (status, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert org.get("/sobjects/Account/describe").body[shown] is False
    org.act("set_object_rights", "", **{"object": "Account", right: True})
    assert org.send(method, url, None if method == "DELETE" else {"Name": "Other"}).status in (201, 204)


def test_no_field_can_be_created_where_the_object_cannot(org: TestOrg) -> None:
    org.act("set_object_rights", "", object="Account", create=False)
    fields = org.get("/sobjects/Account/describe").body["fields"]
    assert not any(field["createable"] for field in fields)
    assert any(field["updateable"] for field in fields)


def test_an_object_that_may_not_be_read_is_not_there(org: TestOrg) -> None:
    account = org.account()
    contact = org.add("Contact", LastName="Roe", AccountId=account)
    org.act("set_object_rights", "", object="Account", read=False)
    assert "Account" not in {entry["name"] for entry in org.get("/sobjects").body["sobjects"]}
    assert org.query("SELECT Id FROM Account").code == "INVALID_TYPE"
    assert org.query("SELECT Account.Name FROM Contact").code == "INVALID_FIELD"
    assert org.column("SELECT AccountId FROM Contact") == [account]
    refused = org.patch(f"/sobjects/Contact/{contact}", {"AccountId": account})
    assert refused.code == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"


def test_children_that_may_not_be_read_are_not_there(org: TestOrg) -> None:
    org.account()
    org.act("set_object_rights", "", object="Contact", read=False)
    assert org.query("SELECT Id, (SELECT Id FROM Contacts) FROM Account").code == "INVALID_TYPE"
    shown = org.get("/sobjects/Account/describe").body["childRelationships"]
    assert "Contact" not in {child["childSObject"] for child in shown}


def test_products_of_an_order_follow_the_order(org: TestOrg) -> None:
    entry, order = org.price(), org.order()
    org.act("set_object_rights", "", object="Order", edit=False)
    body = {"OrderId": order, "PricebookEntryId": entry, "Quantity": 1, "UnitPrice": 10}
    assert org.post("/sobjects/OrderItem", body).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    org.act("set_object_rights", "", object="Order", edit=True)
    assert org.post("/sobjects/OrderItem", body).status == 201


@pytest.mark.parametrize(
    ("permission", "change", "code"),
    [
        ("EditActivatedOrders", {"PoNumber": "7"}, "INSUFFICIENT_ACCESS_OR_READONLY"),
        ("EditActivatedOrders", {"Department__c": "East"}, "INSUFFICIENT_ACCESS_OR_READONLY"),
        ("ActivateOrder", {"Status": "Draft"}, "FAILED_ACTIVATION"),
    ],
)
def test_a_permission_for_activated_orders(
    org: TestOrg, clerk: Worker, permission: str, change: dict[str, str], code: str
) -> None:
    order, _item, _entry = org.active_order()
    org.act("set_permission", "", permission=permission, granted=False, username=CLERK)
    assert clerk.send("PATCH", f"/sobjects/Order/{order}", change).code == code
    org.act("set_permission", "", permission=permission, granted=True, username=CLERK)
    open_now = "PoNumber" not in change
    assert (clerk.send("PATCH", f"/sobjects/Order/{order}", change).status == 204) is open_now


def test_the_api_taken_from_a_user_and_from_the_org(org: TestOrg, clerk: Worker) -> None:
    org.act("set_permission", "", permission="ApiEnabled", granted=False)
    refused = org.get("/limits")
    assert (refused.status, refused.code) == (403, "API_CURRENTLY_DISABLED")
    assert clerk.send("GET", "/limits").status == 200
    org.switches.org_has_api = False
    refused = clerk.send("GET", "/limits")
    assert (refused.status, refused.code) == (403, "API_DISABLED_FOR_ORG")


def test_a_new_field_is_hidden_from_everybody_until_it_is_granted(org: TestOrg, clerk: Worker) -> None:
    org.act("set_permission", "", permission="EditActivatedOrders", granted=True, username=CLERK)
    body = {"FullName": "Account.Tier__c", "Metadata": {"label": "Tier", "type": "Text", "length": 20}}
    assert org.post("/tooling/sobjects/CustomField", body).status == 201
    assert "Tier__c" not in clerk.fields("Account")
    org.act("set_fls", "", object="Account", field="Tier__c", username=CLERK)
    assert "Tier__c" in clerk.fields("Account")
    assert org.query("SELECT Tier__c FROM Account").code == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("op", "body"),
    [
        ("set_object_rights", {"object": "Moon", "edit": False}),
        ("set_object_rights", {"object": "Account", "edit": False, "username": "nobody@acme.example"}),
        ("set_fls", {"object": "Account", "field": "Phone", "readable": False, "username": "sam.sales@acme.example"}),
        ("set_permission", {"permission": "Fly"}),
        ("add_user", {"Username": "x@acme.example"}),
    ],
)
def test_an_order_that_cannot_be(org: TestOrg, op: str, body: dict[str, Any]) -> None:
    with pytest.raises(ActError):
        org.act(op, "", **body)


def test_rights_and_users_are_kept_and_brought_back(org: TestOrg, clerk: Worker) -> None:
    kept = org.vendor.snapshot()
    org.act("kill_sessions", "")
    assert clerk.send("GET", "/limits").status == 401
    org.vendor.restore(kept)
    assert clerk.send("GET", "/limits").status == 200


_NAMES = ("Phone", "Site", "Class__c", "QBO_Status__c", "Website")
_SOME = st.sets(st.sampled_from(_NAMES))
_CLOSED = {"INVALID_FIELD_FOR_INSERT_UPDATE", "INSUFFICIENT_ACCESS_OR_READONLY"}


@settings(max_examples=40, deadline=None)
@given(
    hidden=_SOME,
    fixed=_SOME,
    required=st.sets(st.sampled_from(("Class__c", "QBO_Status__c"))),
    denied=st.sets(st.sampled_from(("create", "edit", "delete"))),
    several=st.booleans(),
)
def test_describe_says_what_reading_and_writing_then_do(
    hidden: set[str], fixed: set[str], required: set[str], denied: set[str], several: bool
) -> None:
    org = TestOrg()
    account = org.account(Class__c="a", QBO_Status__c="b")
    org.switches.multicurrency = several
    org.switches.hidden_fields, org.switches.read_only_fields = {"Account": hidden}, {"Account": fixed}
    org.switches.required_fields, org.switches.denied_rights = {"Account": required}, {"Account": denied}
    described = org.get("/sobjects/Account/describe").body
    fields = {entry["name"]: entry for entry in described["fields"]}
    assert ("CurrencyIsoCode" in fields) is several
    for name in _NAMES:
        assert (org.query(f"SELECT {name} FROM Account").status == 200) is (name in fields)
        answer = org.patch(f"/sobjects/Account/{account}", {name: "https://x.example"})
        assert (answer.status == 204) is (name in fields and fields[name]["updateable"]), answer.text
        assert answer.status == 204 or answer.code in _CLOSED
        if name in fields:
            assert fields[name]["nillable"] is (name not in required)
    able = described["createable"] and all(name in fields and fields[name]["createable"] for name in required)
    made = org.post("/sobjects/Account", {"Name": "New", **dict.fromkeys(required & set(fields), "x")})
    assert (made.status == 201) is able, made.text
    assert (org.delete(f"/sobjects/Account/{account}").status == 204) is described["deletable"]
