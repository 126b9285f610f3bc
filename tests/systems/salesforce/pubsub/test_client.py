"""Over real gRPC against the emulated event bus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ml_connector.systems.salesforce.pubsub.client import Event, EventBus, authorities
from ml_connector.systems.salesforce.pubsub.events import Notice
from ml_connector.systems.salesforce.pubsub.faults import Cause, StreamEnded
from ml_emulators.pubsub.refusals import _MESSAGES, _STATUS
from ml_emulators.salesforce.schema.words import text

from .evented import ALL, EventedOrg, evented, notices

CODES = sorted({*_STATUS, *_MESSAGES})
TRIES = 20


@pytest.fixture
async def org() -> AsyncIterator[EventedOrg]:
    async with evented() as org:
        yield org


async def test_events_name_their_records(org: EventedOrg) -> None:
    stream = await org.settled(await org.stream())
    account = org.act("create", "Account", Name="Acme")["Id"]
    org.act("update", "Account", Id=account, Name="Apex")
    told: list[Notice] = []
    while len(told) < 2:
        told += await notices(stream, await stream.next())
    assert [(notice.kind, notice.change, notice.ids) for notice in told] == [
        ("Account", "CREATE", (account,)),
        ("Account", "UPDATE", (account,)),
    ]
    assert told[1].fields == frozenset({"Name", "LastModifiedDate"})


async def test_what_is_asked_for_adds_up(org: EventedOrg) -> None:
    stream = await org.settled(await org.stream(count=1))
    for name in ("A", "B", "C"):
        org.act("create", "Account", Name=name)
    first = await stream.next()
    assert (len(first.events), first.pending) == (1, 0)
    await stream.more(ALL, 1)
    await stream.more(ALL, 5)
    later = [await stream.next()]
    while sum(len(batch.events) for batch in later) < 2:
        later.append(await stream.next())
    assert later[-1].pending >= 4


async def test_it_goes_on_strictly_after_a_position(org: EventedOrg) -> None:
    stream = await org.settled(await org.stream())
    org.act("create", "Account", Name="A")
    at = (await stream.next()).events[0].replay_id
    await stream.close()
    org.act("create", "Contact", LastName="B")
    again = await org.stream(after=at)
    told = await notices(again, await again.next())
    assert [notice.kind for notice in told] == ["Contact"]


async def test_keep_alives_name_a_position(org: EventedOrg) -> None:
    org.pubsub.switches.keepalive_seconds = 0.02
    stream = await org.stream(count=7)
    batch = await stream.next()
    assert (batch.events, batch.pending, len(batch.latest)) == ((), 7, 10)


async def _end(bus: EventBus) -> StreamEnded:
    try:
        while True:
            await bus.next()
    except StreamEnded as end:
        return end


async def _refused(org: EventedOrg, code: str, **session: str) -> StreamEnded:
    """How a stream is refused. Where that comes before the request was sent, gRPC drops what the server said."""
    end = StreamEnded(Cause.AGAIN)
    for _ in range(TRIES):
        bus = await org.bus(**session)
        try:
            await bus.subscribe(ALL, 1)
            await bus.next()
        except StreamEnded as error:
            end = error
        if end.code == code:
            break
    return end


@pytest.mark.parametrize("code", CODES)
async def test_every_code_ends_a_running_stream_and_a_new_one(org: EventedOrg, code: str) -> None:
    stream = await org.settled(await org.stream())
    org.pubsub.trouble.break_streams(code)
    assert (await _end(stream)).code == code
    org.pubsub.trouble.refuse(code, "Subscribe", TRIES)
    assert (await _refused(org, code)).code == code
    org.pubsub.trouble.refused.clear()
    org.pubsub.trouble.refuse(code, "GetSchema")
    with pytest.raises(StreamEnded) as unknown:
        await stream.schema("x")
    assert unknown.value.code == code


async def test_a_stream_that_has_ended_takes_no_requests(org: EventedOrg) -> None:
    stream = await org.settled(await org.stream())
    org.pubsub.trouble.break_streams("subscription.limit.exceeded")
    await _end(stream)
    with pytest.raises(StreamEnded) as end:
        await stream.more(ALL, 1)
    assert end.value.cause is Cause.ALLOWANCE


async def test_the_server_closes_and_goes_away(org: EventedOrg) -> None:
    org.pubsub.switches.idle_close_seconds = 0.02
    stream = await org.settled(await org.stream(count=1))
    org.act("create", "Account", Name="A")
    end = await _end(stream)
    assert (end.cause, end.status) == (Cause.AGAIN, "OK")
    other = await org.settled(await org.stream())
    await org.door.stop()
    assert (await _end(other)).cause is Cause.AGAIN


@pytest.mark.parametrize("after", [b"x", b"\xff" * 10, b"\0" * 10, b"\1" * 4_000])
async def test_positions_that_are_none(org: EventedOrg, after: bytes) -> None:
    with pytest.raises(StreamEnded) as end:
        await (await org.stream(after=after)).next()
    assert end.value.cause is Cause.POSITION


async def test_a_session_that_is_over(org: EventedOrg) -> None:
    assert (await _refused(org, "service.auth.error", token="00D!old")).cause is Cause.SESSION


async def test_rights_on_one_object(org: EventedOrg) -> None:
    bus = await org.bus()
    assert await bus.may_listen("/data/OrderChangeEvent")
    org.pubsub.switches.no_view_all = {"Order"}
    assert not await bus.may_listen("/data/OrderChangeEvent")
    assert await bus.may_listen(ALL)
    with pytest.raises(StreamEnded):
        await bus.may_listen("/data/NoChangeEvent")


async def test_a_schema_that_changes_in_the_middle(org: EventedOrg) -> None:
    stream = await org.settled(await org.stream())
    org.act("create", "Account", Name="A")
    objects = org.emulator.world.schema.objects
    objects["Account"] = objects["Account"].with_fields(text("Region__c", 20))
    org.act("create", "Account", Name="B")
    seen: list[Event] = []
    while len(seen) < 2:
        seen += (await stream.next()).events
    assert len({event.schema_id for event in seen}) == 2
    for event in seen:
        assert (await stream.schema(event.schema_id)).notice(event.payload).change == "CREATE"


async def test_nobody_listens(org: EventedOrg) -> None:
    await org.door.stop()
    with pytest.raises(StreamEnded) as end:
        await (await org.stream()).next()
    assert end.value.cause is Cause.AGAIN


def test_more_authorities_come_with_the_usual_ones(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(b"own")
    assert authorities(None) == b""
    assert authorities(own).endswith(b"own")
