"""Every kind of record has one rule of its own, and the rule says which writes there are."""

from __future__ import annotations

import pytest

from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.rules.rule import Rule
from ml_emulators.quickbooks.rules.rulebook import RULES

from ..client import Client


def test_every_kind_has_a_rule() -> None:
    assert {name: rule.kind for name, rule in RULES.items()} == KINDS
    assert all(type(rule) is not Rule for rule in RULES.values())


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.is_list])
def test_lists_are_never_deleted(name: str) -> None:
    assert not RULES[name].deletable


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.voidable])
def test_what_can_be_voided_tells_so_in_its_notices(name: str) -> None:
    assert "void" in KINDS[name].notices


@pytest.mark.parametrize("name", sorted(RULES))
def test_apps_void_what_the_rule_allows(qbo: Client, name: str) -> None:
    code = qbo.fault(f"/{name.lower()}", {"Id": "99", "SyncToken": "0"}, include="void")["code"]
    assert code == ("610" if RULES[name].voidable else "500")
