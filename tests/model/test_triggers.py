"""How triggers are spelled in the state: a state of today must be understood by a later version, and the reverse."""

from __future__ import annotations

from datetime import date

import pytest

from ml_connector.model import triggers
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import Trigger, TriggerKind

CUSTOMER, ACCOUNT = Ref("quickbooks", "Customer", "7"), Ref("salesforce", "Account", "001A")

SPELLED = [
    (triggers.SETTINGS, "settings"),
    (triggers.CLEAN_POSTINGS, "clean postings"),
    (triggers.record_changed(CUSTOMER), "record:quickbooks:Customer:7"),
    (triggers.linked(Role.ACCOUNT, ACCOUNT), "link:account:salesforce:Account:001A"),
    (triggers.table_changed("items"), "reference:quickbooks:items"),
    (triggers.table_changed("rate:EUR:2026-11-02"), "reference:quickbooks:rate:EUR:2026-11-02"),
    (triggers.day_begins(date(2026, 11, 3)), "day:2026-11-03"),
]


@pytest.mark.parametrize(("trigger", "text"), SPELLED)
def test_spelled(trigger: Trigger, text: str) -> None:
    assert trigger == text


def test_a_link_fires_for_both_of_its_records() -> None:
    fired = triggers.fired_by([Link(Role.ACCOUNT, CUSTOMER, ACCOUNT)])
    assert fired == [triggers.linked(Role.ACCOUNT, CUSTOMER), triggers.linked(Role.ACCOUNT, ACCOUNT)]


@pytest.mark.parametrize(("system", "table"), [("salesforce", "stages"), ("quickbooks", "rate:EUR:2026-11-02")])
def test_the_table_of_a_trigger(system: str, table: str) -> None:
    assert triggers.table_of(triggers.table_changed(table, system)) == (system, table)


def test_the_beginning_of_a_kind_is_of_no_other_kind() -> None:
    for trigger, _ in SPELLED:
        kinds = [kind for kind in TriggerKind if trigger.startswith(triggers.prefix_of(kind))]
        assert len(kinds) == (trigger not in (triggers.SETTINGS, triggers.CLEAN_POSTINGS))
