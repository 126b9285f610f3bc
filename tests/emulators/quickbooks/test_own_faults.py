"""A mistake in the emulator comes out as what it is: no part of it is turned into a refusal by the vendor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_emulators.kit.wire import Request
from ml_emulators.quickbooks import answers, attachments, registry
from ml_emulators.quickbooks.kinds import fields
from ml_emulators.quickbooks.kinds.queryable import QueryField
from ml_emulators.quickbooks.query import cdc, parse, run
from ml_emulators.quickbooks.rules import auxiliary
from ml_emulators.quickbooks.rules.rulebook import RULES
from ml_emulators.quickbooks.signin.tokens import Authority

from .client import Client

MISTAKES = [TypeError, ValueError, KeyError, AttributeError, IndexError, ArithmeticError, AssertionError, UnicodeError]
Call = Callable[[Client], Any]
_ITEM = {"bId": "1", "operation": "create", "Customer": {"DisplayName": "A"}}
_XML = b"<Customer><DisplayName>A</DisplayName></Customer>"
_UPLOAD = b'--b\r\nContent-Disposition: form-data; name="file_content_0"\r\n\r\nx\r\n--b--'


def _xml(client: Client) -> Any:
    return client.send("POST", "/customer", _XML, {"content-type": "application/xml"})


def _upload(client: Client) -> Any:
    return client.send("POST", "/upload", _UPLOAD, {"content-type": "multipart/form-data; boundary=b"})


PLACES: dict[str, tuple[Any, str, Call]] = {
    "a rule": (RULES["Customer"], "complete", lambda client: client.send("POST", "/customer", {"DisplayName": "A"})),
    "a rule, by XML": (RULES["Customer"], "complete", _xml),
    "a batch item": (
        RULES["Customer"],
        "after_save",
        lambda c: c.send("POST", "/batch", {"BatchItemRequest": [_ITEM]}),
    ),
    "the screens": (
        RULES["Customer"],
        "complete",
        lambda client: client.server.act({"op": "create", "kind": "Customer", "body": {"DisplayName": "A"}}),
    ),
    "reading a query": (parse, "_checked", lambda client: client.send("GET", "/query", query="select * from Item")),
    "a literal": (
        QueryField,
        "literal",
        lambda client: client.send("GET", "/query", query="select * from Term where Name = '7'"),
    ),
    "running a query": (run, "_scope", lambda client: client.send("GET", "/query", query="select count(*) from Class")),
    "changes": (
        cdc,
        "_changes",
        lambda client: client.send("GET", "/cdc", entities="Item", changedSince="2026-11-22"),
    ),
    "a rate": (auxiliary, "_rate", lambda client: client.send("GET", "/exchangerate", sourcecurrencycode="EUR")),
    "an upload": (attachments, "_take", _upload),
    "an answer": (answers, "_encode", lambda client: client.send("GET", "/customer/1")),
    "a token": (Authority, "refresh", lambda client: client.renew()),
    "a revocation": (
        Authority,
        "revoke",
        lambda client: client.server.handle(
            Request("POST", "/v2/oauth2/tokens/revoke", headers={"authorization": client.basic()}, body=b"{}")
        ),
    ),
    "a new company": (registry, "open_company", lambda client: client.server.act({"op": "open_company", "body": {}})),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_no_refusal(
    qbo: Client, monkeypatch: pytest.MonkeyPatch, place: str, mistake: type[Exception]
) -> None:
    owner, name, call = PLACES[place]

    def wrong(*args: Any, **more: Any) -> Any:
        raise mistake("planted")

    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises(mistake, match="planted"):
        call(qbo)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_reader_of_queries_is_no_syntax_error(
    qbo: Client, monkeypatch: pytest.MonkeyPatch, mistake: type[Exception]
) -> None:
    def wrong(token: str) -> str:
        raise mistake("planted")

    monkeypatch.setattr(parse, "_unquote", wrong)
    with pytest.raises(mistake, match="planted"):
        qbo.send("GET", "/query", query=f"select * from Item where Name = '{mistake.__name__}'")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_number_is_no_bad_number(mistake: type[Exception]) -> None:
    def wrong(value: Any) -> Any:
        raise mistake("planted")

    with pytest.raises(mistake, match="planted"):
        fields._numeric(wrong)(1, "UnitPrice", [])
