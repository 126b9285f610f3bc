"""The state is copied to a file that was not there, without keys."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest

from ml_connector.actions.backup import backup
from ml_connector.actions.plan import make_plan
from ml_connector.model.errors import WrongUse
from support.world import Installation


async def test_a_copy_holds_what_was_there(tmp_path: Path) -> None:
    home = Installation(tmp_path, store_url=f"sqlite:///{tmp_path / 'state.db'}")
    view = await make_plan(home.app, "mia")
    file, head = msgspec.structs.astuple(backup(home.app, "mia"))
    assert file == tmp_path / f"backup-{home.app.world.clock.now():%Y%m%dT%H%M%SZ}.db"
    with sqlite3.connect(file) as copy:
        assert copy.execute("SELECT id FROM plan").fetchall() == [(view.id,)]
        assert copy.execute("SELECT number || ':' || hash FROM audit ORDER BY number").fetchall()[-1] == (head,)
    copy.close()
    with pytest.raises(WrongUse, match="is already there"):
        backup(home.app, "mia", file)
