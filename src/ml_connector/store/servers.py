"""A PostgreSQL server elsewhere must prove who it is: whoever stands in its place gets the password and the state."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from ml_connector.model.errors import WrongUse

_HOW = (
    "Add to state.url  ?sslmode=verify-full&sslrootcert=/path/ca.pem  with the authority that signed the server's"
    " certificate, or  sslrootcert=system  for a public one (docs/settings.md)."
)


def must_be_proved(url: URL) -> dict[str, str]:
    """What is said to the driver beside the URL, of a server that is not on this machine.

    Raises `WrongUse` unless such a URL asks for its certificate and name to be checked. What counts is what the driver
    would do: its own variables (`PGHOST`, ...) say where it goes, but not that it need not look.
    """
    given = _given(url)
    if all(map(_is_here, _hosts({**_defaults(), **given}))):
        return {}
    for name, value in (("sslmode", "verify-full"), ("sslrootcert", "")):
        if not given.get(name) or (value and given[name] != value):
            raise WrongUse("The database server is on another machine, and would not have to prove who it is.", _HOW)
    return {"gssencmode": "disable"}  # tried first otherwise, and then nothing is looked at


def _given(url: URL) -> dict[str, Any]:
    """What the URL says to the driver, several hosts as the driver has them."""
    dialect: Any = PGDialect_psycopg
    _, given = dialect().create_connect_args(url)
    return dict(given)


def _defaults() -> dict[str, str]:
    """What the driver takes from its variables and its service file."""
    from psycopg.pq import Conninfo  # loaded late: it slows every start

    return {
        option.keyword.decode(): option.val.decode() for option in Conninfo.get_defaults() if option.val is not None
    }


def _hosts(options: Mapping[str, Any]) -> list[str]:
    """Where it would go: to the number, if one stands beside the name. A service that the URL names may be anywhere."""
    places = options.get("hostaddr") or options.get("host") or ("?" if options.get("service") else "")
    return str(places).split(",")


def _is_here(host: str) -> bool:
    """Whether a host is a socket on this machine (a folder, or none) or its loopback."""
    try:
        return host == "localhost" or host[:1] in ("", "/", "@") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
