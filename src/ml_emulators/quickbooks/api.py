"""The company API: `/v3/company/{realm}/...` (reference section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2s
from typing import Any

from msgspec import DecodeError

from ml_emulators.kit.wire import Request, Response, loads
from ml_emulators.quickbooks import answers, attachments, batch, faults, operations, trouble
from ml_emulators.quickbooks.faults import Fault
from ml_emulators.quickbooks.kinds.catalog import PATHS
from ml_emulators.quickbooks.limits import meter, throttled
from ml_emulators.quickbooks.metering import measure
from ml_emulators.quickbooks.query import cdc
from ml_emulators.quickbooks.rules import auxiliary, mailing
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.service import Service
from ml_emulators.quickbooks.signin.tokens import ACCOUNTING
from ml_emulators.quickbooks.values import Json
from ml_emulators.quickbooks.xml_bodies import from_xml, is_xml

_LONGEST_REQUEST_ID = 50
_LONGEST_BATCH_ID = 36


@dataclass
class Call:
    """One authenticated request on one company."""

    service: Service
    request: Request
    context: WriteContext
    app: str
    path: list[str]
    params: dict[str, str]
    xml: bool

    @property
    def realm(self) -> str:
        """The company's realm id."""
        return self.context.books.company.realm_id


def _wants_xml(request: Request) -> bool:
    return "application/json" not in request.header("accept").lower()


def handle(service: Service, request: Request, segments: list[str], now: datetime) -> Response:
    """Check the token and the limits, then answer."""
    xml = _wants_xml(request)
    realm = segments[2]
    scheme, _, token = request.header("authorization").partition(" ")
    connection = service.authority.bearer(token, now) if scheme.lower() == "bearer" else None
    if connection is None:
        return _unauthorized(service, token, now, xml=xml)
    if connection.realm_id != realm or realm not in service.books or ACCOUNTING not in connection.scopes:
        detail = "The application is not authorised for this company."
        name = "ApplicationAuthorizationFailed"
        return answers.gateway(403, "3100", name, detail, "AuthorizationFault", service.random, now, xml=xml)
    params = {key.lower(): value for key, value in request.params().items()}
    context = service.context(realm, now, _include(params))
    path = [segments[3].lower(), *segments[4:]]
    call = Call(service, request, context, connection.client_id, path, params, xml)
    response = _answer(call)
    measured = measure(request, response)
    meter(service, call.app, now, measured.reads, measured.items)
    service.publish(context.notices, call.app)
    return response


def _include(params: dict[str, str]) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in params.get("include", "").split(",") if part.strip())


def _unauthorized(service: Service, token: str, now: datetime, *, xml: bool) -> Response:
    known = token in service.authority.tokens.access
    detail = f"Token expired: {token}" if known else f"Token is invalid or malformed: {token}"
    return answers.gateway(401, "3200", "AuthenticationFailed", detail, "AUTHENTICATION", service.random, now, xml=xml)


def _answer(call: Call) -> Response:
    service, now = call.service, call.context.now
    if throttled(service, call.realm, call.app, now, batch=call.path == ["batch"]):
        return _too_many(call)
    try:
        if service.switches.user_lost_access:
            raise faults.lost_access()
        if service.switches.subscription_ended:
            raise faults.subscription_ended()
        return (
            _replayed(call) if call.request.method == "POST" and call.path != ["query"] else _done(call, _route(call))
        )
    except Fault as refusal:
        return _failed(call, refusal)


def _done(call: Call, body: Json) -> Response:
    return answers.success(body, call.service.random, call.context.now, xml=call.xml)


def _failed(call: Call, refusal: Fault) -> Response:
    xml = call.xml or call.service.switches.xml_faults
    return answers.failure(refusal, call.service.random, call.context.now, xml=xml)


def _too_many(call: Call) -> Response:
    service, now, refusal = call.service, call.context.now, faults.throttled()
    if service.switches.lower_case_throttle:
        error = refusal.errors[0]
        response = answers.gateway(
            429, "3001", "ThrottleExceeded", error.detail, "SERVICE", service.random, now, xml=call.xml
        )
    else:
        response = _failed(call, refusal)
    wait = service.switches.retry_after
    headers = response.headers if wait is None else {**response.headers, "Retry-After": str(wait)}
    return Response(service.switches.throttle_status, headers, response.body)


# --- requestid


def _replayed(call: Call) -> Response:
    """A requestid seen before gets the stored answer; nothing is done again (reference 2.1)."""
    body = _body(call)
    key = _replay_key(call, body)
    stored = call.service.replays.get(key) if key is not None else None
    asked = blake2s(f"{call.path} {call.params.get('operation', '')} ".encode() + call.request.body).digest()
    if stored is not None and _remembered(call, stored[0]):
        if stored[2] != asked and call.service.switches.requestid_other_body == "refused":
            raise faults.business("This requestid has been used for another request.")
        headers = {**stored[1].headers, **answers.trace(call.service.random, call.context.now)}
        return Response(stored[1].status, headers, stored[1].body)
    try:
        response = _done(call, _post(call, body))
    except Fault as refusal:
        if not call.service.switches.requestid_stores_faults:
            raise
        response = _failed(call, refusal)
    if key is not None and call.service.switches.requestid_retention != 0:
        call.service.replays[key] = (call.context.now, response, asked)
    return response


