"""Every fault of the control door, ordered over its socket, met by a client of either vendor over its own socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from ml_emulators.kit.wire import dumps, loads
from ml_emulators.server import Emulators

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOTH = ("quickbooks", "salesforce")
KIND = {"quickbooks": "Customer", "salesforce": "Account"}
NAME = {"quickbooks": "DisplayName", "salesforce": "Name"}


class Client:
    """A signed-in client of both vendors that makes a customer or an account."""

    def __init__(self, emulators: Emulators, http: aiohttp.ClientSession) -> None:
        self.http = http
        self.info = emulators.info()
        self.tokens: dict[str, str] = {}
        books, org = self.info["quickbooks"], self.info["salesforce"]
        self.urls = {
            "quickbooks": f"{books['base_url']}/v3/company/{books['realm_id']}/customer",
            "salesforce": f"{org['base_url']}/services/data/v65.0/sobjects/Account",
        }

    async def sign_in(self) -> None:
        books, org = self.info["quickbooks"], self.info["salesforce"]
        form = {"grant_type": "refresh_token", "refresh_token": books["refresh_token"]}
        basic = {"Authorization": aiohttp.encode_basic_auth(books["client_id"], books["client_secret"])}
        async with self.http.post(books["token_url"], data=form, headers=basic) as answer:
            self.tokens["quickbooks"] = (await answer.json())["access_token"]
        form = {"grant_type": "client_credentials"} | {key: org[key] for key in ("client_id", "client_secret")}
        async with self.http.post(f"{org['base_url']}/services/oauth2/token", data=form) as answer:
            self.tokens["salesforce"] = (await answer.json())["access_token"]

    async def order(self, **fault: Any) -> None:
        async with self.http.post(f"{self.info['control_url']}/faults", data=dumps({"add": [fault]})) as answer:
            assert answer.status == 200, await answer.text()

    async def create(self, vendor: str, name: str = "Fern") -> tuple[int, bytes, str]:
        """Status (0: no answer), body and content type."""
        headers = {"Authorization": f"Bearer {self.tokens[vendor]}"}
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            async with self.http.post(
                self.urls[vendor], data=dumps({NAME[vendor]: name}), headers=headers, timeout=aiohttp.ClientTimeout(9)
            ) as answer:
                return answer.status, await answer.read(), answer.headers["Content-Type"]
        except aiohttp.ClientConnectionError:
            return 0, b"", ""
        except aiohttp.ClientPayloadError:
            return -1, b"", ""

    async def made(self, vendor: str) -> int:
        url = f"{self.info['control_url']}/state/{vendor}/{KIND[vendor]}"
        async with self.http.get(url) as answer:
            records = loads(await answer.read())["records"]
        return sum(record.get(NAME[vendor], "").startswith("Fern") for record in records)

    async def log(self) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.info['control_url']}/requests?limit=1") as answer:
            return list((await answer.json())["requests"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def emulators() -> AsyncIterator[Emulators]:
    emulators = Emulators(scenario="empty")
    await emulators.start()
    emulators.emulation.snapshots.take("fresh")
    yield emulators
    await emulators.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def client(emulators: Emulators) -> AsyncIterator[Client]:
    emulators.emulation.snapshots.restore("fresh")
    emulators.emulation.faults.clear()
    async with aiohttp.ClientSession() as http:
        client = Client(emulators, http)
        await client.sign_in()
        yield client


@pytest.mark.parametrize("vendor", BOTH)
@pytest.mark.parametrize(
    ("fault", "status", "made"),
    [
        ({"kind": "delay", "seconds": 0.01}, None, 1),
        ({"kind": "drop_before"}, 0, 0),
        ({"kind": "drop_after"}, 0, 1),
        ({"kind": "timeout_before", "seconds": 0.01}, 0, 0),
        ({"kind": "timeout_after", "seconds": 0.01}, 0, 1),
        ({"kind": "status", "status": 429, "retry_after": 7}, 429, 0),
        ({"kind": "status", "status": 429, "done": True}, 429, 1),
        ({"kind": "status", "status": 500}, 500, 0),
        ({"kind": "html"}, 503, 0),
        ({"kind": "html", "status": 502, "done": True}, 502, 1),
        ({"kind": "xml"}, 503, 0),
        ({"kind": "malformed", "shape": "truncated"}, None, 1),
        ({"kind": "cut"}, -1, 1),
        ({"kind": "kill_session"}, 401, 0),
        ({"kind": "revoke_token"}, 401, 0),
    ],
    ids=str,
)
async def test_a_fault_strikes_once_and_says_so_in_the_log(
    client: Client, vendor: str, fault: dict[str, Any], status: int | None, made: int
) -> None:
    await client.order(vendor=vendor, method="POST", path="customer|Account", count=1, **fault)
    done = {"quickbooks": 200, "salesforce": 201}[vendor]
    seen, body, kind = await client.create(vendor)
    assert seen == (done if status is None else status)
    assert await client.made(vendor) == made
    entry = (await client.log())[0]
    assert (entry["vendor"], entry["fault"]) == (vendor, fault["kind"])
    if fault["kind"] in ("html", "xml"):
        assert (fault["kind"] in kind, body[:1]) == (True, b"<")
    if fault["kind"] == "malformed":
        with pytest.raises(ValueError):
            loads(body)
    if fault["kind"] in ("kill_session", "revoke_token"):
        assert (await client.create(vendor))[0] == 401  # it lasts
    else:
        assert (await client.create(vendor, "Fern again"))[0] == done


async def test_quickbooks_says_ok_with_a_fault_inside(client: Client) -> None:
    await client.order(kind="ok_with_fault", vendor="quickbooks", method="POST", count=1, done=True)
    status, body, _ = await client.create("quickbooks")
    assert (status, next(iter(loads(body))), await client.made("quickbooks")) == (200, "Fault", 1)


async def test_a_record_meets_its_fault_whoever_asks(client: Client) -> None:
    record = {"kind": "Customer", "where": {"DisplayName": "Fern"}, "on": "write"}
    await client.order(
        kind="status", vendor="quickbooks", status=400, code="6000", message="No.", element="DisplayName", record=record
    )
    status, body, _ = await client.create("quickbooks")
    error = loads(body)["Fault"]["Error"][0]
    assert (status, error["code"], error["Message"], error["element"]) == (400, "6000", "No.", "DisplayName")
    assert (await client.log())[0]["fault"] == "record"
    assert (await client.create("quickbooks", "Fern 2"))[0] == 200
    assert await client.made("quickbooks") == 1


async def test_a_killed_session_leaves_the_connection(client: Client) -> None:
    await client.order(kind="kill_session", vendor="quickbooks", method="POST", count=1)
    assert (await client.create("quickbooks"))[0] == 401
    async with client.http.get(f"{client.info['control_url']}/connection") as answer:
        client.info["quickbooks"] = (await answer.json())["quickbooks"]
    await client.sign_in()
    assert (await client.create("quickbooks"))[0] == 200


async def test_a_row_is_locked_once(client: Client) -> None:
    await client.order(kind="row_lock", vendor="salesforce", method="POST", count=1)
    status, body, _ = await client.create("salesforce")
    assert (status, loads(body)[0]["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")
    assert (await client.create("salesforce"))[0] == 201


async def test_a_row_in_a_collection_is_locked_and_its_neighbours_are_not(client: Client) -> None:
    await client.order(kind="row_lock", vendor="salesforce", method="POST", count=1)
    records = [{"attributes": {"type": "Account"}, "Name": name} for name in ("Fern 1", "Fern 2", "Fern 3")]
    url = client.urls["salesforce"].replace("sobjects/Account", "composite/sobjects")
    headers = {"Authorization": f"Bearer {client.tokens['salesforce']}", "Content-Type": "application/json"}
    async with client.http.post(url, data=dumps({"records": records}), headers=headers) as answer:
        told = await answer.json()
    assert [each["success"] for each in told] == [False, True, True]
    assert told[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert await client.made("salesforce") == 2


async def test_a_lock_that_meets_no_write_is_over(client: Client) -> None:
    await client.order(kind="row_lock", vendor="salesforce", count=1)
    headers = {"Authorization": f"Bearer {client.tokens['salesforce']}"}
    async with client.http.get(client.urls["salesforce"] + "/describe", headers=headers) as answer:
        assert answer.status == 200
    assert (await client.create("salesforce"))[0] == 201


@pytest.mark.parametrize("vendor", BOTH)
async def test_chance_repeats_from_a_seed(client: Client, vendor: str) -> None:
    order = {"add": [{"kind": "status", "status": 503, "vendor": vendor, "probability": 0.5}], "clear": True, "seed": 7}
    runs = []
    for turn in range(2):
        async with client.http.post(f"{client.info['control_url']}/faults", data=dumps(order)) as answer:
            assert answer.status == 200
        runs.append([(await client.create(vendor, f"Fern {turn} {number}"))[0] for number in range(12)])
    assert runs[0] == runs[1]
    assert 0 < runs[0].count(503) < 12
