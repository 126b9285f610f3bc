"""Webhooks: verified on raw bytes, read in both formats, and only ever a knock."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.errors import BadAnswer
from ml_connector.systems.quickbooks.webhooks import is_signed, parse
from support.network import START

TOKEN = "verifier"
EVENT = {
    "specversion": "1.0", "id": "0d2c-Customer-12", "source": "intuit.AbC=", "type": "qbo.customer.updated.v1",
    "time": "2026-11-22T17:31:25.179851517Z", "intuitentityid": "12", "intuitaccountid": "4620", "data": {},
}  # fmt: skip


def sign(body: bytes) -> str:
    return base64.b64encode(hmac.new(TOKEN.encode(), body, hashlib.sha256).digest()).decode()


def knocks(body: Any) -> dict[str, list[str]]:
    found = parse(msgspec.json.encode(body), START)
    return {realm: [str(change.ref) for change in changes] for realm, changes in found.changes.items()}


def test_only_our_token_signs() -> None:
    body = b'{"a": 1}'

    assert is_signed(body, sign(body), TOKEN)
    assert not is_signed(body + b" ", sign(body), TOKEN)
    assert not is_signed(body, sign(body), "other")
    assert not is_signed(body, sign(body), "")
    assert not is_signed(body, "", TOKEN)
    assert not is_signed(body, "é", TOKEN)


@given(st.binary(max_size=60), st.text(max_size=60))
def test_no_other_signature_is_taken(body: bytes, signature: str) -> None:
    assert is_signed(body, signature, TOKEN) == (signature.strip() == sign(body))


def test_cloud_events() -> None:
    found = parse(msgspec.json.encode([EVENT]), START)
    (change,) = found.changes["4620"]

    assert (str(change.ref), change.source) == ("quickbooks:Customer:12", "webhook")
    assert change.at == datetime(2026, 11, 22, 17, 31, 25, 179851, tzinfo=UTC)


def test_the_older_format() -> None:
    entities = [
        {"name": "Customer", "id": "12", "operation": "Update", "lastUpdated": "2026-05-01T10:00:00.000Z"},
        {
            "name": "Customer",
            "id": "13",
            "operation": "Merge",
            "lastUpdated": "2026-05-01T10:00:00-0700",
            "deletedId": "27",
        },
    ]
    body = {"eventNotifications": [{"realmId": "4620", "dataChangeEvent": {"entities": entities}}]}
    found = parse(msgspec.json.encode(body), START)

    assert knocks(body) == {"4620": ["quickbooks:Customer:12", "quickbooks:Customer:13", "quickbooks:Customer:27"]}
    assert [change.at.hour for change in found.changes["4620"]] == [10, 17, 17]


def test_companies_may_be_mixed_and_a_merge_knocks_on_both() -> None:
    other = {**EVENT, "intuitaccountid": "777", "type": "qbo.customer.merged.v1", "data": {"deletedid": "27"}}

    assert knocks([EVENT, other]) == {
        "4620": ["quickbooks:Customer:12"],
        "777": ["quickbooks:Customer:12", "quickbooks:Customer:27"],
    }


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("qbo.invoice.void.v1", "Invoice"),
        ("qbo.invoice.voided.v1", "Invoice"),
        ("qbo.journalentry.created.v1", "JournalEntry"),
        ("qbo.department.updated.v9", "Department"),
    ],
)
def test_any_verb_and_version_is_a_knock(kind: str, expected: str) -> None:
    assert knocks([{**EVENT, "type": kind}]) == {"4620": [f"quickbooks:{expected}:12"]}


def test_unknown_and_broken_events_do_not_stop_their_neighbours() -> None:
    strangers = [{**EVENT, "type": "qbo.hologram.created.v1"}, {**EVENT, "type": "payroll.x"}]
    broken = [7, {}, {**EVENT, "intuitentityid": None}, {**EVENT, "type": "nothing"}, {**EVENT, "intuitaccountid": ""}]
    found = parse(msgspec.json.encode([*strangers, *broken, EVENT]), START)

    assert [str(change.ref) for change in found.changes["4620"]] == ["quickbooks:Customer:12"]
    assert found.unknown == ("hologram", "payroll.x")
    assert found.broken == len(broken)


@pytest.mark.parametrize("time", [None, "", "soon", 17, "2026-11-22T10:00:00"])
def test_without_a_time_the_arrival_counts(time: Any) -> None:
    found = parse(msgspec.json.encode([{**EVENT, "time": time}]), START)

    assert found.changes["4620"][0].at == START


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"7", b'{"eventNotifications":{}}', b"<xml/>", b"[{]", b'[{"id":1,"id":2}]', b"\xff"]
)
def test_what_is_no_webhook_is_a_named_error(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        parse(body, START)


json = st.recursive(
    st.none() | st.integers() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(EVENT)), inner, max_size=4),
)


@given(st.lists(json, max_size=3))
def test_any_events_are_read_or_counted(events: list[Any]) -> None:
    found = parse(msgspec.json.encode(events, enc_hook=str), START)

    assert found.broken + len(found.unknown) + sum(map(len, found.changes.values())) >= bool(events)
