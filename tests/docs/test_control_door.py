"""The calls of docs/emulators.md, sent to a real control door in the order of the page."""

from __future__ import annotations

import json
import re
from datetime import date

import aiohttp
import pytest

from docs.pages import blocks, text_of
from ml_emulators.server import Emulators

CALLS = [line for block in blocks(text_of("emulators.md"), "http") for line in block]


async def test_every_call_of_the_page_is_answered() -> None:
    emulators = Emulators(scenario="tiny", seed=7, today=date(2026, 11, 20))
    await emulators.start()
    refused = []
    try:
        assert emulators.control is not None
        async with aiohttp.ClientSession(emulators.control.url) as session:
            for call in CALLS:
                method, path, body = (*call.split(" ", 2), "")[:3]
                async with session.request(method, path, data=body or None) as answer:
                    shown = await answer.json()
                    if answer.status != 200 or (isinstance(shown, dict) and shown.get("ok") is False):
                        refused.append((call, shown))
    finally:
        await emulators.stop()
    assert refused == []
    assert len(CALLS) > 15


def test_the_page_shows_every_kind_of_call() -> None:
    from ml_emulators.kit.control import ROUTES

    shown = text_of("emulators.md")
    for route in ROUTES:
        start = route.path.partition("{")[0].rstrip("/")
        assert f"{route.method} {start}" in shown or re.search(rf"`{route.method} {re.escape(start)}", shown), (
            route.path
        )


def test_the_bodies_are_json() -> None:
    bodies = [call.split(" ", 2)[2] for call in CALLS if call.count(" ") > 1]
    assert all(isinstance(json.loads(body), dict) for body in bodies)


@pytest.mark.parametrize("kind", ["timeout_after", "status", "delay", "revoke_token"])
def test_faults_of_the_page_are_faults_of_the_door(kind: str) -> None:
    from ml_emulators.kit.faults import Kind

    assert kind in Kind.__args__  # type: ignore[attr-defined]
    assert f'"kind": "{kind}"' in text_of("emulators.md")
