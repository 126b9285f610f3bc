"""The client against the emulated org, which is written from the vendor's documents."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import msgspec
import pytest

from ml_connector.model.errors import LimitReached, SignInNeeded, Unreachable, WrongUse
from ml_connector.model.plans import Differs, Done, Later, Missing, Refused, Unsure, Write
from ml_connector.model.refs import Gone, Ref
from ml_connector.systems.salesforce.records import SObject

from .emulated import EmulatedOrg
from .org import noted, upsert

DAY = date(2026, 11, 1).isoformat()


@pytest.fixture
def org() -> EmulatedOrg:
    return EmulatedOrg()


def invoice(number: int, amount: str = "100.25") -> Write:
    body = {"Name": f"Invoice {number}", "StageName": "Closed Won", "CloseDate": DAY, "Amount": Decimal(amount)}
    return upsert(number, "Opportunity", **body)


def role(opportunity: str, contact: str) -> Write:
    body = {"OpportunityId": opportunity, "ContactId": contact, "Role": "Other"}
    kind = "OpportunityContactRole"
    return Write(
        step="role", system="salesforce", kind=kind, action="create", body=body, key=f"{opportunity}:{contact}"
    )


async def apply(org: EmulatedOrg, *writes: Write) -> list[object]:
    return list(await org.client.apply(noted(org.client, *writes)))


async def made(org: EmulatedOrg, *writes: Write) -> list[str]:
    outcomes = await apply(org, *writes)
    assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
    return [outcome.ref.id for outcome in outcomes if isinstance(outcome, Done)]


async def test_a_thousand_new_opportunities_are_one_call_and_then_one_more_for_the_change(org: EmulatedOrg) -> None:
    await org.client.session()
    first = await apply(org, *(invoice(n) for n in range(1000)))
    assert [(o.created, type(o)) for o in first if isinstance(o, Done)] == [(True, Done)] * 1000
    assert org.calls() == 1
    second = await apply(org, *(invoice(n, "7.00") for n in range(1000)))
    assert [o.created for o in second if isinstance(o, Done)] == [False] * 1000
    assert org.calls() == 2
    assert len(org.emulator.records("Opportunity")) == 1000


async def test_a_thousand_opportunities_are_read_in_one_call(org: EmulatedOrg) -> None:
    ids = await made(org, *(invoice(n) for n in range(1000)))
    await org.client.reference("fields:Opportunity")
    before = org.calls()
    found = await org.client.read("Opportunity", ids)
    assert org.calls() - before == 1
    record = found[ids[3]]
    assert isinstance(record, SObject)
    assert (record["Amount"], record.day("CloseDate"), record["IsWon"]) == (Decimal("100.25"), date(2026, 11, 1), True)
    assert record.version


async def test_accounts_come_with_their_contacts(org: EmulatedOrg) -> None:
    (account,) = await made(org, upsert(1, Name="O'Neil"))
    await made(
        org, *(upsert(n, "Contact", LastName=f"P{n}", Email=f"p{n}@x.example", AccountId=account) for n in range(3))
    )
    found = await org.client.read("Account", [account, "001000000000999AAA"])
    record = found[account]
    assert isinstance(record, SObject)
    assert sorted(c.text("Email") for c in record.children("Contacts")) == [f"p{n}@x.example" for n in range(3)]
    assert found["001000000000999AAA"] == Gone(Ref("salesforce", "Account", "001000000000999AAA"))
    by_name = await org.client.find("Account", "Name", ["o'neil", "nobody"])
    assert [len(records) for records in by_name.values()] == [1, 0]


async def test_contacts_come_with_the_accounts_they_are_related_to_where_the_org_has_that(org: EmulatedOrg) -> None:
    own, other = await made(org, upsert(1), upsert(2))
    await made(org, upsert(1, "Contact", LastName="Roe", Email="roe@x.example", AccountId=own))

    async def related() -> tuple[int, list[str]]:
        before = org.calls()
        (contact,) = (await org.client.find("Contact", "Email", ["roe@x.example"]))["roe@x.example"]
        assert isinstance(contact, SObject)
        return org.calls() - before, [row["AccountId"] for row in contact.children("AccountContactRelations")]

    assert await related() == (1 + 1, [])  # describe, and the look-up
    org.emulator.switches.contacts_to_multiple_accounts = True
    org.clock.virtual.advance(timedelta(hours=7))
    assert (await related())[1] == []
    contact = org.emulator.records("Contact")[0]["Id"]
    org.act("create", "AccountContactRelation", ContactId=contact, AccountId=other)
    assert await related() == (1, [other])
    org.emulator.switches.contacts_to_multiple_accounts = False
    assert await related() == (1 + 1 + 1, []), "refused, described again, asked again"


async def test_an_order_comes_with_account_opportunity_lines_and_products(org: EmulatedOrg) -> None:
    (account,) = await made(org, upsert(1, Name="Acme", Department__c="North"))
    order = org.order(account, Class__c="Retail")
    record = (await org.client.read("Order", [order["Id"]]))[order["Id"]]
    assert isinstance(record, SObject)
    assert (record["Account"]["Department__c"], record["Account"]["QBO_Id__c"]) == ("North", "1:1")
    assert (record["Opportunity"], record["Class__c"], record["TotalAmount"]) == (None, "Retail", Decimal("75.00"))
    lines = record.children("OrderItems")
    assert sorted(line.text("Department__c") for line in lines) == ["", "West"]
    assert {line["Product2"]["QBO_Item_Id__c"] for line in lines} == {"11"}
    assert [line.amount("UnitPrice") for line in lines] == [Decimal("12.50")] * 2


async def test_a_lost_answer_is_looked_up_and_nothing_is_made_twice(org: EmulatedOrg) -> None:
    (opportunity,) = await made(org, invoice(1))
    (contact,) = await made(org, upsert(1, "Contact", LastName="Roe"))
    org.fault("drop_after", path="composite")
    writes = noted(org.client, role(opportunity, contact))
    (lost,) = await org.client.apply(writes)
    assert isinstance(lost, Unsure)
    (found,) = await org.client.look_up(writes)
    assert isinstance(found, Done)
    assert len(org.emulator.records("OpportunityContactRole")) == 1


async def test_a_lost_request_is_missing(org: EmulatedOrg) -> None:
    (there,) = await made(org, invoice(1))
    org.fault("drop_before", path="composite")
    writes = noted(org.client, invoice(1, "5.00"), invoice(2))
    assert {type(o) for o in await org.client.apply(writes)} == {Unsure}
    assert await org.client.look_up(writes) == [Differs(Ref("salesforce", "Opportunity", there)), Missing()]


async def test_what_was_written_is_found_standing(org: EmulatedOrg) -> None:
    writes = noted(
        org.client, invoice(1), upsert(1, QBO_Balance__c=Decimal("10.10"), QBO_Active__c=True, Name=" Müller\n& Co ")
    )
    await org.client.apply(writes)
    assert [type(each) for each in await org.client.look_up(writes)] == [Done, Done]


async def test_an_expired_session_is_renewed_without_anybody_noticing(org: EmulatedOrg) -> None:
    await made(org, invoice(1))
    org.clock.advance(hours=3)
    await made(org, invoice(2))
    org.emulator.act({"op": "kill_sessions", "body": {}})
    assert len((await org.client.find("Opportunity", "QBO_Id__c", ["1:1", "1:2"]))["1:2"]) == 1


@pytest.mark.parametrize(
    ("switch", "value", "words"),
    [
        ("client_credentials_enabled", False, "switched off"),
        ("run_as_user", False, "no user to run as"),
        ("admin_approved", False, "not approved"),
        ("user_active", False, "inactive"),
    ],
)
async def test_sign_in_problems_are_named(org: EmulatedOrg, switch: str, value: bool, words: str) -> None:
    setattr(org.emulator.switches, switch, value)
    with pytest.raises(SignInNeeded, match=words):
        await org.client.session()


async def test_wrong_keys_and_wrong_orgs_are_named(org: EmulatedOrg) -> None:
    with pytest.raises(SignInNeeded, match="consumer key"):
        await org.signed_in(client_id="other").session()
    with pytest.raises(SignInNeeded, match="secret"):
        await org.signed_in(client_secret="other").session()
    with pytest.raises(WrongUse, match="belong to the org"):
        await org.signed_in(org_id="00D000000000009AAA").session()


async def test_one_unknown_field_does_not_stop_its_neighbours(org: EmulatedOrg) -> None:
    good = [invoice(n) for n in range(50)]
    outcomes = await apply(org, *good[:20], upsert(99, "Opportunity", Nope__c="x"), *good[20:])
    refused = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, Refused)]
    assert refused == [20]
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 50


async def test_rules_of_the_org_refuse_one_record_alone(org: EmulatedOrg) -> None:
    outcomes = await apply(org, invoice(1), upsert(2, "Opportunity", Name="no stage"), invoice(3))
    assert [type(outcome) for outcome in outcomes] == [Done, Refused, Done]
    assert isinstance(outcomes[1], Refused)
    assert outcomes[1].code == "REQUIRED_FIELD_MISSING"
    assert "StageName" in outcomes[1].fields


async def test_locks_pass(org: EmulatedOrg) -> None:
    org.emulator.switches.lock_next = 1
    outcomes = await apply(org, invoice(1), invoice(2))
    assert Later("UNABLE_TO_LOCK_ROW") in outcomes
    assert any(isinstance(outcome, Done) for outcome in outcomes)


@pytest.mark.parametrize("mode", ["alert", "block"])
async def test_only_what_is_declared_new_passes_a_duplicate_rule_and_only_one_that_warns(
    org: EmulatedOrg, mode: Literal["alert", "block"]
) -> None:
    """The permission counts for that record alone, wherever it stands in the batch."""
    (account,) = await made(org, upsert(1, Name="Acme Ltd"))
    org.emulator.switches.duplicate_rules["Account"] = mode
    new = msgspec.structs.replace(upsert(3, Name="Acme Ltd"), declared_new=True)
    batch = [upsert(2, Name="Acme Ltd"), new, upsert(4, Name="Globex"), upsert(5, Name="Acme Ltd")]
    before, passed, other, after = await apply(org, *batch)

    for refused in (before, after, *([passed] if mode == "block" else [])):
        assert isinstance(refused, Refused)
        assert refused.duplicates is not None
        assert (refused.duplicates.rule, refused.duplicates.warns) == (
            "Standard_Account_Duplicate_Rule", mode == "alert",
        )  # fmt: skip
        assert account in refused.duplicates.candidates
    assert isinstance(other, Done)
    assert isinstance(passed, Done) == (mode == "alert")


async def test_the_limit_is_respected_before_it_is_hit(org: EmulatedOrg) -> None:
    await made(org, invoice(1))
    org.client.usage.reserve = 10**6
    with pytest.raises(LimitReached):
        await apply(org, invoice(2))
    with pytest.raises(LimitReached):
        await org.client.read("Opportunity", ["006000000000001AAA"])


async def test_reads_are_repeated_after_trouble_and_writes_are_not(org: EmulatedOrg) -> None:
    ids = await made(org, invoice(1))
    org.fault("html", status=503, path="composite/sobjects/Opportunity$", count=2)
    assert not isinstance((await org.client.read("Opportunity", ids))[ids[0]], Gone)
    org.fault("html", status=503, path="composite/sobjects", count=1)
    (unsure,) = await apply(org, invoice(2))
    assert isinstance(unsure, Unsure)
    org.fault("drop_before", count=100)
    with pytest.raises(Unreachable):
        await org.client.read("Opportunity", ids)


KINDS = ("Account", "Contact", "Opportunity", "Order")


async def test_a_backfill_names_everything_and_the_next_sweep_what_changed(org: EmulatedOrg) -> None:
    accounts = await made(org, *(upsert(n) for n in range(2500)))
    order = org.order(accounts[0])
    found = await org.client.sweep(KINDS, None, org.clock.now())
    assert {str(change.ref) for change in found.changes} == {
        *(f"salesforce:Account:{each}" for each in accounts),
        f"salesforce:Order:{order['Id']}",
    }
    org.clock.advance(minutes=30)
    quiet = await org.client.sweep(KINDS, found.position, org.clock.now())
    org.clock.advance(minutes=30)
    before = org.calls()
    nothing = await org.client.sweep(KINDS, quiet.position, org.clock.now())
    assert (list(nothing.changes), org.calls() - before) == ([], 1)
    assert nothing.covered_to == org.clock.now() - timedelta(minutes=5)
    org.act("delete", "Account", Id=accounts[7])
    await made(org, upsert(8, Name="renamed"))
    org.clock.advance(minutes=1)
    changed = await org.client.sweep(KINDS, nothing.position, org.clock.now())
    assert [change.ref.id for change in changed.changes] == [accounts[7], accounts[8]]
    assert isinstance((await org.client.read("Account", [accounts[7]]))[accounts[7]], Gone)


async def test_a_change_of_a_line_alone_is_a_knock_on_its_order_and_moves_its_version(org: EmulatedOrg) -> None:
    (account,) = await made(org, upsert(1))
    order = org.order(account)
    before = (await org.client.read("Order", [order["Id"]]))[order["Id"]]
    first = await org.client.sweep(["Order"], None, org.clock.now())
    org.clock.advance(hours=1)
    line = org.emulator.records("OrderItem")[0]
    org.act("update", "OrderItem", Id=line["Id"], Department__c="South")
    found = await org.client.sweep(["Order"], first.position, org.clock.now())
    assert {str(change.ref) for change in found.changes} == {f"salesforce:Order:{order['Id']}"}
    after = (await org.client.read("Order", [order["Id"]]))[order["Id"]]
    assert after.version > before.version


async def test_an_org_that_is_set_up_for_us_is_fit(org: EmulatedOrg) -> None:
    found = await org.client.fit()
    assert [finding for finding in found if finding.level != "ok"] == []
    assert any("Enterprise Edition" in finding.sentence for finding in found)
    assert any("EUR, USD" in finding.sentence for finding in found)


async def test_hidden_fields_are_found_by_the_doctor_and_left_out_of_reads(org: EmulatedOrg) -> None:
    (account,) = await made(org, upsert(1))
    org.act("create", "Contact", LastName="Roe", AccountId=account)
    rights = {"object": "Account", "field": "Department__c", "readable": False}
    org.emulator.act({"op": "set_fls", "body": rights})
    record = (await org.client.read("Account", [account]))[account]
    assert isinstance(record, SObject)
    assert record["Department__c"] is None
    assert any("Account lacks Department__c" in finding.sentence for finding in await org.client.fit())


async def test_a_field_that_is_hidden_between_two_reads_is_no_crash(org: EmulatedOrg) -> None:
    (account,) = await made(org, upsert(1))
    await org.client.read("Account", [account])
    org.emulator.act({"op": "set_fls", "body": {"object": "Account", "field": "Phone", "readable": False}})
    assert isinstance((await org.client.read("Account", [account]))[account], SObject)


async def test_tables(org: EmulatedOrg) -> None:
    stages = (await org.client.reference("stages")).value
    assert stages["Closed Won"]["IsWon"] is True
    assert "Other" in (await org.client.reference("contact_roles")).value
    assert sorted((await org.client.reference("currencies")).value) == ["EUR", "USD"]
    organization = (await org.client.reference("organization")).value
    assert organization["TimeZoneSidKey"] == "America/Los_Angeles"
    (account,) = await made(org, upsert(1))
    org.act("create", "Contact", LastName="Roe", Email="roe@x.example", AccountId=account)
    (matched,) = (await org.client.reference("matching")).value
    assert [contact["Email"] for contact in matched.children("Contacts")] == ["roe@x.example"]


async def test_updates_go_by_id(org: EmulatedOrg) -> None:
    (account,) = await made(org, upsert(1))
    order = org.order(account)
    mark = Write(
        step="order_mark", system="salesforce", kind="Order", action="update", target_id=order["Id"], key=order["Id"],
        body={"QBO_Status__c": "POSTED", "QBO_Journal_Entry__c": "JE-1"},
    )  # fmt: skip
    writes = noted(org.client, mark)
    assert await org.client.look_up(writes) == [Differs(Ref("salesforce", "Order", order["Id"]))]
    assert await org.client.apply(writes) == [Done(Ref("salesforce", "Order", order["Id"]))]
    assert isinstance((await org.client.look_up(writes))[0], Done)


async def test_changes_of_ours_carry_our_name(org: EmulatedOrg) -> None:
    notices: list[object] = []
    org.emulator.on_change.append(notices.append)
    await made(org, invoice(1))
    assert "client=ml-connector" in repr(notices)


async def test_twenty_thousand_ids_and_long_lists_of_values(org: EmulatedOrg) -> None:
    ids = await made(org, *(upsert(n) for n in range(1000)))
    await org.client.reference("fields:Account")
    before = org.calls()
    absent = [f"001{n:012d}AAA" for n in range(10**9, 10**9 + 9000)]
    found = await org.client.read("Account", [*ids, *absent])
    assert sum(isinstance(record, SObject) for record in found.values()) == 1000
    assert org.calls() - before == 2  # the second asks whether the absent ones were merged
    keys = [f"1:{n}" for n in range(5000)]
    by_key = await org.client.find("Account", "QBO_Id__c", keys)
    assert sum(len(records) for records in by_key.values()) == 1000
    assert org.calls() - before == 3


async def test_a_record_that_waited_too_long_for_its_sign_in_is_not_sent(org: EmulatedOrg) -> None:
    """Meanwhile another run may own the connection, and may have sent it."""
    org.fault("status", status=429, path="oauth2/token")
    writes = noted(org.client, upsert(1), upsert(2))
    soon = org.clock.now() + timedelta(seconds=30)
    outcomes = await org.client.apply(writes, lambda: soon)
    assert [type(each) for each in outcomes] == [Later, Later]
    assert org.emulator.records("Account") == []
    later = org.clock.now() + timedelta(minutes=1)
    assert {type(each) for each in await org.client.apply(writes, lambda: later)} == {Done}
