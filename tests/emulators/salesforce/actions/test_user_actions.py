"""What people do on their screens, the notices of changes, snapshots, and what calls cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from emulators.salesforce.orgs import TestOrg, V
from ml_emulators.kit.wire import Request, Vendor
from ml_emulators.salesforce import ActError, Automation, ChangeNotice


def test_an_act_is_done_by_another_user_and_shows_the_whole_record(org: TestOrg) -> None:
    made = org.act("create", "Account", Name="Acme", Phone="1")
    account = org.account()
    assert made["Name"] == "Acme"
    assert made["Fax"] is None
    assert made["CreatedById"] == made["OwnerId"] != org.record("Account", account)["CreatedById"]
    assert "Sforce-Limit-Info" in org.get("/limits").headers


def test_a_body_may_name_records_by_external_id(org: TestOrg) -> None:
    account = org.act("upsert", "Account", QBO_Id__c="r:1", Name="Acme")
    contact = org.act("create", "Contact", LastName="Roe", Account={"QBO_Id__c": "r:1"})
    assert contact["AccountId"] == account["Id"]
    assert org.act("update", "Account", QBO_Id__c="r:1", Phone="1")["Phone"] == "1"
    assert org.act("update", "Account", Id=account["Id"][:15], Phone=None)["Phone"] is None
    assert org.act("delete", "Account", QBO_Id__c="r:1")["IsDeleted"] is True
    assert org.act("undelete", "Account", Id=account["Id"])["IsDeleted"] is False


@pytest.mark.parametrize(
    ("op", "kind", "body", "code"),
    [
        ("create", "Account", {}, "REQUIRED_FIELD_MISSING"),
        ("create", "Nope", {}, "INVALID_OPERATION"),
        ("fly", "Account", {}, "INVALID_OPERATION"),
        ("update", "Account", {"Phone": "1"}, "INVALID_OPERATION"),
        ("update", "Account", {"QBO_Id__c": "nobody"}, "NOT_FOUND"),
        ("update", "Account", {"Id": "nobody"}, "MALFORMED_ID"),
        ("delete", "Account", {"Id": "001Hs0000000zzz"}, "NOT_FOUND"),
        ("undelete", "Account", {"Id": "001Hs0000000zzz"}, "NOT_FOUND"),
        ("merge", "Order", {"Id": "801Hs0000000zzz"}, "INVALID_OPERATION"),
        ("set_fls", "", {"object": "Account", "field": "Nope"}, "INVALID_OPERATION"),
        ("set_switch", "", {"nothing": 1}, "INVALID_OPERATION"),
    ],
)
def test_a_refused_act_names_its_code(org: TestOrg, op: str, kind: str, body: dict[str, Any], code: str) -> None:
    with pytest.raises(ActError) as refused:
        org.vendor.act({"op": op, "kind": kind, "body": body})
    assert refused.value.code == code


def test_orders_are_activated_and_taken_back(org: TestOrg) -> None:
    order = org.order()
    org.item(order, org.price())
    assert org.act("activate_order", "", Id=order)["StatusCode"] == "Activated"
    assert org.act("deactivate_order", "", Id=order)["StatusCode"] == "Draft"


def test_a_merge_hands_over_children_and_marks_the_loser(org: TestOrg) -> None:
    winner, loser = org.account(Name="Winner"), org.account(Name="Loser")
    contact = org.add("Contact", LastName="Roe", AccountId=loser)
    org.act("merge", "Account", Id=winner, losers=[loser], Phone="7")
    assert org.record("Contact", contact)["AccountId"] == winner
    assert org.record("Account", winner)["Phone"] == "7"
    gone = org.get(f"/queryAll?q=SELECT+MasterRecordId,IsDeleted+FROM+Account+WHERE+Id='{loser}'").body["records"][0]
    assert (gone["MasterRecordId"], gone["IsDeleted"]) == (winner, True)


def test_switches_can_be_set_by_name(org: TestOrg) -> None:
    org.act("set_switch", "", lock_next=1, hidden_objects=["Order"])
    assert org.query("SELECT Id FROM Order").code == "INVALID_TYPE"
    assert org.post("/sobjects/Account", {"Name": "A"}).code == "UNABLE_TO_LOCK_ROW"


@pytest.fixture
def notices(org: TestOrg) -> list[ChangeNotice]:
    heard: list[ChangeNotice] = []
    org.vendor.on_change.append(heard.append)
    return heard


def test_each_committed_change_is_told(org: TestOrg, notices: list[ChangeNotice]) -> None:
    account = org.account(Name="Acme")
    org.clock.advance(timedelta(seconds=5))
    org.patch(f"/sobjects/Account/{account}", {"Phone": "1"}, sforce_call_options="client=qb")
    org.act("delete", "Account", Id=account)
    org.act("undelete", "Account", Id=account)
    assert [notice.change_type for notice in notices] == ["CREATE", "UPDATE", "DELETE", "UNDELETE"]
    created, updated, deleted, _ = notices
    assert (created.kind, created.ids, created.changed["Name"]) == ("Account", (account,), (None, "Acme"))
    assert created.origin == "com/salesforce/api/rest/67.0"
    assert updated.origin == "com/salesforce/api/rest/67.0;client=qb"
    assert updated.changed["Phone"] == (None, "1")
    assert set(updated.changed) == {"Phone", "LastModifiedDate", "SystemModstamp"}
    assert deleted.origin == "com/salesforce/api/soap/65.0;client=SfdcInternalAPI/"
    assert deleted.user_id != updated.user_id
    assert updated.instant == org.clock.now()
    assert len({notice.transaction_key for notice in notices}) == 4


def test_a_collection_is_one_transaction_and_failures_are_silent(org: TestOrg, notices: list[ChangeNotice]) -> None:
    records = [{"attributes": {"type": "Account"}, **body} for body in ({"Name": "A"}, {}, {"Name": "B"})]
    org.post("/composite/sobjects", {"records": records})
    assert [notice.sequence for notice in notices] == [1, 2]
    assert len({notice.transaction_key for notice in notices}) == 1
    notices.clear()
    org.post("/composite/sobjects", {"allOrNone": True, "records": records})
    org.post("/sobjects/Account", {})
    assert notices == []


def test_several_changes_of_one_record_in_a_transaction_are_one_notice(
    org: TestOrg, notices: list[ChangeNotice]
) -> None:
    entries = [
        {"method": "POST", "url": f"{V}/sobjects/Account", "referenceId": "a", "body": {"Name": "A"}},
        {"method": "PATCH", "url": f"{V}/sobjects/Account/@{{a.id}}", "referenceId": "b", "body": {"Phone": "1"}},
    ]
    org.post("/composite", {"allOrNone": True, "compositeRequest": entries})
    assert [(notice.change_type, notice.changed["Phone"]) for notice in notices] == [("CREATE", (None, "1"))]
    notices.clear()
    org.post("/composite", {"allOrNone": False, "compositeRequest": entries})
    assert [notice.change_type for notice in notices] == ["CREATE", "UPDATE"]


def test_a_roll_up_is_told_too(org: TestOrg, notices: list[ChangeNotice]) -> None:
    order, entry = org.order(), org.price()
    notices.clear()
    org.clock.advance(timedelta(seconds=1))
    org.item(order, entry)
    assert [(notice.kind, notice.change_type) for notice in notices] == [("OrderItem", "CREATE"), ("Order", "UPDATE")]
    assert set(notices[1].changed) == {"TotalAmount", "SystemModstamp"}


def test_the_customers_automation_edits_in_the_same_transaction(org: TestOrg, notices: list[ChangeNotice]) -> None:
    flow = Automation("Account", lambda record: {"Site": f"{record['Name']} HQ"})
    org.switches.automations.append(flow)
    account = org.account(Name="Acme")
    assert org.record("Account", account)["Site"] == "Acme HQ"
    (notice,) = notices
    assert notice.changed["Site"] == (None, "Acme HQ")


def test_a_snapshot_can_be_restored_in_any_order(org: TestOrg) -> None:
    first = org.account(Name="First", QBO_Id__c="1")
    earlier = org.vendor.snapshot()
    second = org.account(Name="Second", QBO_Id__c="2")
    org.patch(f"/sobjects/Account/{first}", {"Name": "Changed"})
    later = org.vendor.snapshot()
    org.delete(f"/sobjects/Account/{first}")

    org.vendor.restore(earlier)
    assert org.column("SELECT Name FROM Account ORDER BY Id") == ["First"]
    assert org.column("SELECT Id FROM Account WHERE QBO_Id__c = '2'") == []
    third = org.account(Name="Third", QBO_Id__c="2")
    assert third == second
    org.vendor.restore(later)
    assert org.column("SELECT Name FROM Account ORDER BY Id") == ["Changed", "Second"]
    assert org.column("SELECT Name FROM Account WHERE QBO_Id__c IN ('1', '2')") == ["Changed", "Second"]
    org.vendor.restore(earlier)
    assert org.column("SELECT Name FROM Account WHERE SystemModstamp > 2000-01-01T00:00:00Z") == ["First"]
    org.vendor.restore(later)
    assert org.column("SELECT COUNT(Id) FROM Account") == [2]


def test_a_snapshot_holds_sessions_and_usage(org: TestOrg) -> None:
    assert org.get("/limits").headers["Sforce-Limit-Info"].startswith("api-usage=1/")
    kept = org.vendor.snapshot()
    org.act("kill_sessions", "")
    assert org.get("/limits").status == 401
    org.vendor.restore(kept)
    assert org.get("/limits").headers["Sforce-Limit-Info"].startswith("api-usage=2/")


def test_reset_makes_a_fresh_org(org: TestOrg) -> None:
    org.account()
    org.switches.lock_next = 5
    before = org.vendor.connection_info()
    org.vendor.reset()
    assert org.vendor.records("Account") == []
    assert org.switches.lock_next == 0
    assert org.vendor.connection_info() == before


def test_the_state_of_the_control_door(org: TestOrg) -> None:
    account, gone = org.account(Name="A"), org.account(Name="B")
    org.delete(f"/sobjects/Account/{gone}")
    shown = org.vendor.records("Account")
    assert [(row["Id"], row["IsDeleted"]) for row in shown] == [(account, False), (gone, True)]
    assert set(org.vendor.kinds()) >= {"Account", "Order", "User"}
    with pytest.raises(KeyError):
        org.vendor.records("Nope")


@pytest.mark.parametrize(
    ("method", "path", "with_token", "calls"),
    [
        ("GET", f"{V}/limits", True, 1),
        ("GET", f"{V}/sobjects/Nope", True, 1),
        ("POST", f"{V}/composite", True, 1),
        ("GET", f"{V}/limits", False, 0),
        ("GET", "/services/data", False, 0),
        ("GET", "/services/data/", False, 0),
        ("POST", "/services/oauth2/token", False, 0),
        ("GET", "/services/oauth2/userinfo", True, 0),
    ],
)
def test_cost(org: TestOrg, method: str, path: str, with_token: bool, calls: int) -> None:
    headers = {"authorization": f"Bearer {org.token}"} if with_token else {}
    request = Request(method, path, "", headers)
    assert org.vendor.cost(request, org.vendor.handle(request)).calls == calls


def test_it_is_a_vendor_of_the_kit(org: TestOrg) -> None:
    vendor: Vendor = org.vendor
    assert vendor.name == "salesforce"


def test_where_the_org_is(org: TestOrg) -> None:
    org.vendor.base_url = "http://127.0.0.1:40002"
    info = org.vendor.connection_info()
    app = ["client_id", "client_secret"]
    person = ["username", "password", "security_token"]
    assert list(info) == ["base_url", *app, *person, "org_id", "account_external_id_field"]
    assert info["base_url"] == "http://127.0.0.1:40002"
    assert len(info["org_id"]) == 18
    assert org.vendor.token_is_live(org.token)
    assert not org.vendor.token_is_live("other")
