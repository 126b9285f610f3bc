"""The control door: time, faults, seeds and sight of both emulated vendors, over HTTP on loopback only."""

from __future__ import annotations

import socket
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from . import control_calls as calls
from . import emulator_faults
from .control_bodies import (
    ClockOrder,
    ClockState,
    EventsOrder,
    EventsState,
    FaultList,
    FaultsOrder,
    Health,
    RequestPage,
    ScenarioState,
    SeedOrder,
    SeedReport,
    SnapshotList,
    SnapshotOrder,
    StatePage,
    SwitchesOrder,
    WebhookOrder,
    WebhookState,
    WebhookTroubles,
)
from .control_calls import DoorError, Params
from .emulation import Emulation, Refused
from .http_server import QUIET
from .openapi import document
from .shell import LINE, LOOPBACK, reserved
from .wire import dumps

_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Route(NamedTuple):
    """One call of the door: `handler(context, params, body)`; `takes` and `gives` also make the document."""

    method: str
    path: str
    summary: str
    handler: Callable[[calls.ControlContext, Params, Any], Any]
    takes: Any = None
    gives: Any = None
    query: tuple[str, ...] = ()


ROUTES = (
    Route("GET", "/health", "Is it up, and what time is it", calls.health, gives=Health),
    Route(
        "GET",
        "/requests",
        "Requests received, and what they cost",
        calls.requests,
        gives=RequestPage,
        query=("since", "vendor", "limit"),
    ),
    Route("GET", "/state/{system}", "Kinds of record a vendor holds", calls.kinds, gives=list[str]),
    Route(
        "GET",
        "/state/{system}/{kind}",
        "Records of a kind, deleted ones included",
        calls.state,
        gives=StatePage,
        query=("id", "offset", "limit", "realm"),
    ),
    Route("GET", "/clock", "What time it is", calls.get_clock, gives=ClockState),
    Route("POST", "/clock", "Freeze, run, set or advance the clock", calls.post_clock, ClockOrder, ClockState),
    Route("GET", "/faults", "Faults in force", calls.get_faults, gives=FaultList),
    Route("POST", "/faults", "Add, remove or clear faults", calls.post_faults, FaultsOrder, FaultList),
    Route("POST", "/seed", "Run operations, load a scenario, play a day", calls.seed, SeedOrder, SeedReport),
    Route("POST", "/reset", "Back to nothing", calls.reset, gives=Health),
    Route("POST", "/save", "Write the state to its folder now", calls.save, gives=Health),
    Route("GET", "/snapshots", "Snapshots that can be restored", calls.get_snapshots, gives=SnapshotList),
    Route("POST", "/snapshot", "Keep everything under a name", calls.take_snapshot, SnapshotOrder, SnapshotList),
    Route("POST", "/restore", "Back to a snapshot", calls.restore_snapshot, SnapshotOrder, SnapshotList),
    Route("DELETE", "/snapshots/{name}", "Forget a snapshot", calls.drop_snapshot, gives=SnapshotList),
    Route("GET", "/connection", "How to connect to each vendor", calls.connection, gives=dict[str, dict[str, str]]),
    Route("GET", "/switches", "Vendor behaviours", calls.get_switches, gives=dict[str, dict[str, Any]]),
    Route(
        "POST",
        "/switches",
        "Set vendor behaviours",
        calls.post_switches,
        SwitchesOrder,
        dict[str, dict[str, Any]],
    ),
    Route("GET", "/events", "How the event bus stands", calls.get_events, gives=EventsState),
    Route("POST", "/events", "Let events or streams go wrong", calls.post_events, EventsOrder, EventsState),
    Route("GET", "/webhooks", "Where webhooks go, and how they were taken", calls.get_webhooks, gives=WebhookState),
    Route("POST", "/webhooks", "Set target and format", calls.post_webhooks, WebhookOrder, WebhookState),
    Route(
        "POST",
        "/webhooks/troubles",
        "Let webhooks go wrong",
        calls.post_webhook_troubles,
        WebhookTroubles,
        WebhookState,
    ),
    Route("GET", "/scenario", "What is seeded and planted", calls.scenario, gives=ScenarioState),
)


