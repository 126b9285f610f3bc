"""Departments and classes that are renamed, moved or deactivated: what is remembered, who is told (F, S17)."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from accounting import books
from flows.orders.test_order_to_journal import ORDER_REF, told
from flows.orders.test_order_to_journal import world_of as order_world
from ml_connector.accounting.dim_names import aliases_in, name_ref
from ml_connector.accounting.dims import Dim
from ml_connector.flows.dimensions import renames as dimension_names
from ml_connector.flows.dimensions import texts as dim_texts
from ml_connector.flows.dimensions.links import new_uses
from ml_connector.flows.orders.order_to_journal import FLOW as ORDERS
from ml_connector.flows.parties import account_to_customer
from ml_connector.model.plans import Flow, NeedLink, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Class, Department, Reference
from ml_connector.systems.salesforce.records import SObject
from support.context import RULES, TODAY, World, decide, settle, shown, sobject, writes

VISIBLE = {
    kind: shown(kind, only=("Department__c", "Class__c", "QBO_Classes__c")) for kind in ("Account", "Opportunity")
}
BEFORE = {
    "10": ("East", ""), "11": ("East:Boston", "10"), "12": ("East:Boston:Harbour", "11"), "13": ("Eastern Boston", ""),
    "20": ("West", ""), "21": ("West:Ops", "20"), "22": ("East:Ops", "10"), "80": ("L" * 200 + ":" + "M" * 90, ""),
}  # fmt: skip
DEPARTMENTS, CLASSES = dimension_names.DEPARTMENTS, dimension_names.CLASSES


def department(id_: str, path: str, parent: str = "", *, active: bool | None = None) -> Department:
    """One that carries the mark of inactive ones is so unless it is said otherwise."""
    active = not path.endswith("(deleted)") if active is None else active
    above = Reference(value=parent) if parent else None
    name = path.rpartition(":")[2]
    return Department(id=id_, name=name, fully_qualified_name=path, parent_ref=above, active=active)


def renamed_world(paths: dict[str, str], *records: Any, before: dict[str, tuple[str, str]] = BEFORE) -> World:
    """All departments were seen under their names of before; now some have another one. Nobody was told yet."""
    world = World(*records, references={("salesforce", f"fields:{k}"): table for k, table in VISIBLE.items()})
    show(world, {id_: department(id_, path, parent) for id_, (path, parent) in before.items()})
    for id_ in before:
        settle(DEPARTMENTS, Ref("quickbooks", "Department", id_), world)
    show(world, {id_: department(id_, paths.get(id_, path), parent) for id_, (path, parent) in before.items()})
    return world


def show(world: World, table: dict[str, Department]) -> None:
    world.references["quickbooks", "departments"] = table
    world.put(*table.values())


def look(world: World, id_: str) -> Skip:
    """One decision about a department; its links are kept."""
    decision = decide(DEPARTMENTS, world.records[Ref("quickbooks", "Department", id_)], world)
    assert isinstance(decision, Skip)
    world.keep(decision.links)
    return decision


def old_names(world: World) -> dict[str, dict[str, str | None]]:
    return {source.id: dict(link.agreed) for (role, source), link in world.links.items() if role == Role.DIM_ALIAS}


def told_names(decision: Skip) -> list[str]:
    return [str(knock) for knock in decision.knocks]


DAY = TODAY.isoformat()
EVENTS: list[tuple[str, dict[str, str], str, str, dict[str, Any], list[str]]] = [
    # what, new paths, looked at, reason, aliases, departments knocked on
    ("nothing", {}, "11", "in_agreement", {}, []),
    ("renamed", {"11": "East:Bay", "12": "East:Bay:Harbour"}, "11", "renamed",
     {"east:boston": {"name": "East:Boston", "11": DAY}, "boston": {"leaf 11": DAY}}, ["12"]),
    ("its parent was renamed", {"11": "North East:Boston"}, "11", "renamed",
     {"east:boston": {"name": "East:Boston", "11": DAY}}, ["12"]),
    ("a parent", {"10": "North East"}, "10", "renamed", {"east": {"name": "East", "10": DAY}}, ["11", "22", "12"]),
    ("moved under another one", {"11": "West:Boston"}, "11", "renamed",
     {"east:boston": {"name": "East:Boston", "11": DAY}}, ["12"]),
    ("a last part that two have", {"22": "East:Services"}, "22", "renamed",
     {"east:ops": {"name": "East:Ops", "22": DAY}}, []),
    ("deactivated", {"11": "East:Boston (deleted)"}, "11", "in_agreement", {}, []),
    ("only its case", {"13": "EASTERN Boston"}, "13", "renamed",
     {"eastern boston": {"name": "Eastern Boston", "13": DAY}}, []),
    ("too long for a text", {"80": "X" * 200 + ":" + "M" * 90}, "80", "in_agreement", {}, []),
]  # fmt: skip


def test_an_active_department_may_be_called_deleted() -> None:
    world = renamed_world({})
    show(
        world, {**world.references["quickbooks", "departments"], "13": department("13", "Hall (deleted)", active=True)}
    )

    assert look(world, "13").reason == Reason.RENAMED
    name = world.links[Role.DIM_NAME, Ref("quickbooks", "Department", "13")].agreed["name"]
    assert (name, sorted(old_names(world))) == ("Hall (deleted)", ["eastern boston"])


def test_a_department_below_an_inactive_one_has_its_own_name() -> None:
    """QuickBooks shows the mark of what stands above in every full name."""
    world = renamed_world({"10": "East (deleted)", "11": "East (deleted):Boston"})

    assert look(world, "11").reason == Reason.IN_AGREEMENT


@pytest.mark.parametrize(("paths", "id_", "reason", "aliases", "below"), [each[1:] for each in EVENTS],
                         ids=[each[0] for each in EVENTS])  # fmt: skip
def test_events(paths: dict[str, str], id_: str, reason: str, aliases: dict[str, Any], below: list[str]) -> None:
    world = renamed_world(paths)
    decision = look(world, id_)
    assert (decision.reason, old_names(world)) == (reason, aliases)
    assert told_names(decision) == [f"quickbooks:Department:{each}" for each in below]
    assert look(world, id_) == Skip()  # told once


def test_an_entry_seen_for_the_first_time_is_only_remembered() -> None:
    world = World(department("11", "East:Boston"))
    context = world.context()
    (seen,) = settle(DEPARTMENTS, Ref("quickbooks", "Department", "11"), world, context)
    assert isinstance(seen, Skip)
    assert (seen.reason, seen.knocks, context.asked()) == ("first_seen", (), [])
    assert world.links[Role.DIM_NAME, Ref("quickbooks", "Department", "11")].target == name_ref(
        "department", "East:Boston"
    )


def test_a_table_read_before_the_last_rename_is_not_believed() -> None:
    """Invoices decided with it would keep the old name, and nobody would look at them again."""
    world = renamed_world({})
    world.put(department("11", "East:Bay", "10"))
    assert look(world, "11") == Skip(reason=Reason.TABLE_IS_OLDER)
    show(world, {**world.references["quickbooks", "departments"], "11": department("11", "East:Bay", "10")})
    assert look(world, "11").reason == Reason.RENAMED


def test_two_that_lose_the_same_last_part_in_one_moment_leave_it_ambiguous() -> None:
    world = renamed_world({"21": "West:Sales", "22": "East:Services"})
    decisions = [
        decide(DEPARTMENTS, world.records[Ref("quickbooks", "Department", id_)], world) for id_ in ("21", "22")
    ]
    skips = [decision for decision in decisions if isinstance(decision, Skip)]
    assert [[draft.source.id for draft in skip.links[1:]] for skip in skips] == [
        ["west:ops"], ["east:ops"],
    ]  # fmt: skip


def test_a_name_that_two_had_one_after_the_other_means_neither() -> None:
    world = renamed_world({"13": "Far East"})
    look(world, "13")
    world.put(department("20", "Eastern Boston"))
    show(world, {**world.references["quickbooks", "departments"], "20": department("20", "Eastern Boston")})
    look(world, "20")
    show(world, {**world.references["quickbooks", "departments"], "20": department("20", "Far West")})
    look(world, "20")
    assert old_names(world)["eastern boston"] == {"name": "Eastern Boston", "13": DAY, "20": DAY}
    link = world.links[Role.DIM_ALIAS, name_ref("department", "Eastern Boston")]
    assert [(each.id, each.until) for each in aliases_in(link)] == [(id_, date(2027, 2, 20)) for id_ in ("13", "20")]


def test_an_inactive_namesake_does_not_take_the_old_name() -> None:
    both = {"11": ("East:Boston", "10"), "14": ("East:Boston (deleted)", "10"), "10": ("East", "")}
    world = renamed_world({}, before=both)
    moved = {"11": "North:Boston", "14": "North:Boston (deleted)", "10": "North"}
    show(world, {id_: department(id_, moved[id_], both[id_][1], active=id_ != "14") for id_ in both})
    for id_ in ("11", "14"):
        world.keep(look(world, id_).links)
    assert old_names(world) == {"east:boston": {"name": "East:Boston", "11": DAY}}


REALM = RULES.realm_id
SAYING: list[tuple[str, str, dict[str, Any], list[str]]] = [
    # what, kind, its fields, who is told
    ("our Opportunity goes by its invoice", "Opportunity", {"QBO_Id__c": f"{REALM}:7"}, ["quickbooks:Invoice:7"]),
    ("one of sales", "Opportunity", {}, ["salesforce:Opportunity:1"]),
    ("ours, its invoice deleted", "Opportunity", {"QBO_Id__c": f"{REALM}:7", "QBO_Status__c": "DELETED"},
     ["salesforce:Opportunity:1"]),
    ("an account", "Account", {}, ["salesforce:Account:1"]),
    ("another spelling", "Account", {"Department__c": "east:boston"}, []),
    ("another name", "Opportunity", {"Department__c": "Eastern Boston"}, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "fields", "expected"), [each[1:] for each in SAYING], ids=[each[0] for each in SAYING]
)
def test_who_says_the_old_name_is_told(kind: str, fields: dict[str, Any], expected: list[str]) -> None:
    record = sobject(kind, "1", **{"Name": "N", "Department__c": "East:Boston", **fields})
    world = renamed_world({"11": "North East:Boston"}, record)
    assert [name for name in told_names(look(world, "11")) if "Department" not in name] == expected


def test_fields_that_the_org_hides_are_not_asked_for() -> None:
    world = renamed_world({"11": "North East:Boston"}, sobject("Account", "1", Department__c="East:Boston"))
    world.references["salesforce", "fields:Account"] = shown("Account", only=("Name",))
    assert told_names(look(world, "11")) == ["quickbooks:Department:12"]


def test_a_class_is_found_in_both_fields_of_an_opportunity_and_where_no_text_leads() -> None:
    world = World(
        sobject("Opportunity", "1", Class__c="SaaS", QBO_Classes__c="SaaS;Services", QBO_Id__c=f"{REALM}:7"),
        sobject("Opportunity", "2", QBO_Classes__c="SaaS"),
        references={("salesforce", f"fields:{k}"): table for k, table in VISIBLE.items()},
    )
    for name in ("SaaS", "Cloud"):
        entry = Class(id="300", name=name, fully_qualified_name=name)
        world.references["quickbooks", "classes"] = {"300": entry}
        world.put(entry)
        world.link(Role.DIM_USE, Ref("quickbooks", "InvoiceDim", "8:Class:300"), entry.ref)
        decision = decide(CLASSES, entry, world)
        assert isinstance(decision, Skip)
        world.keep(decision.links)
        knocks = told_names(decision)
    assert knocks == ["quickbooks:Invoice:8", "quickbooks:Invoice:7", "salesforce:Opportunity:2"]


@pytest.mark.parametrize(
    ("department", "classes", "ours", "uses"),
    [
        ("11", ["300"], True, []),  # the Opportunity says both by itself
        ("11", ["300", "400"], True, ["7:Class:300", "7:Class:400"]),  # one text for both: `SaaS;Services`
        ("11", ["300", "400"], False, ["7:Department:11"]),  # an Opportunity of sales says what sales wants
        ("", [], False, []),
    ],
)
def test_what_no_text_leads_back_to_is_linked_once(
    department: str, classes: list[str], ours: bool, uses: list[str]
) -> None:
    world, invoice = World(), Ref("quickbooks", "Invoice", "7")
    context = world.context()
    context.load([NeedLink(Role.DIM_USE, Ref("quickbooks", "InvoiceDim", use)) for use in uses])
    made = new_uses(invoice, department, classes, context, ours=ours)
    assert [each.source.id for each in made] == uses
    world.keep(made)
    assert new_uses(invoice, department, classes, context, ours=ours) == ()


# --- texts of people


def text_world(record: SObject, *, today: date = TODAY, more: tuple[Department, ...] = ()) -> World:
    world = renamed_world({"11": "North East:Boston"}, record)
    look(world, "11")
    world.today = today
    show(world, {**world.references["quickbooks", "departments"], **{each.id: each for each in more}})
    return world


TEXTS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, str] | None]] = [
    ("exactly the old name", {"Department__c": "East:Boston"}, {}, {"Department__c": "North East:Boston"}),
    ("another spelling", {"Department__c": "east:boston"}, {}, None),
    ("another name", {"Department__c": "Eastern Boston"}, {}, None),
    ("its last part", {"Department__c": "Boston"}, {}, None),
    ("blank", {"Department__c": None}, {}, None),
    ("the new name", {"Department__c": "North East:Boston"}, {}, None),
    ("in the field of classes", {"Class__c": "East:Boston"}, {}, None),
    ("on the 90th day", {"Department__c": "East:Boston"}, {"today": date(2027, 2, 20)},
     {"Department__c": "North East:Boston"}),
    ("after 90 days", {"Department__c": "East:Boston"}, {"today": date(2027, 2, 21)}, None),
    ("a name that another one has now", {"Department__c": "East:Boston"},
     {"more": (department("90", "East:Boston"),)}, None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "flow"), [("Account", account_to_customer.FLOW), ("Opportunity", dim_texts.FLOW)])
@pytest.mark.parametrize(("fields", "given", "body"), [each[1:] for each in TEXTS], ids=[each[0] for each in TEXTS])
def test_texts_of_people(
    kind: str, flow: Flow, fields: dict[str, Any], given: dict[str, Any], body: dict[str, str] | None
) -> None:
    record = sobject(kind, "1", Name="N", **fields)
    made = writes(settle(flow, record.ref, text_world(record, **given)))
    assert [(each.step, each.action, each.target_id, each.body) for each in made] == (
        [("dim_text", "update", "1", body)] if body else []
    )


@pytest.mark.parametrize(("mark", "written"), [(f"{REALM}:7", False), ("999:7", False), (None, True)])
def test_only_opportunities_of_sales_are_written_here(mark: str | None, written: bool) -> None:
    record = sobject("Opportunity", "1", Name="N", Department__c="East:Boston", QBO_Id__c=mark)
    assert bool(writes(settle(dim_texts.FLOW, record.ref, text_world(record)))) is written


def test_a_look_at_a_text_costs_no_call() -> None:
    record = sobject("Opportunity", "1", Name="N", Department__c="West", Class__c="SaaS")
    world = text_world(record)
    context = world.context()
    assert decide(dim_texts.FLOW, record, world, context) == Skip()
    assert context.asked() == []


# --- orders


def order_after(text: str, today: date, *, entry: Department, alias: str = "11") -> World:
    """An order that names department 11 as it was; since 2026-11-01 it has another name."""
    world = order_world({"today": today, "lines": [{"dims": f"{text}/SaaS"}]})
    world.references["quickbooks", "departments"] = {**books.DEPARTMENTS, "11": entry}
    dim: Dim = "department"
    for old, agreed in (
        ("East:Boston", {"name": "East:Boston", alias: "2026-11-01"}),
        ("Boston", {f"leaf {alias}": "2026-11-01"}),
    ):
        world.link(Role.DIM_ALIAS, name_ref(dim, old), Ref("quickbooks", "Department", alias), agreed)
    return world


MOVED = department("11", "North East:Bay")
GONE = msgspec.structs.replace(MOVED, active=False)
ALIASES: list[tuple[str, date, Department, str]] = [
    ("East:Boston", date(2026, 11, 22), MOVED, "11"),
    (" east : BOSTON", date(2027, 1, 30), MOVED, "11"),
    ("Boston", date(2026, 11, 22), MOVED, "11"),
    ("East:Boston", date(2027, 1, 31), MOVED, "H-DIM-UNMAPPED"),
    ("Boston", date(2027, 1, 31), MOVED, "H-DIM-UNMAPPED"),
    ("Eastern Boston", date(2026, 11, 22), MOVED, "H-DIM-UNMAPPED"),
    ("East:Boston", date(2026, 11, 22), GONE, "H-DIM-INACTIVE"),
    ("North East:Bay", date(2026, 11, 22), GONE, "H-DIM-INACTIVE"),
]


@pytest.mark.parametrize(("text", "today", "entry", "outcome"), ALIASES)
def test_s17_orders_with_an_old_name(text: str, today: date, entry: Department, outcome: str) -> None:
    world = order_after(text, today, entry=entry)
    decision = decide(ORDERS, world.records[ORDER_REF], world)
    if isinstance(decision, Write):
        lines = [line["JournalEntryLineDetail"] for line in decision.body["Line"]]
        assert {line["DepartmentRef"]["value"] for line in lines} == {outcome}
    else:
        assert told(decision)["hold"] == outcome
        assert {"reference:quickbooks:departments", "settings"} <= set(told(decision)["waits_for"])


def test_old_names_cost_no_call() -> None:
    known, plain = order_after("East:Boston", TODAY, entry=MOVED), order_world({})
    asked = []
    for world in (known, plain):
        context = world.context()
        settle(ORDERS, ORDER_REF, world, context)
        asked.append(context.asked())
    assert asked[0] == asked[1]
