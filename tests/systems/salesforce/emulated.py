"""The emulated org with our client in front of it, and the log of what reached it."""

from __future__ import annotations

from random import Random
from typing import Any

from ml_connector.model.refs import Json
from ml_connector.systems.http import Caller
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.salesforce.auth import ClientCredentials
from ml_connector.systems.salesforce.client import Salesforce
from ml_connector.systems.salesforce.keeper import SessionKeeper
from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.faults import Fault, FaultBook
from ml_emulators.kit.gate import Gate
from ml_emulators.kit.log import RequestLog
from ml_emulators.salesforce import Salesforce as Emulator
from support.network import FixedIds, StillClock, VendorNetwork

BASE = "http://127.0.0.1:1"


class EmulatedOrg:
    def __init__(self) -> None:
        self.clock = StillClock(VirtualClock())
        self.emulator = Emulator(self.clock.virtual, Random(7), BASE)
        self.faults = FaultBook(Random(7))
        self.log = RequestLog(100_000)
        self.gate = Gate({"salesforce": self.emulator}, self.faults, self.log, self.clock.now)
        self.info = self.emulator.connection_info()
        self.client = self.signed_in()

    def signed_in(self, **changed: str) -> Salesforce:
        """A client of the org; `changed` replaces parts of its credentials."""
        info = {**self.info, **changed}
        network = VendorNetwork(lambda request: self.gate.serve("salesforce", request))
        caller = Caller(network, self.clock, FixedIds(), free_throttle(self.clock), "salesforce")
        credentials = ClientCredentials(info["base_url"], info["client_id"], info["client_secret"])
        sessions = SessionKeeper(caller, credentials, self.clock, org_id=info["org_id"])
        return Salesforce(caller=caller, sessions=sessions, clock=self.clock)

    def act(self, op: str, kind: str, **body: Any) -> Json:
        """What a user of the screens does; the record afterwards."""
        return self.emulator.act({"op": op, "kind": kind, "body": body})

    def fault(self, kind: str, **how: Any) -> None:
        self.faults.add(Fault(kind=kind, vendor="salesforce", **{"count": 1, **how}))  # type: ignore[arg-type]  # literal

    def calls(self) -> int:
        """Calls that counted against the org's limit so far."""
        return self.log.totals("salesforce").calls

    def order(self, account: str, **body: Any) -> Json:
        """A draft order with two lines of one product."""
        book = self.emulator.records("Pricebook2")[0]["Id"]
        product = self.act("create", "Product2", Name="Widget", ProductCode="W-1", IsActive=True, QBO_Item_Id__c="11")
        entry = self.act(
            "create", "PricebookEntry", Product2Id=product["Id"], Pricebook2Id=book, UnitPrice=10, IsActive=True
        )
        order = self.act(
            "create", "Order", AccountId=account, EffectiveDate="2026-11-01", Status="Draft", Pricebook2Id=book, **body
        )
        for department in ("West", None):
            line = {"OrderId": order["Id"], "PricebookEntryId": entry["Id"], "Quantity": 3, "UnitPrice": "12.50"}
            self.act("create", "OrderItem", **line, Department__c=department)
        return order
