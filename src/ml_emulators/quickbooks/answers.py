"""From a result to the bytes and headers of an answer (shapes as recorded)."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

from ml_emulators.kit.wire import Response, dumps, loads
from ml_emulators.quickbooks.faults import Fault
from ml_emulators.quickbooks.values import Json, envelope_time
from ml_emulators.quickbooks.xml import to_xml

_GATEWAY_KEYS = ("report", "queryResponse")


def trace(random: Random, now: datetime) -> dict[str, str]:
    """The headers that every answer carries; `intuit_tid` names the call."""
    stem = f"1-{int(now.timestamp()):08x}"
    tid = f"{stem}-{random.getrandbits(96):024x}"
    return {"Server": "nginx", "Strict-Transport-Security": "max-age=15552000", "intuit_tid": tid, "Intuit-Tid": tid}


def _service_headers(random: Random, now: datetime) -> dict[str, str]:
    headers = trace(random, now)
    return {**headers, "X-Amzn-Trace-Id": headers["intuit_tid"].replace("1-", "Root=1-", 1)}


def success(body: Json, random: Random, now: datetime, *, xml: bool) -> Response:
    """A 200 of the service: the body, then `time`."""
    headers = {
        "Content-Type": "application/xml;charset=utf-8" if xml else "application/json;charset=utf-8",
        **_service_headers(random, now),
        "QBO-Version": "1944.190",
        "Service-Time": "total=48, db=21",
        "Expires": "0",
        "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private",
    }
    return Response(200, headers, _encode({**body, "time": envelope_time(now)}, xml=xml))


def failure(fault: Fault, random: Random, now: datetime, *, xml: bool) -> Response:
    """A fault of the service; no charset, no version headers."""
    headers = {"Content-Type": "application/xml" if xml else "application/json", **_service_headers(random, now)}
    return Response(fault.status, headers, _encode({"Fault": fault.body(), "time": envelope_time(now)}, xml=xml))


def gateway(
    status: int, code: str, name: str, detail: str, kind: str, random: Random, now: datetime, *, xml: bool
) -> Response:
    """A refusal before the service is reached: a body of its own, with lower-case keys (reference 12.1)."""
    message = f"message={name}; errorCode={code.zfill(6)}; statusCode={status}"
    error: Json = {"message": message, "detail": detail, "code": code, "element": None}
    headers = {"Content-Type": "application/xml" if xml else "application/json", **trace(random, now)}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Intuit", error="invalid_token"'
    if xml:
        fault = {"Error": [{"Message": message, "Detail": detail, "code": code}], "type": kind}
        return Response(status, headers, to_xml({"Fault": fault, "time": envelope_time(now)}))
    body: Json = {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": kind},
        **dict.fromkeys(_GATEWAY_KEYS),
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(now.timestamp() * 1000),
        "status": None,
        "cdcresponse": [],
    }
    return Response(status, headers, dumps(body))


def _encode(body: Json, *, xml: bool) -> bytes:
    text = dumps(body)
    return to_xml(loads(text)) if xml else text


def plain(status: int, body: Any, random: Random, now: datetime, headers: dict[str, str] | None = None) -> Response:
    """An answer of the authorization server."""
    base = {
        "Content-Type": "application/json;charset=UTF-8",
        "Cache-Control": "no-cache, no-store",
        **trace(random, now),
    }
    return Response(status, {**base, **(headers or {})}, b"" if body is None else dumps(body))
