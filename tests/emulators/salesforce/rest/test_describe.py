"""Describe, versions and limits (salesforce reference 0, 2.3, 3.1)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulators.salesforce.orgs import TestOrg
from ml_emulators.salesforce import Org


def fields(org: TestOrg, kind: str) -> dict[str, dict[str, Any]]:
    reply = org.get(f"/sobjects/{kind}/describe")
    assert reply.status == 200
    return {field["name"]: field for field in reply.body["fields"]}


def test_the_versions_need_no_token(org: TestOrg) -> None:
    reply = org.raw("GET", "/services/data/")
    assert reply.status == 200
    assert reply.body[0] == {"label": "Winter '21", "url": "/services/data/v50.0", "version": "50.0"}
    assert reply.body[-1] == {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [
        ("v49.0", 400, "UNSUPPORTED_API_VERSION"),
        ("v30.0", 400, "UNSUPPORTED_API_VERSION"),
        ("v69.0", 404, "NOT_FOUND"),
        ("vx", 404, "NOT_FOUND"),
        ("67.0", 404, "NOT_FOUND"),
    ],
)
def test_other_versions_are_refused(org: TestOrg, version: str, status: int, code: str) -> None:
    reply = org.get(f"/services/data/{version}/limits")
    assert (reply.status, reply.code) == (status, code)


@pytest.mark.parametrize("version", ["v50.0", "v59.0", "v68.0"])
def test_supported_versions_answer(org: TestOrg, version: str) -> None:
    body = org.get(f"/services/data/{version}").body
    assert body["query"] == f"/services/data/{version}/query"
    assert "identity" in body


def test_the_global_describe(org: TestOrg) -> None:
    body = org.get("/sobjects").body
    assert (body["encoding"], body["maxBatchSize"]) == ("UTF-8", 200)
    by_name = {entry["name"]: entry for entry in body["sobjects"]}
    assert {"Account", "Contact", "Opportunity", "Order", "OrderItem", "Product2", "PricebookEntry"} <= set(by_name)
    assert by_name["Order"]["keyPrefix"] == "801"
    assert by_name["Account"]["replicateable"] is True


def test_the_basic_describe(org: TestOrg) -> None:
    body = org.get("/sobjects/Account").body
    assert list(body) == ["objectDescribe", "recentItems"]
    assert body["objectDescribe"]["labelPlural"] == "Accounts"


@pytest.mark.parametrize(
    ("kind", "field", "facts"),
    [
        ("Account", "Name", {"type": "string", "length": 255, "nillable": False, "createable": True}),
        ("Account", "AnnualRevenue", {"type": "currency", "precision": 18, "scale": 0}),
        ("Account", "QBO_Id__c", {"externalId": True, "unique": True, "caseSensitive": True, "idLookup": True}),
        ("Account", "QBO_Active__c", {"type": "boolean", "nillable": False, "defaultedOnCreate": True}),
        ("Account", "CurrencyIsoCode", {"type": "picklist", "restrictedPicklist": True}),
        ("Account", "BillingCity", {"compoundFieldName": "BillingAddress", "length": 40}),
        ("Account", "ParentId", {"referenceTo": ["Account"], "relationshipName": "Parent"}),
        ("Contact", "Email", {"type": "email", "idLookup": True, "unique": False}),
        ("Contact", "Name", {"createable": False, "updateable": False}),
        ("Opportunity", "ContactId", {"createable": True, "updateable": False}),
        ("Opportunity", "IsWon", {"createable": False, "updateable": False}),
        ("Opportunity", "QBO_Paid_Percent__c", {"type": "double", "precision": 5, "scale": 2}),
        ("Order", "OrderNumber", {"autoNumber": True, "createable": False}),
        ("Order", "IsReductionOrder", {"createable": True, "updateable": False}),
        ("Order", "QBO_Exchange_Rate__c", {"type": "double", "precision": 12, "scale": 6}),
        ("OrderItem", "OrderId", {"createable": True, "updateable": False, "nillable": False}),
        ("Product2", "QBO_Item_Id__c", {"externalId": True, "unique": False}),
    ],
)
def test_field_facts(org: TestOrg, kind: str, field: str, facts: dict[str, Any]) -> None:
    field_shown = fields(org, kind)[field]
    assert {name: field_shown[name] for name in facts} == facts


def test_picklists_that_live_in_tables(org: TestOrg) -> None:
    assert [value["value"] for value in fields(org, "Order")["Status"]["picklistValues"]] == ["Draft", "Activated"]
    assert [value["value"] for value in fields(org, "Account")["CurrencyIsoCode"]["picklistValues"]] == ["USD", "EUR"]
    assert "Closed Won" in [value["value"] for value in fields(org, "Opportunity")["StageName"]["picklistValues"]]


def test_a_field_without_security_is_simply_absent(org: TestOrg) -> None:
    org.act("set_fls", "", object="Account", field="QBO_Id__c", readable=False)
    org.act("set_fls", "", object="Account", field="Phone", editable=False)
    shown = fields(org, "Account")
    assert "QBO_Id__c" not in shown
    assert (shown["Phone"]["createable"], shown["Phone"]["updateable"]) == (False, False)


def _close_a_currency(org: TestOrg) -> None:
    euro = org.column("SELECT Id FROM CurrencyType WHERE IsoCode = 'EUR'")[0]
    org.act("update", "CurrencyType", Id=euro, IsActive=False)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Account", lambda org: org.act("set_fls", "", object="Account", field="Site", readable=False)),
        ("Account", lambda org: org.switches.read_only_fields.setdefault("Account", set()).add("Site")),
        ("Account", lambda org: org.switches.denied_rights.setdefault("Account", set()).add("create")),
        ("Account", lambda org: org.switches.hidden_objects.add("Contact")),
        ("Account", lambda org: setattr(org.switches, "multicurrency", False)),
        ("Opportunity", _close_a_currency),
    ],
)
def test_what_changes_is_described_at_once(org: TestOrg, kind: str, change: Callable[[TestOrg], object]) -> None:
    before = org.get(f"/sobjects/{kind}/describe")
    assert org.get(f"/sobjects/{kind}/describe").body == before.body
    change(org)
    after = org.get(f"/sobjects/{kind}/describe")
    assert (after.status, after.body != before.body) == (200, True)


def _listed() -> list[tuple[str, str, str]]:
    """(object, field, type) of the published list of fields of our own."""
    text = (Path(__file__).parents[4] / "docs/salesforce-fields.md").read_text()
    rows = [line.split("|")[1:4] for line in text.splitlines() if line.startswith("| ") and "__c`" in line]
    listed = []
    for kind, names, what in rows:
        listed += [(kind.strip(), name.strip().strip("`"), what.strip()) for name in names.split(",")]
    return listed


_TYPES = {"Text": "string", "Currency": "currency", "Checkbox": "boolean", "Number": "double", "Date": "date"}


@pytest.mark.parametrize(("kind", "name", "what"), _listed())
def test_the_org_is_set_up_for_us(org: TestOrg, kind: str, name: str, what: str) -> None:
    field = fields(org, kind)[name]
    word, _, length = what.partition(",")[0].partition(" ")
    size, _, scale = what.removeprefix(word).strip().partition(" ")[0].partition(",")
    assert field["type"] == _TYPES[word]
    assert (field["createable"], field["updateable"], field["custom"]) == (True, True, True)
    assert field["externalId"] is ("external id" in what)
    assert field["unique"] is field["caseSensitive"] is ("unique" in what)
    if word == "Text":
        assert field["length"] == int(length)
    elif word in ("Currency", "Number"):
        assert (field["precision"], field["scale"]) == (int(size), int(scale))


def test_limits_count_each_authenticated_call(org: TestOrg) -> None:
    body = org.get("/limits").body
    assert body["DailyApiRequests"] == {"Max": 110_000, "Remaining": 109_999}
    org.get("/sobjects/Nope")
    assert org.get("/limits").headers["Sforce-Limit-Info"] == "api-usage=3/110000"


def test_usage_rolls_over_a_day(org: TestOrg) -> None:
    from datetime import timedelta

    org.switches.session_minutes = 10_000
    assert org.get("/limits").headers["Sforce-Limit-Info"].startswith("api-usage=1/")
    org.clock.advance(timedelta(hours=12))
    assert org.get("/limits").headers["Sforce-Limit-Info"].startswith("api-usage=2/")
    org.clock.advance(timedelta(hours=12))
    assert org.get("/limits").headers["Sforce-Limit-Info"].startswith("api-usage=2/")


def test_enforced_limits_refuse_with_403() -> None:
    org = TestOrg(Org(daily_api_requests=2))
    assert [org.get("/limits").status for _ in range(3)] == [200, 200, 200]
    org.switches.enforce_limits = True
    reply = org.get("/limits")
    assert (reply.status, reply.code) == (403, "REQUEST_LIMIT_EXCEEDED")


def test_too_many_at_once(org: TestOrg) -> None:
    org.switches.refuse_concurrent = 1
    org.switches.concurrent_status = 503
    reply = org.get("/limits")
    assert (reply.status, reply.code) == (503, "REQUEST_LIMIT_EXCEEDED")
    assert org.get("/limits").status == 200


def test_record_counts(org: TestOrg) -> None:
    org.account()
    assert org.get("/limits/recordCount?sObjects=Account").body == {"sObjects": [{"count": 1, "name": "Account"}]}


def test_a_very_long_address_is_refused(org: TestOrg) -> None:
    assert org.query(f"SELECT Id FROM Account WHERE Name = '{'x' * 17_000}'").status == 414


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("SELECT OrganizationType, IsSandbox, TimeZoneSidKey FROM Organization", "Enterprise Edition"),
        ("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true", "USD"),
        ("SELECT ApiName FROM OrderStatus WHERE StatusCode = 'Activated'", "Activated"),
        ("SELECT Name FROM Pricebook2 WHERE IsStandard = true", "Standard Price Book"),
    ],
)
def test_probes_of_edition_and_features(org: TestOrg, question: str, answer: str) -> None:
    assert org.column(question)[0] == answer
