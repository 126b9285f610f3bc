"""Answers that depend on what the caller has seen, and what is too long (salesforce reference 2.1, 2.2)."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from emulators.pubsub.event_org import EventOrg
from emulators.salesforce.orgs import NOON, TestOrg

BEFORE = format_datetime(NOON.replace(microsecond=0) - timedelta(minutes=1), usegmt=True)
AFTER = format_datetime(NOON + timedelta(minutes=1), usegmt=True)


@pytest.mark.parametrize("url", ["/sobjects", "/sobjects/Account/describe", "/sobjects/Account/{id}"])
@pytest.mark.parametrize(("since", "status"), [(BEFORE, 200), (AFTER, 304), ("yesterday", 200), ("", 200)])
def test_what_did_not_change_is_not_sent_again(org: TestOrg, url: str, since: str, status: int) -> None:
    address = url.replace("{id}", org.account())
    org.get(address)
    reply = org.get(address, if_modified_since=since)
    assert (reply.status, bool(reply.text)) == (status, status == 200)


def test_a_right_that_changes_is_news(org: TestOrg) -> None:
    org.get("/sobjects/Account/describe")
    org.clock.advance(timedelta(minutes=2))
    assert org.get("/sobjects/Account/describe", if_modified_since=AFTER).status == 304
    org.act("set_fls", "", object="Account", field="Site", readable=False)
    assert org.get("/sobjects/Account/describe", if_modified_since=AFTER).status == 200


def test_a_record_found_by_its_key(org: TestOrg) -> None:
    org.account(QBO_Id__c="1")
    assert org.get("/sobjects/Account/QBO_Id__c/1", if_modified_since=AFTER).status == 304


def test_a_writer_may_insist_on_what_it_has_read(org: TestOrg) -> None:
    acme = org.account(Name="Acme")
    refused = org.patch(f"/sobjects/Account/{acme}", {"Name": "Beta"}, if_unmodified_since=BEFORE)
    assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    assert org.record("Account", acme)["Name"] == "Acme"
    assert org.patch(f"/sobjects/Account/{acme}", {"Name": "Beta"}, if_unmodified_since=AFTER).status == 204


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        ("/limits?x=" + "y" * 16_384, {}, 414),
        ("/limits", {"x_long": "y" * 16_384}, 431),
        ("/limits?x=" + "y" * 9_000, {"x_long": "y" * 9_000}, 431),
        ("/limits?x=" + "y" * 9_000, {}, 200),
    ],
)
def test_address_and_headers_have_16384_bytes(org: TestOrg, url: str, headers: dict[str, str], status: int) -> None:
    assert org.get(url, **headers).status == status


def test_event_schemas_by_rest() -> None:
    org = EventOrg()
    by_name = org.get("/sobjects/AccountChangeEvent/eventSchema")
    assert by_name.status == 200
    assert (by_name.body["name"], by_name.body["fields"][0]["name"]) == ("AccountChangeEvent", "ChangeEventHeader")
    by_id = org.get(f"/event/eventSchema/{by_name.body['uuid']}?payloadFormat=COMPACT")
    assert by_id.body == by_name.body
    assert org.pubsub.get_schema(by_name.body["uuid"]).kind == "Account"
    for url in ("/event/eventSchema/nope", "/sobjects/NopeChangeEvent/eventSchema", "/event/nope"):
        assert org.get(url).status == 404
    assert TestOrg().get("/sobjects/AccountChangeEvent/eventSchema").status == 404
