"""Each kind of org over real sockets: the command's options, a client nobody here wrote, and the event bus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aiohttp
import grpc
import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from emulators.pubsub.test_together import metadata
from emulators.salesforce.rules.test_billing import INGEST, Billed
from journeys.rig import servers
from ml_emulators.pubsub import messages
from ml_emulators.salesforce import ValidationRule
from ml_emulators.salesforce.org import Profile
from ml_emulators.server import Emulators

from .orgs import TestOrg
from .sockets import listening, session_to

HOST = "acme.my.salesforce.com"


@pytest.fixture
def org() -> Billed:
    return Billed()


@pytest.fixture
def judge(org: Billed) -> Iterator[Any]:
    with listening(org) as port:
        yield _judge(org, port, org.token)


def _judge(org: TestOrg, port: int, token: str) -> Any:
    return Salesforce(session_id=token, instance=HOST, session=session_to(port), version="67.0")


def _told(caught: pytest.ExceptionInfo[Any]) -> dict[str, Any]:
    return dict(caught.value.content[0])


def _code(caught: pytest.ExceptionInfo[Any]) -> str:
    return str(_told(caught)["errorCode"])


@pytest.mark.parametrize("multicurrency", [True, False])
@pytest.mark.parametrize("profile", ["professional", "enterprise", "revenue-cloud"])
def test_what_each_kind_of_org_shows_a_client(org: Billed, judge: Any, profile: Profile, multicurrency: bool) -> None:
    org.switches.profile, org.switches.multicurrency = profile, multicurrency
    names = {entry["name"] for entry in judge.describe()["sobjects"]}
    there = {"Order": profile != "professional", "Invoice": profile == "revenue-cloud", "CurrencyType": multicurrency}
    assert {name: name in names for name in there} == there
    fields = {entry["name"] for entry in judge.Account.describe()["fields"]}
    assert ("CurrencyIsoCode" in fields) is multicurrency
    if not multicurrency:
        with pytest.raises(SalesforceMalformedRequest) as caught:
            judge.query("SELECT CurrencyIsoCode FROM Account")
        assert _code(caught) == "INVALID_FIELD"
    if profile == "professional":
        with pytest.raises(SalesforceResourceNotFound):
            judge.Order.describe()


def test_an_invoice_is_taken_in_and_paid_by_a_client(org: Billed, judge: Any) -> None:
    body = {"invoices": [{"records": org.graph(status="Posted", invoiceNumber="77")}]}
    made = judge.restful(INGEST.lstrip("/"), method="POST", json=_plain(body))
    payment = judge.Payment.create(
        {"AccountId": org.customer, "Amount": 10, "Status": "Processed", "Type": "Sale", "ProcessingMode": "External"}
    )
    line = {"PaymentId": payment["id"], "InvoiceId": made["invoiceId"], "Amount": 10, "Type": "Applied"}
    judge.PaymentLineInvoice.create(line)
    shown = judge.Invoice.get(made["invoiceId"])
    assert (shown["Status"], shown["Balance"], shown["SettlementStatus"]) == ("Posted", 0, "Settled")
    with pytest.raises(SalesforceMalformedRequest) as caught:
        judge.Invoice.delete(made["invoiceId"])
    assert _code(caught) == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def _plain(value: Any) -> Any:
    """Without Decimal, which this client's JSON does not write."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | None) else str(value)


