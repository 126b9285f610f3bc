"""The store: everything that survives a crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select

from ml_connector.model.errors import StateTrouble, WrongUse

from .alerts import Alerts
from .approvals import Approvals
from .arrivals import Arrivals
from .audit_check import AuditCheck
from .backfills import Backfills
from .compared import Compared
from .conflicts import Conflicts
from .database import first_come, open_engine, transaction
from .digests import Digests
from .holds import Holds
from .installation import Installation
from .lag import Lag
from .ledger import Ledger
from .links import Links
from .marking import Marking
from .outbox import Outbox
from .people import People
from .records import Connections, Plans, Secrets
from .rules_versions import RulesVersions
from .runs import Runs
from .schema import metadata
from .sides import SidesKept
from .tasks import Tasks
from .told import Told

if TYPE_CHECKING:  # a third of what a command imports, and only who migrates an older state needs it
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = max(path.name[1:5] for path in (MIGRATIONS / "versions").glob("v*.py"))
"""The revision that `schema` describes: the last one, by the number that its file is called after."""
_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, as Alembic makes it."""


class Store(
    Tasks,
    Holds,
    Links,
    Outbox,
    Connections,
    Plans,
    Approvals,
    Secrets,
    Conflicts,
    Digests,
    Alerts,
    Compared,
    Ledger,
    Backfills,
    Told,
    Runs,
    SidesKept,
    Arrivals,
    Lag,
    People,
    AuditCheck,
    Installation,
    RulesVersions,
    Marking,
):
    """State of all connections of one installation. Raises `StateTrouble` when the database cannot be used."""

    @classmethod
    def open(cls, url: str, patience: int | None = None) -> Store:
        """Open, and bring the schema up to date; of several processes that do so at once, one does it.

        Another one's lock is waited for `patience` seconds; None for as long as usual.
        """
        with _opening(url, patience) as tx:
            first_come(tx)
            if not inspect(tx).has_table(_version.name):
                metadata.create_all(tx)
                _version.create(tx)
                tx.execute(insert(_version).values(version_num=HEAD))
            elif tx.execute(select(_version.c.version_num)).scalars().all() != [HEAD]:
                migrate(tx)
        return cls(tx.engine)

    @classmethod
    def fresh(cls, url: str = "sqlite://") -> Store:
        """An empty store without migration history, for simulations; what an earlier simulation left is dropped.

        Raises `WrongUse` for a database that `open` has made: it may be an installation.
        """
        with _opening(url) as tx:
            tables = inspect(tx).get_table_names()
            if _version.name in tables:
                raise WrongUse("This database holds an installation.", "Name an empty database for the simulation.")
            if tables:
                metadata.drop_all(tx)
            metadata.create_all(tx)
        return cls(tx.engine)

    def close(self) -> None:
        """Close all connections to the database."""
        self.engine.dispose()


@contextmanager
def _opening(url: str, patience: int | None = None) -> Iterator[Connection]:
    """The first transaction of an engine, which stays open only if that one goes well."""
    engine = open_engine(url, patience)
    try:
        with transaction(engine) as tx:
            yield tx
    except BaseException:
        engine.dispose()
        raise


def migrate(tx: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision` within `tx`. Raises `StateTrouble` if a newer version has made it."""
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(alembic_config(tx), revision)
    except CommandError as error:
        raise StateTrouble(
            f"The state was made by a newer version: {error}.", "Install that version, or put back an older backup."
        ) from error


def alembic_config(tx: Connection) -> Config:
    """Alembic's settings for our migrations, to run in the transaction `tx`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = tx
    return config
