"""An installation whose state lives in PostgreSQL, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from journeys.rig import command, process, servers
from support.postgres import emptied


def test_from_nothing_to_an_empty_second_plan(tmp_path: Path, postgres_url: str) -> None:
    home, line, env = tmp_path / "home", tmp_path / "emulators.json", {"MLC_STATE_URL": emptied(postgres_url)}
    with servers("--scenario", "tiny") as vendors:
        line.write_text(json.dumps(vendors.line))
        assert command("init", "--emulators", str(line), home=home, env=env).status == 0
        plan = command("plan", "--json", home=home, env=env).document
        assert plan["counts"]["other_writes"] > 0
        assert process("apply", plan["id"], "--json", home=home, env=env).status == 0
        again = command("plan", "--json", home=home, env=env).document
        assert again["counts"]["other_writes"] == 0
    assert not list(home.rglob("*.db"))
