"""A database that cannot be used: what people read, and that nothing half-done stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from ml_connector.model.errors import StateTrouble, WrongUse
from ml_connector.model.refs import Ref
from ml_connector.store import Store, schema
from ml_connector.store.base import lock
from ml_connector.store.trouble import state_trouble
from support.postgres import emptied
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KNOCKS = [("customers", Ref("quickbooks", "Customer", str(number))) for number in range(500)]


def _fails(store: Store) -> StateTrouble:
    with pytest.raises(StateTrouble) as caught:
        store.intake("acme", KNOCKS, "webhook", NOON)
    return caught.value


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Store]:
    store = Store.open(emptied(postgres_url))
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    yield store
    store.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    yield store
    store.close()


def _pragma(store: Store, text: str) -> None:
    """Said on the one connection that lies ready in the pool."""
    with store.begin() as tx:
        tx.exec_driver_sql(f"PRAGMA {text}").close()


def test_a_full_disk_acknowledges_nothing(file: Store) -> None:
    _pragma(file, "max_page_count=1")
    trouble = _fails(file)
    assert trouble.sentence == "The disk is full (database or disk is full)."
    assert "nothing was acknowledged" in trouble.remedy
    assert file.unserved("acme") == {}


def test_a_read_only_file(file: Store) -> None:
    _pragma(file, "query_only=ON")
    trouble = _fails(file)
    assert trouble.sentence.startswith("The state database is read-only")
    assert "right to write" in trouble.remedy


def test_a_file_that_another_program_keeps(file: Store) -> None:
    with file.begin():
        other = Store(file.engine)
        with other.engine.connect() as second:
            driver = second.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA busy_timeout=0")
        assert _fails(other).sentence == "The state database is locked (database is locked)."


def test_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"no database at all " * 100)
    with pytest.raises(StateTrouble, match="damaged or no database") as caught:
        Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    assert "backup" in caught.value.remedy


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateTrouble, match="not there"):
        Store.open(f"sqlite:///{tmp_path / 'nowhere' / 'state.db'}")


def test_a_server_that_is_away(tmp_path: Path) -> None:
    with pytest.raises(StateTrouble, match="cannot be reached") as caught:
        Store.open(f"postgresql+psycopg://me:hidden@/state?host={tmp_path}")
    assert "work resumes where it stood" in caught.value.remedy
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"database": "mlc_no_such"}, {"username": "mlc_no_such", "password": "hidden"}])
def test_a_server_that_refuses_us(postgres_url: str, wrong: dict[str, str]) -> None:
    url = make_url(postgres_url).set(**wrong)  # type: ignore[arg-type]  # texts only
    with pytest.raises(StateTrouble, match="refused us") as caught:
        Store.open(url.render_as_string(hide_password=False))
    assert "MLC_STATE_URL" in caught.value.remedy
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://me:hidden@host:port/x", "postgresql://me:hidden@host/x?nonsense=1", "x"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises((WrongUse, StateTrouble)) as caught:
        Store.open(url)
    assert "state.url" in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_standby_server(postgres: Store) -> None:
    url = postgres.engine.url.update_query_dict({"options": "-c default_transaction_read_only=on"})
    standby = Store.open(url.render_as_string(hide_password=False))
    trouble = _fails(standby)
    standby.close()
    assert trouble.sentence == "The state database is read-only (25006)."
    assert "primary" in trouble.remedy


def test_a_server_that_stops_in_mid_air(postgres: Store) -> None:
    """The transaction is undone, the message says so, and the next one finds the server again."""

    def cut_off() -> None:
        with postgres.begin() as tx:
            postgres.guard(tx, "acme", 0, NOON)
            mine = tx.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with postgres.begin() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({mine}, 10000)")
            tx.execute(schema.task.delete())

    with pytest.raises(StateTrouble, match="shutting down") as caught:
        cut_off()
    assert "resumes where it stood" in caught.value.remedy
    assert postgres.take_lease("acme", "me", NOON) == 1


def test_a_run_that_froze_does_not_hold_up_the_others_for_ever(postgres: Store) -> None:
    def wait_shortly() -> None:
        with postgres.begin() as tx:
            assert tx.exec_driver_sql("SHOW lock_timeout").scalar() == "30s"
            assert tx.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "1min"
            tx.exec_driver_sql("SET LOCAL lock_timeout = '1ms'")
            lock(tx, "acme")

    with postgres.begin() as frozen:
        lock(frozen, "acme")
        with pytest.raises(StateTrouble, match="locked"):
            wait_shortly()


def test_what_was_noted_is_on_the_disk_whatever_the_server_says(postgres: Store) -> None:
    url = postgres.engine.url.update_query_dict({"options": "-c synchronous_commit=off"})
    careless = Store.open(url.render_as_string(hide_password=False))
    with careless.begin() as tx:
        assert tx.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    careless.close()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (psycopg.errors.DiskFull("x"), "The disk of the database server is full (53100)."),
        (psycopg.errors.TooManyConnections("x"), "The database server has no connection left (53300)."),
        (psycopg.errors.DeadlockDetected("x"), "The database gave way to another run (40P01)."),
        (psycopg.errors.InsufficientPrivilege("x"), "The database user lacks a right (42501)."),
        (psycopg.errors.DataCorrupted("x"), "The database server has a fault of its own (XX001)."),
        (psycopg.errors.UndefinedTable("x"), None),
        (psycopg.errors.UniqueViolation("x"), None),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_the_server_says_in_our_words(error: psycopg.Error, sentence: str | None) -> None:
    """A mistake of ours is no trouble of the database: it keeps its own name."""
    trouble = state_trouble(DBAPIError("INSERT ...", {}, error))
    assert (trouble.sentence if trouble else None) == sentence


def test_an_error_shows_no_values(fresh_url: str) -> None:
    store = fresh(fresh_url)
    row = {"connection": "acme", "plan": "", "key": "k", "body_hash": "Ana Example"}
    with pytest.raises(IntegrityError) as caught, store.begin() as tx:
        tx.execute(schema.approval.insert(), [row, row])
    store.close()
    assert "Ana Example" not in str(caught.value)
