"""What is asked at a real terminal: names and passwords, without echo; and what is said where there is none."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from journeys.rig import environment
from ml_connector.actions.acting import os_user
from ml_connector.cli import entry
from ml_connector.clock import WallClock
from ml_connector.custody import Custody, seal_secret
from ml_connector.settings import destination, load, write_settings
from ml_connector.store import Store
from ml_connector.vault import Vault

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHEAP = "from ml_connector.actions import credentials as c; c.COST = c.Cost(8, 1, 1)"
AT_TERMINAL = "import os, sys; os.close(os.open(os.ttyname(0), os.O_RDWR))"
"""The first terminal that the leader of a session opens is its own."""
MAIN = f"{AT_TERMINAL}; {CHEAP}; from ml_connector.cli.entry import main; sys.exit(main())"
WITHIN = 60.0
PASSWORD = "correct horse battery"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A company in production that is connected; no vendor is asked for anything."""
    company = {"environment": "production", "client_id": "ABx", "realm_id": "9130350000000000"}
    org = {"base_url": "https://acme.my.salesforce.com", "client_id": "c", "org_id": "00D000000000001AAA"}
    write_settings(tmp_path, {"quickbooks": company, "salesforce": org})
    store = Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    store.marker = vault = Vault.create(tmp_path)
    settings = load(tmp_path, {})
    for app, to in (
        ("quickbooks:ABx", destination(settings, "quickbooks")),
        ("salesforce:c", destination(settings, "salesforce")),
    ):
        seal_secret(Custody(store, vault, to, WallClock()), app, "client_secret", "s")
    store.add_connection("9130350000000000-00D000000000001AAA", "9130350000000000", "00D000000000001AAA", "Acme", NOON)
    store.close()
    return tmp_path


def at_terminal(home: Path, words: str, *answers: tuple[str, str]) -> tuple[int, str]:
    """Type a command, and each answer when its question is on the screen: exit status, and all that was shown."""
    keyboard, screen = pty.openpty()
    command = [sys.executable, "-c", MAIN, *words.split(), "--home", str(home)]
    process = subprocess.Popen(
        command, stdin=screen, stdout=screen, stderr=screen, start_new_session=True, env=environment({"LOGNAME": "eve"})
    )
    os.close(screen)
    shown = ""
    for question, answer in answers:
        shown = _until(keyboard, shown, question)
        os.write(keyboard, f"{answer}\n".encode())
        shown += "\n"
    shown = _until(keyboard, shown, None)
    os.close(keyboard)
    return process.wait(WITHIN), shown


def _until(keyboard: int, shown: str, question: str | None) -> str:
    """Read up to a question at the end of what is shown; None: up to the end of the command."""
    while question is None or not shown.endswith(f"{question}: "):
        ready, _, _ = select.select([keyboard], [], [], WITHIN)
        assert ready, f"waiting for {question!r} after {shown!r}"
        try:
            part = os.read(keyboard, 4096)
        except OSError:  # the other end is closed
            part = b""
        if not part:
            assert question is None, f"ended before {question!r}: {shown!r}"
            return shown
        shown += part.decode()
    return shown


def test_people_act_at_a_terminal(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["people", "add", "ana", "--role", "admin", "--json", "--home", str(home)]) == 0
    token = json.loads(capsys.readouterr().out)["token"]
    asked = "Password (or token) of ana"
    status, shown = at_terminal(
        home, "people password --as ana",
        (asked, token), ("New password, 12 characters or more", PASSWORD), ("The same once more", PASSWORD),
    )  # fmt: skip
    assert status == 0, shown
    assert "The password of ana is set" in shown
    assert PASSWORD not in shown
    assert token not in shown
    status, shown = at_terminal(home, "stop month-end", ("Your name", "ana"), (asked, "wrong horse battery"))
    assert (status, "That does not prove to be ana." in shown) == (2, True)
    status, shown = at_terminal(home, "stop month-end", ("Your name", "ana"), (asked, PASSWORD))
    assert status == 0, shown
    assert PASSWORD not in shown
    assert _events(home)[-2:] == [(os_user().name, "password fits"), ("ana", "stop")]


def _events(home: Path) -> list[tuple[str, str]]:
    store = Store.open(f"sqlite:///{home / 'state.db'}")
    events = store.audit_events("9130350000000000-00D000000000001AAA")
    store.close()
    return [(event.actor, event.action) for event in events]


DECIDING = [
    *("apply 2026-11-20-01", "sign-off --start-date 2026-11-01", "match new quickbooks:Customer:1", "stop", "resume"),
    *("match pair quickbooks:Customer:1 salesforce:Account:1", "keys rotate", "backup", "people end ana"),
    *(
        "audit verify --restored --head 1:" + "0" * 64,
        "tampered accept x",
        "tampered drop x",
        "people token ana",
        "backfill --accept-vanished",
    ),
]


@pytest.mark.parametrize("words", DECIDING)
def test_without_a_proof_nothing_is_decided(words: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first time the remedy adds the first person, and works as it is printed; then it names the way to a proof."""
    assert entry.main([*words.split(), "--home", str(home)]) == 2
    said = capsys.readouterr().err
    assert "Nobody is known here yet" in said
    printed = re.search(r"ml-connector (people add .*)", said)
    assert printed is not None
    assert entry.main(printed[1].split()) == 0
    capsys.readouterr()
    assert entry.main([*words.split(), "--home", str(home)]) == 2
    said = capsys.readouterr().err
    assert "has not proved to be one" in said
    assert "--token-file FILE" in said
    assert entry.main(["people", "add", "eve", "--role", "approver", "--home", str(home)]) == 2


def test_a_machine_acts_by_a_token_file(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def ended(*words: str) -> int:
        return entry.main([*words, "--home", str(home)])

    admin, file = str(tmp_path / "admin"), str(tmp_path / "nightly")
    assert ended("people", "add", "ana", "--role", "admin", "--to", admin) == 0
    assert ended("people", "add", "nightly", "--role", "preparer", "--to", file, "--token-file", admin) == 0
    assert ended("backup", str(tmp_path / "copy.db"), "--token-file", file) == 2
    assert "needs the role admin" in capsys.readouterr().err
    assert ended("backup", str(tmp_path / "copy.db"), "--token-file", file, "--as", "ana") == 2
    assert "does not prove to be ana" in capsys.readouterr().err
    assert ended("backup", str(tmp_path / "copy.db"), "--token-file", admin) == 0
    assert ended("people", "token", "--to", f"{admin}2", "--token-file", admin) == 0
    assert ended("people", "end", "nightly", "--token-file", admin) == 2, "the one before is no longer good"
    assert ended("people", "end", "nightly", "--token-file", f"{admin}2") == 0
    capsys.readouterr()
    assert ended("people", "list") == 0
    assert "nightly" in (told := capsys.readouterr().out)
    assert "One administrator only" in told
