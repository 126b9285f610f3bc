"""The emulators as one program: the JSON line, both vendors over sockets, business days, and a clean stop."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ml_emulators.kit.shell import LOOPBACK
from ml_emulators.kit.wire import dumps, loads
from ml_emulators.server import Emulators, arguments, main

TODAY = date(2026, 11, 20)
KEYS = {
    "quickbooks": {
        "base_url",
        "token_url",
        "authorize_url",
        "discovery_url",
        "realm_id",
        "client_id",
        "client_secret",
        "refresh_token",
        "webhook_verifier_token",
    },
    "salesforce": {
        "base_url",
        "client_id",
        "client_secret",
        "username",
        "password",
        "security_token",
        "org_id",
        "account_external_id_field",
    },
}


@pytest.fixture
async def emulators() -> AsyncIterator[Emulators]:
    emulators = Emulators(scenario="tiny", today=TODAY)
    await emulators.start()
    yield emulators
    await emulators.stop()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def quickbooks_token(client: aiohttp.ClientSession, info: dict[str, Any]) -> str:
    auth = aiohttp.encode_basic_auth(info["client_id"], info["client_secret"])
    form = {"grant_type": "refresh_token", "refresh_token": info["refresh_token"]}
    async with client.post(info["token_url"], data=form, headers={"Authorization": auth}) as answer:
        return str((await answer.json())["access_token"])


async def quickbooks_count(client: aiohttp.ClientSession, info: dict[str, Any], kind: str) -> int:
    headers = {"Authorization": f"Bearer {await quickbooks_token(client, info)}", "Accept": "application/json"}
    url = f"{info['base_url']}/v3/company/{info['realm_id']}/query"
    async with client.get(url, params={"query": f"select count(*) from {kind}"}, headers=headers) as answer:
        return int(loads(await answer.read())["QueryResponse"]["totalCount"])


async def salesforce_count(client: aiohttp.ClientSession, info: dict[str, Any], kind: str) -> int:
    form = {name: info[name] for name in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
    async with client.post(f"{info['base_url']}/services/oauth2/token", data=form) as answer:
        token = (await answer.json())["access_token"]
    url = f"{info['base_url']}/services/data/v65.0/query/"
    headers = {"Authorization": f"Bearer {token}"}
    async with client.get(url, params={"q": f"SELECT Id FROM {kind}"}, headers=headers) as answer:
        return int(loads(await answer.read())["totalSize"])


async def test_the_line_says_all_that_a_connection_needs(emulators: Emulators) -> None:
    info = emulators.info()
    assert {name: set(info[name]) for name in KEYS} == KEYS
    assert emulators.pubsub is not None
    assert info["pubsub"] == {"target": f"127.0.0.1:{emulators.pubsub.port}", "tls": False}
    assert info["ca_file"] is None
    assert all(info[name]["base_url"].startswith("http://127.0.0.1:") for name in KEYS)


async def test_both_vendors_answer_over_sockets(emulators: Emulators, client: aiohttp.ClientSession) -> None:
    info = emulators.info()
    assert await quickbooks_count(client, info["quickbooks"], "Invoice") == 4
    assert await salesforce_count(client, info["salesforce"], "Order") == 3
    log = emulators.emulation.log
    assert (log.totals("quickbooks").reads, log.totals("salesforce").calls) == (1, 1)
    text = dumps([str(entry) for entry in log.entries]).decode()
    assert not any(info[name][word] in text for name in KEYS for word in ("client_id", "client_secret"))


async def test_seed_and_days_through_the_door(emulators: Emulators, client: aiohttp.ClientSession) -> None:
    url = emulators.info()["control_url"]
    order = {"scenario": "sample", "seed": 5, "today": "2026-11-20"}
    async with client.post(f"{url}/seed", data=dumps(order)) as answer:
        assert (answer.status, (await answer.json())["ok"]) == (200, True)
    async with client.post(f"{url}/seed", data=dumps({"day": 1})) as answer:
        assert (await answer.json())["ok"] is True
    async with client.get(f"{url}/scenario") as answer:
        told = await answer.json()
    assert (told["scenario"], told["days"], told["facts"]["start_date"]) == ("sample", 1, "2026-10-01")
    assert len({one["code"] for one in told["planted"]}) >= 8
    async with client.get(f"{url}/connection") as answer:
        info = await answer.json()
    assert await quickbooks_count(client, info["quickbooks"], "Customer") > 400


@pytest.mark.parametrize(("limits", "enforced"), [(False, False), (True, True)])
async def test_limits_are_enforced_only_when_asked(limits: bool, enforced: bool) -> None:
    emulators = Emulators(scenario="empty", today=TODAY, limits=limits)
    await emulators.start()
    switches = emulators.emulation.get_switches()
    assert (switches["quickbooks"]["limits"], switches["salesforce"]["enforce_limits"]) == (enforced, enforced)
    await emulators.stop()


async def test_state_is_kept_between_runs(tmp_path: Path, client: aiohttp.ClientSession) -> None:
    first = Emulators(scenario="tiny", today=TODAY, seed=4, state=tmp_path)
    await first.start()
    first.emulation.act("quickbooks", "create", "Customer", {"DisplayName": "Late Comer"})
    told = first.info()["quickbooks"]
    await first.stop()
    second = Emulators(scenario="sample", seed=9, state=tmp_path)
    await second.start()
    info = second.info()["quickbooks"]
    assert (info["client_id"], info["realm_id"]) == (told["client_id"], told["realm_id"])
    assert await quickbooks_count(client, info, "Customer") == 4
    assert await quickbooks_count(client, told | {k: info[k] for k in ("base_url", "token_url")}, "Invoice") == 4
    assert second.emulation.scenario["scenario"] == "tiny"
    await second.stop()


def start(*more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ml_emulators.server", "--scenario", "tiny", "--json", *more]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "stdin"])
def test_one_line_on_stdout_and_a_clean_stop(how: Any) -> None:
    process = start("--watch-stdin")
    assert process.stdout
    assert process.stdin
    assert process.stderr
    info = loads(process.stdout.readline())
    assert set(info) == {"quickbooks", "salesforce", "pubsub", "control_url", "ca_file"}
    if how == "stdin":
        process.stdin.close()
    else:
        process.send_signal(how)
    assert process.wait(10) == 0
    assert (process.stdout.read(), process.stderr.read()) == (b"", b"")
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


@pytest.mark.parametrize("option", ["--qbo-port", "--sf-port", "--pubsub-port", "--control-port"])
def test_a_port_that_is_taken_is_said_plainly(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["--scenario", "tiny", "--json", option, port]) == 1
    told = capsys.readouterr()
    assert (told.out, f"port {port}: Address already in use" in told.err) == ("", True)
    assert "Choose another port" in told.err


def test_without_options() -> None:
    options = arguments([])
    assert (options.scenario, options.scale, options.limits, options.tls) == ("sample", 1, "off", False)
    assert (options.org, options.single_currency, options.state) == ("enterprise", False, None)


WRONG = [
    ["--scenario", "moon"],
    ["--scale", "0"],
    ["--scale", "9999"],
    ["--today", "soon"],
    ["--qbo-port", "65536"],
    ["--control-port", "-1"],
    ["--limits", "some"],
    ["--org", "group"],
]


@pytest.mark.parametrize("wrong", WRONG, ids=" ".join)
def test_wrong_use(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        arguments(wrong)
    assert stopped.value.code == 2
    assert capsys.readouterr().out == ""
