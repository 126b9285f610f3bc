"""Where a state lives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ml_connector.store import Store
from support.stores import fresh


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    yield store
    store.close()


def test_a_state_knows_where_it_was_opened_last(store: Store) -> None:
    assert store.place() is None
    for place in ("here", "here", "there", ""):
        store.lives_at(place)
        assert store.place() == place


def test_a_server_names_the_table_and_a_file_has_no_name(store: Store) -> None:
    place = store.place_of_database()
    assert place == store.place_of_database()
    assert bool(place) == (store.engine.dialect.name == "postgresql")
