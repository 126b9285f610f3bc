"""Subscribe without sockets: flow control, replay, keepalives, the window. Times are seconds given by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ml_emulators.pubsub import Batch, Ended, Fetch, Refusal, Subscription
from ml_emulators.salesforce import Org

from .desk import ALL, CUSTOM, EARLIEST, LATEST, OWN, Desk

FULL = "sfdc.platform.eventbus.grpc.subscription.fetch."


def position(replay_id: bytes) -> int:
    assert (len(replay_id), replay_id[8:]) == (10, b"\0\0")
    return int.from_bytes(replay_id[:8], "big")


def count(batch: Batch | None) -> int:
    return len(batch.events) if batch else 0


def refused(subscription: Subscription, fetch: Fetch) -> str:
    with pytest.raises(Refusal) as refusal:
        subscription.ask(fetch, 0.0)
    return refusal.value.full_code


def accounts(desk: Desk, number: int) -> list[str]:
    return [desk.account() for _ in range(number)]


def test_what_is_pending_adds_up_and_falls(desk: Desk) -> None:
    stream = desk.stream(preset=LATEST, count=20)
    stream.ask(Fetch(count=5), 0.0)
    pending = []
    for _ in range(2):
        desk.account()
        batch = stream.take(0.0)
        pending.append(batch.pending if batch else None)
    assert pending == [24, 23]


def test_no_more_than_a_hundred_are_owed(desk: Desk) -> None:
    stream = desk.stream(count=90)
    stream.ask(Fetch(count=90), 0.0)
    assert stream.pending == 100
    accounts(desk, 105)
    batch = stream.take(0.0)
    assert (count(batch), batch and batch.pending, stream.take(0.0)) == (100, 0, None)
    stream.ask(Fetch(count=100), 0.0)
    assert count(stream.take(0.0)) == 5


def test_one_batch_holds_what_there_is_in_order(desk: Desk) -> None:
    ids = accounts(desk, 3)
    stream = desk.stream(count=2)
    first, none = stream.take(0.0), stream.take(0.0)
    assert [each.header["recordIds"][0] for each in desk.seen(first)] == ids[:2]
    assert none is None
    assert first is not None
    assert first.latest == first.events[-1].replay_id
    stream.ask(Fetch(topic=ALL, preset=EARLIEST, count=9), 0.0)
    assert [each.header["recordIds"][0] for each in desk.seen(stream.take(0.0))] == ids[2:]


def test_presets(desk: Desk) -> None:
    early = accounts(desk, 2)
    latest, earliest = desk.stream(preset=LATEST), desk.stream(preset=EARLIEST)
    after = desk.stream(preset=CUSTOM, replay_id=desk.events()[0].event.replay_id)
    late = accounts(desk, 1)
    found = [
        [each.header["recordIds"][0] for each in desk.seen(stream.take(0.0))] for stream in (latest, earliest, after)
    ]
    assert found == [late, early + late, early[1:] + late]


def test_an_id_cut_to_eight_bytes_is_good(desk: Desk) -> None:
    accounts(desk, 2)
    first = desk.events()[0].event.replay_id
    assert len(desk.events(preset=CUSTOM, replay_id=first[:8])) == 1


def test_ids_grow_and_have_holes_between_transactions(desk: Desk) -> None:
    accounts(desk, 6)
    places = [position(event.event.replay_id) for event in desk.events()]
    steps = {after - before for before, after in pairwise(places)}
    assert min(steps) > 0
    assert len(steps) > 1


@pytest.mark.parametrize(
    ("fetch", "code"),
    [
        (Fetch("", LATEST, b"", 1), "sfdc.platform.eventbus.grpc.topic.validation.empty"),
        (Fetch("/data/NoChangeEvent", LATEST, b"", 1), "sfdc.platform.eventbus.grpc.topic.not.found"),
        (Fetch(ALL, LATEST, b"", 0), FULL + "requested.events.invalid"),
        (Fetch(ALL, LATEST, b"", -5), FULL + "requested.events.invalid"),
        (Fetch(ALL, 7, b"", 1), FULL + "request.invalid"),
        (Fetch(ALL, CUSTOM, b"", 1), FULL + "replayid.validation.failed"),
        (Fetch(ALL, CUSTOM, b"123", 1), FULL + "replayid.corrupted"),
        (Fetch(ALL, CUSTOM, b"\xff" * 10, 1), FULL + "replayid.corrupted"),
        (Fetch(ALL, CUSTOM, b"\0\0\0\0\x01\0\0\0\0\0", 1), FULL + "replayid.corrupted"),
        (Fetch(ALL, CUSTOM, bytes(10), 1), FULL + "replayid.corrupted"),
    ],
)
def test_first_requests_that_are_refused(desk: Desk, fetch: Fetch, code: str) -> None:
    assert refused(desk.pubsub.subscription(desk.token), fetch) == code


def test_later_requests(desk: Desk) -> None:
    stream = desk.stream(ALL, LATEST)
    stream.ask(Fetch("", EARLIEST, b"nonsense", 1), 0.0)
    stream.ask(Fetch(ALL, CUSTOM, b"", 1), 0.0)
    assert refused(stream, Fetch(OWN, LATEST, b"", 1)) == FULL + "topic.mismatch"
    assert refused(stream, Fetch("", LATEST, b"", 0)) == FULL + "requested.events.invalid"


def test_keepalives_while_something_is_owed(desk: Desk) -> None:
    accounts(desk, 1)
    stream = desk.stream(preset=LATEST, count=3, at=10.0)
    assert (stream.take(279.9), stream.due_in(200.0)) == (None, 80.0)
    batch = stream.take(280.0)
    assert batch is not None
    assert (batch.events, batch.pending) == ((), 3)
    assert stream.take(500.0) is None
    assert desk.events(preset=CUSTOM, replay_id=batch.latest) == []
    desk.account()
    assert count(stream.take(501.0)) == 1
    desk.bus_switches.keepalive_seconds = 2.0
    assert stream.take(502.9) is None
    assert stream.take(503.0) is not None


def test_a_keepalives_id_does_not_age_out(desk: Desk) -> None:
    accounts(desk, 1)
    old = desk.last().event.replay_id
    stream = desk.stream(preset=LATEST)
    desk.tick(100 * 3600)
    batch = stream.take(300.0)
    assert batch is not None
    assert desk.events(preset=CUSTOM, replay_id=batch.latest) == []
    with pytest.raises(Refusal, match="corrupted"):
        desk.events(preset=CUSTOM, replay_id=old)


def test_left_alone_with_nothing_owed_the_stream_is_closed(desk: Desk) -> None:
    accounts(desk, 2)
    stream = desk.stream(count=1)
    assert count(stream.take(5.0)) == 1
    assert (stream.take(64.9), stream.due_in(50.0)) == (None, 15.0)
    with pytest.raises(Ended):
        stream.take(65.0)
    desk.bus_switches.idle_close_code = "subscription.fetch.request.invalid"
    with pytest.raises(Refusal):
        stream.take(65.0)
    stream.ask(Fetch(count=1), 66.0)
    assert count(stream.take(66.0)) == 1


def test_events_live_for_72_hours(desk: Desk) -> None:
    first, second = accounts(desk, 1), []
    old = desk.last(OWN).event.replay_id
    desk.tick(3600)
    second = accounts(desk, 1)
    desk.tick(71 * 3600)
    assert [event.header["recordIds"] for event in desk.events(OWN)] == [first, second]
    assert len(desk.events(OWN, preset=CUSTOM, replay_id=old)) == 1
    desk.tick(1)
    assert [event.header["recordIds"] for event in desk.events(OWN)] == [second]
    with pytest.raises(Refusal, match=r"replayid\.corrupted"):
        desk.events(OWN, preset=CUSTOM, replay_id=old)
    desk.bus_switches.expired_code = "validation.failed"
    with pytest.raises(Refusal, match=r"replayid\.validation\.failed"):
        desk.events(OWN, preset=CUSTOM, replay_id=old)


def test_memory_is_bounded_and_says_so() -> None:
    desk = Desk(keep=8)
    accounts(desk, 1)
    old = desk.last().event.replay_id
    accounts(desk, 30)
    kept = desk.events()
    assert 8 <= len(kept) <= 9
    assert len(desk.events(preset=CUSTOM, replay_id=kept[0].event.replay_id)) == len(kept) - 1
    with pytest.raises(Refusal, match="corrupted"):
        desk.events(preset=CUSTOM, replay_id=old)


def test_one_objects_topic_shows_that_object(desk: Desk) -> None:
    account = desk.account()
    desk.add("Contact", LastName="Lee", AccountId=account)
    assert [event.header["entityName"] for event in desk.events("/data/ContactChangeEvent")] == ["Contact"]
    assert [event.header["entityName"] for event in desk.events(ALL)] == ["Account", "Contact"]


def test_objects_without_view_all(desk: Desk) -> None:
    desk.add("Contact", LastName="Lee", AccountId=desk.account())
    running = desk.stream()
    desk.bus_switches.no_view_all = {"Contact"}
    assert refused(desk.pubsub.subscription(desk.token), Fetch("/data/ContactChangeEvent", LATEST, b"", 1)) == (
        "sfdc.platform.eventbus.grpc.subscription.topic.cannot.subscribe"
    )
    assert desk.pubsub.get_topic("/data/ContactChangeEvent").can_subscribe is False
    assert [event.header["entityName"] for event in desk.events(ALL)] == ["Account"]
    assert [event.header["entityName"] for event in desk.seen(running.take(0.0))] == ["Account"]


@pytest.mark.parametrize(
    ("edition", "most"), [("Enterprise Edition", 25_000), ("Unlimited Edition", 50_000), ("Developer Edition", 10_000)]
)
def test_deliveries_by_edition(edition: str, most: int) -> None:
    assert Desk(Org(edition=edition)).pubsub.bus.daily_most == most


def test_deliveries_are_counted_for_every_subscriber_and_limited_on_demand(desk: Desk) -> None:
    desk.bus_switches.daily_deliveries = 5
    accounts(desk, 3)
    assert [len(desk.events()), len(desk.events())] == [3, 3]
    assert desk.pubsub.view()["delivered"] == 6
    stream = desk.stream()
    desk.switches.enforce_limits = True
    with pytest.raises(Refusal, match="event delivery limit"):
        stream.take(0.0)
    desk.tick(24 * 3600 + 60)
    assert len(desk.events()) == 3
    rest = desk.stream()
    assert [count(rest.take(0.0)), desk.pubsub.bus.allowed()] == [2, 0]


def test_a_session_that_ends_ends_streams_only_on_demand(desk: Desk) -> None:
    stream = desk.stream()
    desk.account()
    desk.act("kill_sessions", "")
    assert count(stream.take(0.0)) == 1
    desk.bus_switches.expire_streams = True
    with pytest.raises(Refusal) as refusal:
        stream.take(0.0)
    assert (refusal.value.code, refusal.value.status) == ("service.auth.error", "UNAUTHENTICATED")


def test_what_comes_before_a_subscription_is_settled_is_missed(desk: Desk) -> None:
    desk.bus_switches.settle_seconds = 3.0
    stream = desk.stream(preset=LATEST)
    desk.account()
    assert stream.take(2.9) is None
    late = desk.account()
    batch = desk.seen(stream.take(3.0))
    assert [event.header["recordIds"][0] for event in batch] == [late]


def test_back_to_a_snapshot(desk: Desk) -> None:
    accounts(desk, 2)
    kept, org = desk.pubsub.snapshot(), desk.vendor.snapshot()
    stream = desk.stream()
    desk.account(Name="Acme")
    accounts(desk, 2)
    assert count(stream.take(0.0)) == 5
    there = desk.events()
    desk.vendor.restore(org)
    desk.pubsub.restore(kept)
    assert len(desk.events()) == 2
    desk.account(Name="Acme")
    assert desk.events()[2].event == there[2].event
    assert count(stream.take(0.0)) == 1
    desk.pubsub.reset()
    assert desk.events() == []
