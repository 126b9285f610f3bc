"""A vendor's answer is hostile, or broken: numbers of any size, nesting of any depth, addresses of other hosts.

A run may end with an error that says what to do; it never ends with a fault of ours, loses no token, and sends nothing
to another host. Whole runs meet the answers of the emulators with one value replaced by another.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml_connector.actions.doctor import doctor
from ml_connector.actions.plan import make_plan
from ml_connector.actions.reconcile import reconcile
from ml_connector.actions.sync import sync
from ml_connector.cli.faults import open_log
from ml_connector.cli.output import Screen
from ml_connector.cli.text import safe_json
from ml_connector.model.errors import BadAnswer, ConnectorError, WrongUse
from ml_connector.rehearsal.scenario.reader import read
from ml_connector.settings.layout import Text
from ml_connector.systems import wire
from ml_connector.systems.http import LONGEST_PAUSE, Caller, NoAnswer, Request, Response, date_of, retry_after
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.network import AiohttpNetwork
from ml_connector.systems.quickbooks import arrivals as quickbooks_arrivals
from ml_connector.systems.quickbooks.auth import AppKeys, Endpoints, OAuth, Tokens
from ml_connector.systems.quickbooks.keeper import TokenKeeper
from ml_connector.systems.salesforce import arrivals as salesforce_arrivals
from ml_connector.systems.salesforce.calls import page_of
from support.network import FixedIds, FunctionNetwork, StillClock
from support.world import EmulatedNetwork, Installation
from systems.quickbooks.company import Drawer

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
VALUES = (
    *("1" + "0" * 40, "-5", "1e999", "-1e400", "1.5", "NaN", "-0", "1E+14", '"' + "9" * 5000 + '"', '"\u0661\u0662"'),
    *('"9999-12-31"', '"0001-01-01"', '"9999-12-31T23:59:59.000-1400"', '"0001-01-01T00:00:00+14:00"'),
    *('""', "null", "[]", "{}", "true", '["a"]', '"\\u0000"', '"\\ud800"', '"\\u202e\\u009b31m"', '"x/../y?z%0a\\n#"'),
    *(
        "[" * 100_000,
        "[" * 200 + "]" * 200,
        '{"a":' * 300 + "1" + "}" * 300,
        '"https://elsewhere.example/services/data/"',
    ),
)
DATES = ("Mon, 01 Jan 99999999999 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 +9999", "Fri, 31 Dec 9999 23:59:59 -2359")
HEADERS = ("1" * 30, "-1", "NaN", "inf", "\u0661\u0662", "", *DATES, "Fri, 31 Dec 2026 23:59:59 -" + "9" * 20)


class _Hostile(EmulatedNetwork):
    """Answers as the emulators give them, and in some of them one value is another one."""

    def __init__(self, network: EmulatedNetwork, random: Random, share: float) -> None:
        super().__init__(network.emulation)
        self._random = random
        self._share = share
        self.hosts: set[str] = set()

    async def send(self, request: Request, clock: Any = None) -> Response:
        self.hosts.add(urlsplit(request.url).netloc)
        answer = await super().send(request, clock)
        if self._random.random() >= self._share:
            return answer
        if self._random.random() < 0.1:
            name = self._random.choice(["date", "retry-after", "sforce-limit-info", "location"])
            return msgspec.structs.replace(answer, headers={**answer.headers, name: self._random.choice(HEADERS)})
        return msgspec.structs.replace(answer, body=self._replaced(answer.body))

    def _replaced(self, body: bytes) -> bytes:
        try:
            whole = [json.loads(body)]
        except ValueError:
            return body
        self._random.choice(list(_places(whole)))("@value@")
        return json.dumps(whole[0]).replace('"@value@"', self._random.choice(VALUES)).encode("utf-8", "surrogatepass")


def _places(tree: Any) -> Iterator[Callable[[Any], None]]:
    """What replaces each value in a tree."""
    for name in list(tree) if isinstance(tree, dict) else range(len(tree)):
        yield lambda value, name=name: tree.__setitem__(name, value)  # type: ignore[misc]
        if isinstance(tree[name], dict | list):
            yield from _places(tree[name])


@pytest.mark.parametrize("seed", range(12))
async def test_no_answer_is_a_fault_of_ours(tmp_path: Path, seed: int) -> None:
    home, random = Installation(tmp_path), Random(seed)
    hostile = _Hostile(home.network, random, (0.03, 0.1, 0.3)[seed % 3])
    app = home.process(network=hostile)
    for _ in range(2):
        for work in (sync(app), home.run(app), make_plan(app, "preparer"), doctor(app), reconcile(app)):
            with suppress(ConnectorError):
                await work
        home.clock.advance(timedelta(hours=2))
    assert hostile.hosts <= {"127.0.0.1:41001", "127.0.0.1:41002"}


class _SignIn:
    """A keeper of tokens whose sign-in service answers the same text each time."""

    def __init__(self, body: str) -> None:
        clock = StillClock()
        network = FunctionNetwork(lambda _: Response(200, {}, body.encode()))
        caller = Caller(network, clock, FixedIds(), free_throttle(clock), "QuickBooks")
        oauth = OAuth(AppKeys(client_id="id", client_secret="s3cret"), Endpoints(), caller, clock)
        old = Tokens(access_token="", refresh_token="old", access_expires_at=clock.now())
        self.drawer, self.clock = Drawer(old), clock
        self.keeper = TokenKeeper(oauth, self.drawer, clock)

    @property
    def stored(self) -> Tokens:
        assert self.drawer.tokens is not None
        return self.drawer.tokens


SPANS = ("expires_in", "x_refresh_token_expires_in", "x_refresh_token_hard_expires_in")
NUMBERS = VALUES[:22]


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("value", [value for value in NUMBERS if value not in ("NaN", '"\\ud800"', '"\\u0000"')])
async def test_no_span_costs_the_token_beside_it(span: str, value: str) -> None:
    """A refresh token that was rotated and not stored ends the connection."""
    spans = "".join(f',"{name}":{value if name == span else 3600}' for name in SPANS)
    service = _SignIn(f'{{"access_token":"AT","refresh_token":"RT"{spans}}}')
    assert await service.keeper.token() == "AT"
    assert service.stored.refresh_token == "RT"
    assert timedelta(0) < service.stored.access_expires_at - service.clock.now() <= timedelta(days=1)


@pytest.mark.parametrize("token", ["null", '""', '"a b"', '"a\\r\\nHost: elsewhere.example"', '"\u00e9"', "7", "[]"])
async def test_a_token_that_cannot_stand_in_a_header_does_not_cost_the_one_beside_it(token: str) -> None:
    service = _SignIn(f'{{"access_token":{token},"refresh_token":"RT","expires_in":3600}}')
    with pytest.raises(BadAnswer):
        await service.keeper.token()
    assert service.stored.refresh_token == "RT"


@example("86401")
@example("000001")
@given(st.one_of(st.sampled_from(HEADERS), st.text(max_size=40), st.integers().map(str), st.floats().map(str)))
@settings(max_examples=200, deadline=None)
def test_a_pause_is_none_or_a_day_at_most(text: str) -> None:
    pause = retry_after(Response(429, {"retry-after": text}), NOW)
    assert pause is None or timedelta(0) <= pause <= LONGEST_PAUSE
    at = date_of(text)
    assert at is None or (at.tzinfo is not None and 2000 <= at.year < 2100)


async def test_a_date_of_another_century_moves_no_clock(tmp_path: Path) -> None:
    """The position of a sweep is a time of the vendor: what changes before it would never be asked for."""
    home = Installation(tmp_path)
    for date in (*HEADERS, "Fri, 31 Dec 2038 23:59:59 GMT"):

        class Dated(EmulatedNetwork):
            async def send(self, request: Request, clock: Any = None, date: str = date) -> Response:
                answer = await super().send(request, clock)
                return msgspec.structs.replace(answer, headers={**answer.headers, "date": date})

        salesforce = home.process(network=Dated(home.emulation)).salesforce
        await salesforce.reference("organization")
        assert abs(salesforce._calls.skew) <= timedelta(days=1)


async def test_a_time_that_lies_ahead_is_no_position(tmp_path: Path) -> None:
    home = Installation(tmp_path)

    class Ahead(EmulatedNetwork):
        async def send(self, request: Request, clock: Any = None) -> Response:
            answer = await super().send(request, clock)
            body = re.sub(rb'"time":"[^"]*"', b'"time":"2038-01-01T00:00:00Z"', answer.body)
            return msgspec.structs.replace(answer, body=body)

    quickbooks = home.process(network=Ahead(home.emulation)).quickbooks
    for position in (None, quickbooks.position_at(["Customer"], NOW)):
        with pytest.raises(BadAnswer, match="lies ahead"):
            await quickbooks.sweep(["Customer"], position, NOW)


@pytest.mark.parametrize("depth", [65, 200, 900, 100_000])
@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}"), ('["]",', ',"["]'), ('{"}\\"{":1,"a":', "}")])
def test_nesting_is_bounded(depth: int, start: str, end: str) -> None:
    """Also where texts hold brackets that would make up for those of the tree."""
    deep = (start * depth + "1" + end * depth).encode()
    with pytest.raises(BadAnswer, match="nested too deeply"):
        wire.loads(deep, "an answer")
    with pytest.raises(BadAnswer):
        wire.loads((start * depth).encode(), "an answer")


@pytest.mark.parametrize("depth", [1, 10, 64])
def test_what_is_nested_as_answers_are_is_read(depth: int) -> None:
    assert wire.loads(b'["a[\\"", ' * (depth - 1) + b'{"}":"]\\\\"}' + b"]" * (depth - 1), "an answer")


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000, "a = " + "{a=" * 5_000, "a = " + "9" * 10_000])
def test_toml_that_is_nested_or_long_is_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="cannot be read"):
        Text("settings.toml", text).parsed()
    file = tmp_path / "given.toml"
    file.write_text(text)
    with pytest.raises(WrongUse, match="cannot be read"):
        read(file)


@pytest.mark.parametrize(
    "path",
    [
        "https://elsewhere.example/services/data/v67.0/query/01g-2000",
        "//elsewhere.example/services/data/v67.0/query/01g",
        "/services/data/v67.0/query/../../../elsewhere",
        "/services/data/v67.0/query/01g\r\nHost: elsewhere.example",
        "/services/data/v67.0/query/01g\n",
        "/services/data/v67.0/query/01g#@elsewhere.example",
        "/services/data/@elsewhere.example/",
        "/services/data/v67.0/query/\u202e",
        "/services/data/v67.0/" + "a" * 100_000,
        7,
        None,
    ],
)
def test_the_next_page_is_a_path_of_the_api(path: Any) -> None:
    with pytest.raises(BadAnswer):
        page_of({"records": [], "done": False, "nextRecordsUrl": path})


def test_a_page_of_the_api_is_followed() -> None:
    path = "/services/data/v67.0/query/01gD0000002HU6KIAW-2000"
    assert page_of({"records": [], "done": False, "nextRecordsUrl": path}) == ([], path)


POSITIONS = (
    *(
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "/../x",
        "[" * 100_000,
        "1" * 5000,
        "number " + "9" * 5000,
    ),
    *('{"since":{"Account":"0001-01-01T00:00:00Z"}}', '{"since":{"Account":"9999-12-31T00:00:00"}}', "\u202e", "{}"),
)


@pytest.mark.parametrize("text", POSITIONS)
def test_a_position_out_of_the_state_is_ours_or_refused(text: str) -> None:
    for parse in (quickbooks_arrivals.Position.parse, salesforce_arrivals.Position.parse):
        try:
            position = parse(text)
        except ConnectorError:
            continue
        assert parse(position.text()) == position
    assert quickbooks_arrivals._id_position(text) == (None, 1)


@given(st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn", "Lu", "So"]), max_size=20))
@settings(max_examples=200, deadline=None)
def test_json_says_the_same_without_power_over_a_terminal(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    document = safe_json(msgspec.json.encode({"name": text}).decode())
    assert json.loads(document) == {"name": text}
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in document if c not in "\u200c\u200d")


def test_what_a_document_shows_is_escaped() -> None:
    out = io.StringIO()
    Screen(json=True, out=out).document({"name": "\x9b31m\u202egnp.\U000e0041\x7f"}, "x")
    assert r"\u009b31m\u202egnp.\udb40\udc41\u007f" in out.getvalue()


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe"])
def test_the_log_of_faults_follows_no_link(tmp_path: Path, kind: str) -> None:
    other, log = tmp_path / "other", tmp_path / "fault.log"
    other.write_text("as it was")
    {
        "link": lambda: log.symlink_to(other),
        "hard link": lambda: log.hardlink_to(other),
        "pipe": lambda: os.mkfifo(log),
    }[kind]()
    with pytest.raises(OSError, match=r"fault\.log"):
        open_log(log)
    assert other.read_text() == "as it was"


def test_the_log_of_faults_is_closed_to_others(tmp_path: Path) -> None:
    log = tmp_path / "fault.log"
    log.touch(mode=0o644)
    with open_log(log) as file:
        file.write("more")
    assert (log.stat().st_mode & 0o777, log.read_text()) == (0o600, "more")


async def test_a_bomb_of_headers_is_no_answer() -> None:
    def bomb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\n" + b"".join(b"h%d: %s\r\n" % (n, b"x" * 500) for n in range(20_000)) + b"\r\n"
        )
        writer.close()

    server = await asyncio.start_server(bomb, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, AiohttpNetwork() as network:
        with pytest.raises(NoAnswer):
            await network.send(Request("GET", url))
