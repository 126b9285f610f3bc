"""Snapshots at the control door: what happens after a restoring is, to the byte, what happened the first time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from ml_emulators.kit.snapshots import MOST
from ml_emulators.kit.wire import dumps, loads
from ml_emulators.server import Emulators

Seen = list[tuple[int, bytes, dict[str, str]]]


class Office:
    """Running emulators, a client of both vendors, and the control door."""

    def __init__(self, emulators: Emulators, http: aiohttp.ClientSession) -> None:
        self.emulators = emulators
        self.http = http
        self.tokens: dict[str, str] = {}
        self.seen: Seen = []

    async def door(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        assert self.emulators.control is not None
        url = f"{self.emulators.control.url}{path}"
        async with self.http.request(method, url, data=None if body is None else dumps(body)) as answer:
            return answer.status, loads(await answer.read())

    async def ask(self, method: str, url: str, vendor: str = "", **how: Any) -> Any:
        """One request; its answer goes on record."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"} | how.pop("headers", {})
        if vendor in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[vendor]}"
        async with self.http.request(method, url, headers=headers, **how) as answer:
            body = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if name != "Date"}
            self.seen.append((answer.status, body, kept))
            return loads(body) if body else None

    async def sign_in(self) -> None:
        info = self.emulators.info()
        books, org = info["quickbooks"], info["salesforce"]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        refresh = (await self.door("GET", "/connection"))[1]["quickbooks"]["refresh_token"]
        basic = {"Authorization": aiohttp.encode_basic_auth(books["client_id"], books["client_secret"])}
        body = {"grant_type": "refresh_token", "refresh_token": refresh}
        self.tokens = {}
        told = await self.ask("POST", books["token_url"], data=body, headers=form | basic)
        body = {"grant_type": "client_credentials"} | {key: org[key] for key in ("client_id", "client_secret")}
        asked = await self.ask("POST", f"{org['base_url']}/services/oauth2/token", data=body, headers=form)
        self.tokens = {"quickbooks": told["access_token"], "salesforce": asked["access_token"]}

    async def day(self) -> Seen:
        """A working day at both vendors: what every request was answered."""
        self.seen = []
        info = self.emulators.info()
        company = f"{info['quickbooks']['base_url']}/v3/company/{info['quickbooks']['realm_id']}"
        data = f"{info['salesforce']['base_url']}/services/data/v65.0"
        await self.sign_in()
        for name in ("Fern & Co", "Fern & Co", "Ivy"):  # the second is refused
            await self.ask("POST", f"{company}/customer", "quickbooks", data=dumps({"DisplayName": name}))
            await self.ask("POST", f"{data}/sobjects/Account", "salesforce", data=dumps({"Name": name}))
        statement = quote("select * from Customer orderby Id desc maxresults 5")
        await self.ask("GET", f"{company}/query?query={statement}", "quickbooks")
        await self.ask("GET", f"{company}/cdc?entities=Customer,Invoice&changedSince=2026-11-19", "quickbooks")
        soql = quote("SELECT Id, Name, CreatedDate, SystemModstamp FROM Account ORDER BY Id DESC LIMIT 5")
        await self.ask("GET", f"{data}/query?q={soql}", "salesforce")
        await self.ask("GET", f"{data}/limits", "salesforce")
        await self.door("POST", "/clock", {"op": "advance", "days": 1})
        await self.ask("GET", f"{company}/query?query={statement}", "quickbooks")  # the token has died by then
        self.seen.append((200, dumps((await self.door("GET", "/events"))[1]), {}))
        self.seen.append((200, dumps((await self.door("GET", "/state/quickbooks/Customer"))[1]), {}))
        return self.seen


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    emulators = Emulators(scenario="tiny", today=date(2026, 11, 20))
    emulators.clock.freeze(datetime(2026, 11, 20, 20, 0, tzinfo=UTC))
    await emulators.start()
    async with aiohttp.ClientSession() as http:
        yield Office(emulators, http)
    await emulators.stop()


async def test_a_day_is_lived_again_to_the_byte(office: Office) -> None:
    await office.sign_in()
    assert (await office.door("POST", "/snapshot", {"name": "morning"}))[0] == 200
    first = await office.day()
    assert {status for status, _, _ in first} == {200, 201, 400, 401}
    for _ in range(2):
        await office.door("POST", "/restore", {"name": "morning"})
        again = await office.day()
        assert [each for each in zip(first, again, strict=True) if each[0] != each[1]] == []


async def test_tokens_clock_switches_and_replay_ids_come_back(office: Office) -> None:
    await office.sign_in()
    tokens = dict(office.tokens)
    before = [(await office.door("GET", path))[1] for path in ("/clock", "/switches", "/events", "/connection")]
    await office.door("POST", "/snapshot", {"name": "a"})
    await office.door("POST", "/switches", {"quickbooks": {"limits": True}, "salesforce": {"lock_next": 3}})
    await office.door("POST", "/clock", {"op": "advance", "days": 9})
    await office.day()
    await office.door("POST", "/reset")
    await office.door("POST", "/restore", {"name": "a"})
    after = [(await office.door("GET", path))[1] for path in ("/clock", "/switches", "/events", "/connection")]
    assert after == before
    office.tokens, office.seen, info = tokens, [], office.emulators.info()
    company = f"{info['quickbooks']['base_url']}/v3/company/{info['quickbooks']['realm_id']}"
    await office.ask("GET", f"{company}/companyinfo/1", "quickbooks")
    await office.ask("GET", f"{info['salesforce']['base_url']}/services/data/v65.0/limits", "salesforce")
    assert [status for status, _, _ in office.seen] == [200, 200]


async def test_a_running_clock_goes_on_from_the_snapshot(office: Office) -> None:
    office.emulators.clock.run()
    taken = datetime.fromisoformat((await office.door("POST", "/snapshot", {"name": "a"}))[1]["snapshots"][0]["at"])
    await office.door("POST", "/clock", {"op": "advance", "days": 9})
    now = datetime.fromisoformat((await office.door("POST", "/restore", {"name": "a"}))[1]["now"])
    assert 0 <= (now - taken).total_seconds() < 60


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/restore", {"name": "never"}, 404),
        ("DELETE", "/snapshots/never", None, 404),
        ("POST", "/snapshot", {}, 422),
        ("POST", "/snapshot", {"name": ""}, 422),
        ("POST", "/snapshot", {"name": "a b"}, 422),
        ("POST", "/snapshot", {"name": "x" * 65}, 422),
    ],
)
async def test_wrong_names(office: Office, method: str, path: str, body: Any, status: int) -> None:
    got, answer = await office.door(method, path, body)
    assert (got, set(answer["error"])) == (status, {"message", "remedy"})


async def test_they_are_listed_replaced_and_forgotten(office: Office) -> None:
    for name in ("a", "b", "a"):
        await office.door("POST", "/snapshot", {"name": name})
    assert [each["name"] for each in (await office.door("GET", "/snapshots"))[1]["snapshots"]] == ["a", "b"]
    _, left = await office.door("DELETE", "/snapshots/a")
    assert [each["name"] for each in left["snapshots"]] == ["b"]


async def test_there_is_a_limit(office: Office) -> None:
    for number in range(MOST):
        assert (await office.door("POST", "/snapshot", {"name": str(number)}))[0] == 200
    status, answer = await office.door("POST", "/snapshot", {"name": "more"})
    assert (status, "DELETE" in answer["error"]["remedy"]) == (422, True)
