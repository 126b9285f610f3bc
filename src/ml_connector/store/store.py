"""The store: everything that survives a crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from ml_connector.model.errors import StateTrouble, WrongUse

from .alerts import Alerts
from .approvals import Approvals
from .audit_check import AuditCheck
from .compared import Compared
from .conflicts import Conflicts
from .database import first_come, open_engine, transaction
from .holds import Holds
from .links import Links
from .outbox import Outbox
from .records import Connections, Plans, Secrets
from .runs import Runs
from .schema import metadata
from .tasks import Tasks

MIGRATIONS = Path(__file__).parent / "migrations"


class Store(
    Tasks, Holds, Links, Outbox, Connections, Plans, Approvals, Secrets, Conflicts, Alerts, Compared, Runs, AuditCheck
):
    """State of all connections of one installation. Raises `StateTrouble` when the database cannot be used."""

    @classmethod
    def open(cls, url: str) -> Store:
        """Open, and bring the schema up to date; of several processes that do so at once, one does it."""
        with _opening(url) as tx:
            first_come(tx)
            if inspect(tx).has_table("alembic_version"):
                migrate(tx)
            else:
                metadata.create_all(tx)
                command.stamp(alembic_config(tx), "head")
        return cls(tx.engine)

    @classmethod
    def fresh(cls, url: str = "sqlite://") -> Store:
        """An empty store without migration history, for simulations; what an earlier simulation left is dropped.

        Raises `WrongUse` for a database that `open` has made: it may be an installation.
        """
        with _opening(url) as tx:
            tables = inspect(tx).get_table_names()
            if "alembic_version" in tables:
                raise WrongUse("This database holds an installation.", "Name an empty database for the simulation.")
            if tables:
                metadata.drop_all(tx)
            metadata.create_all(tx)
        return cls(tx.engine)

    def close(self) -> None:
        """Close all connections to the database."""
        self.engine.dispose()


@contextmanager
def _opening(url: str) -> Iterator[Connection]:
    """The first transaction of an engine, which stays open only if that one goes well."""
    engine = open_engine(url)
    try:
        with transaction(engine) as tx:
            yield tx
    except BaseException:
        engine.dispose()
        raise


def migrate(tx: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision` within `tx`. Raises `StateTrouble` if a newer version has made it."""
    try:
        command.upgrade(alembic_config(tx), revision)
    except CommandError as error:
        raise StateTrouble(
            f"The state was made by a newer version: {error}.", "Install that version, or put back an older backup."
        ) from error


def alembic_config(tx: Connection) -> Config:
    """Alembic's settings for our migrations, to run in the transaction `tx`."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = tx
    return config
