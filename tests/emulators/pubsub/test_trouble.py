"""What goes wrong on purpose, in process and through the control door."""

from __future__ import annotations

from typing import Any

import pytest

from ml_emulators.kit import control_calls as doors
from ml_emulators.kit.control_bodies import EventsOrder, SwitchesOrder
from ml_emulators.pubsub import PubSub, Refusal
from ml_emulators.scenarios import Library, new_twin

from .desk import ALL, OWN, Desk


def types(desk: Desk, topic: str = ALL) -> list[str]:
    return [event.type for event in desk.events(topic)]


def test_gaps_have_a_header_only(desk: Desk) -> None:
    desk.pubsub.trouble.plan("gap", "Account", count=2)
    account = desk.account()
    desk.patch(f"/sobjects/Account/{account}", {"Site": "X"})
    desk.delete(f"/sobjects/Account/{account}")
    assert types(desk) == types(desk, OWN) == ["GAP_CREATE", "GAP_UPDATE", "DELETE"]
    gap = desk.events()[1]
    assert (gap.header["recordIds"], gap.body, gap.changed) == ([account], {}, set())


def test_overflow_takes_all_of_one_object_in_a_transaction(desk: Desk) -> None:
    account = desk.account()
    desk.add("Contact", LastName="Lee", AccountId=account)
    desk.pubsub.trouble.plan("overflow", "Contact")
    desk.delete(f"/sobjects/Account/{account}")
    found = {event.header["entityName"]: (event.type, event.header["recordIds"]) for event in desk.events()[2:]}
    assert found == {"Account": ("DELETE", [account]), "Contact": ("GAP_OVERFLOW", ["000000000000000AAA"])}


def test_duplicates_share_their_uuid(desk: Desk) -> None:
    desk.pubsub.trouble.plan("duplicate")
    desk.account()
    desk.account()
    one, two, three = (event.event for event in desk.events())
    assert (one.uuid == two.uuid, one.replay_id == two.replay_id, one.payload == two.payload) == (True, False, True)
    assert three.uuid != one.uuid
    desk.pubsub.trouble.repeat()
    again = desk.last().event
    assert (again.uuid, again.replay_id > three.replay_id) == (three.uuid, True)


def test_lost_events_never_come(desk: Desk) -> None:
    desk.pubsub.trouble.plan("lose", "Account")
    lost, kept = desk.account(), desk.account()
    assert [event.header["recordIds"] for event in desk.events()] == [[kept]]
    assert desk.record("Account", lost)["Id"] == lost


def test_delayed_events_hold_up_what_follows(desk: Desk) -> None:
    first = desk.account()
    desk.pubsub.trouble.plan("delay", seconds=30)
    second, third = desk.account(), desk.account()
    stream = desk.stream()
    assert [event.header["recordIds"][0] for event in desk.seen(stream.take(0.0))] == [first]
    keepalive = stream.take(300.0)
    assert keepalive is not None
    desk.tick(30)
    assert [event.header["recordIds"][0] for event in desk.seen(stream.take(301.0))] == [second, third]
    resumed = desk.events(preset=2, replay_id=keepalive.latest)
    assert [event.header["recordIds"][0] for event in resumed] == [second, third]


def test_a_reordered_event_comes_after_the_one_that_follows(desk: Desk) -> None:
    desk.pubsub.trouble.plan("reorder", "Account")
    first, second, third = desk.account(), desk.account(), desk.account()
    seen = desk.events()
    assert [event.header["recordIds"][0] for event in seen] == [second, first, third]
    assert [event.event.replay_id for event in seen] == sorted(event.event.replay_id for event in seen)


def test_a_snapshot_holds_what_is_to_come_later(desk: Desk) -> None:
    desk.pubsub.trouble.plan("reorder")
    first = desk.account()
    kept = desk.pubsub.snapshot()
    for _ in range(2):
        second = desk.account()
        assert [event.header["recordIds"][0] for event in desk.events()] == [second, first]
        desk.pubsub.restore(kept)


