"""A mistake in an emulator is told as one, whoever asked: never as a refusal, never silently, and it fails the test."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import aiohttp
import grpc
import pytest
import pytest_asyncio

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.emulator_faults import HEADER, LABEL
from ml_emulators.kit.webhooks import Sender
from ml_emulators.kit.wire import dumps, loads
from ml_emulators.pubsub import messages
from ml_emulators.server import Emulators
from support.emulator_faults import fail_if_any

pytestmark = pytest.mark.asyncio(loop_scope="module")
Records = list[logging.LogRecord]
RULES = {
    "quickbooks": "ml_emulators.quickbooks.rules.writes._judge",
    "salesforce": "ml_emulators.salesforce.rules.rule.insert",
}


def broken(*_: Any, **__: Any) -> Any:
    raise TypeError("planted, with a secret")


class Client:
    """Running emulators, and a session that is signed in at both."""

    def __init__(self, emulators: Emulators, http: aiohttp.ClientSession) -> None:
        self.emulators = emulators
        self.info = emulators.info()
        self.http = http
        self.tokens: dict[str, str] = {}

    async def sign_in(self) -> None:
        books, org = self.info["quickbooks"], self.info["salesforce"]
        form = {"grant_type": "refresh_token", "refresh_token": books["refresh_token"]}
        basic = {"Authorization": aiohttp.encode_basic_auth(books["client_id"], books["client_secret"])}
        async with self.http.post(books["token_url"], data=form, headers=basic) as answer:
            self.tokens["quickbooks"] = (await answer.json())["access_token"]
        form = {"grant_type": "client_credentials"} | {key: org[key] for key in ("client_id", "client_secret")}
        async with self.http.post(f"{org['base_url']}/services/oauth2/token", data=form) as answer:
            self.tokens["salesforce"] = (await answer.json())["access_token"]

    async def create(self, vendor: str, name: str) -> tuple[int, str, Any]:
        """Status, header of a fault, body."""
        books, org = self.info["quickbooks"], self.info["salesforce"]
        url, body = (
            (f"{books['base_url']}/v3/company/{books['realm_id']}/customer", {"DisplayName": name})
            if vendor == "quickbooks"
            else (f"{org['base_url']}/services/data/v65.0/sobjects/Account", {"Name": name})
        )
        headers = {"Authorization": f"Bearer {self.tokens[vendor]}", "Accept": "application/json"}
        return await self.sent("POST", url, body, headers | {"Content-Type": "application/json"})

    async def sent(
        self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str, Any]:
        data = None if body is None else dumps(body)
        async with self.http.request(method, url, data=data, headers=headers) as answer:
            return answer.status, answer.headers.get(HEADER, ""), loads(await answer.read())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    emulators = Emulators(scenario="tiny")
    await emulators.start()
    async with aiohttp.ClientSession() as http:
        client = Client(emulators, http)
        await client.sign_in()
        yield client
    await emulators.stop()


def told(records: Records) -> list[tuple[str, type[BaseException] | None]]:
    """What was logged, taken out of the record so that the test does not fail by it."""
    found = [(record.getMessage(), record.exc_info[0] if record.exc_info else None) for record in records]
    records.clear()
    return found


@pytest.mark.parametrize("vendor", RULES)
async def test_a_mistake_in_a_rule(
    client: Client, vendor: str, monkeypatch: pytest.MonkeyPatch, emulator_faults: Records
) -> None:
    assert (await client.create(vendor, "Before"))[1] == ""
    with monkeypatch.context() as patch:
        patch.setattr(RULES[vendor], broken)
        patch.setattr("ml_emulators.salesforce.saving.writing.insert", broken)
        status, header, body = await client.create(vendor, "Fern")
    assert (status, header, body["emulator_fault"]["error"]) == (500, "TypeError", "TypeError")
    assert "secret" not in str(body)
    entry = client.emulators.emulation.log.entries[-1]
    assert (entry.status, entry.fault, entry.cost.calls) == (500, LABEL, 0)
    ((message, kind),) = told(emulator_faults)
    assert (vendor in message, kind) == (True, TypeError)
    assert (await client.create(vendor, "After"))[0] in (200, 201)


async def test_a_fault_that_was_ordered_is_none(client: Client) -> None:
    order = {"add": [{"kind": "status", "status": 500, "count": 1, "vendor": "salesforce"}]}
    assert (await client.sent("POST", f"{client.info['control_url']}/faults", order))[0] == 200
    status, header, _ = await client.create("salesforce", "Ordered")
    assert (status, header) == (500, "")


async def test_it_fails_the_test(client: Client, monkeypatch: pytest.MonkeyPatch, emulator_faults: Records) -> None:
    monkeypatch.setattr("ml_emulators.salesforce.saving.writing.insert", broken)
    await client.create("salesforce", "Fern")
    with pytest.raises(pytest.fail.Exception, match=r"(?s)salesforce POST.*in broken.*TypeError: planted"):
        fail_if_any()
    assert emulator_faults == []
    fail_if_any()


async def test_a_mistake_behind_an_operation_of_the_control_door(
    client: Client, monkeypatch: pytest.MonkeyPatch, emulator_faults: Records
) -> None:
    monkeypatch.setattr("ml_emulators.salesforce.saving.writing.insert", broken)
    operation = {"system": "salesforce", "op": "create", "kind": "Account", "body": {"Name": "Fern"}}
    url = f"{client.info['control_url']}/seed"
    status, header, body = await client.sent("POST", url, {"operations": [operation]})
    assert (status, header, set(body["error"])) == (500, "TypeError", {"message", "remedy"})
    assert [kind for _, kind in told(emulator_faults)] == [TypeError]


async def test_a_mistake_of_the_sender_of_webhooks(emulator_faults: Records) -> None:
    class Outbox:
        def __init__(self) -> None:
            self.on_news: list[Any] = []

        def next(self, _: Any) -> Any:
            broken()

    sender = Sender(cast("Any", Outbox()), VirtualClock())
    await sender.start()
    assert sender._task is not None
    await sender._task
    await sender.stop()
    assert told(emulator_faults) == [("emulator fault at the sender of webhooks", TypeError)]


async def asked(channel: grpc.aio.Channel, client: Client, rpc: str) -> Any:
    """The first answer of a call about a topic."""
    takes, gives, how = messages.RPCS[rpc]
    org = client.info["salesforce"]
    metadata = [
        ("accesstoken", client.tokens["salesforce"]),
        ("instanceurl", org["base_url"]),
        ("tenantid", org["org_id"]),
    ]
    path, encode, decode = f"/{messages.SERVICE}/{rpc}", bytes_of, messages.message(gives).FromString
    request = messages.message(takes)(topic_name="/data/AccountChangeEvent")
    if how != "stream":
        return await channel.unary_unary(path, encode, decode)(request, metadata=metadata)
    request.num_requested = 1
    call = channel.stream_stream(path, encode, decode)(metadata=metadata)
    await call.write(request)
    return await call.read()


def bytes_of(message: Any) -> bytes:
    return bytes(message.SerializeToString())


@pytest.mark.parametrize(
    ("rpc", "place"),
    [
        ("GetTopic", "ml_emulators.pubsub.service.PubSub.get_topic"),
        ("Subscribe", "ml_emulators.pubsub.subscription.Subscription.ask"),
        ("Subscribe", "ml_emulators.pubsub.subscription.Subscription.take"),
    ],
)
async def test_a_mistake_in_pubsub(
    client: Client, rpc: str, place: str, monkeypatch: pytest.MonkeyPatch, emulator_faults: Records
) -> None:
    monkeypatch.setattr(place, broken)
    async with grpc.aio.insecure_channel(client.info["pubsub"]["target"]) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await asked(channel, client, rpc)
    trailers = dict(failed.value.trailing_metadata() or ())
    assert (failed.value.code(), trailers[HEADER.lower()]) == (grpc.StatusCode.INTERNAL, "TypeError")
    assert "error-code" not in trailers
    entry = client.emulators.emulation.log.entries[-1]
    assert (entry.vendor, entry.status, entry.fault) == ("pubsub", 500, LABEL)
    assert told(emulator_faults) == [(f"emulator fault at pubsub {rpc}", TypeError)]
