"""Cases of the flows for customers, accounts and invoices: what is given, and what the flow makes of it.

A folder `cases/<flow>/<case>/` holds `given.yaml` and `expected.yaml`. Every case is also looked at a second time,
when all writes took effect: then there is nothing left to write.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from ml_connector.flows.invoices import account_summary, invoice_to_opportunity
from ml_connector.flows.parties import account_to_customer, customer_to_account
from ml_connector.model import holds
from ml_connector.model.plans import Decision, Flow, Hold, Write
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks import records as quickbooks
from ml_connector.systems.salesforce.records import SObject
from support.context import RULES, World, settle, shown, writes

FLOWS = {
    each.FLOW.name: each.FLOW
    for each in (customer_to_account, account_to_customer, invoice_to_opportunity, account_summary)
}
CASES = Path(__file__).parent / "cases"
FOUND = sorted(each.parent for name in FLOWS for each in (CASES / name).glob("*/given.yaml"))


class _Exact(yaml.SafeLoader):
    """Numbers are decimals and days stay text, as on the wire."""


def _decimal(loader: yaml.SafeLoader, node: Any) -> Decimal:
    return Decimal(str(loader.construct_scalar(node)))


def _text(loader: yaml.SafeLoader, node: Any) -> str:
    return str(loader.construct_scalar(node))


_Exact.add_constructor("tag:yaml.org,2002:float", _decimal)
_Exact.add_constructor("tag:yaml.org,2002:int", _decimal)
_Exact.add_constructor("tag:yaml.org,2002:timestamp", _text)


def read(path: Path) -> Any:
    return yaml.load(path.read_text(), _Exact)


def world_of(given: Mapping[str, Any]) -> World:
    references: dict[tuple[str, str], Any] = {("salesforce", "matching"): None, ("quickbooks", "matching"): None}
    for name, rows in given.get("references", {}).items():
        system, table = name.split(".", 1)
        references[system, table] = _reference(system, table, rows)
    rules = msgspec.convert({**msgspec.to_builtins(RULES), **given.get("settings", {})}, type(RULES))
    today = date.fromisoformat(given.get("today", "2026-11-22"))
    world = World(references=references, rules=rules, today=today)
    for kind, rows in given.get("quickbooks", {}).items():
        world.put(*(_wire(kind, row) for row in rows))
    for kind, rows in given.get("salesforce", {}).items():
        world.put(*(SObject(kind, row["Id"], {}).merged(row) for row in map(_nested, rows)))
    for link in given.get("links", ()):
        ends = Ref.parse(link["source"]), Ref.parse(link["target"])
        world.link(link["role"], *ends, link.get("agreed"), link.get("exclusive"))
    for name in given.get("gone", ()):
        world.put(Gone(Ref.parse(name)))
    for name, winner in given.get("merged", {}).items():
        world.put(Gone(Ref.parse(name), into=Ref.parse(winner)))
    return world


def _wire(kind: str, row: Mapping[str, Any]) -> Any:
    wire = {"SyncToken": "0", **row}
    return msgspec.json.decode(
        msgspec.json.Encoder(decimal_format="number").encode(wire), type=getattr(quickbooks, kind)
    )


def _reference(system: str, table: str, rows: Any) -> Any:
    if system == "quickbooks" and table in ("departments", "classes", "terms"):
        kind = {"departments": "Department", "classes": "Class", "terms": "Term"}[table]
        return {str(row["Id"]): _wire(kind, row) for row in rows}
    if system == "quickbooks":
        return _wire({"preferences": "Preferences", "company": "CompanyInfo"}[table], rows)
    if table in ("stages", "currencies"):
        return {name: SObject(table, "", {}) for name in rows}
    return shown(table.removeprefix("fields:"), only=rows) if table.startswith("fields:") else rows


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {"Contacts": "Contact", "AccountContactRelations": "AccountContactRelation"}
    lists = {
        name: tuple(SObject(kind, each.get("Id", ""), each) for each in row[name])
        for name, kind in kinds.items()
        if name in row
    }
    return {**row, **lists}


@pytest.mark.parametrize("folder", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_case(folder: Path) -> None:
    given, expected = read(folder / "given.yaml"), read(folder / "expected.yaml")
    flow, ref, world = FLOWS[folder.parent.name], Ref.parse(given["look_at"]), world_of(given)
    decisions = settle(flow, ref, world)
    assert [each.step for each in writes(decisions)] == [each["step"] for each in expected.get("writes", [])]
    for write, wanted in zip(writes(decisions), expected.get("writes", []), strict=True):
        _check_write(write, wanted)
    _check_end(decisions[-1], expected["end"])
    _check_kept(ref, expected["end"], world)
    _check_again(flow, ref, world)


def _check_write(write: Write, wanted: Mapping[str, Any]) -> None:
    for name in ("system", "kind", "action", "key", "key_field", "target_id", "sync_token", "label"):
        if name in wanted:
            assert getattr(write, name) == wanted[name], name
    if "body" in wanted:
        assert write.body == wanted["body"]
    some = wanted.get("body_has", {})
    assert {name: write.body.get(name) for name in some} == some
    assert [name for name in wanted.get("body_lacks", ()) if name in write.body] == []
    assert list(write.flags) == wanted.get("flags", [])


def _check_end(end: Decision, wanted: Mapping[str, Any]) -> None:
    if isinstance(end, Hold):
        assert end.code == wanted["hold"]
        facts = wanted.get("facts", {})
        assert {name: end.facts.get(name) for name in facts} == facts
        assert list(end.waits_for) == wanted.get("waits_for", list(end.waits_for))
        assert [str(ref) for ref in end.knocks] == wanted.get("knocks", [str(ref) for ref in end.knocks])
        assert "amount" not in wanted or end.amount == wanted["amount"]
        assert "not known" not in holds.render_hold(end).sentence
        return
    assert not isinstance(end, Write)
    assert end.reason == wanted["skip"]
    assert list(end.flags) == wanted.get("flags", [])
    assert list(end.waits_for) == wanted.get("waits_for", list(end.waits_for))
    assert [str(ref) for ref in end.knocks] == wanted.get("knocks", [str(ref) for ref in end.knocks])


def _check_kept(ref: Ref, wanted: Mapping[str, Any], world: World) -> None:
    """What is remembered of an account that was summed up, and where links of pairs lead."""
    if "links" in wanted:
        assert world.links[Role.SUMMARY, ref].agreed == wanted["links"]
    for source, target in wanted.get("pairs", {}).items():
        link = world.links[Role.ACCOUNT, Ref.parse(source)]
        assert f"{link.target}{' own' if link.exclusive else ''}" == target


def _check_again(flow: Flow, ref: Ref, world: World) -> None:
    again = settle(flow, ref, world)
    assert writes(again) == []


def test_every_flow_has_cases() -> None:
    assert {name: sum(path.parent.name == name for path in FOUND) >= 10 for name in FLOWS} == dict.fromkeys(FLOWS, True)
