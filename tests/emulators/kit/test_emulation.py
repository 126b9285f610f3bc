"""Operations of people behind the screens: whatever they hold, they are done or refused, and nothing else happens."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_emulators.kit.control_bodies import Operation
from ml_emulators.kit.emulation import Emulation, Refused
from ml_emulators.quickbooks.user_actions import ON_RECORDS, ON_SERVER
from ml_emulators.salesforce import Salesforce
from ml_emulators.scenarios import load, new_emulation

Json = dict[str, Any]
WORDS = (
    *("username", "object", "field", "permission", "granted", "readable", "read", "hours", "certificate", "losers"),
    *("currency", "rate", "day", "deletedId", "client_id", "realm_id", "name", "redirect_uris", "target", "format"),
    *("Id", "SyncToken", "Username", "LastName", "TimeZoneSidKey", "Amount", "Active", "MetaData"),
)


def built(profile: str) -> Emulation:
    emulation = new_emulation(1)
    emulation.set_switches("salesforce", {"profile": profile})
    load(emulation, "tiny", today=date(2026, 11, 20))
    return emulation


EMULATIONS = {profile: built(profile) for profile in ("enterprise", "professional")}
STARTS = {profile: emulation.snapshot() for profile, emulation in EMULATIONS.items()}


def operations_of(emulation: Emulation) -> dict[str, list[str]]:
    salesforce = emulation.vendors["salesforce"]
    assert isinstance(salesforce, Salesforce)
    acts = salesforce._actions
    return {
        "quickbooks": [*ON_RECORDS, *ON_SERVER, "fly"],
        "salesforce": [*acts._writes, *acts._others, "activate_order", "deactivate_order", "fly"],
    }


OPERATIONS = operations_of(EMULATIONS["enterprise"])
RECORDS = {
    (profile, system): [(kind, record) for kind in vendor.kinds() for record in vendor.records(kind)[:2]]
    for profile, emulation in EMULATIONS.items()
    for system, vendor in emulation.vendors.items()
}
IDS = sorted({record["Id"] for records in RECORDS.values() for _, record in records if "Id" in record})

scalars = st.one_of(
    st.sampled_from([None, True, False, "", "x", "2026-01-05", "Nowhere/Land", "http://127.0.0.1:1/", 10**30, *IDS]),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["value", "Id", "Name", *WORDS]), inner, max_size=3),
    ),
    max_leaves=5,
)


@st.composite
def bodies(draw: st.DrawFn, profile: str, system: str) -> tuple[str, Json]:
    """A kind, and a record of it of which some parts, at any depth, were replaced."""
    kind, record = draw(st.sampled_from(RECORDS[profile, system]))
    body = deepcopy(record)
    for _ in range(draw(st.integers(0, 3))):
        _replace(draw, body)
    return kind, body | draw(st.dictionaries(st.sampled_from(WORDS), values, max_size=2))


def _replace(draw: st.DrawFn, part: Any) -> None:
    while isinstance(part, dict) and part:
        key = draw(st.sampled_from(sorted(part)))
        if not isinstance(part[key], dict | list) or draw(st.booleans()):
            part[key] = draw(values)
            return
        part = part[key][0] if isinstance(part[key], list) and part[key] else part[key]


@pytest.mark.parametrize(
    ("system", "profile"),
    [("quickbooks", "enterprise"), ("salesforce", "enterprise"), ("salesforce", "professional")],
)
@settings(max_examples=100)
@given(st.data())
def test_an_operation_is_done_or_refused(system: str, profile: str, data: st.DataObject) -> None:
    emulation = EMULATIONS[profile]
    op = data.draw(st.sampled_from(OPERATIONS[system]))
    kind, body = data.draw(bodies(profile, system))
    emulation.restore(STARTS[profile])
    assert done_or_refused(emulation, system, op, kind, body, data.draw(st.sampled_from(["", "1"])))


def done_or_refused(emulation: Emulation, system: str, op: str, kind: str, body: Json, realm: str) -> bool:
    try:
        return isinstance(emulation.act(system, op, kind, body, realm), dict)
    except Refused as refused:
        return bool(refused.reason)


@pytest.mark.parametrize(
    ("system", "op", "kind", "body", "said"),
    [
        ("salesforce", "purge_deletes", "", {"hours": "soon"}, "hours must be a number"),
        ("salesforce", "purge_deletes", "", {"hours": 10**30}, "hours must be a number"),
        ("quickbooks", "set_preferences", "", {"Id": {}}, "must be an object"),
        ("quickbooks", "set_preferences", "", {"CurrencyPrefs": None}, "must be an object"),
        ("quickbooks", "set_preferences", "", {"CurrencyPrefs": {"HomeCurrency": 5}}, "home currency"),
    ],
)
def test_refusals_say_what_is_wrong(system: str, op: str, kind: str, body: Json, said: str) -> None:
    with pytest.raises(Refused, match=said):
        new_emulation().act(system, op, kind, body)


def test_a_mistake_is_no_refusal(emulation: Emulation, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Json) -> Json:
        raise TypeError("planted")

    monkeypatch.setattr(emulation.vendors["quickbooks"], "act", broken)
    with pytest.raises(TypeError):
        emulation.act("quickbooks", "create", "Note", {})
    with pytest.raises(TypeError):
        emulation.run([Operation("quickbooks", "create", "Note")])
