"""Real recorded answers decode. They lie outside the repository, and are read where they lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.model.errors import ReadRefused
from ml_connector.model.plans import Done
from ml_connector.systems import wire
from ml_connector.systems.salesforce.auth import read_versions
from ml_connector.systems.salesforce.calls import page_of, parts_of
from ml_connector.systems.salesforce.describe import read_object
from ml_connector.systems.salesforce.faults import error_of, outcome_of_item
from ml_connector.systems.salesforce.fitness import limit_finding
from ml_connector.systems.salesforce.records import SObject, decode, instant, long_id
from ml_connector.systems.salesforce.usage import Usage
from support.recordings import recording

from .org import NOON


def folder() -> Path:
    return recording("salesforce")


def exchanges_of(name: str) -> list[Any]:
    """Exchanges of one file of the developer org, bodies as `wire.loads` gives them."""
    exchanges = json.loads((folder() / "developer-org-2026" / f"{name}.json").read_text(), parse_float=Decimal)
    assert exchanges, name
    return list(exchanges)


def cassette(name: str) -> list[tuple[str, Any]]:
    """Address and decoded answer of each exchange of a cassette."""
    document = yaml.safe_load((folder() / "cumulusci-cassettes" / f"{name}.yaml").read_text())
    found = list(_exchanges(document))
    assert found, name
    return found


def _exchanges(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict) and "response" in node and "request" in node:
        text = node["response"]["body"]["string"]
        if text:
            yield node["request"]["uri"], wire.loads(text.encode(), "a recorded answer", strict=False)
        return
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _exchanges(inner)


def ids_in(record: SObject) -> Iterator[str]:
    yield record.id
    yield from (v for n, v in record.fields.items() if n.endswith("Id") and isinstance(v, str) and len(v) == 18)


@pytest.mark.parametrize("name", ["query-records", "opportunities"])
def test_query_pages(name: str) -> None:
    for exchange in exchanges_of(name):
        rows, following = page_of(exchange["response"]["body"])
        records = [decode(row) for row in rows]
        assert (len(records), following) == (exchange["response"]["body"]["totalSize"], "")
        assert all(long_id(found[:15]) == found for record in records for found in ids_in(record))
        for record in records:
            assert all(type(v) is Decimal for v in record.fields.values() if isinstance(v, int | float | Decimal))
            if "SystemModstamp" in record:
                assert instant(record.version).utcoffset() == timedelta(0)
                assert record.day("CloseDate") is not None


def test_a_whole_record_with_its_addresses() -> None:
    (exchange,) = exchanges_of("get-record")
    record = decode(exchange["response"]["body"])
    assert record.kind == "Account"
    assert isinstance(record["BillingAddress"], dict)
    assert record["IsDeleted"] is False
    assert isinstance(record.get("AnnualRevenue"), Decimal)
    assert instant(record.text("SystemModstamp")) == record.instant("SystemModstamp")


def test_rows_without_an_address_of_their_own() -> None:
    body = wire.loads((folder() / "restforce-fixtures" / "query_aggregate_success_response.json").read_bytes(), "sums")
    records = [decode(row) for row in page_of(body)[0]]
    assert {(record.kind, record.id) for record in records} == {("AggregateResult", "")}
    assert all(type(record.get("expr0")) is Decimal for record in records)


@pytest.mark.parametrize("name", ["create-sobject-collection", "create-record", "upsert-record"])
def test_answers_to_writes(name: str) -> None:
    for exchange in exchanges_of(name):
        body = exchange["response"]["body"]
        for item in body if isinstance(body, list) else [body]:
            outcome = outcome_of_item(item, "Account", "create")
            assert isinstance(outcome, Done)
            assert outcome.created


@pytest.mark.parametrize("name", ["TestUpsert.test_upsert__rest", "TestUpdatesIntegrationTests.test_updates_task"])
def test_collections(name: str) -> None:
    answers = [body for uri, body in cassette(name) if "/composite/sobjects" in uri]
    assert answers
    for body in answers:
        assert all(isinstance(outcome_of_item(item, "Contact", "upsert"), Done) for item in body)


def test_composite_answers_and_their_complaints() -> None:
    good, bad = (f"TestCompositeParallelSalesforce.test_{name}" for name in ("composite_parallel_salesforce", "errors"))
    parts = [part for uri, body in cassette(good) if uri.endswith("/composite") for part in parts_of(body).values()]
    assert parts
    assert all(part.ok and page_of(part.taken())[0] for part in parts)
    ((_, body),) = cassette(bad)
    (part,) = parts_of(body).values()
    error = error_of(part.status, part.body)
    assert isinstance(error, ReadRefused)
    assert (part.status, error.code) == (404, "NOT_FOUND")


def test_a_describe() -> None:
    ((_, body),) = cassette("GET_sobjects_Account_describe")
    account = read_object(body)
    assert (account.name, account.createable, account.queryable) == ("Account", True, True)
    assert {"Id", "Name", "BillingStreet", "SystemModstamp"} <= account.names
    assert account.choices("Industry")
    assert account.choices("Name") == []


def test_the_org_itself() -> None:
    ((_, body),) = cassette("GET_sobjects_Organization")
    organization = decode(body)
    assert organization.kind == "Organization"
    assert organization.text("OrganizationType").endswith("Edition")
    assert isinstance(organization["IsSandbox"], bool)


def test_limits_and_versions() -> None:
    (exchange,) = exchanges_of("get-limits")
    assert limit_finding(exchange["response"]["body"], 0).level == "ok"
    (exchange,) = exchanges_of("list-available-resources")
    assert {"50.0", "60.0", "66.0"} <= set(read_versions(exchange["response"]["body"]))


def test_every_usage_header_is_understood() -> None:
    seen = 0
    for path in (folder() / "developer-org-2026").glob("*.json"):
        for exchange in json.loads(path.read_text()):
            if header := exchange["response"]["headers"].get("sforce-limit-info"):
                usage = Usage()
                usage.note(header, NOON)
                assert usage.used
                assert usage.allowed
                seen += 1
    assert seen
