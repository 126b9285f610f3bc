"""Scenarios in every kind of org: nothing is refused, and nothing is there that the org has no place for."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from ml_emulators.kit.emulation import Twin
from ml_emulators.salesforce.org import Profile
from ml_emulators.scenarios import LAST, load, new_twin, play_day

from .conftest import TODAY

_PROFILES: tuple[Profile, ...] = ("professional", "enterprise", "revenue-cloud")


def _twin(scenario: str, profile: Profile, *, multicurrency: bool) -> Twin:
    twin = new_twin(1)
    twin.clock.freeze()
    twin.set_switches("salesforce", {"profile": profile, "multicurrency": multicurrency})
    load(twin, scenario, 1, 1, TODAY)
    return twin


def _kinds(twin: Twin) -> list[str]:
    return twin.vendors["salesforce"].kinds()


def _all(twin: Twin, kind: str) -> list[dict[str, Any]]:
    return twin.vendors["salesforce"].records(kind)


@pytest.mark.parametrize(("profile", "multicurrency"), list(product(_PROFILES, (True, False))))
def test_the_tiny_company(profile: Profile, multicurrency: bool) -> None:
    twin = _twin("tiny", profile, multicurrency=multicurrency)
    assert len(_all(twin, "Account")) == 3
    assert ("Order" in _kinds(twin)) is (profile != "professional")
    assert ("CurrencyIsoCode" in _all(twin, "Account")[0]) is multicurrency
    if profile != "professional":
        assert len(_all(twin, "Order")) == 3


@pytest.mark.parametrize(("profile", "multicurrency"), [("professional", False), ("enterprise", False)])
def test_the_sample_company_and_its_days(profile: Profile, multicurrency: bool) -> None:
    twin = _twin("sample", profile, multicurrency=multicurrency)
    for day in range(1, LAST + 1):
        report = play_day(twin, day)
        assert report.ok, report.failed
    held = {one.kind for one in twin.planted if one.system == "salesforce"}
    assert held == ({"Account"} if profile == "professional" else {"Account", "Order"})
    assert "H-CUR-MISMATCH" not in {one.code for one in twin.planted}
