"""An answer that makes no sense is a mishap on the way: what it was about is held, and goes on by itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.backfill import backfill
from ml_connector.actions.drain import drain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.sweep import sweep_all
from ml_emulators.kit.faults import Fault
from support.in_step import in_step
from support.world import Installation


async def _synced(folder: Path) -> Installation:
    home = in_step(folder)
    home.clock.advance(timedelta(minutes=5))
    return home


async def _sync(home: Installation) -> Any:
    await sweep_all(home.app)
    return await drain(home.app)


def _spoil(home: Installation, kind: str) -> None:
    """Every amount in lists of this kind is 1e400, except in what changed."""
    home.emulation.faults.add(Fault(kind="malformed", vendor="quickbooks", path=f"query.*{kind}", shape="huge_number"))


def _held(home: Installation) -> list[str]:
    return [each.record for each in open_holds(home.app, "UNREADABLE")]


async def test_a_record_is_held_and_released_by_itself(tmp_path: Path) -> None:
    home = await _synced(tmp_path)
    customer = home.state("quickbooks", "Customer")[0]
    phone = {"FreeFormNumber": "(415) 555-0100"}
    home.emulation.act("quickbooks", "update", "Customer", {"Id": customer["Id"], "PrimaryPhone": phone})
    _spoil(home, "Customer")
    report = await _sync(home)
    assert f"quickbooks:Customer:{customer['Id']}" in _held(home)
    assert report.unreadable == len(_held(home))
    home.emulation.faults.clear()
    assert (await drain(home.app)).written == 0, "it waits a while before it asks again"
    home.clock.advance(timedelta(minutes=6))
    assert (await drain(home.app)).written >= 1
    assert _held(home) == []


async def test_an_account_whose_numbers_cannot_be_read_holds_its_customer_for_a_while(tmp_path: Path) -> None:
    home = await _synced(tmp_path)
    customer = home.state("quickbooks", "Customer")[0]
    name = f"quickbooks:Customer:{customer['Id']}"
    phone = {"FreeFormNumber": "(415) 555-0100"}
    home.emulation.act("quickbooks", "update", "Customer", {"Id": customer["Id"], "PrimaryPhone": phone})
    home.emulation.faults.add(
        Fault(kind="malformed", vendor="salesforce", path="/query|/composite/sobjects", shape="huge_number")
    )
    await _sync(home)
    assert name in _held(home)
    assert open_holds(home.app, "UNEXPECTED") == []
    home.emulation.faults.clear()
    home.clock.advance(timedelta(minutes=6))
    assert (await drain(home.app)).written >= 1
    assert _held(home) == []


async def test_a_change_is_not_lost_when_what_brings_it_cannot_be_read(tmp_path: Path) -> None:
    """What a payment settles is known only from reading it."""
    home = await _synced(tmp_path)
    invoice = home.state("quickbooks", "Invoice")[0]
    payment = {
        "CustomerRef": invoice["CustomerRef"],
        "TotalAmt": 1,
        "Line": [{"Amount": 1, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
    }
    paid = home.emulation.act("quickbooks", "create", "Payment", payment)
    _spoil(home, "Payment")
    await _sync(home)
    assert f"quickbooks:Payment:{paid['Id']}" in _held(home)
    home.emulation.faults.clear()
    home.clock.advance(timedelta(minutes=6))
    report = await drain(home.app)
    assert _held(home) == []
    assert report.skipped["invoice_to_opportunity"]["relayed"] >= 1


@pytest.mark.parametrize("shape", ["nul", "bad_utf8", "duplicate_keys", "xml", "truncated"])
async def test_a_vendor_that_makes_no_sense_is_not_asked_a_thousand_times(tmp_path: Path, shape: Any) -> None:
    home = await _synced(tmp_path)
    calls = home.emulation.log.totals("quickbooks").reads
    await backfill(home.app)
    home.emulation.faults.add(Fault(kind="malformed", vendor="quickbooks", path="query", shape=shape))
    with_trouble = await drain(home.app)
    assert with_trouble.written == 0
    assert with_trouble.unreadable > 0
    assert home.emulation.log.totals("quickbooks").reads - calls < 60


async def test_an_invoice_that_cannot_be_read_holds_only_the_orders_that_ask_about_it(tmp_path: Path) -> None:
    """Orders ask about invoices of their customer (double counting); a drain goes on all the same."""
    home = Installation(tmp_path, scenario="tiny")
    await home.approve_all()
    _spoil(home, "Invoice")
    report = await drain(home.app)
    assert report.created["customer_to_account account"] >= 1
    assert {name.split(":")[1] for name in _held(home)} == {"Invoice", "Order"}
    home.emulation.faults.clear()
    home.clock.advance(timedelta(minutes=6))
    report = await drain(home.app)
    assert report.created["order_to_journal journal"] == 3
    assert _held(home) == []
