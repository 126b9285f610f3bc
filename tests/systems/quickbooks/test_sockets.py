"""The client and the emulator over real sockets, gzip included."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from ml_connector.model.plans import Done, Missing, Unsure
from ml_connector.systems.http import Caller
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.network import AiohttpNetwork
from ml_connector.systems.quickbooks.auth import AppKeys, Endpoints, OAuth
from ml_connector.systems.quickbooks.client import QuickBooks
from ml_connector.systems.quickbooks.keeper import TokenKeeper
from ml_emulators.kit.faults import Fault
from ml_emulators.kit.gate import Gate
from ml_emulators.kit.shell import vendor_shell
from support.network import FixedIds

from .company import REALM, EmulatedCompany, accounts, journal, noted


@pytest.mark.parametrize(("kind", "there"), [("drop_before", Missing), ("drop_after", Done), ("cut", Done)])
async def test_a_day_at_the_company_over_real_sockets(kind: str, there: type) -> None:
    company = EmulatedCompany()
    gate = Gate({"quickbooks": company.emulator}, company.faults, company.log, company.clock.now)
    shell = vendor_shell(gate, "quickbooks", compress=True)
    await shell.start()
    company.emulator.base_url = shell.url
    info = company.emulator.connection_info()
    try:
        async with AiohttpNetwork() as network:
            caller = Caller(network, company.clock, FixedIds(), free_throttle(company.clock), "quickbooks")
            keys = AppKeys(client_id=info["client_id"], client_secret=info["client_secret"])
            oauth = OAuth(keys, Endpoints(token=info["token_url"]), caller, company.clock)
            tokens = TokenKeeper(oauth, company.drawer, company.clock)
            client = QuickBooks(realm_id=REALM, base_url=shell.url, caller=caller, tokens=tokens, clock=company.clock)
            with capture_logs() as lines:
                await over_sockets(company, client, kind, there)
    finally:
        await shell.stop()
    assert {line["status"] for line in lines if "status" in line} == {200}


async def over_sockets(company: EmulatedCompany, client: QuickBooks, kind: str, there: type) -> None:
    ids = [company.act("create", "Customer", DisplayName=f"Customer 'é' {n}")["Id"] for n in range(300)]
    assert len(await client.read("Customer", ids)) == 300
    assert (await client.find("Customer", "DisplayName", ["customer 'É' 7"]))["customer 'É' 7"]
    debit, credit = accounts(company)
    writes = noted(*(journal(f"J{n}", debit=debit, credit=credit) for n in range(30)))
    company.faults.add(Fault(kind=kind, path="/batch", count=1))  # type: ignore[arg-type]  # one of its literals

    assert {type(outcome) for outcome in await client.apply(writes)} == {Unsure}
    assert {type(answer) for answer in await client.look_up(writes)} == {there}
    assert {type(outcome) for outcome in await client.apply(writes)} == {Done}
    assert len(company.entries()) == 30
