"""The list of connections, as a person sees it; commands in it work as they are printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml_connector.cli import entry
from support.homes import home_with


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_with(tmp_path / "home", "east", "west")


def test_several_are_listed_and_a_command_says_which_is_meant(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["connections", "add", "north", "--home", str(home)]) == 0
    assert f"ml-connector connect quickbooks --connection north --home {home}" in capsys.readouterr().out
    for words in (["connections"], ["status"]):
        assert entry.main([*words, "--home", str(home)]) == 1
        assert capsys.readouterr().out.splitlines() == [
            "ok    east    Company 1, REHEARSAL   live",
            "FAIL  north   not connected",
            (
                "              QuickBooks is not connected yet. Connect it:  "
                f"ml-connector connect quickbooks --connection north --home {home}"
            ),
            "ok    west    Company 2, REHEARSAL   live",
            f"Next:  ml-connector status --connection north --home {home}",
        ]
    assert entry.main(["holds", "--home", str(home)]) == 2
    assert "This installation has 3 connections: east, north, west." in capsys.readouterr().err
    assert entry.main(["status", "--connection", "west", "--home", str(home)]) == 0
    assert "Company 2, REHEARSAL" in capsys.readouterr().out


def test_what_a_machine_reads(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["connections", "--json", "--home", str(home)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["state"]) for row in document["items"]] == [("east", "live"), ("west", "live")]
