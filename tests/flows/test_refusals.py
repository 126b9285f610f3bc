"""What a vendor refuses for good stands in the held list, with its code and words."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from ml_connector.flows.refusals import refused, refused_alone, refused_with_account
from ml_connector.model.plans import Refused, Write
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked, record_changed

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
DELETED = Refused("ENTITY_IS_DELETED", "entity is deleted")


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
    hold = refused_alone(OPPORTUNITY, DELETED)
    assert hold.waits_for == (record_changed(Ref("salesforce", "Opportunity", "006A")),)
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