class ControlDoor:
    """Serves `ROUTES` and `/openapi.json` on 127.0.0.1. `port` 0 takes a free one."""

    def __init__(
        self, emulation: Emulation, stages: calls.Stages, port: int = 0, *, save: Callable[[], None] | None = None
    ) -> None:
        self.port = port
        self._context = calls.ControlContext(emulation, stages, save)
        self._runner: web.AppRunner | None = None
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a path; always plain http."""
        return f"http://{LOOPBACK}:{self.port}"

    def reserve(self) -> None:
        """Take the port now. Raises `OSError` when it is taken."""
        if self._socket is None:
            self._socket = reserved(self.port)
            self.port = self._socket.getsockname()[1]

    async def start(self) -> None:
        """Listen on loopback, at the port that was reserved. Raises `OSError` when the port is taken."""
        self.reserve()
        self._runner = web.AppRunner(
            self.app(), access_log=None, logger=QUIET, max_line_size=LINE, max_field_size=LINE, shutdown_timeout=0.5
        )
        await self._runner.setup()
        if self._socket is not None:
            await web.SockSite(self._runner, self._socket).start()

    async def stop(self) -> None:
        """Close the server and its socket; a door that was not started may be stopped."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def app(self) -> web.Application:
        """The web application without a socket: a handler for each of `ROUTES`, and their OpenAPI document."""
        app = web.Application(middlewares=[_guard], client_max_size=64 * 1024 * 1024)
        shown = dumps(document(ROUTES))
        app.router.add_get("/openapi.json", _fixed(shown))
        for route in ROUTES:
            app.router.add_route(route.method, route.path, _handler(self._context, route))
        return app


Handler = Callable[[web.Request], Any]


def _fixed(body: bytes) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return answer


def _handler(context: calls.ControlContext, route: Route) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        body = _decode(await request.read(), route.takes) if route.takes else None
        params = {**request.query, **request.match_info}
        return _json(200, route.handler(context, params, body))

    return answer


def _decode(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.Decoder(kind, float_hook=Decimal).decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise DoorError(422, f"The body does not fit: {error}", "See GET /openapi.json for its shape.") from error
    except msgspec.DecodeError as error:
        raise DoorError(400, f"The body is not JSON: {error}", "Send a JSON object.") from error


def _json(status: int, value: Any) -> web.Response:
    return web.Response(status=status, body=dumps(value), content_type="application/json")


def _refusal(status: int, message: str, remedy: str) -> web.Response:
    return _json(status, {"error": {"message": message, "remedy": remedy}})


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only this machine may ask, and every refusal is JSON with a remedy."""
    refused = _foreign(request)
    if refused:
        return _refusal(403, refused, "Call the door as http://127.0.0.1:<port> from a program on this machine.")
    try:
        answer: web.StreamResponse = await handler(request)
    except web.RequestPayloadError as error:
        return _refusal(400, f"The body cannot be read: {error}", "Send JSON, plain or with a true Content-Encoding.")
    except DoorError as error:
        return _refusal(error.status, error.message, error.remedy)
    except Refused as error:
        return _refusal(422, str(error.reason), "Change the request as the message says.")
    except web.HTTPException as error:
        return _refusal(error.status, error.reason, "See GET /openapi.json for paths and methods.")
    except Exception as error:  # noqa: BLE001  # a mistake of ours is never told as a refusal
        emulator_faults.report(error, f"the control door: {request.method} {request.path}")
        return _faulty(error)
    return answer


def _faulty(error: Exception) -> web.Response:
    response = _refusal(emulator_faults.STATUS, emulator_faults.MESSAGE, "Report it with the traceback from the log.")
    response.headers.update(emulator_faults.headers(error))
    return response


def _foreign(request: web.Request) -> str:
    """Why the request is not from here: a foreign Host (DNS rebinding), or a page that the door has not served itself.

    A page of another port of this machine is another's too. Browsers name the page in Origin where something may be
    changed, and say otherwise in Sec-Fetch-Site whether it is ours; programs send neither. Blank = fine.
    """
    host = request.headers.get("Host", "")
    if _bare(host) not in _HOSTS:
        return f"The Host header {host!r} is not this machine."
    origin = request.headers.get("Origin", "")
    if origin and origin.lower() != f"http://{host.lower()}":
        return f"A page of {origin!r} may not use this door."
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return "A page of another address may not use this door."
    return ""


def _bare(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name.lower() if colon and port.isdigit() else host.lower()
