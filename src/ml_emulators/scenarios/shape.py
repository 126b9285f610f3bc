"""What the org can hold: a scenario leaves out what an org without orders, or with one currency, has no place for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_emulators.kit.emulation import Emulation


@dataclass(frozen=True)
class Shape:
    """`home` is the only currency of an org that has one; with several it is blank."""

    orders: bool
    home: str

    def body(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A record as this org takes it."""
        return {name: value for name, value in given.items() if name != "CurrencyIsoCode" or not self.home}


def shape_of(emulation: Emulation) -> Shape:
    """What the emulated org has a place for, by its kinds."""
    kinds = emulation.vendors["salesforce"].kinds()
    return Shape("Order" in kinds, "" if "CurrencyType" in kinds else "USD")
