"""The list of connections, as a person sees it; commands in it work as they are printed."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path

import pytest

from ml_connector.actions.connections import RulesView, connections, rules_of
from ml_connector.actions.open import open_app
from ml_connector.cli import entry
from ml_connector.cli.render_connections import connection_lines, rules_lines
from ml_connector.store import schema
from support.homes import NOON, home_with


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


async def test_versions_of_rules_and_reads_are_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with open_app(home, "east") as app:
        app.store.keep_rules(app.connection.id, "a", '{"max_lines":5}', "ana", NOON)
        booked = json.dumps({f"{app.world.clock.now():%Y-%m} read": 12})
        with app.store.begin() as tx:
            tx.execute(schema.pace.insert().values(name="quickbooks:9131", booked=booked))
    views = await connections(home)
    assert (
        connection_lines(views, None)[0] == "ok    east   Company 1, REHEARSAL   live   12 QuickBooks reads this month"
    )
    assert rules_lines(await _rules(home), None, UTC) == [
        "   1  2026-11-22 12:00 UTC  ana: max_lines",
        "Next:  ml-connector status",
    ]


async def _rules(home: Path) -> list[RulesView]:
    async with open_app(home, "east") as app:
        return rules_of(app)