def _remembered(call: Call, since: datetime) -> bool:
    seconds = call.service.switches.requestid_retention
    return seconds is None or call.context.now - since < timedelta(seconds=seconds)


def _replay_key(call: Call, body: Any) -> tuple[Any, ...] | None:
    """What makes a request the same: its requestid, and for a batch also its bIds."""
    request_id = call.params.get("requestid", "")
    if not request_id:
        return None
    is_batch = call.path == ["batch"]
    most = _LONGEST_BATCH_ID if is_batch else _LONGEST_REQUEST_ID
    if len(request_id) > most:
        raise Fault([faults.too_long("requestid", most, len(request_id))])
    if not is_batch:
        return call.realm, request_id
    items = batch.items_of(body)
    batch.check_names(items)
    return call.realm, request_id, tuple(sorted(item["bId"] for item in items))


# --- routes


def _unknown(call: Call) -> Fault:
    """What is served nowhere below a company: an operation that is not supported (reference, added 2026-11-30)."""
    return faults.unsupported(f"{call.request.method} {'/'.join(call.path)}"[:80])


def _route(call: Call) -> Json:
    if call.path == ["query"] and call.request.method in ("GET", "POST"):
        return operations.run_query(call.context, _statement(call))
    if call.request.method != "GET":
        raise _unknown(call)
    return _get(call)


def _statement(call: Call) -> str:
    given = call.params.get("query")
    return given if given is not None else _text(call.request.body)


def _get(call: Call) -> Json:
    path, params = call.path, call.params
    if path == ["cdc"]:
        return cdc.capture(call.context, params.get("entities", ""), params.get("changedsince", ""))
    if path == ["preferences"]:
        return operations.read(call.context, "Preferences", "1")
    if path == ["exchangerate"]:
        return auxiliary.exchange_rate(call.context, params.get("sourcecurrencycode", ""), params.get("asofdate"))
    if len(path) != 2:
        raise _unknown(call)
    kind = _kind(path[0])
    if kind == "CompanyInfo" and path[1] == call.realm:
        return operations.read(call.context, kind, "1")
    return operations.read(call.context, kind, path[1])


def _kind(segment: str) -> str:
    kind = PATHS.get(segment)
    if kind is None:
        raise faults.unsupported(segment[:60])
    return kind


def _post(call: Call, body: Any) -> Json:
    if call.path == ["batch"]:
        return batch.run(call.context, batch.items_of(body), call.service.random)
    if call.path == ["upload"]:
        return attachments.upload(call.context, call.request.header("content-type"), call.request.body)
    if len(call.path) == 3 and call.path[2] == "send":
        return _send(call)
    if len(call.path) != 1:
        raise _unknown(call)
    operation = _operation(call)
    odd = _odd_void(call.path[0]) if call.params.get("operation", "").lower() == "void" else None
    return odd if odd is not None else operations.write(call.context, _kind(call.path[0]), operation, body)


def _send(call: Call) -> Json:
    kind = _kind(call.path[0])
    if not mailing.can_be_sent(kind):
        raise faults.unsupported(f"send {kind}")
    trouble.refuse_unwritable(call.context, kind, {"Id": call.path[1]})
    return mailing.send(call.context, kind, call.path[1], call.params.get("sendto", ""))


def _operation(call: Call) -> str:
    asked = call.params.get("operation", "").lower()
    if asked in ("delete", "void"):
        return asked
    if asked not in ("", "create", "update"):
        raise faults.unsupported(asked[:60])
    return "void" if "void" in call.context.include else asked or "create"


def _odd_void(segment: str) -> Json | None:
    """Three kinds answer a void in their own way (reference 4.3)."""
    if segment == "journalentry":
        return {"BatchItemResponse": []}
    if segment == "bill":
        return {"Fault": faults.system_failure().body()}
    if segment in ("purchase", "billpayment"):
        raise faults.unsupported("void")
    return None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise faults.bad_encoding() from error


def _body(call: Call) -> Any:
    """What a write says, in JSON or XML; an upload and a sending have none."""
    if call.path == ["upload"] or call.path[2:] == ["send"]:
        return None
    body = call.request.body
    return from_xml(body) if is_xml(call.request.header("content-type"), body) else _json(body)


def _json(body: bytes) -> Any:
    try:
        return loads(_text(body))
    except (DecodeError, RecursionError) as error:
        raise faults.unknown_property("the body is not JSON") from error
