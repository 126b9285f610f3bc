"""What outlives the process: everything with a folder of state, nothing without one."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ml_emulators.kit import persistence
from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.emulation import Emulation
from ml_emulators.kit.wire import dumps, loads
from ml_emulators.server import SHARED, Emulators, main

TODAY = date(2026, 11, 20)


async def called(info: dict[str, Any], method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession(info["control_url"]) as session,
        session.request(method, path, data=None if body is None else dumps(body)) as answer,
    ):
        return answer.status, loads(await answer.read())


async def signed_in(info: dict[str, Any]) -> dict[str, str]:
    """Fresh tokens of both vendors; the refresh token of the line is used for it."""
    books, org = info["quickbooks"], info["salesforce"]
    async with aiohttp.ClientSession() as session:
        form = {"grant_type": "refresh_token", "refresh_token": books["refresh_token"]}
        basic = {"Authorization": aiohttp.encode_basic_auth(books["client_id"], books["client_secret"])}
        async with session.post(books["token_url"], data=form, headers=basic) as answer:
            told = await answer.json()
        form = {"grant_type": "client_credentials"} | {key: org[key] for key in ("client_id", "client_secret")}
        async with session.post(f"{org['base_url']}/services/oauth2/token", data=form) as answer:
            session_id = (await answer.json())["access_token"]
    return {"quickbooks": told["access_token"], "refresh": told["refresh_token"], "salesforce": session_id}


async def first_customer(info: dict[str, Any], token: str, name: str) -> tuple[int, str]:
    """Status, and the id of the customer of that name."""
    books = info["quickbooks"]
    url = f"{books['base_url']}/v3/company/{books['realm_id']}/query"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    params = {"query": f"select * from Customer where DisplayName = '{name}'"}
    async with aiohttp.ClientSession() as session, session.get(url, params=params, headers=headers) as answer:
        found = loads(await answer.read())["QueryResponse"].get("Customer", [{"Id": ""}])
        return answer.status, found[0]["Id"]


async def first_account(info: dict[str, Any], token: str, name: str) -> tuple[int, str]:
    url = f"{info['salesforce']['base_url']}/services/data/v65.0/query"
    params = {"q": f"SELECT Id FROM Account WHERE Name = '{name}'"}
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.get(url, params=params, headers=headers) as answer:
        return answer.status, loads(await answer.read())["records"][0]["Id"]


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    command = [sys.executable, "-m", "ml_emulators.server", "--scenario", "tiny", "--json", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    try:
        yield process, loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


OPERATIONS = [
    {"system": "quickbooks", "op": "create", "kind": "Customer", "body": {"DisplayName": "Late Comer"}},
    {"system": "salesforce", "op": "create", "kind": "Account", "body": {"Name": "Late Comer"}},
    {"system": "clock", "op": "advance", "body": {"minutes": 30}},
]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_everything_is_there_after_a_restart(tmp_path: Path, end: signal.Signals) -> None:
    with running("--state", str(tmp_path), "--today", "2026-11-20") as (process, info):
        tokens = await signed_in(info)
        assert (await called(info, "POST", "/seed", {"operations": OPERATIONS}))[1]["ok"] is True
        customer = await first_customer(info, tokens["quickbooks"], "Late Comer")
        account = await first_account(info, tokens["salesforce"], "Late Comer")
        before = [
            (await called(info, "GET", path))[1] for path in ("/events", "/scenario", "/state/salesforce/Account")
        ]
        assert (await called(info, "POST", "/save"))[0] == 200
        now = (await called(info, "GET", "/clock"))[1]["now"]
        process.send_signal(end)
        await asyncio.to_thread(process.wait, 10)
    with running("--state", str(tmp_path)) as (_, again):
        keys = ("client_id", "client_secret", "realm_id", "webhook_verifier_token")
        assert [again["quickbooks"][key] for key in keys] == [info["quickbooks"][key] for key in keys]
        assert again["salesforce"] | {"base_url": ""} == info["salesforce"] | {"base_url": ""}
        assert await first_customer(again, tokens["quickbooks"], "Late Comer") == customer
        assert await first_account(again, tokens["salesforce"], "Late Comer") == account
        after = [
            (await called(again, "GET", path))[1] for path in ("/events", "/scenario", "/state/salesforce/Account")
        ]
        assert after == before
        assert (await called(again, "GET", "/clock"))[1]["now"] > now
        books = again["quickbooks"] | {"refresh_token": tokens["refresh"]}
        assert (await signed_in(again | {"quickbooks": books}))["quickbooks"]


async def test_a_kill_right_after_the_start_keeps_the_keys(tmp_path: Path) -> None:
    with running("--state", str(tmp_path)) as (_, info):
        pass
    with running("--state", str(tmp_path)) as (_, again):
        assert again["quickbooks"]["client_id"] == info["quickbooks"]["client_id"]
        assert (await signed_in(again | {"quickbooks": info["quickbooks"] | _urls(again)}))["refresh"]


def _urls(info: dict[str, Any]) -> dict[str, str]:
    return {name: url for name, url in info["quickbooks"].items() if name.endswith("_url")}


async def test_a_change_is_written_by_itself(emulation: Emulation, tmp_path: Path) -> None:
    autosave = persistence.Autosave(emulation, tmp_path, {}, every=0.01)
    await autosave.start()
    emulation.act("quickbooks", "create", "Note", {"Text": "late"})
    first = autosave.written
    async with asyncio.timeout(5):
        await autosave.next()
    assert autosave.written == first + 1
    found = persistence.load_state(tmp_path, {})
    assert found is not None
    assert found["emulation"]["vendors"]["quickbooks"][0]["Text"] == "late"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):  # nothing happens, so nothing is written
            await autosave.next()
    await autosave.stop()


async def test_a_disk_that_fails_is_said_at_the_end(emulation: Emulation, tmp_path: Path) -> None:
    autosave = persistence.Autosave(emulation, tmp_path / "file" / "folder", {})
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError):
        await autosave.start()


async def test_a_disk_that_is_full_for_a_while(
    emulation: Emulation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "folder"
    autosave = persistence.Autosave(emulation, folder, {}, every=0.01)
    await autosave.start()
    (folder / persistence.FILE).rename(tmp_path / "aside")
    folder.rmdir()
    folder.write_text("in the way")
    emulation.act("quickbooks", "create", "Note", {"Text": "late"})
    async with asyncio.timeout(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await autosave.next()
        folder.unlink()
        await autosave.next()
    await autosave.stop()
    assert "cannot be written" in caplog.text
    assert persistence.load_state(folder, {}) is not None


async def test_frozen_clocks_and_switches_come_back(tmp_path: Path) -> None:
    first = Emulators(scenario="empty", today=TODAY, state=tmp_path)
    await first.start()
    first.emulation.clock.freeze()
    first.emulation.set_switches("quickbooks", {"zero_rows": "omitted"})
    first.emulation.set_switches("salesforce", {"hidden_objects": ["Order"]})
    await first.stop()
    second = Emulators(scenario="empty", state=tmp_path, clock=VirtualClock())
    await second.start()
    assert second.clock.snapshot() == first.clock.snapshot()
    assert second.emulation.get_switches()["quickbooks"]["zero_rows"] == "omitted"
    assert second.emulation.get_switches()["salesforce"]["hidden_objects"] == {"Order"}
    await second.stop()


def test_only_the_owner_may_read_it(emulation: Emulation, tmp_path: Path) -> None:
    persistence.save_state(emulation, tmp_path, {})
    assert {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {persistence.FILE: 0o600}


@pytest.mark.parametrize("spoilt", [b"", b"rubbish", pickle.dumps({}, 5)[:-1], b"\x80\x05cnowhere\nNothing\n."])
def test_a_spoilt_file_is_named_and_left_alone(
    tmp_path: Path, spoilt: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / persistence.FILE).write_bytes(spoilt)
    with pytest.raises(persistence.BadState):
        persistence.load_state(tmp_path, SHARED)
    assert main(["--scenario", "empty", "--state", str(tmp_path), "--json"]) == 1
    told = capsys.readouterr()
    assert (told.out, "damaged" in told.err, str(tmp_path) in told.err) == ("", True, True)
    assert (tmp_path / persistence.FILE).read_bytes() == spoilt


@pytest.mark.parametrize("tls", [False, True])
def test_without_a_folder_nothing_is_left(tmp_path: Path, tls: bool) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    command = [sys.executable, "-m", "ml_emulators.server", "--scenario", "tiny", "--json"] + ["--tls"] * tls
    environment = {**os.environ, "TMPDIR": str(temporary), "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=home, env=environment)
    assert process.stdout
    assert loads(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    assert process.communicate() == (b"", b"")
    assert sorted(tmp_path.rglob("*")) == [home, temporary]


def _open(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o020)


def _linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize("change", [_open, lambda path: _open(path.parent), _linked], ids=["file", "folder", "link"])
def test_a_file_that_others_can_have_written_is_not_read(
    emulation: Emulation, tmp_path: Path, change: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is read back as code would be: whoever writes it acts as the user of the emulators."""
    folder = tmp_path / "state"
    persistence.save_state(emulation, folder, {})
    assert persistence.load_state(folder, {}) is not None
    change(folder / persistence.FILE)
    with pytest.raises(OSError, match=str(folder)):
        persistence.load_state(folder, {})
    assert main(["--scenario", "empty", "--state", str(folder), "--json"]) == 1
    assert "must stop" in capsys.readouterr().err


def test_a_file_of_another_user_is_not_read(
    emulation: Emulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    persistence.save_state(emulation, tmp_path, {})
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(PermissionError, match="others can write it"):
        persistence.load_state(tmp_path, {})


def test_nothing_is_kept_where_others_can_put_files(emulation: Emulation, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(PermissionError):
        persistence.save_state(emulation, tmp_path, {})


async def test_without_a_folder_nothing_can_be_saved() -> None:
    emulators = Emulators(scenario="empty")
    await emulators.start()
    status, answer = await called(emulators.info(), "POST", "/save")
    await emulators.stop()
    assert (status, "--state" in answer["error"]["remedy"]) == (409, True)
