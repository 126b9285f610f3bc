"""What administrators change: each entry takes effect at the vendor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.progress import quiet
from ml_connector.rehearsal.scenario import run
from ml_connector.rehearsal.scenario.reader import Scenario
from ml_connector.rehearsal.scenario.stage import Door

from .in_process import in_process

STORIES = {
    "one currency": """
        [[given]]
        org = { multicurrency = false }
        [[given]]
        account = "A"
        [[then]]
        salesforce = "Account"
        fields = { CurrencyIsoCode = "" }
    """,
    "a company without foreign currencies": """
        [[given]]
        company = { multicurrency = false, close_day = "" }
        [[given]]
        customer = "A"
        currency = "EUR"
        expect_error = "QuickBooks refuses"
    """,
    "person accounts": """
        [[given]]
        org = { person_accounts = true }
        [[given]]
        act = "create"
        system = "salesforce"
        kind = "Account"
        body = { LastName = "Roe", FirstName = "Ann" }
        [[then]]
        salesforce = "Account"
        fields = { Name = "Ann Roe", IsPersonAccount = true }
    """,
    "states and countries": """
        [[given]]
        state_country_picklists = true
        [[given]]
        account = "A"
        country = "United States"
        state = "Texas"
        [[then]]
        salesforce = "Account"
        fields = { BillingStateCode = "TX" }
    """,
    "states and countries by other words": """
        [[given]]
        state_country_picklists = true
        places = { US = "USA" }
        state_texts = "code"
        [[given]]
        account = "A"
        country = "USA"
        state = "TX"
        [[then]]
        salesforce = "Account"
        fields = { BillingState = "TX" }
    """,
    "countries that are not active": """
        [[given]]
        state_country_picklists = true
        countries = ["US"]
        [[given]]
        account = "A"
        country = "Spain"
        expect_error = "FIELD_INTEGRITY_EXCEPTION"
    """,
    "a restricted picklist": """
        [[given]]
        picklist = "Account.Type"
        restricted = true
        [[given]]
        account = "A"
        fields = { Type = "Odd" }
        expect_error = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    """,
    "a picklist with other values": """
        [[given]]
        picklist = "Account.Type"
        values = ["Odd", "Even"]
        restricted = true
        [[given]]
        account = "A"
        fields = { Type = "Odd" }
        [[given]]
        picklist = "Account.Type"
        restricted = false
        [[given]]
        account = "B"
        fields = { Type = "Third" }
        [[then]]
        salesforce = "Account"
        count = 2
    """,
    "a stage that is called otherwise": """
        [[given]]
        account = "A"
        [[given]]
        opportunity = "old deal"
        account = "A"
        stage = "Closed Won"
        [[given]]
        sales_stage = "Gewonnen"
        renames = "Closed Won"
        [[given]]
        opportunity = "new deal"
        account = "A"
        stage = "Gewonnen"
        [[then]]
        salesforce = "Opportunity"
        where = { StageName = "Gewonnen", IsWon = true, Probability = "100.0" }
        count = 2
    """,
    "a stage of one's own": """
        [[given]]
        account = "A"
        [[given]]
        sales_stage = "Signed"
        won = true
        probability = "90"
        [[given]]
        opportunity = "deal"
        account = "A"
        stage = "Signed"
        [[then]]
        salesforce = "Opportunity"
        fields = { IsClosed = true, IsWon = true, Probability = 90 }
    """,
    "a duplicate rule": """
        [[given]]
        account = "Acme Inc."
        [[given]]
        duplicate_rule = "Account"
        name = "No_Doubles"
        [[given]]
        account = "ACME"
        expect_error = "DUPLICATES_DETECTED"
        [[given]]
        duplicate_rule = "Account"
        mode = "off"
        [[given]]
        account = "ACME"
        [[then]]
        salesforce = "Account"
        count = 2
    """,
    "a validation rule": """
        [[given]]
        validation_rule = "No phone."
        object = "Account"
        condition = "Phone = null"
        [[given]]
        account = "A"
        expect_error = "No phone."
    """,
    "a field that comes and goes": """
        [[given]]
        custom_field = "Account.Region__c"
        length = 4
        [[given]]
        account = "A"
        fields = { Region__c = "West" }
        [[then]]
        salesforce = "Account"
        fields = { Region__c = "West" }
        [[given]]
        remove_field = "Account.Region__c"
        [[given]]
        account = "B"
        fields = { Region__c = "West" }
        expect_error = "INVALID_FIELD"
    """,
    "a late commit": """
        [[given]]
        late_commit = "Account"
        as = "late"
        fields = { Name = "Late" }
        seconds = 90
        [[then]]
        equal = "${late.SystemModstamp}"
        to = "2026-11-22T19:58:30.000+0000"
        [[given]]
        late_commit = "Account"
        of = "late"
        fields = { Phone = "1" }
        [[then]]
        salesforce = "Account"
        fields = { Phone = "1", SystemModstamp = "2026-11-22T19:59:57.000+0000" }
    """,
    "a user who is frozen for a while": """
        [[given]]
        freeze_user = true
        [[when]]
        sync = true
        expect_error = ""
        [[given]]
        freeze_user = true
        frozen = false
        [[when]]
        sync = true
    """,
    "a permission that is taken for a while": """
        [[given]]
        permission = "ApiEnabled"
        granted = false
        [[when]]
        sync = true
        expect_error = ""
        [[given]]
        permission = "ApiEnabled"
        [[when]]
        sync = true
    """,
    "a name without a field": """
        [[given]]
        field_rights = "Website"
        expect_error = "names no field"
    """,
    "a field that is not there": """
        [[given]]
        field_rights = "Account.Nothing"
        expect_error = "no such object or field"
    """,
}


class Doors:
    """The control door of the emulators of a play, to look behind it at the end."""

    def __init__(self) -> None:
        self._door: Door | None = None

    @asynccontextmanager
    async def opens(self, scenario: Scenario) -> AsyncIterator[Door]:
        async with in_process(scenario) as self._door:
            yield self._door

    async def ask(self, method: str, path: str) -> dict[str, Any]:
        assert self._door is not None
        return dict(await self._door.ask(method, path, None))


async def played(text: str, folder: Path, door: Doors | None = None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The checks that failed, and the switches of the org at the end."""
    file, door = folder / "story.toml", door or Doors()
    file.write_text(text)
    document = await run(file, quiet, door.opens)
    return [check for check in document["checks"] if not check["ok"]], (await door.ask("GET", "/switches"))[
        "salesforce"
    ]


