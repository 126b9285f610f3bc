"""Scenarios in every kind of org: nothing is refused, and nothing is there that the org has no place for."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from ml_emulators.kit.emulation import Emulation
from ml_emulators.salesforce.org import Profile
from ml_emulators.scenarios import LAST, load, new_emulation, play_day

from .conftest import TODAY

_PROFILES: tuple[Profile, ...] = ("professional", "enterprise", "revenue-cloud")


def _emulation(scenario: str, profile: Profile, *, multicurrency: bool) -> Emulation:
    emulation = new_emulation(1)
    emulation.clock.freeze()
    emulation.set_switches("salesforce", {"profile": profile, "multicurrency": multicurrency})
    load(emulation, scenario, 1, 1, TODAY)
    return emulation


def _kinds(emulation: Emulation) -> list[str]:
    return emulation.vendors["salesforce"].kinds()


def _all(emulation: Emulation, kind: str) -> list[dict[str, Any]]:
    return emulation.vendors["salesforce"].records(kind)


@pytest.mark.parametrize(("profile", "multicurrency"), list(product(_PROFILES, (True, False))))
def test_the_tiny_company(profile: Profile, multicurrency: bool) -> None:
    emulation = _emulation("tiny", profile, multicurrency=multicurrency)
    assert len(_all(emulation, "Account")) == 3
    assert ("Order" in _kinds(emulation)) is (profile != "professional")
    assert ("CurrencyIsoCode" in _all(emulation, "Account")[0]) is multicurrency
    if profile != "professional":
        assert len(_all(emulation, "Order")) == 3


@pytest.mark.parametrize(("profile", "multicurrency"), [("professional", False), ("enterprise", False)])
def test_the_sample_company_and_its_days(profile: Profile, multicurrency: bool) -> None:
    emulation = _emulation("sample", profile, multicurrency=multicurrency)
    for day in range(1, LAST + 1):
        report = play_day(emulation, day)
        assert report.ok, report.failed
    held = {one.kind for one in emulation.planted if one.system == "salesforce"}
    assert held == ({"Account"} if profile == "professional" else {"Account", "Order"})
    assert "H-CUR-MISMATCH" not in {one.code for one in emulation.planted}
