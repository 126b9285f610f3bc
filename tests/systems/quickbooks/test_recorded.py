"""Answers that real sandboxes gave: they must decode, to the cent. They are read where they lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import yaml

from ml_connector.model.plans import Later, Refused
from ml_connector.systems import wire
from ml_connector.systems.quickbooks.faults import outcome_of, problems_in
from ml_connector.systems.quickbooks.query import KINDS
from support.recordings import recording


def bodies() -> Iterator[tuple[str, bytes]]:
    folder = recording("quickbooks")
    for path in sorted((folder / "sandbox-2026").glob("*.json")):
        for exchange in json.loads(path.read_text()):
            yield path.name, json.dumps(exchange["response"]["body"]).encode()
    for path in sorted((folder / "sandbox-2020-vcr").glob("*.yml")):
        for exchange in yaml.safe_load(path.read_text())["http_interactions"]:
            text = exchange["response"]["body"]["string"]
            yield path.name, text if isinstance(text, bytes) else text.encode()


def objects(tree: Any) -> Iterator[tuple[str, Any]]:
    """Every object of a kind that we know, wherever it stands."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name in KINDS:
                yield from ((name, each) for each in (value if isinstance(value, list) else [value]))
            yield from objects(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from objects(each)


def test_real_records_decode_to_the_cent() -> None:
    seen: dict[str, int] = {}
    for name, body in bodies():
        for kind, row in objects(wire.loads(body, name)):
            if "SyncToken" not in row or "MetaData" not in row:
                continue
            record: Any = wire.convert(row, KINDS[kind], name)
            seen[kind] = seen.get(kind, 0) + 1
            assert record.ref.id == row["Id"]
            for field in msgspec.structs.fields(record):
                if field.type is Decimal and field.encode_name in row:
                    assert getattr(record, field.name) == row[field.encode_name]

    assert seen["Invoice"] >= 2
    assert seen["Customer"] >= 30
    assert seen.keys() >= {"Vendor", "Item", "Account", "Payment"}


def test_real_subtotals_are_the_sum_of_the_lines_above() -> None:
    checked = 0
    for name, body in bodies():
        for kind, row in objects(wire.loads(body, name)):
            if kind == "Invoice" and "TotalAmt" in row:
                invoice: Any = wire.convert(row, KINDS[kind], name)
                lines = [line.amount for line in invoice.line if not line.is_subtotal]
                assert (
                    sum(lines) == next(line.amount for line in invoice.line if line.is_subtotal) == invoice.net_amount
                )
                checked += 1

    assert checked >= 2


def test_real_faults_are_understood_by_their_code() -> None:
    faults = {name: problems_in(wire.loads(body, name)) for name, body in bodies()}

    expired, duplicate = faults["error_401.yml"], faults["error_validation.yml"]
    assert expired is not None
    assert duplicate is not None
    assert isinstance(outcome_of(expired), Later)
    refused = outcome_of(duplicate)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.fields) == ("6240", ())


def test_a_real_batch_tells_stale_from_gone() -> None:
    (body,) = (body for name, body in bodies() if name == "batch_basic.yml")
    items = wire.loads(body, "a batch")["BatchItemResponse"]
    outcomes = [outcome_of(problems) for item in items if (problems := problems_in(item))]

    assert [type(outcome) for outcome in outcomes] == [Refused, Later]
    assert outcomes[1] == Later(outcomes[1].reason, stale=True)  # type: ignore[union-attr]  # shown by the line above


def test_real_xml_is_named_as_such() -> None:
    files = sorted(recording("quickbooks", "xml-fixtures").glob("*.xml"))
    assert files
    for path in files:
        with pytest.raises(Exception, match="is XML or a web page"):
            wire.loads(path.read_bytes(), path.name)