def test_a_clerk_meets_the_rules_of_the_house(org: Billed) -> None:
    org.act("add_user", "", Username="clerk@acme.example", LastName="Clerk")
    org.act("set_fls", "", object="Account", field="Phone", readable=False, username="clerk@acme.example")
    org.switches.duplicate_rules = {"Account": "alert"}
    org.switches.validation_rules.append(ValidationRule("Contact", "Email = null", "An e-mail is needed."))
    token = org.act("open_session", "", username="clerk@acme.example")["access_token"]
    with listening(org) as port:
        clerk = _judge(org, port, token)
        assert "Phone" not in {entry["name"] for entry in clerk.Account.describe()["fields"]}
        for record, code in (
            ({"Name": "New", "Phone": "1"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
            ({"Name": "acme"}, "DUPLICATES_DETECTED"),
        ):
            with pytest.raises(SalesforceMalformedRequest) as caught:
                clerk.Account.create(record)
            assert _code(caught) == code
        passing = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
        assert clerk.Account.create({"Name": "acme"}, headers=passing)["success"] is True
        with pytest.raises(SalesforceMalformedRequest) as caught:
            clerk.Contact.create({"LastName": "Roe"})
        assert _told(caught)["message"] == "An e-mail is needed."
        org.act("set_permission", "", permission="ApiEnabled", granted=False, username="clerk@acme.example")
        with pytest.raises(SalesforceRefusedRequest) as closed:
            clerk.Account.describe()
        assert _code(closed) == "API_CURRENTLY_DISABLED"


@pytest.mark.parametrize(
    ("profile", "topic", "answer"),
    [
        ("professional", "/data/ChangeEvents", grpc.StatusCode.NOT_FOUND),
        ("professional", "/data/QboSync__chn", grpc.StatusCode.NOT_FOUND),
        ("professional", "/data/AccountChangeEvent", grpc.StatusCode.NOT_FOUND),
        ("enterprise", "/data/OrderChangeEvent", None),
        ("revenue-cloud", "/data/ChangeEvents", None),
        ("revenue-cloud", "/data/InvoiceChangeEvent", grpc.StatusCode.NOT_FOUND),
    ],
)
async def test_change_events_of_each_kind_of_org(profile: Profile, topic: str, answer: Any) -> None:
    emulators = Emulators(scenario="empty", org=profile)
    await emulators.start()
    try:
        info = emulators.info()
        async with aiohttp.ClientSession() as http, grpc.aio.insecure_channel(info["pubsub"]["target"]) as channel:
            ask = channel.unary_unary(
                "/eventbus.v1.PubSub/GetTopic",
                request_serializer=messages.TopicRequest.SerializeToString,
                response_deserializer=messages.TopicInfo.FromString,
            )(messages.TopicRequest(topic_name=topic), metadata=await metadata(http, info))
            assert await ask.code() is (answer or grpc.StatusCode.OK)
            if answer:
                assert str(dict(await ask.trailing_metadata())["error-code"]).endswith("topic.not.found")
    finally:
        await emulators.stop()


@pytest.mark.parametrize(
    ("options", "profile", "multicurrency"),
    [
        (("--org", "professional", "--single-currency"), "professional", False),
        (("--org", "revenue-cloud"), "revenue-cloud", True),
    ],
)
def test_the_command_chooses_the_kind_of_org(options: tuple[str, ...], profile: str, multicurrency: bool) -> None:
    with servers("--scenario", "tiny", *options) as running:
        switches = running.ask("GET", "/switches")["salesforce"]
        assert (switches["profile"], switches["multicurrency"]) == (profile, multicurrency)
        kinds = running.ask("GET", "/state/salesforce")
        assert ("Order" in kinds, "Invoice" in kinds) == (profile != "professional", profile == "revenue-cloud")
        running.ask("POST", "/seed", {"scenario": "tiny"})
        assert running.ask("GET", "/switches")["salesforce"]["profile"] == profile


def test_a_professional_org_has_no_channels_to_set_up(org: Billed) -> None:
    org.switches.profile = "professional"
    body = {"FullName": "QboSync__chn", "Metadata": {"channelType": "data", "label": "QBO sync"}}
    assert org.post("/tooling/sobjects/PlatformEventChannel", body).status == 404
    asked = org.get("/tooling/query?q=SELECT+Id+FROM+PlatformEventChannelMember")
    assert asked.code == "INVALID_TYPE"
