"""What a database says when it cannot be used, in our words: `StateTrouble` with what to do."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from ml_connector.model.errors import StateTrouble

_NOTHING_LOST = "nothing was acknowledged."

_SQLITE = (
    ("full", "The disk is full", f"Free space where the state database lies, then start again; {_NOTHING_LOST}"),
    ("readonly", "The state database is read-only", "Give this user the right to write the file and its folder."),
    ("locked", "The state database is locked", f"End the other program that has it open, then again; {_NOTHING_LOST}"),
    ("not a database", "The state file is damaged or no database", "Put back a backup of the state."),
    ("malformed", "The state file is damaged", "Put back a backup of the state."),
    ("unable to open", "The state file cannot be opened", "Check that its folder is there and may be written."),
)
"""Part of SQLite's message, what is the case, what to do."""

_POSTGRES = (
    ("53100", "The disk of the database server is full", f"Free space there, then start again; {_NOTHING_LOST}"),
    ("53300", "The database server has no connection left", "Raise its max_connections, or run fewer processes."),
    ("53", "The database server is short of memory or space", f"Look at the server, then start again; {_NOTHING_LOST}"),
    ("25006", "The state database is read-only", "Let state.url name the primary server, not a standby."),
    ("28", "The database server does not let us in", "Correct user and password in state.url or MLC_STATE_URL."),
    ("3D000", "The state database is not there", "Create it with  createdb , or correct its name in state.url."),
    ("42501", "The database user lacks a right", "Let it own its database, or grant it CREATE on the schema."),
    ("55P03", "The state database is locked", f"Another run keeps it longer than 30 seconds; again; {_NOTHING_LOST}"),
    ("40", "The database gave way to another run", f"Run the command again; {_NOTHING_LOST}"),
    ("57P", "The database server is shutting down", "Start it again; work resumes where it stood."),
    ("58", "The database server has a fault of its own", "Look at the server's log, then start again."),
    ("XX", "The database server has a fault of its own", "Look at the server's log, then start again."),
)
"""Beginning of PostgreSQL's error code, what is the case, what to do. The first that fits counts."""


def state_trouble(error: SQLAlchemyError) -> StateTrouble | None:
    """Our error for one that says the database cannot be used; None for a mistake of ours."""
    if isinstance(error, NoConnectionFree):
        return StateTrouble("All database connections of this process are in use.", "Run fewer things at once.")
    if isinstance(error, NoSuchModuleError):
        return StateTrouble("This kind of database is not known.", "Write state.url as postgresql+psycopg://host/name")
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite(error.orig)
    code = getattr(error.orig, "sqlstate", None)
    for beginning, sentence, remedy in _POSTGRES:
        if code is not None and code.startswith(beginning):
            return StateTrouble(f"{sentence} ({code}).", remedy)
    if "connection option" in str(error.orig):
        return StateTrouble(f"The address of the database is wrong: {error.orig}.", "Correct state.url.")
    if _is_away(error, code):
        return _away(error)
    return None


def _sqlite(error: sqlite3.Error) -> StateTrouble | None:
    said = str(error)
    for part, sentence, remedy in _SQLITE:
        if part in said:
            return StateTrouble(f"{sentence} ({said}).", remedy)
    if isinstance(error, sqlite3.OperationalError):
        remedy = f"Check free space and rights of the home folder, then start again; {_NOTHING_LOST}"
        return StateTrouble(f"The state database cannot be used: {said}.", remedy)
    return None


def _is_away(error: DBAPIError, code: str | None) -> bool:
    """No answer, or the connection broke (class 08); a server that answered gave a code."""
    if error.connection_invalidated or (code or "").startswith("08"):
        return True
    return code is None and type(error.orig).__name__ == "OperationalError"


def _away(error: DBAPIError) -> StateTrouble:
    said = " ".join(str(error.orig).split())
    if "certificate" in said:
        return StateTrouble(
            f"The database server did not prove who it is: {said}.",
            "Correct host or sslrootcert in state.url; if both are right, somebody else answers in its place.",
        )
    if "does not support SSL" in said:
        return StateTrouble(
            f"The database server does not speak TLS, so it cannot prove who it is: {said}.",
            "Switch TLS on there (ssl = on, with a certificate), or correct the host in state.url.",
        )
    refused = "password" in said or "authentication" in said
    if refused or "does not exist" in said:
        return StateTrouble(
            f"The database server refused us: {said}.", "Correct state.url, or MLC_STATE_URL where it has a password."
        )
    return StateTrouble(
        f"The database server cannot be reached: {said}.",
        "Start it, or correct state.url; work resumes where it stood, and nothing was acknowledged.",
    )
