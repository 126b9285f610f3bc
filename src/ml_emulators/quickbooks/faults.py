"""The faults of the service: HTTP 400 (or 500) with a `Fault` body (reference section 12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ml_emulators.quickbooks.values import Json


@dataclass(frozen=True)
class FaultError:
    """One entry of `Fault.Error`; `element` None leaves the key out."""

    code: str
    message: str
    detail: str
    element: str | None = ""

    def body(self) -> Json:
        body: Json = {"Message": self.message, "Detail": self.detail, "code": self.code}
        if self.element is not None:
            body["element"] = self.element
        return body


class Fault(Exception):
    """A refusal by the service; raised inside the rules, answered as a `Fault` body, raised out of `act`."""

    def __init__(
        self, errors: Iterable[FaultError], kind: str = "ValidationFault", status: int = 400, *, whole: bool = False
    ) -> None:
        """`whole`: it ends a batch, instead of one item of it."""
        self.errors = tuple(errors)
        self.kind = kind
        self.status = status
        self.whole = whole
        super().__init__("; ".join(f"{error.code} {error.detail}" for error in self.errors))

    @property
    def code(self) -> str:
        return self.errors[0].code

    def body(self) -> Json:
        return {"Error": [error.body() for error in self.errors], "type": self.kind}


def fault(code: str, message: str, detail: str, element: str | None = "", **more: Any) -> Fault:
    return Fault([FaultError(code, message, detail, element)], **more)


def unsupported(what: str) -> Fault:
    return fault("500", "Unsupported Operation", f"Operation {what} is not supported.", None)


def bad_encoding() -> Fault:
    return fault("500", "Unsupported Operation", "The request body is not valid UTF-8.", None)


def not_found() -> Fault:
    detail = (
        "Object Not Found : Something you're trying to use has been made inactive. "
        "Check the fields with accounts, customers, items, vendors or employees."
    )
    return fault("610", "Object Not Found", detail)


def unknown_property(name: str) -> Fault:
    detail = f"Property Name:{name} specified is unsupported or invalid"
    return fault("2010", "Request has invalid or unsupported property", detail, None)


def missing(element: str) -> FaultError:
    detail = f"Required parameter {element} is missing in the request"
    return FaultError("2020", "Required param missing, need to supply the required value for the API", detail, element)


def invalid_id(element: str, value: object) -> FaultError:
    return FaultError("2030", "Invalid ID", f"Invalid ID : {str(value)[:60]}", element)


def unsupported_value(element: str, detail: str) -> FaultError:
    return FaultError("2040", "Unsupported Value", detail, element)


def too_long(element: str, limit: int, found: int) -> FaultError:
    detail = f"Min:0 Max:{limit} supported. Supplied length:{found}"
    return FaultError(
        "2050", "String length is either shorter or longer than supported by specification", detail, element
    )


def illegal_number(element: str, value: object) -> FaultError:
    detail = f"Illegal number format specified. Supplied value:{str(value)[:60]}"
    return FaultError("2080", "Illegal number format specified", detail, element)


def illegal_date(element: str, value: object) -> FaultError:
    detail = f"Illegal date format specified. Supplied value:{str(value)[:60]}"
    return FaultError("2090", "Illegal date format specified", detail, element)


def invalid_enumeration(element: str, value: object) -> FaultError:
    return FaultError("2170", "Invalid Enumeration", f"Invalid Enumeration : {str(value)[:60]}", element)


def invalid_reference(element: str, value: object, label: str = "") -> FaultError:
    what = label or element
    return FaultError(
        "2500", "Invalid Reference Id", f"Invalid Reference Id : {what} element id {value} not found", element
    )


def parse_error(detail: str) -> Fault:
    return fault("4000", "Error parsing query", f"QueryParserError: {detail}", None)


def unknown_entity(name: str) -> Fault:
    return invalid_query(f"invalid context declaration: {name[:60]}")


def invalid_query(detail: str) -> Fault:
    return fault("4001", "Invalid query", f"QueryValidationError: {detail}", None)


def stale(user: str) -> Fault:
    detail = (
        f"Stale Object Error : You and {user} were working on this at the same time. "
        f"{user} finished before you did, so your work was not saved."
    )
    return fault("5010", "Stale Object Error", detail)


def feature_missing(detail: str) -> Fault:
    return fault("5020", "Permission Denied Error", f"Permission Denied Error : {detail}")


def business(detail: str, element: str | None = "") -> Fault:
    return fault(
        "6000", "A business validation error has occurred while processing your request", detail_of(detail), element
    )


def detail_of(detail: str) -> str:
    return f"Business Validation Error: {detail}"


def duplicate_number(number: str, kind: str, txn_id: str) -> Fault:
    detail = (
        f"Duplicate Document Number Error : You must specify a different number. This number has already been used. "
        f"DocNumber={number} is assigned to TxnType={kind} with TxnId={txn_id}"
    )
    return fault("6140", "Duplicate Document Number Error", detail)


def too_deep() -> Fault:
    return fault("6180", "Nesting Level Error", "Nesting Level Error : Only five levels are supported.")


def lost_access() -> Fault:
    detail = "Authorization Failure : The user who connected the app is no longer an administrator of the company."
    return fault("120", "Authorization Failure", detail, None, kind="AuthorizationFault", status=401)


def subscription_ended() -> Fault:
    detail = "Subscription period has ended or canceled or there was a billing problem"
    return fault("6190", "Invalid Company Status", f"Invalid Company Status : {detail}")


def closed_books(day: str, code: str = "6210") -> Fault:
    detail = (
        "The account period has closed and the account books cannot be updated through the QBO Services API. "
        f"Please use the QBO website to make these changes. : The books are closed on {day}"
    )
    return fault(code, "Account Period Closed, Cannot Update Through Services API", detail)


def duplicate_name() -> Fault:
    return fault("6240", "Duplicate Name Exists Error", "The name supplied already exists. : null", None)


def deposited() -> Fault:
    detail = (
        "The transaction you are attempting to modify has been deposited : "
        "If you want to change or delete it, you must edit the deposit it appears on and remove it first."
    )
    return fault("6540", "Deposited Transaction cannot be changed", detail)


def account_type_not_allowed(element: str) -> Fault:
    return fault(
        "6430", "Invalid account type", "Invalid account type : This account type is not allowed here.", element
    )


def processing_error(detail: str) -> Fault:
    """A record is there and cannot be answered: what queries and change capture say."""
    return fault("4002", "Error processing query", f"QueryProcessingError: {detail}", None)


def ordered(status: int, code: str, message: str, element: str, *, whole: bool) -> Fault:
    """What the control door ordered; without a code it is a system failure from 500 on, else a business validation."""
    usual = system_failure() if status >= 500 else business("Ordered.")
    plain = usual.errors[0]
    error = FaultError(code or plain.code, message or plain.message, message or plain.detail, element)
    return Fault([error], usual.kind, status, whole=whole)


def system_failure() -> Fault:
    detail = "System Failure Error: An unexpected error occurred."
    return fault(
        "10000",
        "An application error has occurred while processing your request",
        detail,
        None,
        kind="SystemFault",
        status=500,
    )


def throttled() -> Fault:
    message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    error = FaultError("3001", message, "The request limit was reached. Try again later", None)
    return Fault([error], kind="SERVICE", status=429)
