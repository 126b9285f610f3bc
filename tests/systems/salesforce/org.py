"""A Salesforce org made of a few functions: what the client sends is kept, what it gets is set by the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from ml_connector.model.plans import OpenWrite, Write
from ml_connector.model.refs import Ref
from ml_connector.systems.http import Caller, Request, Response
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.salesforce.auth import API_VERSION, ClientCredentials
from ml_connector.systems.salesforce.client import Salesforce
from ml_connector.systems.salesforce.keeper import SessionKeeper
from ml_connector.systems.salesforce.records import fields_needed

HOST = "https://acme.my.salesforce.com"
ORG = "00D000000000001EAA"
USER = "005000000000001AAA"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DATA = "/services/data/v67.0"

Answer = Response | Exception
Rule = Callable[[Request, Any], Answer | None]


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    async def sleep(self, length: timedelta) -> None:
        self.at += length
        await asyncio.sleep(0)


class FakeIds:
    def token(self) -> str:
        return "0" * 32

    def jitter(self) -> float:
        return 0.0


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(status, {"content-type": "application/json;charset=UTF-8", **headers}, msgspec.json.encode(body))


def fault(status: int, code: str, message: str = "") -> Response:
    return answer([{"errorCode": code, "message": message}], status)


def token_answer(token: str = "00D!one", org: str = ORG) -> Response:
    identity = f"https://login.salesforce.com/id/{org}/{USER}"
    return answer({"access_token": token, "instance_url": HOST, "id": identity, "token_type": "Bearer"})


def described(kind: str, *fields: str, **more: Any) -> dict[str, Any]:
    rows = [{"name": name, "type": "string", "createable": True, "updateable": True} for name in ("Id", *fields)]
    return {"name": kind, "createable": True, "updateable": True, "queryable": True, "fields": rows, **more}


def page(*rows: Mapping[str, Any], following: str = "") -> dict[str, Any]:
    end = {"done": False, "nextRecordsUrl": following} if following else {"done": True}
    return {"totalSize": len(rows), "records": list(rows), **end}


class Org:
    """The network of a test. `rules` are asked in turn for data calls; sign-in and describe answer by themselves."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = list(rules)
        self.seen: list[Request] = []
        self.tokens: list[Answer] = [token_answer()]
        self.objects: dict[str, Any] = {}
        self.versions: Answer = answer([{"version": "66.0"}, {"version": "67.0"}])
        self.headers = {"date": format_datetime(NOON, usegmt=True), "sforce-limit-info": "api-usage=18/15000"}

    async def send(self, request: Request) -> Response:
        await asyncio.sleep(0)
        self.seen.append(request)
        found = self._answer(request)
        if isinstance(found, Exception):
            raise found
        return Response(found.status, {**self.headers, **found.headers}, found.body)

    def _answer(self, request: Request) -> Answer:
        path = urlsplit(request.url).path
        if path.endswith("/oauth2/token"):
            return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        if path == "/services/data/":
            return self.versions
        body: Any = msgspec.json.decode(request.body) if request.body else None
        if path.endswith("/composite") and all(_is_get(part) for part in body["compositeRequest"]):
            return self._parts(request, body["compositeRequest"])
        if path.endswith("/describe"):
            return self._describe(path)
        for rule in self.rules:
            if (found := rule(request, body)) is not None:
                return found
        raise AssertionError(f"nobody answers {request.method} {path}")

    def _parts(self, request: Request, parts: list[dict[str, Any]]) -> Answer:
        rows = []
        for part in parts:
            inner = self._answer(Request("GET", HOST + part["url"], request.headers))
            if isinstance(inner, Exception):
                return inner
            body = msgspec.json.decode(inner.body)
            rows.append({"body": body, "httpHeaders": {}, "httpStatusCode": inner.status, **_named(part)})
        return answer({"compositeResponse": rows})

    def _describe(self, path: str) -> Response:
        kind = path.split("/")[-2]
        if kind in self.objects:
            return answer(self.objects[kind]) if self.objects[kind] else fault(404, "NOT_FOUND")
        return answer({"name": kind, "fields": [{"name": name} for name in fields_needed(kind)]})

    def calls(self, *, describe: bool = False) -> list[Request]:
        """The data calls, without sign-in; describes only when asked for."""
        data = [r for r in self.seen if DATA in r.url]
        return data if describe else [r for r in data if b"/describe" not in r.body and "/describe" not in r.url]

    def bodies(self) -> list[Any]:
        return [msgspec.json.decode(request.body) for request in self.calls() if request.body]


def _is_get(part: dict[str, Any]) -> bool:
    return bool(part["method"] == "GET")


def _named(part: dict[str, Any]) -> dict[str, Any]:
    return {"referenceId": part["referenceId"]}


def query_of(request: Request) -> str:
    """The statement of a query call, blank for another call."""
    return parse_qs(urlsplit(request.url).query).get("q", [""])[0]


def statements(request: Request) -> list[str]:
    """Every statement of a call, alone or inside a composite one."""
    if not request.body:
        return [query_of(request)]
    parts = msgspec.json.decode(request.body)["compositeRequest"]
    return [unquote(part["url"].partition("?q=")[2]) for part in parts]


def rows_for(*rows: Mapping[str, Any]) -> Rule:
    """Answers every query with the same rows."""
    return lambda request, body: answer(page(*rows)) if "/query" in request.url else None


def client(
    org: Any, clock: FakeClock | None = None, *, api_version: str = API_VERSION, org_id: str = "", reserve: int = 0
) -> Salesforce:
    clock = clock or FakeClock()
    caller = Caller(org, clock, FakeIds(), free_throttle(clock), "salesforce")
    credentials = ClientCredentials(HOST, "key", "very secret")
    sessions = SessionKeeper(caller, credentials, clock, api_version=api_version, org_id=org_id)
    return Salesforce(caller=caller, sessions=sessions, clock=clock, reserve=reserve)


def upsert(number: int, kind: str = "Account", **body: Any) -> Write:
    values = body or {"Name": f"Customer {number}"}
    return Write(
        step=kind.lower(), system="salesforce", kind=kind, action="upsert", key_field="QBO_Id__c", key=f"1:{number}",
        body=values,
    )  # fmt: skip


def noted(salesforce: Salesforce, *writes: Write) -> list[OpenWrite]:
    return [
        OpenWrite(
            id=f"w{place}", flow="f", source=Ref("quickbooks", "Customer", str(place)), write=write,
            body=salesforce.encode(write), request_id=f"q{place}", batch_id="b", position=place, noted_at=NOON,
        )
        for place, write in enumerate(writes)
    ]  # fmt: skip
