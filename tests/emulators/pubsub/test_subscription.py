"""Subscribe without sockets: flow control, replay, keepalives, the window. Times are seconds given by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ml_emulators.pubsub import Batch, Ended, Fetch, Refusal, Subscription
from ml_emulators.salesforce import Org

from .event_org import ALL, CUSTOM, EARLIEST, LATEST, OWN, EventOrg

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


def accounts(org: EventOrg, number: int) -> list[str]:
    return [org.account() for _ in range(number)]


def test_what_is_pending_adds_up_and_falls(org: EventOrg) -> None:
    stream = org.stream(preset=LATEST, count=20)
    stream.ask(Fetch(count=5), 0.0)
    pending = []
    for _ in range(2):
        org.account()
        batch = stream.take(0.0)
        pending.append(batch.pending if batch else None)
    assert pending == [24, 23]


def test_no_more_than_a_hundred_are_owed(org: EventOrg) -> None:
    stream = org.stream(count=90)
    stream.ask(Fetch(count=90), 0.0)
    assert stream.pending == 100
    accounts(org, 105)
    batch = stream.take(0.0)
    assert (count(batch), batch and batch.pending, stream.take(0.0)) == (100, 0, None)
    stream.ask(Fetch(count=100), 0.0)
    assert count(stream.take(0.0)) == 5


def test_one_batch_holds_what_there_is_in_order(org: EventOrg) -> None:
    ids = accounts(org, 3)
    stream = org.stream(count=2)
    first, none = stream.take(0.0), stream.take(0.0)
    assert [each.header["recordIds"][0] for each in org.seen(first)] == ids[:2]
    assert none is None
    assert first is not None
    assert first.latest == first.events[-1].replay_id
    stream.ask(Fetch(topic=ALL, preset=EARLIEST, count=9), 0.0)
    assert [each.header["recordIds"][0] for each in org.seen(stream.take(0.0))] == ids[2:]


def test_presets(org: EventOrg) -> None:
    early = accounts(org, 2)
    latest, earliest = org.stream(preset=LATEST), org.stream(preset=EARLIEST)
    after = org.stream(preset=CUSTOM, replay_id=org.events()[0].event.replay_id)
    late = accounts(org, 1)
    found = [
        [each.header["recordIds"][0] for each in org.seen(stream.take(0.0))] for stream in (latest, earliest, after)
    ]
    assert found == [late, early + late, early[1:] + late]


def test_an_id_cut_to_eight_bytes_is_good(org: EventOrg) -> None:
    accounts(org, 2)
    first = org.events()[0].event.replay_id
    assert len(org.events(preset=CUSTOM, replay_id=first[:8])) == 1


def test_ids_grow_and_have_holes_between_transactions(org: EventOrg) -> None:
    accounts(org, 6)
    places = [position(event.event.replay_id) for event in org.events()]
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
def test_first_requests_that_are_refused(org: EventOrg, fetch: Fetch, code: str) -> None:
    assert refused(org.pubsub.subscription(org.token), fetch) == code


def test_later_requests(org: EventOrg) -> None:
    stream = org.stream(ALL, LATEST)
    stream.ask(Fetch("", EARLIEST, b"nonsense", 1), 0.0)
    stream.ask(Fetch(ALL, CUSTOM, b"", 1), 0.0)
    assert refused(stream, Fetch(OWN, LATEST, b"", 1)) == FULL + "topic.mismatch"
    assert refused(stream, Fetch("", LATEST, b"", 0)) == FULL + "requested.events.invalid"


def test_keepalives_while_something_is_owed(org: EventOrg) -> None:
    accounts(org, 1)
    stream = org.stream(preset=LATEST, count=3, at=10.0)
    assert (stream.take(279.9), stream.due_in(200.0)) == (None, 80.0)
    batch = stream.take(280.0)
    assert batch is not None
    assert (batch.events, batch.pending) == ((), 3)
    assert stream.take(500.0) is None
    assert org.events(preset=CUSTOM, replay_id=batch.latest) == []
    org.account()
    assert count(stream.take(501.0)) == 1
    org.bus_switches.keepalive_seconds = 2.0
    assert stream.take(502.9) is None
    assert stream.take(503.0) is not None


def test_a_keepalives_id_does_not_age_out(org: EventOrg) -> None:
    accounts(org, 1)
    old = org.last().event.replay_id
    stream = org.stream(preset=LATEST)
    org.tick(100 * 3600)
    batch = stream.take(300.0)
    assert batch is not None
    assert org.events(preset=CUSTOM, replay_id=batch.latest) == []
    with pytest.raises(Refusal, match="corrupted"):
        org.events(preset=CUSTOM, replay_id=old)


def test_left_alone_with_nothing_owed_the_stream_is_closed(org: EventOrg) -> None:
    accounts(org, 2)
    stream = org.stream(count=1)
    assert count(stream.take(5.0)) == 1
    assert (stream.take(64.9), stream.due_in(50.0)) == (None, 15.0)
    with pytest.raises(Ended):
        stream.take(65.0)
    org.bus_switches.idle_close_code = "subscription.fetch.request.invalid"
    with pytest.raises(Refusal):
        stream.take(65.0)
    stream.ask(Fetch(count=1), 66.0)
    assert count(stream.take(66.0)) == 1


def test_events_live_for_72_hours(org: EventOrg) -> None:
    first, second = accounts(org, 1), []
    old = org.last(OWN).event.replay_id
    org.tick(3600)
    second = accounts(org, 1)
    org.tick(71 * 3600)
    assert [event.header["recordIds"] for event in org.events(OWN)] == [first, second]
    assert len(org.events(OWN, preset=CUSTOM, replay_id=old)) == 1
    org.tick(1)
    assert [event.header["recordIds"] for event in org.events(OWN)] == [second]
    with pytest.raises(Refusal, match=r"replayid\.corrupted"):
        org.events(OWN, preset=CUSTOM, replay_id=old)
    org.bus_switches.expired_code = "validation.failed"
    with pytest.raises(Refusal, match=r"replayid\.validation\.failed"):
        org.events(OWN, preset=CUSTOM, replay_id=old)


def test_memory_is_bounded_and_says_so() -> None:
    org = EventOrg(keep=8)
    accounts(org, 1)
    old = org.last().event.replay_id
    accounts(org, 30)
    kept = org.events()
    assert 8 <= len(kept) <= 9
    assert len(org.events(preset=CUSTOM, replay_id=kept[0].event.replay_id)) == len(kept) - 1
    with pytest.raises(Refusal, match="corrupted"):
        org.events(preset=CUSTOM, replay_id=old)


def test_one_objects_topic_shows_that_object(org: EventOrg) -> None:
    account = org.account()
    org.add("Contact", LastName="Lee", AccountId=account)
    assert [event.header["entityName"] for event in org.events("/data/ContactChangeEvent")] == ["Contact"]
    assert [event.header["entityName"] for event in org.events(ALL)] == ["Account", "Contact"]


def test_objects_without_view_all(org: EventOrg) -> None:
    org.add("Contact", LastName="Lee", AccountId=org.account())
    running = org.stream()
    org.bus_switches.no_view_all = {"Contact"}
    assert refused(org.pubsub.subscription(org.token), Fetch("/data/ContactChangeEvent", LATEST, b"", 1)) == (
        "sfdc.platform.eventbus.grpc.subscription.topic.cannot.subscribe"
    )
    assert org.pubsub.get_topic("/data/ContactChangeEvent").can_subscribe is False
    assert [event.header["entityName"] for event in org.events(ALL)] == ["Account"]
    assert [event.header["entityName"] for event in org.seen(running.take(0.0))] == ["Account"]


@pytest.mark.parametrize(
    ("edition", "most"), [("Enterprise Edition", 25_000), ("Unlimited Edition", 50_000), ("Developer Edition", 10_000)]
)
def test_deliveries_by_edition(edition: str, most: int) -> None:
    assert EventOrg(Org(edition=edition)).pubsub.bus.daily_most == most


def test_deliveries_are_counted_for_every_subscriber_and_limited_on_demand(org: EventOrg) -> None:
    org.bus_switches.daily_deliveries = 5
    accounts(org, 3)
    assert [len(org.events()), len(org.events())] == [3, 3]
    assert org.pubsub.view()["delivered"] == 6
    stream = org.stream()
    org.switches.enforce_limits = True
    with pytest.raises(Refusal, match="event delivery limit"):
        stream.take(0.0)
    org.tick(24 * 3600 + 60)
    assert len(org.events()) == 3
    rest = org.stream()
    assert [count(rest.take(0.0)), org.pubsub.bus.allowed()] == [2, 0]


def test_a_session_that_ends_ends_streams_only_on_demand(org: EventOrg) -> None:
    stream = org.stream()
    org.account()
    org.act("kill_sessions", "")
    assert count(stream.take(0.0)) == 1
    org.bus_switches.expire_streams = True
    with pytest.raises(Refusal) as refusal:
        stream.take(0.0)
    assert (refusal.value.code, refusal.value.status) == ("service.auth.error", "UNAUTHENTICATED")


def test_what_comes_before_a_subscription_is_settled_is_missed(org: EventOrg) -> None:
    org.bus_switches.settle_seconds = 3.0
    stream = org.stream(preset=LATEST)
    org.account()
    assert stream.take(2.9) is None
    late = org.account()
    batch = org.seen(stream.take(3.0))
    assert [event.header["recordIds"][0] for event in batch] == [late]


def test_back_to_a_snapshot(org: EventOrg) -> None:
    accounts(org, 2)
    kept, records = org.pubsub.snapshot(), org.vendor.snapshot()
    stream = org.stream()
    org.account(Name="Acme")
    accounts(org, 2)
    assert count(stream.take(0.0)) == 5
    there = org.events()
    org.vendor.restore(records)
    org.pubsub.restore(kept)
    assert len(org.events()) == 2
    org.account(Name="Acme")
    assert org.events()[2].event == there[2].event
    assert count(stream.take(0.0)) == 1
    org.pubsub.reset()
    assert org.events() == []
