"""From a JSON value to what is stored: types, lengths, ranges, picklists (salesforce reference 2.5, 2.6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_emulators.salesforce import ids, numbers, times
from ml_emulators.salesforce.errors import ApiError, bad_json, integrity
from ml_emulators.salesforce.org import Switches
from ml_emulators.salesforce.schema import Field

_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"]+@[^@\s,;<>()\[\]\"]+\.[A-Za-z0-9-]{2,}\Z")
_INT_LIMIT = 2**31


def _unreadable(field: Field, value: Any, kind: str) -> ApiError:
    shown = "START_OBJECT" if isinstance(value, dict) else "VALUE_STRING"
    text = "" if isinstance(value, dict | list) else f" value {value}"
    return bad_json(
        f"Cannot deserialize instance of {kind} from {shown}{text} or request may be missing a required "
        f"field at [line:1, column:1] for field {field.name}"
    )


def _text(field: Field, value: Any, switches: Switches) -> str | None:
    if isinstance(value, dict | list):
        raise _unreadable(field, value, "string")
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    text = shown.strip() if switches.trim_text else shown
    if len(text) > field.length:
        message = f"{field.label}: data value too large: {text} (max length={field.length})"
        raise ApiError("STRING_TOO_LONG", message, fields=[field.name])
    return text or None


def _email(field: Field, value: Any, switches: Switches) -> str | None:
    text = _text(field, value, switches)
    if text is not None and not _EMAIL.match(text):
        message = f"{field.label}: invalid email address: {text}"
        raise ApiError("INVALID_EMAIL_ADDRESS", message, fields=[field.name])
    return text


def _pick(field: Field, value: Any, switches: Switches) -> str | None:
    text = _text(field, value, switches)
    if text is None or not field.restricted or not field.values:
        return text
    return _known(field, text)


def _picks(field: Field, value: Any, switches: Switches) -> str | None:
    """Several values with `;` between them."""
    text = _text(field, value, switches)
    if text is None or not field.restricted:
        return text
    return ";".join(_known(field, part.strip()) for part in text.split(";") if part.strip()) or None


def _known(field: Field, text: str) -> str:
    """The value as the list has it. Raises INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST."""
    for known in field.values:
        if known.lower() == text.lower():
            return known
    raise bad_pick(field, text)


def bad_pick(field: Field, text: str) -> ApiError:
    """INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST for a value that the list has not (reference 2.6)."""
    message = f"{field.label}: bad value for restricted picklist field: {text}"
    return ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=[field.name])


def _flag(field: Field, value: Any, _switches: Switches) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise _unreadable(field, value, "boolean")
    return value


def _too_big(field: Field, value: Any) -> ApiError:
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return ApiError("NUMBER_OUTSIDE_VALID_RANGE", message, fields=[field.name])


def _number(field: Field, value: Any, switches: Switches) -> Decimal | None:
    if value == "":
        return None
    parsed = numbers.parse(value)
    if parsed is None:
        raise _unreadable(field, value, "double")
    try:
        tidy = numbers.tidy(parsed, field.scale if switches.round_to_scale else numbers.MOST_PLACES)
    except InvalidOperation:
        raise _too_big(field, value) from None
    if tidy.adjusted() >= field.precision - field.scale and tidy:
        raise _too_big(field, value)
    return tidy


def _integer(field: Field, value: Any, _switches: Switches) -> int | None:
    if value == "":
        return None
    parsed = numbers.parse(value)
    if parsed is None or (parsed.adjusted() < 20 and parsed != parsed.to_integral_value()):
        raise _unreadable(field, value, "int")
    if not -_INT_LIMIT <= parsed < _INT_LIMIT:
        raise _too_big(field, value)
    return int(parsed)


def _day(field: Field, value: Any, _switches: Switches) -> str | None:
    if value == "":
        return None
    parsed = times.parse_date(value) if isinstance(value, str) else None
    if parsed is None:
        raise _unreadable(field, value, "date")
    return parsed


def _moment(field: Field, value: Any, _switches: Switches) -> str | None:
    if value == "":
        return None
    parsed = times.parse_instant(value) if isinstance(value, str) else None
    if parsed is None:
        raise _unreadable(field, value, "datetime")
    return times.stamp(parsed)


def _reference(field: Field, value: Any, _switches: Switches) -> str | None:
    if value == "":
        return None
    record_id = ids.normalise(value) if isinstance(value, str) else None
    if record_id is None:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise ApiError("MALFORMED_ID", message, fields=[field.name])
    return record_id


def _compound(field: Field, _value: Any, _switches: Switches) -> None:
    raise integrity(f"{field.label}: compound fields are read-only, write their parts", field.name)


_Coerce = Callable[[Field, Any, Switches], Any]
_BY_TYPE: dict[str, _Coerce] = {
    **dict.fromkeys(("string", "textarea", "phone", "url", "combobox"), _text),
    **dict.fromkeys(("double", "currency", "percent"), _number),
    **dict.fromkeys(("id", "reference"), _reference),
    "email": _email,
    "picklist": _pick,
    "multipicklist": _picks,
    "boolean": _flag,
    "int": _integer,
    "date": _day,
    "datetime": _moment,
    "address": _compound,
}


def coerce(field: Field, value: Any, switches: Switches) -> Any:
    """The stored form of `value`; None means null. Raises the API's error for what does not fit."""
    if value is not None:
        return _BY_TYPE[field.type](field, value, switches)
    if field.type != "boolean":
        return None
    if switches.null_checkbox == "error":
        raise _unreadable(field, "null", "boolean")
    return False
