"""Every reference of an entry that is inactive or gone is named, whichever it is, and only its own table is awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from flows.orders.test_order_to_journal import ORDER_REF, world_of
from ml_connector.flows.orders.order_to_journal import FLOW
from ml_connector.model import holds
from ml_connector.model.plans import Hold, Write
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.triggers import SETTINGS, Trigger, record_changed, table_changed
from ml_connector.systems.quickbooks.records import JournalDraft
from support.context import World, decide

LINES = [{"dims": "East/SaaS"}, {"dims": "West/SaaS", "net": "500.00"}, {"dims": "HQ/SaaS", "net": "30.00"}]
TABLES = {"account": "accounts", "department": "departments", "class_": "classes"}
CODES = {
    ("account", "inactive"): "H-ACCT-INACTIVE",
    ("account", "gone"): "H-ACCT-MISSING",
    ("department", "inactive"): "H-DIM-INACTIVE",
    ("department", "gone"): "H-DIM-UNMAPPED",
    ("class_", "inactive"): "H-DIM-INACTIVE",
    ("class_", "gone"): "H-DIM-UNMAPPED",
    ("entity", "inactive"): "H-CUST-INACTIVE",
    ("entity", "gone"): "H-CUST-INACTIVE",
}


def in_parts() -> World:
    """The first of three parts is posted: the others are sent as they were approved, without the order's texts."""
    world = world_of({"lines": LINES, "rules": {"max_lines": 2, "template": "T3"}})
    write = decide(FLOW, world.records[ORDER_REF], world)
    assert isinstance(write, Write)
    world.apply(write)
    return world


def whole() -> World:
    return world_of({"lines": LINES[:1], "rules": {"template": "T3"}})


def next_write(world: World) -> Write:
    write = decide(FLOW, world.records[ORDER_REF], world)
    assert isinstance(write, Write)
    return write


def references() -> Iterator[tuple[str, str, str]]:
    """Where the entry stands, and kind and id of each thing that it refers to."""
    for name, world in (("whole", whole()), ("in parts", in_parts())):
        lines = JournalDraft.of_body(next_write(world).body).lines
        for kind in ("account", "department", "class_", "entity"):
            for id_ in sorted({getattr(line, kind) for line in lines} - {""}):
                yield name, kind, id_


def spoil(world: World, kind: str, id_: str, how: str) -> str:
    """Make one of them inactive or let it vanish; returns the name that people gave it."""
    if kind == "entity":
        ref = Ref("quickbooks", "Customer", id_)
        customer = world.records[ref]
        shown = msgspec.structs.replace(customer, active=False, display_name=f"{customer.display_name} (deleted)")
        world.put(shown if how == "inactive" else Gone(ref))
        return str(customer.display_name)
    key = ("quickbooks", TABLES[kind])
    table: dict[str, Any] = dict(world.references[key])
    entry = table.pop(id_)
    if how == "inactive":
        marked = {"name": f"{entry.name} (deleted)", "fully_qualified_name": f"{entry.fully_qualified_name} (deleted)"}
        table[id_] = msgspec.structs.replace(entry, active=False, **marked)
    world.references[key] = table
    return str(entry.name)


def awaited(kind: str, id_: str) -> Trigger:
    if kind == "entity":
        return record_changed(Ref("quickbooks", "Customer", id_))
    return table_changed(TABLES[kind])


@pytest.mark.parametrize("how", ["inactive", "gone"])
@pytest.mark.parametrize(("place", "kind", "id_"), list(references()))
def test_the_hold_names_the_one_that_is_not_there(place: str, kind: str, id_: str, how: str) -> None:
    world = in_parts() if place == "in parts" else whole()
    name = spoil(world, kind, id_, how)
    hold = decide(FLOW, world.records[ORDER_REF], world)

    assert isinstance(hold, Hold)
    assert hold.code == CODES[kind, how]
    sentence = holds.render_hold(hold).sentence
    assert "not known" not in sentence
    assert how == "gone" or (name in sentence and "(deleted)" not in sentence)
    of_tables = {trigger for trigger in hold.waits_for if trigger.startswith("reference:")}
    assert of_tables <= {awaited(kind, id_)}
    assert awaited(kind, id_) in hold.waits_for
    assert kind == "entity" or SETTINGS in hold.waits_for
