"""A read that a vendor refuses holds the record that it is about, and nothing else."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from ml_connector.actions.backfill import backfill
from ml_connector.actions.drain import drain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.sync import sync
from ml_connector.model.errors import ReadRefused
from ml_connector.systems.http import Request
from ml_emulators.kit.faults import Fault
from support.in_step import in_step
from support.world import Installation


def _held(home: Installation) -> set[str]:
    return {hold.record for hold in open_holds(home.app, "READ-REFUSED")}


class Questions:
    """Every question that the vendor must have refused, as it was asked."""

    def __init__(self, home: Installation, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self.asked: list[str] = []
        home.network.before = self.listen

    async def listen(self, _: str, request: Request) -> None:
        text = f"{request.url} {request.body!r}"
        if self._pattern.search(text):
            self.asked.append(unquote(text))


@pytest.mark.parametrize(
    ("kind", "code"), [("Invoice", "4002"), ("Invoice", "2030"), ("Customer", "4001"), ("Customer", "4000")]
)
async def test_one_record_of_quickbooks(tmp_path: Path, kind: str, code: str) -> None:
    home = Installation(tmp_path, scenario="tiny")
    bad = home.state("quickbooks", kind)[0]["Id"]
    pattern = f"SELECT.*FROM%20{kind}%20WHERE%20Id%20.*%27{bad}%27"
    home.emulation.faults.add(Fault(kind="status", vendor="quickbooks", path=pattern, status=400, code=code))
    questions = Questions(home, pattern)
    await home.run()
    assert f"quickbooks:{kind}:{bad}" in _held(home)
    others = [record for record in home.state("quickbooks", kind) if record["Id"] != bad]
    assert len(others) > 1
    assert not {f"quickbooks:{kind}:{record['Id']}" for record in others} & _held(home)
    assert home.state("salesforce", "Opportunity" if kind == "Invoice" else "Account")
    await backfill(home.app)
    questions.asked.clear()
    report = await drain(home.app)
    assert report.unreadable >= len(_held(home))
    assert questions.asked
    assert len(questions.asked) == len(set(questions.asked))
    home.emulation.faults.clear()
    home.clock.advance(timedelta(hours=1))
    await drain(home.app)
    assert _held(home) == set()


@pytest.mark.parametrize(
    "code", ["MALFORMED_ID", "INVALID_QUERY_FILTER_OPERATOR", "QUERY_TOO_COMPLICATED", "INVALID_FIELD"]
)
async def test_one_record_of_salesforce(tmp_path: Path, code: str) -> None:
    home = Installation(tmp_path, scenario="tiny")
    bad = next(row for row in home.state("salesforce", "Account") if row.get("QBO_Ready__c"))["Id"]
    refused = Fault(kind="status", vendor="salesforce", status=400, code=code)
    for path, body in ((f"IN.*{bad}", ""), ("composite", bad)):
        home.emulation.faults.add(replace(refused, path=path, body=body))
    await home.run()
    assert f"salesforce:Account:{bad}" in _held(home)
    assert home.state("salesforce", "Opportunity")
    home.emulation.faults.clear()
    home.clock.advance(timedelta(hours=1))
    await drain(home.app)
    assert f"salesforce:Account:{bad}" not in _held(home)


async def test_a_kind_that_is_not_listed_stops_no_other_and_is_said(tmp_path: Path) -> None:
    home = in_step(tmp_path)
    home.clock.advance(timedelta(minutes=5))
    customer = home.state("quickbooks", "Customer")[0]
    phone = {"FreeFormNumber": "(415) 555-0100"}
    home.emulation.act("quickbooks", "update", "Customer", {"Id": customer["Id"], "PrimaryPhone": phone})
    refused = Fault(kind="status", vendor="salesforce", status=400, code="INVALID_FIELD")
    for path, body in (("Modstamp%20FROM%20Order%20", ""), ("composite", "Modstamp%20FROM%20Order%20")):
        home.emulation.faults.add(replace(refused, path=path, body=body))
    covered = home.store.swept(home.app.connection.id)["sweep:salesforce"]
    report = await sync(home.app)
    assert len(report.unlisted) == 1
    assert "Order" in report.unlisted[0]
    assert report.written >= 1
    assert home.store.swept(home.app.connection.id)["sweep:salesforce"] <= covered + timedelta(minutes=5)
    home.emulation.faults.clear()
    home.clock.advance(timedelta(minutes=6))
    assert (await sync(home.app)).unlisted == []
    assert home.store.swept(home.app.connection.id)["sweep:salesforce"] > covered


async def test_a_record_that_spoils_its_list_is_left_out_of_tables_and_still_named_by_sweeps(tmp_path: Path) -> None:
    """Whatever list has the whole record in it is refused; a list of ids is not."""
    home = Installation(tmp_path, scenario="tiny")
    customers = home.state("quickbooks", "Customer")
    whole = r"SELECT%20%2A%20FROM%20Customer%20WHERE%20Active.*STARTPOSITION%201%20"
    home.emulation.faults.add(Fault(kind="status", vendor="quickbooks", path=whole, status=400, code="4002"))
    knocked = await backfill(home.app)
    assert knocked["quickbooks"] >= len(customers)
    table = (await home.app.runtime.systems["quickbooks"].reference("matching")).value
    assert len(table) == len(customers) - 1


async def test_a_table_that_is_refused_holds_those_who_ask_for_it_and_no_other(tmp_path: Path) -> None:
    home = Installation(tmp_path, scenario="tiny")
    fault = Fault(kind="status", vendor="quickbooks", path="FROM%20Account%20", status=400, code="4001")
    home.emulation.faults.add(fault)
    with pytest.raises(ReadRefused):
        await home.app.runtime.systems["quickbooks"].reference("accounts")
    await home.run()
    assert home.state("salesforce", "Opportunity")
    assert all(record.startswith("salesforce:Order:") for record in _held(home))
    home.emulation.faults.clear()
    home.clock.advance(timedelta(hours=1))
    await home.run()
    assert _held(home) == set()
