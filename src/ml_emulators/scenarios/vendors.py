"""Both emulated vendors as one emulation."""

from __future__ import annotations

from random import Random

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.emulation import EmulatedVendor, Emulation
from ml_emulators.pubsub import PubSub
from ml_emulators.quickbooks import Fault, QuickBooks
from ml_emulators.salesforce import ActError, Salesforce


def new_emulation(
    seed: int = 1,
    *,
    clock: VirtualClock | None = None,
    quickbooks_url: str = "http://127.0.0.1:1",
    salesforce_url: str = "http://127.0.0.1:2",
    keep: int = 10_000,
) -> Emulation:
    """An empty QuickBooks company, an empty org and its event bus, without sockets; `serve` answers in-process callers.

    The URLs are what the vendors tell in their answers; `keep` is how many log entries stay.
    """
    clock = clock or VirtualClock()
    random = Random(seed)  # noqa: S311  # faults and made-up tokens want repeatable chance
    quickbooks = QuickBooks(clock, random, base_url=quickbooks_url)
    salesforce = Salesforce(clock, random, base_url=salesforce_url)
    vendors: dict[str, EmulatedVendor] = {"quickbooks": quickbooks, "salesforce": salesforce}
    emulation = Emulation(vendors, clock, random, refusals=(Fault, ActError), keep=keep)
    emulation.companions["pubsub"] = PubSub(salesforce, clock)
    return emulation
