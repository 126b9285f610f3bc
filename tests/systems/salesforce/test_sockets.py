"""The client over real sockets."""

from __future__ import annotations

from decimal import Decimal

from ml_connector.model.plans import Done, Unsure
from ml_connector.systems.http import Caller
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.network import AiohttpNetwork
from ml_connector.systems.salesforce.auth import ClientCredentials
from ml_connector.systems.salesforce.client import Salesforce
from ml_connector.systems.salesforce.keeper import SessionKeeper
from ml_connector.systems.salesforce.records import SObject
from ml_emulators.kit.shell import vendor_shell
from support.network import FixedIds

from .emulated import EmulatedOrg
from .org import noted, upsert


async def test_a_round_over_the_wire() -> None:
    org = EmulatedOrg()
    shell = vendor_shell(org.gate, "salesforce", compress=True)
    await shell.start()
    org.emulator.base_url = shell.url
    try:
        async with AiohttpNetwork() as network:
            caller = Caller(network, org.clock, FixedIds(), free_throttle(org.clock), "salesforce")
            keys = ClientCredentials(shell.url, org.info["client_id"], org.info["client_secret"])
            client = Salesforce(caller=caller, sessions=SessionKeeper(caller, keys, org.clock), clock=org.clock)
            writes = noted(
                client, *(upsert(n, Name=f"Müller & Söhne {n}", QBO_Balance__c=Decimal("0.10")) for n in range(500))
            )
            ids = [outcome.ref.id for outcome in await client.apply(writes) if isinstance(outcome, Done)]
            found = await client.read("Account", ids)
            record = found[ids[499]]
            assert isinstance(record, SObject)
            assert (record["Name"], record["QBO_Balance__c"]) == ("Müller & Söhne 499", Decimal("0.10"))
            long_names = [f"Nobody {n:04d}".ljust(200, ".") for n in range(400)]
            assert not any((await client.find("Account", "Name", long_names)).values())
            org.fault("drop_after", path="composite")
            (lost,) = await client.apply(noted(client, upsert(9000)))
            assert isinstance(lost, Unsure)
            (again,) = await client.look_up(noted(client, upsert(9000)))
            assert isinstance(again, Done)
    finally:
        await shell.stop()
