"""A journal entry that people deleted: flagged if it is ours, and never posted again."""

from __future__ import annotations

import pytest

from ml_connector.accounting.postings import posting_ref
from ml_connector.flows.orders import entry_deleted
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Skip
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from support.context import World, settle

ENTRY = Ref("quickbooks", "JournalEntry", "31")


@pytest.mark.parametrize(
    ("linked", "flags"), [(ENTRY, (Flag.ENTRY_DELETED,)), (Ref("quickbooks", "JournalEntry", "32"), ())]
)
def test_only_ours_is_flagged(linked: Ref, flags: tuple[Flag, ...]) -> None:
    world = World(Gone(ENTRY))
    world.link(Role.JOURNAL, posting_ref("801000000000001AAA"), linked)
    (end,) = settle(entry_deleted.FLOW, ENTRY, world)
    assert isinstance(end, Skip)
    assert end.flags == flags
