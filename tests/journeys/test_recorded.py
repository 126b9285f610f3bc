"""Records of real companies go through the emulators and the connector: they parse, they arrive, they come to rest."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from ml_connector.actions.backfill import backfill
from ml_connector.actions.drain import drain
from ml_connector.model.holds import CODES
from ml_connector.systems import wire
from ml_connector.systems.quickbooks.query import KINDS
from ml_connector.systems.salesforce.records import decode
from support.world import Installation

from .recordings import Keyed, answers, key_in, quickbooks_records, salesforce_records


async def _synced(home: Installation) -> Keyed:
    """What was keyed in, after everything that is due was done. Invoices of every day count."""
    home.rules = msgspec.structs.replace(home.rules, invoice_history=True)
    home.app = home.process()
    keyed = key_in(home.emulation)
    sys.stdout.write("\n".join(["Recordings used:", *keyed.files]) + "\n")
    await home.run()
    return keyed


def _verdicts(home: Installation, flow: str) -> dict[str, str]:
    return {ref.id: verdict for ref, verdict in home.app.store.verdicts(home.app.connection.id, flow).items()}


async def test_real_records_arrive(tmp_path: Path) -> None:
    home = Installation(tmp_path, scenario="empty")
    keyed = await _synced(home)
    assert keyed.refused == []
    expected = {
        ("quickbooks", "Customer"): ("customer_to_account", 30),
        ("quickbooks", "Invoice"): ("invoice_to_opportunity", 3),
        ("salesforce", "Account"): ("account_to_customer", 10),
    }
    for (system, kind), (flow, least) in expected.items():
        ids, verdicts = keyed.ids(system, kind), _verdicts(home, flow)
        assert len(ids) >= least
        ended = Counter(verdicts[each] for each in ids)
        assert set(ended) <= {"in_agreement", *(f"held {code}" for code in CODES)} - {"held UNEXPECTED"}, ended
        assert ended["in_agreement"] >= least // 2, ended


async def test_a_second_run_over_real_records_writes_nothing(tmp_path: Path) -> None:
    home = Installation(tmp_path, scenario="empty")
    await _synced(home)
    before = len(home.network.sent)
    await backfill(home.app)
    assert (await drain(home.app)).written == 0
    assert not [each for each in home.network.sent[before:] if each[1] in ("PATCH", "PUT", "DELETE")]


async def test_real_names_and_amounts_arrive_as_they_are(tmp_path: Path) -> None:
    home = Installation(tmp_path, scenario="empty")
    keyed = await _synced(home)
    verdicts = _verdicts(home, "customer_to_account")
    names = {row["Name"] for row in home.state("salesforce", "Account")}
    for name, kind, key, title in keyed.made:
        if kind == "Customer" and verdicts[key] == "in_agreement":
            assert title in names, name
    totals = Counter(row["TotalAmt"] for row in home.state("quickbooks", "Invoice"))
    shown = Counter(row["QBO_Total__c"] for row in home.state("salesforce", "Opportunity") if row.get("QBO_Total__c"))
    assert totals == shown


def test_every_recorded_record_decodes_with_our_types() -> None:
    seen: Counter[str] = Counter()
    for name, kind, row in quickbooks_records():
        record: Any = wire.convert(row, KINDS[kind], name)
        assert record.id == row["Id"]
        seen[kind] += 1
    for _, kind, row in salesforce_records():
        assert decode(row).kind == kind
        seen[f"Salesforce {kind}"] += 1
    assert seen["Customer"] >= 30
    assert seen["Invoice"] >= 3
    assert seen["Salesforce Opportunity"] >= 30
    assert len(list(answers())) >= 20
