"""What the tables are made of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Text, text

metadata = MetaData()

# PostgreSQL sorts and compares by bytes, as SQLite does: a unique index must not depend on the system's language.
Words = Text().with_variant(Text(collation="C"), "postgresql")


def text_(name: str, default: str = "") -> Column[str]:
    """A text, blank where none is given."""
    return Column(name, Words, nullable=False, server_default=default)


def mark_() -> Column[bytes]:
    """Proves that the row was written with the key (`marks.py`); empty in one that was not."""
    return Column("mark", LargeBinary, nullable=False, server_default=text("''"))


def instant_(name: str) -> Column[int]:
    """An instant in epoch milliseconds, 0 where none is given."""
    return Column(name, BigInteger, nullable=False, server_default="0")
