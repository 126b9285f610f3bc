"""`/composite`: up to 25 calls in one, that may use each other's answers (salesforce reference 2.8)."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from ml_emulators.salesforce.calls import Answer, Call, as_flag
from ml_emulators.salesforce.errors import ApiError, Malformed, bad_json, not_found
from ml_emulators.salesforce.world import Tx

Dispatch = Callable[[Call], Answer]
_MOST_CALLS = 25
_MOST_HEAVY = 5
_REFERENCE = re.compile(r"@\{(\w+)((?:\.[^.\[\]{}]+|\[\d+\])*)\}")
_STEP = re.compile(r"\.([^.\[\]{}]+)|\[(\d+)\]")
_NAME = re.compile(r"\w+\Z")
_VERSION = re.compile(r"v\d+\.\d\Z")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


class Halted(ApiError):
    """A call that was not made, or was undone, because of another one."""

    def __init__(self, message: str = _HALTED) -> None:
        super().__init__("PROCESSING_HALTED", message)


def _look_up(reference: re.Match[str], answers: dict[str, Any]) -> Any:
    name = reference[1]
    value = answers.get(name)
    for key, place in _STEP.findall(reference[2]):
        if key and isinstance(value, dict) and key in value:
            value = value[key]
        elif place and isinstance(value, list) and int(place) < len(value):
            value = value[int(place)]
        else:
            value = None
            break
    if value is None or isinstance(value, dict | list):
        path = reference[0][2:-1]
        raise Halted(f"Invalid reference specified. No value for {path} found in {name}")
    return Decimal(bytes(value).decode()) if isinstance(value, msgspec.Raw) else value


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def fill(value: Any, answers: dict[str, Any]) -> Any:
    """The value with every `@{name.path}` in it replaced. Raises `Halted`."""
    if isinstance(value, str):
        whole = _REFERENCE.fullmatch(value)
        if whole:
            return _look_up(whole, answers)
        return _REFERENCE.sub(lambda reference: _text_of(_look_up(reference, answers)), value)
    if isinstance(value, dict):
        return {key: fill(inner, answers) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, answers) for inner in value]
    return value


def names_used(value: Any) -> set[str]:
    """Which other calls a call refers to."""
    if isinstance(value, str):
        return {reference[1] for reference in _REFERENCE.finditer(value)}
    if isinstance(value, dict):
        return set().union(*map(names_used, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(names_used, value)) if value else set()
    return set()


def check_entries(entries: Any, most: int) -> list[dict[str, Any]]:
    """The calls of a composite or graph, each with method, url and a name of its own."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise bad_json("The request needs a list of subrequests")
    if len(entries) > most:
        text = f"You can't make more than {most} subrequests in one request"
        raise ApiError("LIMIT_EXCEEDED", text)
    seen: set[str] = set()
    for entry in entries:
        if not all(isinstance(entry.get(key), str) for key in ("method", "url", "referenceId")):
            raise bad_json("Each subrequest needs method, url and referenceId")
        name = entry["referenceId"]
        if not _NAME.match(name) or name in seen:
            raise Malformed("INVALID_INPUT", f"The referenceId is not valid or not unique: {name}")
        seen.add(name)
    return entries


def split_url(url: str) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """`/services/data/v67.0/query?q=...` -> version, path parts, parameters. Raises 404."""
    path, _, query = url.partition("?")
    parts = [unquote(part) for part in path.split("/") if part]
    if parts[:2] != ["services", "data"] or len(parts) < 4 or not _VERSION.match(parts[2]):
        raise not_found()
    return parts[2], tuple(parts[3:]), dict(parse_qsl(query, keep_blank_values=True))


def _is_heavy(entry: dict[str, Any]) -> bool:
    """Queries and collections, of which a composite may hold few."""
    path = entry["url"].partition("?")[0]
    return "/query" in path or "/composite/sobjects" in path


def perform(call: Call, entry: dict[str, Any], answers: dict[str, Any], dispatch: Dispatch) -> Answer:
    """One inner call; its failure is an answer too."""
    try:
        version, parts, params = split_url(fill(entry["url"], answers))
        if parts[0] == "composite" and parts[1:2] != ("sobjects",):
            raise not_found()
        given = fill(entry.get("body"), answers)
        headers = call.headers | _headers_of(entry)
        inner = call.sub(
            method=entry["method"].upper(), version=version, parts=parts, params=params, given=given, headers=headers
        )
        return dispatch(inner)
    except ApiError as error:
        return Answer(error.status, error.inner_body())


def _headers_of(entry: dict[str, Any]) -> dict[str, str]:
    given = entry.get("httpHeaders")
    if not isinstance(given, dict):
        return {}
    return {str(name).lower(): str(value) for name, value in given.items() if name.lower() != "authorization"}


def shown(entry: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """How an inner call's answer stands in the list of a composite (reference 2.8)."""
    return {
        "body": answer.body,
        "httpHeaders": answer.headers,
        "httpStatusCode": answer.status,
        "referenceId": entry["referenceId"],
    }


def run_entries(
    call: Call, entries: list[dict[str, Any]], dispatch: Dispatch, *, all_or_none: bool, outer: Tx | None
) -> tuple[list[dict[str, Any]], bool]:
    """All calls in order: (what is shown, whether all went well). With `all_or_none` the rest is halted."""
    answers: dict[str, Any] = {}
    results: list[tuple[dict[str, Any], Answer]] = []
    broken: int | None = None
    within = call.sub(outer=outer) if outer is not None else call
    for place, entry in enumerate(entries):
        if broken is not None and all_or_none:
            break
        answer = perform(within, entry, answers, dispatch)
        results.append((entry, answer))
        if answer.status < 300:
            answers[entry["referenceId"]] = answer.body
        elif broken is None:
            broken = place
    if broken is not None and all_or_none:
        return [_halted(entry, results, place, broken) for place, entry in enumerate(entries)], False
    return [shown(entry, answer) for entry, answer in results], broken is None


def _halted(
    entry: dict[str, Any], results: list[tuple[dict[str, Any], Answer]], place: int, broken: int
) -> dict[str, Any]:
    if place == broken:
        return shown(entry, results[place][1])
    return shown(entry, Answer(400, Halted().inner_body()))


def composite(call: Call, dispatch: Dispatch) -> Answer:
    """`POST /composite`. 25 calls, 5 of them queries or collections; with allOrNone one failure undoes all (2.8)."""
    call.only("POST")
    body = call.object_body()
    entries = check_entries(body.get("compositeRequest"), _MOST_CALLS)
    if sum(map(_is_heavy, entries)) > _MOST_HEAVY:
        text = f"You can't have more than {_MOST_HEAVY} query or collection subrequests in one request"
        raise ApiError("LIMIT_EXCEEDED", text)
    all_or_none = as_flag(body.get("allOrNone", False))
    with call.work() if all_or_none else nullcontext(None) as tx:
        start = tx.savepoint() if tx else 0
        results, well = run_entries(call, entries, dispatch, all_or_none=all_or_none, outer=tx)
        if tx is not None and not well:
            tx.rollback(start)
    return Answer(200, {"compositeResponse": results})
