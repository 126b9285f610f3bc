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
        """The entry as it stands in `Fault.Error`, keys in the vendor's order."""
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
        """The code of its first error: `6000`, `2500`, ..."""
        return self.errors[0].code

    def body(self) -> Json:
        """The content of `Fault`: errors, then type (reference 12.1)."""
        return {"Error": [error.body() for error in self.errors], "type": self.kind}


def fault(code: str, message: str, detail: str, element: str | None = "", **more: Any) -> Fault:
    """A fault of one error; `more` are its type and status, where they are not ValidationFault and 400."""
    return Fault([FaultError(code, message, detail, element)], **more)


def unsupported(what: str) -> Fault:
    """500 Unsupported Operation, answered with HTTP 400: no such entity or operation (reference 12.2)."""
    return fault("500", "Unsupported Operation", f"Operation {what} is not supported.", None)


def bad_encoding() -> Fault:
    """500 for a body that is no UTF-8."""
    return fault("500", "Unsupported Operation", "The request body is not valid UTF-8.", None)


def not_found() -> Fault:
    """610: no such record, or an inactive one that cannot be used here."""
    detail = (
        "Object Not Found : Something you're trying to use has been made inactive. "
        "Check the fields with accounts, customers, items, vendors or employees."
    )
    return fault("610", "Object Not Found", detail)


def unknown_property(name: str) -> Fault:
    """2010: a body that cannot be read, or a field that the record has not."""
    detail = f"Property Name:{name} specified is unsupported or invalid"
    return fault("2010", "Request has invalid or unsupported property", detail, None)


def missing(element: str) -> FaultError:
    """2020: a parameter that must be there is not."""
    detail = f"Required parameter {element} is missing in the request"
    return FaultError("2020", "Required param missing, need to supply the required value for the API", detail, element)


def invalid_id(element: str, value: object) -> FaultError:
    """2030: an id that is no number, or of no record."""
    return FaultError("2030", "Invalid ID", f"Invalid ID : {str(value)[:60]}", element)


def unsupported_value(element: str, detail: str) -> FaultError:
    """2040: a value that the field does not take."""
    return FaultError("2040", "Unsupported Value", detail, element)


def too_long(element: str, limit: int, length: int) -> FaultError:
    """2050: a text longer than `limit`, or too many lines or items."""
    detail = f"Min:0 Max:{limit} supported. Supplied length:{length}"
    return FaultError(
        "2050", "String length is either shorter or longer than supported by specification", detail, element
    )


def illegal_number(element: str, value: object) -> FaultError:
    """2080: no number, or one that cannot stand here."""
    detail = f"Illegal number format specified. Supplied value:{str(value)[:60]}"
    return FaultError("2080", "Illegal number format specified", detail, element)


def illegal_date(element: str, value: object) -> FaultError:
    """2090: no day of the calendar as `YYYY-MM-DD`."""
    detail = f"Illegal date format specified. Supplied value:{str(value)[:60]}"
    return FaultError("2090", "Illegal date format specified", detail, element)


def invalid_enumeration(element: str, value: object) -> FaultError:
    """2170: none of the values that the field knows."""
    return FaultError("2170", "Invalid Enumeration", f"Invalid Enumeration : {str(value)[:60]}", element)


def invalid_reference(element: str, value: object, label: str = "") -> FaultError:
    """2500: the record that a reference names is not there, or not active. `label` is what the text calls it."""
    what = label or element
    return FaultError(
        "2500", "Invalid Reference Id", f"Invalid Reference Id : {what} element id {value} not found", element
    )


def parse_error(detail: str) -> Fault:
    """4000: the text of a query cannot be read."""
    return fault("4000", "Error parsing query", f"QueryParserError: {detail}", None)


def unknown_entity(name: str) -> Fault:
    """4001: a query for an entity that there is not."""
    return invalid_query(f"invalid context declaration: {name[:60]}")


def invalid_query(detail: str) -> Fault:
    """4001: a query that is well formed and cannot be asked."""
    return fault("4001", "Invalid query", f"QueryValidationError: {detail}", None)


def stale(user: str) -> Fault:
    """5010: the SyncToken is not the record's (reference 4.2); `user` is who changed it."""
    detail = (
        f"Stale Object Error : You and {user} were working on this at the same time. "
        f"{user} finished before you did, so your work was not saved."
    )
    return fault("5010", "Stale Object Error", detail)


def feature_missing(detail: str) -> Fault:
    """5020: the company has no such feature, or it is off (reference 12.2)."""
    return fault("5020", "Permission Denied Error", f"Permission Denied Error : {detail}")


def business(detail: str, element: str | None = "") -> Fault:
    """6000: a business rule; clients tell the cases apart by `detail` only (reference 12.2)."""
    return fault(
        "6000", "A business validation error has occurred while processing your request", _detail_of(detail), element
    )


def _detail_of(detail: str) -> str:
    return f"Business Validation Error: {detail}"


def duplicate_number(number: str, kind: str, txn_id: str) -> Fault:
    """6140: another transaction has the DocNumber; the text names it (reference 12.2)."""
    detail = (
        f"Duplicate Document Number Error : You must specify a different number. This number has already been used. "
        f"DocNumber={number} is assigned to TxnType={kind} with TxnId={txn_id}"
    )
    return fault("6140", "Duplicate Document Number Error", detail)


def too_deep() -> Fault:
    """6180: more than five levels of sub-records."""
    return fault("6180", "Nesting Level Error", "Nesting Level Error : Only five levels are supported.")


def lost_access() -> Fault:
    """120, HTTP 401: whoever connected the app may no longer administer the company."""
    detail = "Authorization Failure : The user who connected the app is no longer an administrator of the company."
    return fault("120", "Authorization Failure", detail, None, kind="AuthorizationFault", status=401)


def subscription_ended() -> Fault:
    """6190: the company's subscription has ended or is not paid."""
    detail = "Subscription period has ended or canceled or there was a billing problem"
    return fault("6190", "Invalid Company Status", f"Invalid Company Status : {detail}")


def closed_books(day: str, code: str = "6210") -> Fault:
    """6210, or another code by switch: a date on or before the closing day."""
    detail = (
        "The account period has closed and the account books cannot be updated through the QBO Services API. "
        f"Please use the QBO website to make these changes. : The books are closed on {day}"
    )
    return fault(code, "Account Period Closed, Cannot Update Through Services API", detail)


def duplicate_name() -> Fault:
    """6240: another list record has the name (reference 12.2)."""
    return fault("6240", "Duplicate Name Exists Error", "The name supplied already exists. : null", None)


def deposited() -> Fault:
    """6540: it lies in a deposit and must be taken out of it first."""
    detail = (
        "The transaction you are attempting to modify has been deposited : "
        "If you want to change or delete it, you must edit the deposit it appears on and remove it first."
    )
    return fault("6540", "Deposited Transaction cannot be changed", detail)


def account_type_not_allowed(element: str) -> Fault:
    """6430: an account of a type that does not fit here."""
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
    """10000, HTTP 500: whether the write was done is not told."""
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
    """3001, HTTP 429: the limits of section 10."""
    message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    error = FaultError("3001", message, "The request limit was reached. Try again later", None)
    return Fault([error], kind="SERVICE", status=429)
