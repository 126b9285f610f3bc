"""Readers of request fields: each turns what a client sent into what is kept, or notes the fault.

A reader gets the value, the element's name and the list of faults. It returns the cleaned value, or None
when the field counts as absent (also for null and for an empty text).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.faults import FaultError
from ml_emulators.quickbooks.kinds.references import PARTIES
from ml_emulators.quickbooks.values import Json, Number, Unreadable, bare, money, parse_day

Problems = list[FaultError]
Reader = Callable[[Any, str, Problems], Any]

_MAX_DIGITS = 15


def text(limit: int, forbidden: str = "") -> Reader:
    """A text of at most `limit` characters (2050) without any of the `forbidden` ones (2040); spaces around it go."""

    def read(value: Any, element: str, problems: Problems) -> str | None:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            problems.append(faults.unsupported_value(element, f"{element} must be a text."))
            return None
        content = str(value)
        if len(content) > limit:
            problems.append(faults.too_long(element, limit, len(content)))
        if any(sign in content for sign in forbidden):
            problems.append(faults.unsupported_value(element, f"{element} has a character that is not allowed."))
        return content.strip() or None

    return read


def flag(value: Any, element: str, problems: Problems) -> bool | None:
    """True or false, also as a text in any case; 2170 for anything else."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        problems.append(faults.invalid_enumeration(element, value))
        return None
    return value


def decimal(value: Any) -> Decimal:
    """The number a client meant, given as number or text of at most 15 digits; raises Unreadable."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Unreadable(value)
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise Unreadable(value) from error
    if (
        not number.is_finite()
        or number.adjusted() >= _MAX_DIGITS
        or len(number.normalize().as_tuple().digits) > _MAX_DIGITS
    ):
        raise Unreadable(value)
    return number


def _numeric(finish: Callable[[Decimal], Number]) -> Reader:
    def read(value: Any, element: str, problems: Problems) -> Number | None:
        try:
            return finish(decimal(value))
        except Unreadable:
            problems.append(faults.illegal_number(element, value))
            return None

    return read


amount = _numeric(money)
number = _numeric(bare)


def day(value: Any, element: str, problems: Problems) -> str | None:
    """A day as `YYYY-MM-DD`, kept as text; 2090 for anything else."""
    try:
        if not isinstance(value, str):
            raise Unreadable(value)
        return parse_day(value)
    except Unreadable:
        problems.append(faults.illegal_date(element, value))
        return None


def choice(*allowed: str) -> Reader:
    """One of the allowed texts, in exactly this spelling; 2170 for any other."""

    def read(value: Any, element: str, problems: Problems) -> str | None:
        if value not in allowed:
            problems.append(faults.invalid_enumeration(element, value))
            return None
        return str(value)

    return read


def ref(value: Any, element: str, problems: Problems) -> Json | None:
    """A reference keeps its `value`; the name is QuickBooks' own business."""
    target = value.get("value") if isinstance(value, dict) else value
    if isinstance(target, bool) or not isinstance(target, str | int) or len(str(target)) > 40:
        problems.append(faults.invalid_reference(element, str(target)[:40]))
        return None
    return {"value": str(target).strip()} if str(target).strip() else None


def party(value: Any, element: str, problems: Problems) -> Json | None:
    """A reference to a customer, vendor or employee that also says which of them."""
    reference = ref(value, element, problems)
    kind = value.get("type") if isinstance(value, dict) else None
    return {**reference, "type": kind} if reference is not None and kind in PARTIES else reference


def group(fields: Mapping[str, Reader], check: Callable[[Json, str, Problems], None] | None = None) -> Reader:
    """A nested object with known parts; unknown parts are dropped, an empty result counts as absent."""

    def read(value: Any, element: str, problems: Problems) -> Json | None:
        if not isinstance(value, dict):
            problems.append(faults.unsupported_value(element, f"{element} must be an object."))
            return None
        cleaned = read_known(fields, value, problems, element + ".")
        if cleaned and check is not None:
            check(cleaned, element, problems)
        return cleaned or None

    return read


def read_known(fields: Mapping[str, Reader], body: Json, problems: Problems, prefix: str = "") -> Json:
    """Clean the known fields of `body`; absent, null and empty ones are left out."""
    cleaned: Json = {}
    for name, reader in fields.items():
        value = body.get(name)
        if value is None or value == "":
            continue
        kept = reader(value, prefix + name, problems)
        if kept is not None:
            cleaned[name] = kept
    return cleaned


def _check_email(body: Json, element: str, problems: Problems) -> None:
    address = body.get("Address", "")
    if "@" not in address or "." not in address:
        detail = f"Email address does not conform to the syntax rules : {address}"
        problems.append(faults.unsupported_value(element, detail))


ADDRESS_PARTS = ("Line1", "Line2", "Line3", "Line4", "Line5", "City", "Country", "CountrySubDivisionCode", "PostalCode")
_ADDRESS_LIMITS = {"City": 255, "Country": 255, "CountrySubDivisionCode": 255, "PostalCode": 30}

_ALL_LINES = 2000


def _check_lines(body: Json, element: str, problems: Problems) -> None:
    count = sum(len(value) for part, value in body.items() if part.startswith("Line"))
    if count > _ALL_LINES:
        problems.append(faults.too_long(element, _ALL_LINES, count))


address = group({part: text(_ADDRESS_LIMITS.get(part, 500)) for part in ADDRESS_PARTS}, _check_lines)
email = group({"Address": text(100)}, _check_email)
phone = group({"FreeFormNumber": text(30)})
web = group({"URI": text(1000)})
memo = group({"value": text(1000)})


_DEEPEST = 12


def anything(value: Any, element: str, problems: Problems) -> Any:
    """Kept as it came, unless it is nested beyond reason."""
    if _deeper_than(value, _DEEPEST):
        problems.append(faults.unsupported_value(element, f"{element} is nested too deeply."))
        return None
    return value


def _deeper_than(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(part, levels - 1) for part in inner)


def objects(fields: Mapping[str, Reader]) -> Reader:
    """A list of objects with known parts."""

    def read(value: Any, element: str, problems: Problems) -> list[Json] | None:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            problems.append(faults.unsupported_value(element, f"{element} must be a list of objects."))
            return None
        return [read_known(fields, item, problems, element + ".") for item in value]

    return read


linked = objects({"TxnId": text(20), "TxnType": text(30), "TxnLineId": text(20)})
_tax_line: dict[str, Reader] = {"Amount": amount, "DetailType": text(30), "TaxLineDetail": anything}
tax_detail = group({"TxnTaxCodeRef": ref, "TotalTax": amount, "TaxLine": objects(_tax_line)})
