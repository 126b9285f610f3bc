"""Versions of the rules: one for each change, with who and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.store import Store
from ml_connector.store.rows import RulesVersion
from support.stores import fresh

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    yield store
    store.close()


def test_each_change_is_a_version_and_what_came_back_is_one_too(store: Store) -> None:
    for hour, (digest, actor) in enumerate([("5f", "us"), ("5f", "ana"), ("6a", "ana"), ("5f", "us")]):
        store.keep_rules("acme", digest, f'{{"rules": "{digest}"}}', actor, NOON + timedelta(hours=hour))
    store.keep_rules("other", "5f", "{}", "us", NOON)
    assert store.rules_versions("acme") == [
        RulesVersion(3, NOON + timedelta(hours=3), "us", "5f", '{"rules": "5f"}'),
        RulesVersion(2, NOON + timedelta(hours=2), "ana", "6a", '{"rules": "6a"}'),
        RulesVersion(1, NOON, "us", "5f", '{"rules": "5f"}'),
    ]
