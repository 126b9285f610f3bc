"""The service."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from ml_connector.cli.text import moment, safe

from .common import USUAL, Common

if TYPE_CHECKING:
    from ml_connector.actions.up import Service
    from ml_connector.web.server import Door

HOOK = "/hooks/quickbooks"
_HOST = "Address to listen on; another than this machine's own needs public_url of [web]"
_LOG = "Lines for people, or a JSON document for each event"


def up(
    *,
    host: Annotated[str, Parameter(help=_HOST)] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port to listen on; 0 takes a free one")] = 0,
    log: Annotated[Literal["text", "json"], Parameter(help=_LOG)] = "text",
    common: Common = USUAL,
) -> int:
    """Run everything in one process until stopped: webhooks, sweeps, worker, pages. TERM ends it within 10 seconds."""
    from ml_connector.actions.settings import must_be_reached_safely

    public_url = must_be_reached_safely(common.folder, host)
    with common.log(everything=log == "json"):
        asyncio.run(_up(common, host, port, public_url, _said(log)))
    return 0


async def _up(common: Common, host: str, port: int, public_url: str, say: Callable[..., None]) -> None:
    from ml_connector.actions.follow import on_signal
    from ml_connector.actions.up import service
    from ml_connector.web.server import Told, opened

    with on_signal() as stopping:
        async with service(common.folder, lambda name, line: say(line, connection=name)) as living:
            told = Told(living.arrived, living.signed_in, _thread_safe(asyncio.get_running_loop(), stopping))
            with opened(common.folder, host, port, told) as door:
                _ready(common, living, door, public_url, say)
                await living.run(stopping)
                door.close()
            say("Stopped: what was begun is settled by the next start.")


def _thread_safe(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> Callable[[], None]:
    def ended() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stopping.set)

    return ended


def _ready(common: Common, living: Service, door: Door, public_url: str, say: Callable[..., None]) -> None:
    for name, error in living.troubles.items():
        say(f"{error.sentence} {error.remedy}", connection=name)
    webhook_url = f"{public_url or door.address}{HOOK}"
    if common.json:
        common.screen.document({"url": door.address, "webhook_url": webhook_url, "pid": os.getpid()})
    else:
        common.screen.lines([f"Pages:     {door.address}", f"Webhooks:  {webhook_url}"])
    if door.one_time_link:
        common.screen.note(f"Open this link once, in this rehearsal:  {door.one_time_link}")


def _said(log: str) -> Callable[..., None]:
    """Where lines for people go: stderr with their time, or the log as one event each."""

    def line(text: str, connection: str = "") -> None:
        from ml_connector.cli.progress import stay

        about = f"{connection}: " if connection not in ("", "default") else ""
        stay([f"{moment(datetime.now(UTC))}  {safe(about + text)}"])

    def event(text: str, **more: Any) -> None:
        import structlog

        structlog.get_logger("ml_connector.up").info(text, **more)

    return event if log == "json" else line