@pytest.mark.parametrize("text", STORIES.values(), ids=STORIES)
async def test_an_entry_takes_effect(text: str, tmp_path: Path) -> None:
    failed, _ = await played(text, tmp_path)
    assert failed == []


async def test_rights_on_fields_and_objects_are_taken_and_given_back(tmp_path: Path) -> None:
    taken = """
        [[given]]
        field_rights = "Account.Website"
        read = false
        [[given]]
        field_rights = "Account.Phone"
        edit = false
        [[given]]
        object_rights = "Contact"
        create = false
        edit = false
        [[then]]
        holds = 0
    """
    failed, switches = await played(taken, tmp_path)
    assert (failed, switches["hidden_fields"]["Account"]) == ([], ["Website"])
    assert sorted(switches["read_only_fields"]["Account"]) == ["Phone", "Website"]
    assert sorted(switches["denied_rights"]["Contact"]) == ["create", "edit"]
    given = """
        [[given]]
        field_rights = "Account.Website"
        [[given]]
        field_rights = "Account.Phone"
        [[given]]
        object_rights = "Contact"
        create = true
        [[then]]
        holds = 0
    """
    failed, switches = await played(taken + given, tmp_path)
    assert (failed, switches["hidden_fields"]["Account"], switches["read_only_fields"]["Account"]) == ([], [], [])
    assert switches["denied_rights"]["Contact"] == ["edit"]


async def test_a_fault_at_a_record_strikes_where_it_is_met(tmp_path: Path) -> None:
    text = """
        [[given]]
        account = "Rocket"
        [[given]]
        account = "Plain"
        [[when]]
        fault = "status"
        of = "Rocket"
        on = "list"
        status = 400
        code = "OPERATION_TOO_LARGE"
        [[when]]
        fault = "status"
        vendor = "salesforce"
        kind = "Account"
        where = { Name = "Nobody" }
        status = 400
        [[when]]
        sync = true
    """
    await played(text, tmp_path, door := Doors())
    faults = (await door.ask("GET", "/faults"))["faults"]
    assert [fault["struck"] for fault in faults] == [1, 0]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("fault = 'status'\nstatus = 400\nof = 'Acme'", "is not one record"),
        ("fault = 'delay'\nseconds = '1'\nof = 'Acme'\nvendor = 'salesforce'", "status"),
    ],
)
async def test_a_fault_that_is_at_no_record(entry: str, words: str, tmp_path: Path) -> None:
    failed, _ = await played(f"[[given]]\nbusiness = 'Acme'\n[[when]]\n{entry}\n[[then]]\nholds = 0", tmp_path)
    assert words in failed[0]["actual"]
