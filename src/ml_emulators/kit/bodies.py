"""The bytes of error answers and of malformed answers, in each vendor's own manner."""

from __future__ import annotations

import re
from datetime import datetime

from .faults import Fault
from .wire import Response, dumps

JSON = "application/json;charset=UTF-8"
XML = "application/xml;charset=UTF-8"
HTML = "text/html;charset=UTF-8"

# (code, type, message): quickbooks-online.md sections 10 and 12
_QUICKBOOKS = {
    401: ("3200", "AUTHENTICATION", "message=AuthenticationFailed; errorCode=003200; statusCode=401"),
    403: ("3100", "AUTHORIZATION", "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"),
    404: ("", "SERVICE", "message=NotFound; statusCode=404"),
    413: ("", "SERVICE", "message=RequestEntityTooLarge; statusCode=413"),
    429: ("3001", "SERVICE", "message=ThrottleExceeded; errorCode=003001; statusCode=429"),
    500: ("10000", "SystemFault", "An application error has occurred while processing your request"),
    502: ("", "SERVICE", "message=BadGateway; statusCode=502"),
    503: ("", "SERVICE", "message=ServiceUnavailable; statusCode=503"),
    504: ("", "SERVICE", "message=GatewayTimeout; statusCode=504"),
}
# (errorCode, message): salesforce.md section 2.6
_SALESFORCE = {
    400: ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    429: ("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support"),
    503: ("SERVER_UNAVAILABLE", "The server is temporarily unavailable"),
}


def error(vendor: str, fault: Fault, now: datetime) -> Response:
    """The error answer that `fault` asks for, shaped like the vendor's."""
    status = fault.status or 503
    if vendor == "salesforce":
        code, message = _SALESFORCE.get(status, ("UNKNOWN_EXCEPTION", "unexpected error"))
        body = dumps([{"message": fault.message or message, "errorCode": fault.code or code}])
    else:
        body = _quickbooks(status, fault, now)
    return _response(status, JSON, body, fault)


def _quickbooks(status: int, fault: Fault, now: datetime) -> bytes:
    code, kind, message = _QUICKBOOKS.get(status, ("6000", "ValidationFault", "A business validation error"))
    entry = {
        "Message": fault.message or message,
        "Detail": fault.message or message,
        "code": fault.code or code,
    }
    if fault.element:
        entry["element"] = fault.element
    if status == 401:  # the gateway's spelling, lower case
        lower = {"message": entry["Message"], "detail": entry["Detail"], "code": entry["code"], "element": None}
        return dumps(
            {
                "warnings": None,
                "intuitObject": None,
                "fault": {"error": [lower], "type": kind},
                "report": None,
                "time": int(now.timestamp() * 1000),
            }
        )
    return dumps({"Fault": {"Error": [entry], "type": kind}, "time": now.isoformat(timespec="milliseconds")})


def ok_with_fault(fault: Fault, now: datetime) -> Response:
    """QuickBooks: HTTP 200 whose body is a Fault."""
    entry = {
        "Message": fault.message or "An application error has occurred while processing your request",
        "Detail": fault.message or "System Failure Error",
        "code": fault.code or "10000",
        "element": "",
    }
    body = dumps(
        {
            "Fault": {"Error": [entry], "type": "SystemFault"},
            "time": now.isoformat(timespec="milliseconds"),
        }
    )
    return _response(200, JSON, body, fault)


def page(fault: Fault) -> Response:
    """An HTML or XML error page, as gateways in front of both vendors send them."""
    status = fault.status or 503
    if fault.kind == "html":
        text = f"<html><head><title>{status}</title></head><body><h1>{status} Service problem</h1></body></html>"
        return _response(status, HTML, text.encode(), fault)
    message = fault.message or f"message=ServiceUnavailable; statusCode={status}"
    text = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<IntuitResponse xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE">'
        f'<Error code="{fault.code or "3001"}"><Message>{message}</Message></Error></Fault></IntuitResponse>'
    )
    return _response(status, XML, text.encode(), fault)


def _response(status: int, content_type: str, body: bytes, fault: Fault) -> Response:
    headers = {"Content-Type": content_type}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    return Response(status, headers, fault.text.encode() if fault.text is not None else body)


_NUMBER = re.compile(rb"(:\s*)-?\d+(?:\.\d+)?(?=\s*[,}\]])")
_PAIR = re.compile(rb'"(\w+)"\s*:\s*("[^"\\]*"|-?\d+(?:\.\d+)?|true|false|null)')
_TEXT = re.compile(rb':\s*"')
_XML_BODY = b'<?xml version="1.0" encoding="UTF-8"?><IntuitResponse xmlns="http://schema.intuit.com/finance/v3"/>'


def _number(body: bytes, text: bytes) -> bytes:
    changed, hits = _NUMBER.subn(lambda m: m.group(1) + text, body, count=0)
    return changed if hits else b'{"value": ' + text + b"}"


def _twice(body: bytes) -> bytes:
    changed, hits = _PAIR.subn(lambda m: m.group(0) + b',"' + m.group(1) + b'":"twice"', body, count=1)
    return changed if hits else b'{"a":1,"a":2}'


def _inside_text(body: bytes, raw: bytes) -> bytes:
    changed, hits = _TEXT.subn(lambda m: m.group(0) + raw, body, count=1)
    return changed if hits else b'{"text":"' + raw + b'"}'


def malformed(response: Response, fault: Fault) -> Response:
    """The real answer, spoilt in the way `fault.shape` names. Status and headers stay."""
    body = fault.text.encode() if fault.text is not None else _spoil(response.body, fault.shape)
    headers = {k: v for k, v in response.headers.items() if k.lower() != "content-length"}
    if fault.shape == "xml":
        headers = {k: v for k, v in headers.items() if k.lower() != "content-type"} | {"Content-Type": XML}
    return Response(response.status, headers, body)


def _spoil(body: bytes, shape: str) -> bytes:
    if shape in _NUMBERS:
        return _number(body, _NUMBERS[shape])
    if shape in _RAW:
        return _inside_text(body, _RAW[shape])
    if shape == "duplicate_keys":
        return _twice(body)
    if shape == "xml":
        return _XML_BODY
    return b"" if shape == "empty" else body[: len(body) // 2]


_NUMBERS = {"nan": b"NaN", "infinity": b"Infinity", "huge_number": b"1e400"}
_RAW = {"bad_utf8": b"\xff\xfe\xc3(", "nul": b"\x00"}