def test_chance_repeats_from_its_seed(desk: Desk) -> None:
    runs = []
    for _ in range(2):
        desk.pubsub.order(EventsOrder("gap", kind="Account", count=100, probability=0.5, seed=3))
        before = len(types(desk))
        for _ in range(12):
            desk.account()
        runs.append(types(desk)[before:])
        desk.pubsub.bus.injections.plans.clear()
    assert runs[0] == runs[1]
    assert set(runs[0]) == {"CREATE", "GAP_CREATE"}


def test_gaps_that_no_write_stands_behind(desk: Desk) -> None:
    account = desk.account()
    desk.pubsub.trouble.gap_now("Account", [account])
    desk.pubsub.trouble.gap_now("Account", ["001*"])
    desk.pubsub.trouble.gap_now("Order", [])
    found = [(event.type, event.header["entityName"], event.header["recordIds"]) for event in desk.events()[1:]]
    assert found == [
        ("GAP_UPDATE", "Account", [account]),
        ("GAP_UPDATE", "Account", ["001*"]),
        ("GAP_OVERFLOW", "Order", ["000000000000000AAA"]),
    ]


def test_broken_and_silent_streams(desk: Desk) -> None:
    broken = desk.stream()
    desk.pubsub.trouble.break_streams("service.unavailable")
    silent = desk.stream()
    desk.pubsub.trouble.stall_streams()
    desk.account()
    with pytest.raises(Refusal, match="unavailable"):
        broken.take(0.0)
    assert (silent.take(0.0), silent.take(9_999.0), silent.due_in(0.0)) == (None, None, None)
    assert len(desk.events()) == 1


def test_refused_calls(desk: Desk) -> None:
    pubsub = desk.pubsub
    metadata = {"accesstoken": desk.token, "instanceurl": "https://acme.example", "tenantid": pubsub.bus.org_id}
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
def test_metadata(desk: Desk, changed: dict[str, str], code: str) -> None:
    given = {"accesstoken": desk.token, "instanceurl": "https://acme.example", "tenantid": desk.pubsub.bus.org_id}
    if not code:
        assert desk.pubsub.enter("GetTopic", given) == desk.token
        return
    with pytest.raises(Refusal) as refused:
        desk.pubsub.enter("GetTopic", given | changed)
    assert (refused.value.code, refused.value.status) == (code, "UNAUTHENTICATED")


@pytest.fixture
def door() -> doors.Desk:
    return doors.Desk(new_twin(3), Library())


def order(door: doors.Desk, op: Any, **more: Any) -> dict[str, Any]:
    return dict(doors.post_events(door, {}, EventsOrder(op, **more)))


def test_orders_of_the_control_door(door: doors.Desk) -> None:
    door.twin.act("salesforce", "create", "Account", {"Name": "Acme"})
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
    assert doors.get_events(door, {}, None)["events"]["ChangeEvents"] == 3
    for op in ("break", "stall", "refuse", "lose", "overflow"):
        order(door, op)
    order(door, "delay", seconds=5)
    assert len(doors.get_events(door, {}, None)["planned"]) == 4


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
def test_orders_that_make_no_sense(door: doors.Desk, op: str, more: dict[str, Any]) -> None:
    with pytest.raises(doors.DoorError) as refused:
        order(door, op, **more)
    assert refused.value.status == 422


def test_switches_through_the_door(door: doors.Desk) -> None:
    told = doors.post_switches(door, {}, SwitchesOrder(pubsub={"keepalive_seconds": 2, "no_view_all": ["Order"]}))
    assert (told["pubsub"]["keepalive_seconds"], told["pubsub"]["no_view_all"]) == (2.0, {"Order"})


def test_a_rolled_back_list_leaves_no_events(door: doors.Desk) -> None:
    from ml_emulators.kit.control_bodies import Operation

    steps = [Operation("salesforce", "create", "Account", {"Name": "A"}), Operation("salesforce", "create", "Nothing")]
    assert door.twin.run(steps, rollback=True).ok is False
    pubsub = door.twin.companions["pubsub"]
    assert isinstance(pubsub, PubSub)
    assert pubsub.view()["events"] == {}
