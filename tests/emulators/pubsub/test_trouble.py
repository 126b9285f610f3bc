"""What goes wrong on purpose, in process and through the control door."""

from __future__ import annotations

from typing import Any

import pytest

from ml_emulators.kit import control_calls as calls
from ml_emulators.kit.control_bodies import EventsOrder, SwitchesOrder
from ml_emulators.pubsub import PubSub, Refusal
from ml_emulators.scenarios import Library, new_emulation

from .event_org import ALL, OWN, EventOrg


def types(org: EventOrg, topic: str = ALL) -> list[str]:
    return [event.type for event in org.events(topic)]


def test_gaps_have_a_header_only(org: EventOrg) -> None:
    org.pubsub.trouble.plan("gap", "Account", count=2)
    account = org.account()
    org.patch(f"/sobjects/Account/{account}", {"Site": "X"})
    org.delete(f"/sobjects/Account/{account}")
    assert types(org) == types(org, OWN) == ["GAP_CREATE", "GAP_UPDATE", "DELETE"]
    gap = org.events()[1]
    assert (gap.header["recordIds"], gap.body, gap.changed) == ([account], {}, set())


def test_overflow_takes_all_of_one_object_in_a_transaction(org: EventOrg) -> None:
    account = org.account()
    org.add("Contact", LastName="Lee", AccountId=account)
    org.pubsub.trouble.plan("overflow", "Contact")
    org.delete(f"/sobjects/Account/{account}")
    found = {event.header["entityName"]: (event.type, event.header["recordIds"]) for event in org.events()[2:]}
    assert found == {"Account": ("DELETE", [account]), "Contact": ("GAP_OVERFLOW", ["000000000000000AAA"])}


def test_duplicates_share_their_uuid(org: EventOrg) -> None:
    org.pubsub.trouble.plan("duplicate")
    org.account()
    org.account()
    one, two, three = (event.event for event in org.events())
    assert (one.uuid == two.uuid, one.replay_id == two.replay_id, one.payload == two.payload) == (True, False, True)
    assert three.uuid != one.uuid
    org.pubsub.trouble.repeat()
    again = org.last().event
    assert (again.uuid, again.replay_id > three.replay_id) == (three.uuid, True)


def test_lost_events_never_come(org: EventOrg) -> None:
    org.pubsub.trouble.plan("lose", "Account")
    lost, kept = org.account(), org.account()
    assert [event.header["recordIds"] for event in org.events()] == [[kept]]
    assert org.record("Account", lost)["Id"] == lost


def test_delayed_events_hold_up_what_follows(org: EventOrg) -> None:
    first = org.account()
    org.pubsub.trouble.plan("delay", seconds=30)
    second, third = org.account(), org.account()
    stream = org.stream()
    assert [event.header["recordIds"][0] for event in org.seen(stream.take(0.0))] == [first]
    keepalive = stream.take(300.0)
    assert keepalive is not None
    org.tick(30)
    assert [event.header["recordIds"][0] for event in org.seen(stream.take(301.0))] == [second, third]
    resumed = org.events(preset=2, replay_id=keepalive.latest)
    assert [event.header["recordIds"][0] for event in resumed] == [second, third]


def test_a_reordered_event_comes_after_the_one_that_follows(org: EventOrg) -> None:
    org.pubsub.trouble.plan("reorder", "Account")
    first, second, third = org.account(), org.account(), org.account()
    seen = org.events()
    assert [event.header["recordIds"][0] for event in seen] == [second, first, third]
    assert [event.event.replay_id for event in seen] == sorted(event.event.replay_id for event in seen)


def test_a_snapshot_holds_what_is_to_come_later(org: EventOrg) -> None:
    org.pubsub.trouble.plan("reorder")
    first = org.account()
    kept = org.pubsub.snapshot()
    for _ in range(2):
        second = org.account()
        assert [event.header["recordIds"][0] for event in org.events()] == [second, first]
        org.pubsub.restore(kept)


def test_chance_repeats_from_its_seed(org: EventOrg) -> None:
    runs = []
    for _ in range(2):
        org.pubsub.order(EventsOrder("gap", kind="Account", count=100, probability=0.5, seed=3))
        before = len(types(org))
        for _ in range(12):
            org.account()
        runs.append(types(org)[before:])
        org.pubsub.bus.injections.plans.clear()
    assert runs[0] == runs[1]
    assert set(runs[0]) == {"CREATE", "GAP_CREATE"}


def test_gaps_that_no_write_stands_behind(org: EventOrg) -> None:
    account = org.account()
    org.pubsub.trouble.gap_now("Account", [account])
    org.pubsub.trouble.gap_now("Account", ["001*"])
    org.pubsub.trouble.gap_now("Order", [])
    found = [(event.type, event.header["entityName"], event.header["recordIds"]) for event in org.events()[1:]]
    assert found == [
        ("GAP_UPDATE", "Account", [account]),
        ("GAP_UPDATE", "Account", ["001*"]),
        ("GAP_OVERFLOW", "Order", ["000000000000000AAA"]),
    ]


