"""What a vendor refuses for good stands in the held list, with its code and words."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from ml_connector.flows import refusals
from ml_connector.flows.refusals import refused_alone
from ml_connector.model import holds
from ml_connector.model.plans import Duplicates, Hold, Refused, Reread, Write
from ml_connector.model.refs import LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked, record_changed, table_changed
from support.digests import digest

CUSTOMER = Write(
    system="quickbooks",
    action="create",
    kind="Customer",
    step="customer",
    key="1",
    body={"DisplayName": "Acme"},
    label="Acme Inc.",
)
OPPORTUNITY = Write(
    system="salesforce", action="update", kind="Opportunity", step="opportunity", key="1:7", target_id="006A",
    label="INV-7", body={"AccountId": "001A"}, amount=Decimal("12.50"), currency="USD",
)  # fmt: skip
ACCOUNT = Write(
    system="salesforce", action="upsert", kind="Account", step="account", key="1:7", key_field="QBO_Id__c",
    label="Acme West", body={"ParentId": "001A"},
)  # fmt: skip
DELETED = Refused("ENTITY_IS_DELETED", "entity is deleted")


def refused(write: Write, answer: Refused) -> Hold:
    hold = refusals.refused(write, answer, digest)
    assert isinstance(hold, Hold)
    return hold


def refused_with_account(write: Write, answer: Refused) -> Hold:
    hold = refusals.refused_with_account(write, answer, digest)
    assert isinstance(hold, Hold)
    return hold


def test_a_name_that_is_taken_needs_another_name() -> None:
    hold = refused(CUSTOMER, Refused("6240", "Duplicate Name Exists Error"))
    assert (hold.code, hold.facts) == ("NAME-TAKEN", {"name": "Acme", "account": "Acme Inc."})
    elsewhere = msgspec.structs.replace(CUSTOMER, system="salesforce")
    assert refused(elsewhere, Refused("6240", "x")).code == "REFUSED-BY-SALESFORCE"


def test_any_other_refusal_has_the_code_and_words_of_the_vendor() -> None:
    hold = refused(CUSTOMER, Refused("6000", "A business validation error"))
    assert hold.code == "REFUSED-BY-QUICKBOOKS"
    assert (hold.facts["code"], hold.facts["message"]) == ("6000", "A business validation error")
    hold = refused(OPPORTUNITY, Refused("STRING_TOO_LONG", "too long"))
    assert (hold.code, hold.amount, hold.currency) == ("REFUSED-BY-SALESFORCE", Decimal("12.50"), "USD")
    assert hold.facts["name"] == "INV-7"


def test_alone_it_waits_for_its_own_record() -> None:
    hold = refused_alone(OPPORTUNITY, DELETED, digest)
    assert isinstance(hold, Hold)
    changed = record_changed(Ref("salesforce", "Opportunity", "006A"))
    assert hold.waits_for == (changed, table_changed("fields:Opportunity", "salesforce"))
    assert hold.code == "REFUSED-BY-SALESFORCE"


def test_an_account_that_is_gone_is_looked_at_and_waited_for() -> None:
    hold = refused_with_account(OPPORTUNITY, DELETED)
    assert (hold.code, hold.facts["invoice"], hold.amount) == ("ACCOUNT-GONE", "INV-7", Decimal("12.50"))
    assert hold.knocks == (Ref("salesforce", "Account", "001A"),)
    past = Ref("salesforce", "AccountPast", "001A")
    assert hold.waits_for == (linked(Role.MERGED, hold.knocks[0]), linked(Role.ACCOUNT, past))


def test_what_hangs_on_no_account_or_is_refused_for_another_reason_is_a_usual_refusal() -> None:
    assert refused_with_account(OPPORTUNITY, Refused("STRING_TOO_LONG", "x")).code == "REFUSED-BY-SALESFORCE"
    without = msgspec.structs.replace(OPPORTUNITY, body={})
    assert refused_with_account(without, DELETED).code == "REFUSED-BY-SALESFORCE"


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (OPPORTUNITY, "Invoice INV-7 is not in Salesforce, because the account of its customer was deleted there."),
        (ACCOUNT, "The account of 001A, the parent of Acme West, was deleted in Salesforce."),
        (
            msgspec.structs.replace(OPPORTUNITY, kind="Contact", label="Acme"),
            "The account of customer Acme was deleted in Salesforce.",
        ),
    ],
)
@pytest.mark.parametrize("code", ["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"])
def test_the_hold_names_what_hung_on_the_deleted_account(write: Write, code: str, sentence: str) -> None:
    hold = refused_with_account(write, Refused(code, "no such record"))
    assert (holds.render_hold(hold).sentence, hold.knocks) == (sentence, (Ref("salesforce", "Account", "001A"),))


@pytest.mark.parametrize("code", ["610", "2500"])
def test_an_id_that_quickbooks_knows_no_longer_is_looked_for_before_it_is_held(code: str) -> None:
    """What is inactive or gone is found when the customer and its parent are read anew."""
    answer = refusals.refused(CUSTOMER, Refused(code, "Object Not Found"), digest)
    assert isinstance(answer, Reread)
    assert (answer.otherwise.code, answer.otherwise.facts["code"]) == ("REFUSED-BY-QUICKBOOKS", code)
    assert isinstance(refusals.refused(ACCOUNT, Refused(code, "x"), digest), Hold)


ALERT = Duplicates("Same name", warns=True, candidates=("001B", "001C"))
CUSTOMER_REF = Ref("quickbooks", "Customer", "7")
PAIRED = msgspec.structs.replace(ACCOUNT, links=(LinkDraft(Role.ACCOUNT, CUSTOMER_REF),))


@pytest.mark.parametrize(
    ("write", "duplicates", "code"),
    [
        (PAIRED, ALERT, "DUPLICATE-ALERT"),
        (PAIRED, msgspec.structs.replace(ALERT, warns=False), "DUPLICATE-BLOCKED"),
        (msgspec.structs.replace(PAIRED, declared_new=True), ALERT, "DUPLICATE-BLOCKED"),
        (OPPORTUNITY, ALERT, "DUPLICATE-BLOCKED"),
        (PAIRED, Duplicates(""), "DUPLICATE-BLOCKED"),
    ],
)
def test_a_duplicate_rule_is_named_and_what_a_person_can_do(write: Write, duplicates: Duplicates, code: str) -> None:
    """A rule that warns waits for a person's word; one that blocks, or warns in spite of it, for its owner."""
    hold = refused_with_account(write, Refused("DUPLICATES_DETECTED", "Use one of these?", duplicates=duplicates))
    words = holds.render_hold(hold)
    assert hold.code == code
    assert (duplicates.rule or "(not named)") in words.sentence
    assert all(candidate in words.sentence for candidate in duplicates.candidates)
    by_word = code == "DUPLICATE-ALERT"
    assert (linked(Role.DECLARED_NEW, CUSTOMER_REF) in hold.waits_for) is by_word
    assert ("match new quickbooks:Customer:7" in words.remedy) is by_word


UPDATE = Write(
    system="salesforce", action="update", kind="Account", step="account", key="1:7", target_id="001A", label="Acme",
    body={"Phone": "1"},
    links=(LinkDraft(Role.ACCOUNT, Ref("quickbooks", "Customer", "7"), Ref("salesforce", "Account", "001A")),),
)  # fmt: skip


@pytest.mark.parametrize("warns", [True, False])
@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("rule", ["Standard_Account_Duplicate_Rule", "Ours", ""])
def test_a_duplicate_rule_on_an_update(rule: str, warns: bool, declared: bool) -> None:
    """One that warns is put to a person, unless that person has spoken; one that blocks is named."""
    write = msgspec.structs.replace(UPDATE, declared_new=declared)
    answer = Refused("DUPLICATES_DETECTED", "Use one of these?", duplicates=Duplicates(rule, warns, ("001B",)))
    hold = refused(write, answer)
    asked = warns and not declared
    assert hold.code == ("DUPLICATE-ALERT" if asked else "DUPLICATE-BLOCKED")
    assert hold.facts["rule"] == rule or (not rule and hold.facts["rule"] == "(not named)")
    assert (linked(Role.DECLARED_NEW, Ref("quickbooks", "Customer", "7")) in hold.waits_for) is asked
