"""The store: everything that survives a crash."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect

from .database import open_engine
from .holds import Holds
from .links import Links
from .records import Audit, Connections, Plans, Secrets
from .schema import metadata
from .tasks import Tasks
from .writes import Writes

MIGRATIONS = Path(__file__).parent / "migrations"


class Store(Tasks, Holds, Links, Writes, Connections, Plans, Secrets, Audit):
    """State of all connections of one installation. Raises `StateTrouble` when the database cannot be used."""

    @classmethod
    def open(cls, url: str) -> Store:
        """Open, and bring the schema up to date."""
        engine = open_engine(url)
        if inspect(engine).has_table("alembic_version"):
            command.upgrade(alembic_config(engine), "head")
        else:
            metadata.create_all(engine)
            command.stamp(alembic_config(engine), "head")
        return cls(engine)

    @classmethod
    def fresh(cls, url: str = "sqlite://") -> Store:
        """A new empty store without migration history, for simulations."""
        engine = open_engine(url)
        metadata.create_all(engine)
        return cls(engine)

    def close(self) -> None:
        self.engine.dispose()


def alembic_config(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    return config
