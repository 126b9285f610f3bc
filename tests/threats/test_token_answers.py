"""Answers of the token services that nobody has thought of: typed errors, no token lost, none in a log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qs

import msgspec
from structlog.testing import capture_logs

from ml_connector.model.errors import ConnectorError
from ml_connector.systems.http import Caller, Request, Response
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.quickbooks.auth import AppKeys, Endpoints, OAuth, Tokens
from ml_connector.systems.quickbooks.keeper import TokenKeeper
from ml_connector.systems.salesforce.auth import ClientCredentials
from ml_connector.systems.salesforce.keeper import SessionKeeper
from support.network import START, FixedIds, FunctionNetwork, StillClock
from systems.quickbooks.company import Drawer
from systems.salesforce.org import HOST, ORG, USER

EACH = 1_000
STATUSES = (200, 200, 200, 200, 201, 204, 301, 400, 400, 401, 403, 404, 408, 418, 429, 500, 501, 503)
ODD: tuple[Any, ...] = (
    None, "", "x", " ", 0, -1, 1, 3600, 10**30, 1.5, True, [], {}, [[]], {"a": {"b": 1}}, "é" * 3, "a\r\nb: c",
    "9" * 9000, "invalid_grant", "invalid_client", "NaN", "2026-11-20T00:00:00Z", "\x00", "http://evil.example",
)  # fmt: skip
MARK = "s3cr3t"


def mutated(chance: Random, good: Mapping[str, Any]) -> Response:
    """An answer that is near the good one, or far from it."""
    body = dict(good)
    for name in list(body):
        match chance.randrange(6):
            case 0:
                del body[name]
            case 1:
                body[name] = chance.choice(ODD)
            case _:
                pass
    if chance.random() < 0.3:
        body["error"] = chance.choice((*ODD, "invalid_grant", "invalid_client", "invalid_request"))
        body["error_description"] = chance.choice((*ODD, f"{MARK} in the text"))
    encoded = msgspec.json.encode(body)
    match chance.randrange(8):
        case 0:
            encoded = encoded[: chance.randrange(len(encoded))]
        case 1:
            encoded = bytes(chance.randrange(256) for _ in range(chance.randrange(60)))
        case 2:
            encoded = f"<html>{MARK}</html>".encode()
        case 3:
            encoded = b"[" * 5000
        case _:
            pass
    headers = {"retry-after": str(chance.choice(("1", "soon", "-5", "999999999", "")))} if chance.random() < 0.2 else {}
    return Response(chance.choice(STATUSES), headers, encoded)


class Intuit:
    """A vendor that rotates at each refresh, and lets the token before count; now and then its answer is odd."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.odd = True
        self.number = 0
        self.good = {"RT0-" + MARK}

    def answer(self, request: Request) -> Response:
        sent = parse_qs(request.body.decode())["refresh_token"][0]
        if sent not in self.good:
            return Response(400, {}, b'{"error":"invalid_grant"}')
        body = {
            "token_type": "bearer", "access_token": f"AT{self.number}-{MARK}", "expires_in": 3600,
            "refresh_token": sent, "x_refresh_token_expires_in": 8640000, "x_refresh_token_hard_expires_in": 157680000,
        }  # fmt: skip
        if self.odd:
            return mutated(self.chance, body)
        return Response(200, {}, msgspec.json.encode(body))


async def test_no_answer_of_intuit_loses_the_sign_in() -> None:
    """Whatever came: a refresh token that is good is kept, and unless Intuit refused it a good answer makes all well.

    An odd answer may hold another refresh token, and we must take it. Where it was none, the one before saves us.
    """
    chance, said = Random(13), list[str]()
    with capture_logs() as logs:
        for _ in range(EACH):
            intuit, clock = Intuit(chance), StillClock()
            caller = Caller(FunctionNetwork(intuit.answer), clock, FixedIds(), free_throttle(clock), "quickbooks")
            keys = AppKeys(client_id="id", client_secret=f"key-{MARK}")
            oauth = OAuth(keys, Endpoints(), caller, clock)
            first = Tokens(access_token="", refresh_token="RT0-" + MARK, access_expires_at=START - timedelta(days=1))
            drawer = Drawer(first)
            keeper = TokenKeeper(oauth, drawer, clock)
            try:
                await keeper.token()
            except ConnectorError as error:
                said.append(f"{error!r} {error} {error.remedy}")
            kept = drawer.tokens
            assert kept is not None
            assert intuit.good & {kept.refresh_token, kept.previous_refresh_token}
            intuit.odd = False
            clock.advance(days=2)
            if kept.dead_since is None:
                assert await keeper.token() == f"AT0-{MARK}"
    assert MARK not in repr((said, logs))


async def test_no_answer_of_an_org_is_a_fault_of_ours() -> None:
    chance, said = Random(17), list[str]()
    good = {
        "access_token": f"00D!{MARK}", "instance_url": HOST, "id": f"https://login.salesforce.com/id/{ORG}/{USER}",
        "token_type": "Bearer", "issued_at": "1767225600000",
    }  # fmt: skip
    with capture_logs() as logs:
        for _ in range(EACH):
            odd, clock = [True], StillClock()

            def answer(request: Request, odd: list[bool] = odd) -> Response:
                if request.method == "GET":
                    return Response(200, {}, b'[{"version": "67.0"}]')
                return mutated(chance, good) if odd[0] else Response(200, {}, msgspec.json.encode(good))

            caller = Caller(FunctionNetwork(answer), clock, FixedIds(), free_throttle(clock), "salesforce")
            keeper = SessionKeeper(caller, ClientCredentials(HOST, "key", f"key-{MARK}"), clock, org_id=ORG)
            try:
                session = await keeper.session()
            except ConnectorError as error:
                said.append(f"{error!r} {error} {error.remedy}")
            else:
                assert session.instance_url.endswith(".salesforce.com")
            odd[0] = False
            clock.advance(days=2)
            assert (await keeper.session()).token == f"00D!{MARK}"
    assert MARK not in repr((said, logs))
