"""The application: routes, what becomes of an error, and the guard around all of it."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp

from ml_connector.actions.desk import LARGEST, Desk
from ml_connector.model.errors import ConnectorError

from .guard import STATE, Guard, Place
from .pages import page
from .routes import ROUTES
from .visitors import Visitors

_log = structlog.get_logger("ml_connector.web")


class Application:
    """An ASGI application over a desk. `entry` is the path of the one-time link, blank where there is none."""

    def __init__(self, desk: Desk) -> None:
        self.visitors = Visitors(desk)
        self.litestar = Litestar(
            route_handlers=ROUTES,
            state=State({"desk": desk, "visitors": self.visitors}),
            openapi_config=None,
            logging_config=None,
            request_max_body_size=LARGEST + 1,
            exception_handlers={
                ConnectorError: _in_words,
                HTTPException: _of_http,
                Exception: _fault,
            },
        )
        place = Place(tuple(desk.web.answered), tuple(desk.web.trusted))
        self.asgi: ASGIApp = Guard(self.litestar, place, self.visitors.may_look)

    @property
    def entry(self) -> str:
        """The path of the one-time link."""
        return self.visitors.entry


_STATUS = {"NotProved": 403, "WrongUse": 400, "StateTrouble": 503, "Busy": 409}


def _in_words(request: Request[Any, Any, State], error: ConnectorError) -> Response[str]:
    status = _STATUS.get(type(error).__name__, 502)
    return _said(request, status, error.sentence, error.remedy)


def _of_http(request: Request[Any, Any, State], error: HTTPException) -> Response[str]:
    """What Litestar refuses: no such page, another method, a form that cannot be read."""
    words = {404: "There is no such page.", 405: "This page is not used in this way."}
    return _said(request, error.status_code, words.get(error.status_code, "This request cannot be read."), "")


def _fault(request: Request[Any, Any, State], error: Exception) -> Response[str]:
    _log.error("a page failed", path=request.url.path, exc_info=error)
    return _said(request, 500, "This page met a fault of ml-connector itself.", "Its log names the place.")


def _said(request: Request[Any, Any, State], status: int, sentence: str, remedy: str) -> Response[str]:
    visitors: Visitors = request.app.state.visitors
    visit = (request.scope.get("state") or {}).get(STATE)
    session = visitors.session(visit) if visit is not None else None
    return page("message.html", status=status, title=sentence, session=session, text=remedy)
