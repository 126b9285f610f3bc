"""Single steps, one process, nothing else running: decode a page, settle a record."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time

import msgspec

from ml_connector.flows.invoices import invoice_to_opportunity
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.model.tasks import Verdict
from ml_connector.store import Store
from ml_connector.systems import wire
from ml_connector.systems.quickbooks.records import Customer, Email, Invoice, Reference
from ml_emulators.kit.wire import dumps
from support.context import World, settle, sobject
from support.world import Installation

from .databases import DATABASES, environment
from .rows import Row, row

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def parts() -> Iterator[Row]:
    yield _decode()
    yield _decide()
    for database in DATABASES:
        with environment(database) as env, tempfile.TemporaryDirectory() as folder:
            yield _settle(database, env.get("MLC_STATE_URL", f"sqlite:///{Path(folder) / 'state.db'}"))
    yield _help()


def _best(work: Callable[[], object], times: int = 5, clock: Callable[[], float] = process_time) -> float:
    """The fastest of a few runs, in seconds: of the processor, unless another clock is given."""
    spent = []
    for _ in range(times):
        started = clock()
        work()
        spent.append(clock() - started)
    return min(spent)


def _decode() -> Row:
    """A page of 1,000 invoices into records with every check, against msgspec's own untyped decode."""
    with tempfile.TemporaryDirectory() as folder:
        page = Installation(Path(folder), scenario="sample").state("quickbooks", "Invoice")
    live = [each for each in page if each.get("status") != "Deleted"][:1000]
    body = dumps(live)
    checked = _best(lambda: _use(wire.decode(body, list[Invoice], "invoices")))
    bare = _best(lambda: _use(msgspec.json.decode(body)))
    return row("decode 1,000 invoices", checked * 1000, "ms", round(bare * 1000, 2))


def _use(value: object) -> None:
    del value


def _settle(database: str, url: str) -> Row:
    """Knock on 1,000 records and settle them; on SQLite with fsync. By the clock on the wall: the disk is in it."""
    store = Store.open(url)
    store.add_connection("c", "1", "2", "Company", NOON)
    token = store.take_lease("c", "bench", NOON) or 0
    knocks = [("flow", Ref("quickbooks", "Invoice", str(number))) for number in range(1000)]

    def once() -> None:
        store.intake("c", knocks, "bench", NOON)
        due = store.due("c", "flow", NOON, 1000)
        store.settle("c", token, [Verdict(task=task, ending=Reason.IN_AGREEMENT) for task in due], NOON)

    spent = _best(once, clock=perf_counter)
    store.close()
    return row(f"knock and settle a record, {database}", spent * 1000, "us")


def _help() -> Row:
    """The command line, from nothing to its list of commands."""
    words = [sys.executable, "-c", "import sys; from ml_connector.cli.entry import main; sys.exit(main(['--help']))"]
    spent = _best(lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True), clock=perf_counter)
    return row("ml-connector --help", spent * 1000, "ms", 200)


def _decide() -> Row:
    """An invoice whose Opportunity is linked and in agreement, with every fact at hand."""
    world, ref = _linked_invoice()
    context = world.context()
    settle(invoice_to_opportunity.FLOW, ref, world, context)
    record = world.records[ref]

    def once() -> None:
        for _ in range(1000):
            invoice_to_opportunity.FLOW.decide(record, context)

    return row("decide an invoice in agreement", _best(once) * 1000, "us")


def _linked_invoice() -> tuple[World, Ref]:
    account, dollars = "001000000000001AAA", Reference(value="USD")
    invoice = Invoice(
        id="7", doc_number="7", total_amt=Decimal(100), balance=Decimal(100), currency_ref=dollars,
        customer_ref=Reference(value="1", name="Acme"), bill_email=Email(address="ap@acme.com"),
    )  # fmt: skip
    contact = sobject("Contact", "003000000000001AAA", Email="ap@acme.com", LastName="P", AccountId=account)
    world = World(
        invoice,
        Customer(id="1", display_name="Acme", currency_ref=dollars),
        sobject("Account", account, Name="Acme"),
        contact,
    )
    world.link(
        Role.ACCOUNT, Ref("quickbooks", "Customer", "1"), Ref("salesforce", "Account", account), {"name": "Acme"}
    )
    settle(invoice_to_opportunity.FLOW, invoice.ref, world)
    return world, invoice.ref
