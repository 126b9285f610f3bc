"""What waits for settings is looked at again when the settings are others."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ml_connector.actions.plan import make_plan
from ml_connector.actions.sync import sync
from ml_connector.app import assemble
from ml_connector.service.draining import note_rules
from support.in_step import in_step
from support.world import Installation


async def test_orders_come_back_when_a_template_is_signed_off(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    unsigned = msgspec.structs.replace(home.rules, template=None)
    before = assemble(home.settings, unsigned, home.store, home.vault, home.app.world)
    home.store.go_live(before.connection.id, home.clock.now())
    await sync(before)
    assert set(home.store.verdicts(before.connection.id, "order_to_journal").values()) == {"no_template"}
    assert (await make_plan(home.app, "preparer")).plan.postings()


async def test_the_same_settings_knock_on_nothing(tmp_path: Path) -> None:
    home = in_step(tmp_path)
    note_rules(home.app)
    assert home.store.unserved(home.app.connection.id) == {}
