"""An org that hides, locks or refuses single fields: nobody is kept out by them, and nothing is sent for ever."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import ml_connector
from ml_connector.actions.doctor import doctor
from ml_connector.actions.holds import open_holds
from ml_connector.actions.sync import sync
from ml_connector.systems.salesforce.records import EXTERNAL_ID, SOUGHT, WRITTEN
from support.in_step import in_step
from support.world import Installation

HOURS = timedelta(hours=7)
"""What the org shows is asked again after six."""
OPTIONAL = [
    (kind, name)
    for kind, fields in WRITTEN.items()
    for name, rule in fields.items()
    if not rule.needed and not name.endswith(("StateCode", "CountryCode"))
]
NEEDED = [("Account", "QBO_Id__c"), ("Contact", "Email"), ("Opportunity", "QBO_Id__c")]


def org(kind: str, *names: str, right: str) -> dict[str, Any]:
    return {f"{right}_fields": {kind: list(names)}}


async def test_every_optional_field_at_once_is_read_only(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    usual = {kind: len(home.state("salesforce", kind)) for kind in WRITTEN}
    fields: dict[str, list[str]] = {}
    for kind, name in OPTIONAL:
        fields.setdefault(kind, []).append(name)
    home.emulation.set_switches("salesforce", {"read_only_fields": fields})
    await home.run()
    assert [each for each in open_holds(home.app) if each.code != "REVIEW-MATCH"] == []
    assert len(home.state("salesforce", "Opportunity")) == usual["Opportunity"] + 4
    assert all(each["Amount"] is None for each in home.state("salesforce", "Opportunity") if each["QBO_Id__c"])
    assert (await home.run()).written == 0


@pytest.mark.parametrize("right", ["hidden", "read_only"])
@pytest.mark.parametrize(
    "names",
    [
        "Account.Phone Contact.FirstName Opportunity.Amount",
        "Account.Website OpportunityContactRole.Role Order.QBO_Status__c",
        "Account.BillingStreet Opportunity.QBO_Invoiced_Net__c",
        "Account.BillingState Account.QBO_Balance__c Order.QBO_Journal_Entry__c",
        "Account.ShippingCity Account.QBO_Overdue__c Opportunity.Class__c",
        "Account.QBO_Status__c Account.Department__c",
    ],
)
async def test_single_fields(tmp_path: Path, names: str, right: str) -> None:
    """Fields that have nothing to do with each other are played in one org: each is missed and named by itself."""
    home = Installation(tmp_path)
    fields: dict[str, list[str]] = {}
    for kind, name in (text.split(".") for text in names.split()):
        fields.setdefault(kind, []).append(name)
    home.emulation.set_switches("salesforce", {f"{right}_fields": fields})
    await home.run()
    assert open_holds(home.app) == []
    assert len(home.state("salesforce", "Opportunity")) == 4
    assert (await home.run()).written == 0
    findings = [finding for finding in await doctor(home.app) if finding.level != "ok"]
    for kind, name in (text.split(".") for text in names.split()):
        named = [finding for finding in findings if name in finding.sentence and kind in finding.sentence]
        assert [bool(finding.remedy) for finding in named] == [True], (kind, name)
    home.emulation.set_switches("salesforce", {f"{right}_fields": {}})
    await _later(home)
    assert open_holds(home.app) == []
    assert (await home.run()).written == 0


@pytest.mark.parametrize(("kind", "name"), NEEDED)
async def test_a_needed_field_holds_and_goes_on_by_itself(tmp_path: Path, kind: str, name: str) -> None:
    home = Installation(tmp_path)
    home.emulation.set_switches("salesforce", org(kind, name, right="hidden"))
    await home.run()
    held = [each for each in open_holds(home.app) if each.code == "FIELD-NEEDED"]
    assert held
    assert all(f"{kind}.{name}" in each.sentence + each.remedy for each in held)
    home.emulation.set_switches("salesforce", {"hidden_fields": {}})
    await _later(home)
    assert open_holds(home.app) == []
    assert len(home.state("salesforce", "Opportunity")) == 4


async def _later(home: Installation) -> None:
    """Hours later, in a process that has just begun: what waits for rights is looked at again by itself."""
    home.clock.advance(HOURS)
    home.app = home.process()
    await sync(home.app)
    await home.run()


@pytest.mark.parametrize(
    ("kind", "field", "there"), [("Account", "Phone", "Phone"), ("Account", "ShippingStreet", "ShippingStreet")]
)
async def test_a_right_that_goes_while_we_work(tmp_path: Path, kind: str, field: str, there: str) -> None:
    """Describe said yes, the write is refused: it goes again without the field, at once, and never so again."""
    home = in_step(tmp_path)
    home.emulation.set_switches("salesforce", org(kind, field, right="read_only"))
    customer = home.state("quickbooks", "Customer")[0]
    changes = {
        "PrimaryPhone": {"FreeFormNumber": "617-555-0177"}, "ShipAddr": {"Line1": "77 Side"},
        "PrimaryEmailAddr": {"Address": "new@acme.example"},
    }  # fmt: skip
    home.emulation.act(
        "quickbooks", "update", "Customer", {"Id": customer["Id"], "SyncToken": customer["SyncToken"], **changes}
    )
    await home.run()
    assert open_holds(home.app) == []
    key = f"{home.rules.realm_id}:{customer['Id']}"
    (account,) = [each for each in home.state("salesforce", kind) if each["QBO_Id__c"] == key]
    assert account["QBO_Billing_Email__c"] == "new@acme.example"  # what was beside it has arrived
    before = account[there]
    assert before not in ("617-555-0177", "77 Side")
    assert (await home.run()).written == 0
    await _later(home)
    home.emulation.set_switches("salesforce", {"read_only_fields": {}})
    await _later(home)
    (account,) = [each for each in home.state("salesforce", kind) if each["QBO_Id__c"] == key]
    assert account[there] in ("617-555-0177", "77 Side")
    assert (await home.run()).written == 0


@pytest.mark.parametrize(
    ("kind", "name"),
    [("Order", "AccountId"), ("Product2", "ProductCode"), ("OpportunityContactRole", "OpportunityId"), ("Contact", "")],
)
async def test_a_field_by_which_records_are_looked_for(tmp_path: Path, kind: str, name: str) -> None:
    """Hidden, it is a finding, and holds those who look by it; so does a whole object that is hidden."""
    home = Installation(tmp_path)
    names = [name] if name else [field for field in home.state("salesforce", kind)[0] if field != "Id"]
    home.emulation.set_switches("salesforce", org(kind, *names, right="hidden"))
    home.store.go_live(home.app.connection.id, home.clock.now())
    await home.run()
    await sync(home.app)
    lacks = [finding for finding in await doctor(home.app) if finding.level == "FAIL"]
    assert any(kind in finding.sentence and (name or "Email") in finding.sentence for finding in lacks)
    codes = {hold.flow for hold in open_holds(home.app) if hold.code in ("READ-REFUSED", "UNREADABLE", "UNEXPECTED")}
    assert "UNEXPECTED" not in {hold.code for hold in open_holds(home.app)}
    assert len(codes) <= 2
    assert home.state("salesforce", "Opportunity")


def test_the_doctor_knows_every_field_by_which_records_are_looked_for() -> None:
    folder = Path(ml_connector.__file__).parent / "flows"
    asked = re.compile(r'(?:NeedFind|found)\("salesforce", "(\w+)", (?:"(\w+)"|EXTERNAL_ID)')
    pairs = [pair for file in sorted(folder.rglob("*.py")) for pair in asked.findall(file.read_text())]
    assert len(pairs) > 5
    assert [pair for pair in pairs if (pair[1] or EXTERNAL_ID) not in SOUGHT.get(pair[0], ())] == []
