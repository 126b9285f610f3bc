"""The routes: webhooks, health, sign-in, how each connection stands, and connecting anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie, State
from litestar.enums import MediaType, RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Redirect

from ml_connector.actions.desk import LARGEST, Begun, Desk
from ml_connector.model.errors import ConnectorError, NotProved, WrongUse

from .guard import HOOK, STATE, Visit
from .pages import page, style
from .sessions import Session
from .visitors import Visitors

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Asked = Request[Any, Any, State]
_SIGNATURE = "intuit-signature"


def _desk(request: Asked) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _visitors(request: Asked) -> Visitors:
    visitors: Visitors = request.app.state.visitors
    return visitors


def _visit(request: Asked) -> Visit:
    visit: Visit = request.scope["state"][STATE]
    return visit


def _session(request: Asked) -> Session:
    session = _visitors(request).session(_visit(request))
    if session is None:  # it has ended since the guard looked
        raise NotProved("The session has ended.", "Sign in again.")
    return session


# --- webhooks and health


@post(HOOK, status_code=200, media_type=MediaType.TEXT)
async def webhook(request: Asked) -> Response[str]:
    """A delivery of QuickBooks. 200 means that it is on disk; nothing of it was looked at before its signature fit."""
    visitors, address = _visitors(request), _visit(request).address
    if visitors.is_over(address):
        return Response("too many", status_code=429, media_type=MediaType.TEXT, headers={"retry-after": "60"})
    body = await _body(request)
    desk = _desk(request)
    answer = desk.too_large() if body is None else await desk.take(body, request.headers.get(_SIGNATURE, ""))
    visitors.delivered(address, taken=answer.status in (200, 503))
    return Response(answer.text, status_code=answer.status, media_type=MediaType.TEXT)


async def _body(request: Asked) -> bytes | None:
    """The raw body; None for one that is too long, which is not read to its end."""
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)


@get("/healthz", media_type=MediaType.TEXT)
async def healthy() -> str:
    """The process answers."""
    return "ok"


@get("/readyz", media_type=MediaType.TEXT)
async def ready(request: Asked) -> Response[str]:
    """Whether a webhook could be taken now. Says no more than that: it is public."""
    why = await _desk(request).ready()
    return Response("not ready" if why else "ready", status_code=503 if why else 200, media_type=MediaType.TEXT)


@get("/metrics", media_type=MediaType.TEXT)
async def metrics(request: Asked) -> Response[bytes]:
    """The figures of the service, for Prometheus."""
    return Response(await _desk(request).metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


@get("/style.css", media_type="text/css")
async def stylesheet() -> Response[bytes]:
    """The style sheet."""
    return Response(style(), media_type="text/css", headers={"cache-control": "max-age=3600"})


# --- signing in


@get("/login")
async def login(request: Asked, next: FromQuery[str] = "/") -> Response[str]:
    """The form."""
    return page("login.html", names=_desk(request).names, next=_local(next), error=None, given="")


@post("/login", status_code=200)
async def signed_in(request: Asked, data: Form) -> Response[Any]:
    """A session for whoever proves to be a person, by password or token."""
    desk, visitors, visit = _desk(request), _visitors(request), _visit(request)
    names, name = desk.names, data.get("name", "")
    connection, there = data.get("connection") or names[0], _local(data.get("next", "/"))
    try:
        if visitors.tries_are_over(visit.address):
            raise NotProved("Too many tries came from your address.", "Wait for a minute.")
        person = await desk.prove(connection, name, data.get("secret", ""))
    except ConnectorError as error:
        visitors.tried(visit.address)
        return page("login.html", status=403, names=names, next=there, error=error, given=name[:40])
    return _entered(visitors, visit, visitors.begin(person, connection), there)


@get("/enter")
async def enter(request: Asked, key: FromQuery[str] = "") -> Response[Any]:
    """The link that a rehearsal prints in its terminal: it serves once."""
    desk, visitors, visit = _desk(request), _visitors(request), _visit(request)
    if not visitors.spend(key) or not desk.open_to_the_terminal:
        return page("message.html", status=403, title="This link does not serve", session=None, text=_SPENT)
    return _entered(visitors, visit, visitors.begin(desk.at_the_terminal(), desk.names[0]), "/")


_SPENT = "It serves once, in a rehearsal. Start the service again for a new one."


def _entered(visitors: Visitors, visit: Visit, session: str, there: str) -> Response[Any]:
    visitors.end(visit)  # who signs in again leaves no session behind
    cookie = Cookie(key=visit.cookie, value=session, path="/", httponly=True, secure=visit.https, samesite="lax")
    return Response(b"", status_code=303, headers={"location": there}, cookies=[cookie])


@post("/logout", status_code=303)
async def leave(request: Asked, data: Form) -> Redirect:
    """End the session."""
    _checked(request, data)
    _visitors(request).end(_visit(request))
    return Redirect("/login", status_code=303)


def _local(there: str) -> str:
    """Where to go after the sign-in: a page of ours, or the first one."""
    ours = there.startswith("/") and not there.startswith("//") and "\\" not in there and there.isprintable()
    return there if ours else "/"


def _checked(request: Asked, data: Mapping[str, str]) -> Session:
    """The session of a form that came from one of its pages. Raises `NotProved`."""
    session = _session(request)
    if not session.may_post(data.get("csrf", "")):
        raise NotProved("This form is from an older page.", "Go back, load the page again, and repeat it there.")
    return session


# --- how it stands


@get("/")
async def overview(request: Asked) -> Response[str]:
    """How the connection of this session stands."""
    session = _session(request)
    return page("status.html", session=session, seen=await _desk(request).look(session.connection))


# --- connecting anew


@get("/connect")
async def connecting(request: Asked) -> Response[str]:
    """Both sides, and how each is connected."""
    session, desk = _session(request), _desk(request)
    return page(
        "connect.html", forms_to=desk.consent_origin(session.connection), session=session,
        seen=await desk.look(session.connection),
    )  # fmt: skip


@post("/connect/quickbooks", status_code=303)
async def to_quickbooks(request: Asked, data: Form) -> Redirect:
    """Begin a sign-in: the browser goes to the vendor's page."""
    session, desk = _checked(request, data), _desk(request)
    redirect = f"{_base(request)}/connect/quickbooks/callback"
    url, state = await desk.begin_quickbooks(session.connection, redirect)
    session.begun = Begun(state=state, redirect=redirect, begun_at=desk.clock.now())
    return Redirect(url, status_code=303)