def test_broken_and_silent_streams(org: EventOrg) -> None:
    broken = org.stream()
    org.pubsub.trouble.break_streams("service.unavailable")
    silent = org.stream()
    org.pubsub.trouble.stall_streams()
    org.account()
    with pytest.raises(Refusal, match="unavailable"):
        broken.take(0.0)
    assert (silent.take(0.0), silent.take(9_999.0), silent.due_in(0.0)) == (None, None, None)
    assert len(org.events()) == 1


def test_refused_calls(org: EventOrg) -> None:
    pubsub = org.pubsub
    metadata = {"accesstoken": org.token, "instanceurl": "https://acme.example", "tenantid": pubsub.bus.org_id}
    pubsub.trouble.refuse("service.unavailable", "GetTopic", count=2)
    codes = []
    for rpc in ("Subscribe", "GetTopic", "GetTopic", "GetTopic"):
        try:
            pubsub.enter(rpc, metadata)
            codes.append("")
        except Refusal as refusal:
            codes.append(refusal.code)
    assert codes == ["", "service.unavailable", "service.unavailable", ""]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, ""),
        ({"accesstoken": ""}, "service.auth.headers.invalid"),
        ({"instanceurl": "acme"}, "service.auth.headers.invalid"),
        ({"tenantid": ""}, "service.auth.headers.invalid"),
        ({"tenantid": "00D000000000001AAA"}, "service.auth.error"),
        ({"accesstoken": "Bearer 00D!x"}, "service.auth.error"),
    ],
)
def test_metadata(org: EventOrg, changed: dict[str, str], code: str) -> None:
    given = {"accesstoken": org.token, "instanceurl": "https://acme.example", "tenantid": org.pubsub.bus.org_id}
    if not code:
        assert org.pubsub.enter("GetTopic", given) == org.token
        return
    with pytest.raises(Refusal) as refused:
        org.pubsub.enter("GetTopic", given | changed)
    assert (refused.value.code, refused.value.status) == (code, "UNAUTHENTICATED")


@pytest.fixture
def door() -> calls.ControlContext:
    return calls.ControlContext(new_emulation(3), Library())


def order(door: calls.ControlContext, op: Any, **more: Any) -> dict[str, Any]:
    return dict(calls.post_events(door, {}, EventsOrder(op, **more)))


def test_orders_of_the_control_door(door: calls.ControlContext) -> None:
    door.emulation.act("salesforce", "create", "Account", {"Name": "Acme"})
    state = order(door, "gap", kind="Account", count=3)
    assert state["events"] == {"ChangeEvents": 1, "QboSync__chn": 1}
    planned = {"op": "gap", "kind": "Account", "count": 3, "seconds": 0.0, "probability": 1.0}
    assert state["planned"] == [planned]
    order(door, "duplicate", count=1, at_once=True)
    order(door, "gap", kind="Account", ids=["001000000000001AAA"], at_once=True)
    order(door, "define", kind="Done__e", fields=["Text__c"])
    order(door, "deselect", kind="Product2")
    order(door, "deselect", kind="Product2", channel="QboSync__chn")
    assert "OrderItem" in order(door, "select", kind="OrderItem")["channels"]["ChangeEvents"]
    assert calls.get_events(door, {}, None)["events"]["ChangeEvents"] == 3
    for op in ("break", "stall", "refuse", "lose", "overflow"):
        order(door, op)
    order(door, "delay", seconds=5)
    assert len(calls.get_events(door, {}, None)["planned"]) == 4


@pytest.mark.parametrize(
    ("op", "more"),
    [
        ("delay", {}),
        ("gap", {"count": 0}),
        ("gap", {"kind": "Nothing", "at_once": True}),
        ("lose", {"at_once": True}),
        ("break", {"code": "no.such.code"}),
        ("select", {"kind": "Nothing"}),
        ("select", {"kind": "OrderItem"}),
        ("define", {"kind": "Done"}),
    ],
)
def test_orders_that_make_no_sense(door: calls.ControlContext, op: str, more: dict[str, Any]) -> None:
    with pytest.raises(calls.DoorError) as refused:
        order(door, op, **more)
    assert refused.value.status == 422


def test_switches_through_the_door(door: calls.ControlContext) -> None:
    told = calls.post_switches(door, {}, SwitchesOrder(pubsub={"keepalive_seconds": 2, "no_view_all": ["Order"]}))
    assert (told["pubsub"]["keepalive_seconds"], told["pubsub"]["no_view_all"]) == (2.0, {"Order"})


def test_a_rolled_back_list_leaves_no_events(door: calls.ControlContext) -> None:
    from ml_emulators.kit.control_bodies import Operation

    steps = [Operation("salesforce", "create", "Account", {"Name": "A"}), Operation("salesforce", "create", "Nothing")]
    assert door.emulation.run(steps, rollback=True).ok is False
    pubsub = door.emulation.companions["pubsub"]
    assert isinstance(pubsub, PubSub)
    assert pubsub.view()["events"] == {}
