"""What the doctor says about an org."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.model.errors import SignInNeeded
from ml_connector.systems.http import Request, Response
from ml_connector.systems.salesforce.fitness import Finding, limit_finding, object_findings, storage_findings
from ml_connector.systems.salesforce.records import DESCRIBED, Field, Object, fields_needed

from .org import Org, answer, client, fault, page

ORGANIZATION = {"Id": "00D000000000001EAA", "OrganizationType": "Enterprise Edition", "IsSandbox": False}
LIMITS = {"DailyApiRequests": {"Max": 100_000, "Remaining": 90_000}}


def facts(request: Request, body: Any) -> Response:
    return answer(LIMITS) if request.url.endswith("/limits") else answer(page({**ORGANIZATION, "IsoCode": "EUR"}))


def complete(kind: str, **more: Any) -> Object:
    key = Field("QBO_Id__c", external_id=True, unique=True, case_sensitive=True, createable=True, updateable=True)
    fields = [Field(name, createable=True, updateable=True) for name in fields_needed(kind) if name != "QBO_Id__c"]
    own = [key] if "QBO_Id__c" in fields_needed(kind) else []
    return Object(kind, (*fields, *own), createable=True, updateable=True, **more)


def worst(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(f.level, f.sentence) for f in findings if f.level != "ok"]


@pytest.mark.parametrize("kind", DESCRIBED)
def test_an_org_that_is_set_up_for_us_is_fit(kind: str) -> None:
    assert object_findings(complete(kind)) == [Finding("ok", f"{kind} has all its fields and rights.")]


def without(kind: str, *names: str) -> Object:
    whole = complete(kind)
    return Object(kind, tuple(f for f in whole.fields if f.name not in names), createable=True, updateable=True)


def test_a_missing_field_of_ours_fails_so_does_one_that_is_looked_by_and_another_one_warns() -> None:
    assert worst(object_findings(without("Order", "Department__c", "PoNumber"))) == [
        ("FAIL", "Order lacks Department__c, or the user may not see them."),
        ("FAIL", "The user may not see PoNumber of Order."),
    ]
    assert [finding.level for finding in object_findings(without("Account", "Phone"))] == ["warn"]


def test_fields_that_only_some_orgs_have_are_not_missed() -> None:
    assert worst(object_findings(without("Account", "CurrencyIsoCode", "BillingStateCode"))) == []


def test_a_field_for_several_companies_is_only_mentioned() -> None:
    (finding,) = object_findings(without("Opportunity", "QBO_Company__c"))
    assert (finding.level, "more than one company" in finding.remedy) == ("warn", True)


@pytest.mark.parametrize(
    ("body", "levels"),
    [
        ({"DataStorageMB": {"Max": 10_240, "Remaining": 1}}, []),
        ({"DataStorageMB": {"Max": 10_240, "Remaining": 0}}, ["FAIL"]),
        ({"DataStorageMB": {"Max": 5, "Remaining": -2}}, ["FAIL"]),
        ({"DataStorageMB": None}, []),
        ({}, []),
        (None, []),
    ],
)
def test_a_full_org_is_told(body: Any, levels: list[str]) -> None:
    assert [each.level for each in storage_findings(body)] == levels


def test_missing_orders_warn_and_missing_accounts_fail() -> None:
    assert [f.level for f in object_findings(Object("Order"))] == ["warn"]
    assert [f.level for f in object_findings(Object("OrderItem"))] == ["FAIL"]
    assert [f.level for f in object_findings(Object("Account"))] == ["FAIL"]


def test_an_org_without_contacts_of_several_accounts_is_fit() -> None:
    assert object_findings(Object("AccountContactRelation")) == [
        Finding("ok", "The org does not show AccountContactRelation: a contact belongs to one account.")
    ]


def test_rights_to_write_are_looked_at() -> None:
    names = [field.name for field in complete("Opportunity").fields]
    locked = Object("Opportunity", tuple(Field(n, external_id=True, unique=True, case_sensitive=True) for n in names))
    levels = worst(object_findings(locked))
    assert [level for level, _ in levels] == ["FAIL", "FAIL", "warn"]
    assert levels[0][1] == "The user may not create or edit Opportunity."
    assert "QBO_Total__c" in levels[1][1]
    assert "StageName" in levels[1][1]  # no Opportunity without it
    assert levels[2][1] == "The user may not edit Amount of Opportunity."


@pytest.mark.parametrize(
    ("unique", "case_sensitive", "level"), [(False, True, "FAIL"), (False, False, "FAIL"), (True, False, "warn")]
)
def test_a_key_that_allows_doubles_fails(unique: bool, case_sensitive: bool, level: str) -> None:
    key = Field("QBO_Id__c", external_id=True, unique=unique, case_sensitive=case_sensitive, createable=True)
    fields = (*without("Contact", "QBO_Id__c").fields, key)
    (found,) = object_findings(Object("Contact", fields, createable=True, updateable=True))
    assert found.level == level
    assert found.remedy


@pytest.mark.parametrize(
    ("body", "reserve", "level"),
    [
        *((LIMITS, 0, "ok"), (LIMITS, 95_000, "warn"), ({}, 0, "warn"), (None, 0, "warn")),
        ({"DailyApiRequests": {"Max": 100, "Remaining": 9}}, 0, "warn"),
    ],
)
def test_calls_left(body: Any, reserve: int, level: str) -> None:
    assert limit_finding(body, reserve).level == level


async def test_the_whole_report_takes_three_or_four_calls() -> None:
    org = Org(facts)
    found = await client(org).fit()
    sentences = " ".join(f.sentence for f in found)
    assert "Signed in to the org 00D000000000001EAA" in sentences
    assert "Enterprise Edition" in sentences
    assert "several currencies: EUR" in sentences
    assert "90,000 of 100,000 API calls" in sentences
    assert len(org.calls(describe=True)) == 4


async def test_professional_edition_is_warned_of() -> None:
    small = page({"OrganizationType": "Professional Edition"})
    org = Org(lambda request, body: answer(LIMITS if request.url.endswith("/limits") else small))
    assert any(f.level == "warn" and "Professional" in f.sentence for f in await client(org).fit())


async def test_a_question_that_fails_is_a_finding() -> None:
    org = Org(lambda r, b: fault(400, "INVALID_TYPE"))
    assert any(f.level == "FAIL" and "INVALID_TYPE" in f.sentence for f in await client(org).fit())


async def test_without_a_session_nothing_can_be_said() -> None:
    org = Org(facts)
    org.tokens = [answer({"error": "inactive_user"}, 400)]
    with pytest.raises(SignInNeeded):
        await client(org).fit()
