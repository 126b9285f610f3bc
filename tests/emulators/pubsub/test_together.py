"""The bus inside the whole: the JSON line, the control door over HTTP, and a state that is kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import grpc

from ml_emulators.kit.wire import dumps, loads
from ml_emulators.pubsub import messages
from ml_emulators.server import Emulators

from .event_org import ALL, EARLIEST

TODAY = date(2026, 11, 20)


async def metadata(http: aiohttp.ClientSession, info: dict[str, Any]) -> list[tuple[str, str]]:
    org = info["salesforce"]
    form = {name: org[name] for name in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
    async with http.post(f"{org['base_url']}/services/oauth2/token", data=form) as answer:
        told = await answer.json()
    return [("accesstoken", told["access_token"]), ("instanceurl", told["instance_url"]), ("tenantid", org["org_id"])]


async def kept_events(info: dict[str, Any]) -> Any:
    """The first answer of a stream from the earliest event on."""
    async with aiohttp.ClientSession() as http, grpc.aio.insecure_channel(info["pubsub"]["target"]) as channel:
        call = channel.stream_stream(
            "/eventbus.v1.PubSub/Subscribe",
            request_serializer=messages.FetchRequest.SerializeToString,
            response_deserializer=messages.FetchResponse.FromString,
        )(metadata=await metadata(http, info))
        await call.write(messages.FetchRequest(topic_name=ALL, replay_preset=EARLIEST, num_requested=100))
        answer = await call.read()
        call.cancel()
        return answer


async def test_events_of_the_scenario_and_orders_of_the_door() -> None:
    emulators = Emulators(scenario="tiny", today=TODAY, limits=True)
    await emulators.start()
    info = emulators.info()
    before = len((await kept_events(info)).events)
    async with aiohttp.ClientSession() as http:
        url = f"{info['control_url']}/events"
        async with http.post(url, data=dumps({"op": "duplicate", "count": 1, "at_once": True})) as answer:
            state = loads(await answer.read())
        async with http.post(url, data=dumps({"op": "gap", "count": 0})) as answer:
            assert (answer.status, "error" in await answer.json()) == (422, True)
        async with http.get(f"{info['control_url']}/requests") as answer:
            assert "GRPC" in {each["method"] for each in (await answer.json())["requests"]}
    events = (await kept_events(info)).events
    assert (len(events), state["events"]["ChangeEvents"]) == (before + 1, before + 1)
    assert events[-1].event.id == events[-2].event.id
    await emulators.stop()


async def test_the_log_is_kept_with_the_state(tmp_path: Path) -> None:
    first = Emulators(scenario="empty", today=TODAY, state=tmp_path)
    await first.start()
    first.emulation.act("salesforce", "create", "Account", {"Name": "Acme"})
    told = await kept_events(first.info())
    await first.stop()
    second = Emulators(scenario="sample", state=tmp_path)
    await second.start()
    again = await kept_events(second.info())
    assert [event.replay_id for event in again.events] == [event.replay_id for event in told.events]
    assert [event.event.payload for event in again.events] == [event.event.payload for event in told.events]
    await second.stop()