def _base(request: Asked) -> str:
    """The address by which people reach us: as the settings say, else as this browser has it."""
    public = _desk(request).web.public_url.rstrip("/")
    return public or f"{'https' if _visit(request).https else 'http'}://{request.headers['host']}"


@get("/connect/quickbooks/callback")
async def back_from_quickbooks(request: Asked) -> Response[str]:
    """The company that was chosen, shown before its code is spent. The state serves once, in its own session."""
    session, desk = _session(request), _desk(request)
    begun, session.begun = session.begun, None
    if begun is None or desk.clock.now() - begun.begun_at > Visitors.CONSENT:
        raise WrongUse("No sign-in was begun in this session, or it has been too long.", "Begin it again from Connect.")
    address = f"{begun.redirect}?{request.scope['query_string'].decode('latin-1')}"
    realm_id = await desk.came_back(session.connection, address, begun.state)
    session.begun = Begun(
        state=begun.state, redirect=begun.redirect, begun_at=begun.begun_at, back=address, realm_id=realm_id
    )
    seen = await desk.look(session.connection)
    return page("confirm.html", session=session, realm_id=realm_id, known=seen.status)


@post("/connect/quickbooks/confirm", status_code=200)
async def confirmed(request: Asked, data: Form) -> Response[str]:
    """Spend the code, seal the tokens, and say which company it is."""
    session, desk = _checked(request, data), _desk(request)
    begun, session.begun = session.begun, None
    if begun is None or not begun.back or data.get("realm_id") != begun.realm_id:
        raise WrongUse("No sign-in waits for this.", "Begin it again from Connect.")
    company = await desk.finish_quickbooks(session.connection, begun, session.person)
    text = f"Signed in to {company}, company {begun.realm_id}. Work goes on where it stood."
    return page("message.html", title="QuickBooks is connected", session=session, text=text)


@post("/connect/salesforce", status_code=200)
async def to_salesforce(request: Asked, data: Form) -> Response[str]:
    """Sign in anew with what is sealed."""
    session, desk = _checked(request, data), _desk(request)
    org = await desk.finish_salesforce(session.connection, session.person)
    text = f"Signed in to the org {org}. Work goes on where it stood."
    return page("message.html", title="Salesforce is connected", session=session, text=text)


ROUTES = [
    webhook, healthy, ready, metrics, stylesheet, login, signed_in, enter, leave, overview, connecting, to_quickbooks,
    back_from_quickbooks, confirmed, to_salesforce,
]  # fmt: skip
"""All there are."""
