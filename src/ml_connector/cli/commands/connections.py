"""The connections of an installation."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter

from ml_connector.cli.render_connections import connection_lines
from ml_connector.cli.text import safe

from .common import USUAL, Common, show

Name = Annotated[str, Parameter(name="NAME", help="How the connection is called: small letters, digits, hyphens")]


def connections(*, common: Common = USUAL) -> int:
    """List the connections with their health; ends with 1 if somebody must look after something."""
    from ml_connector.actions.connections import connections as action

    with common.log():
        views = asyncio.run(action(common.folder))
    show(common, "connections", views, lambda width: connection_lines(views, width))
    return int(any(view.attention for view in views))


def add(name: Name, /, *, common: Common = USUAL) -> int:
    """Make the settings of a further connection. Then connect its two sides."""
    from ml_connector.actions.connections import add_connection

    file = add_connection(common.folder, name)
    lines = [f"Its settings are in {safe(file)}.", f"Next:  ml-connector connect quickbooks --connection {name}"]
    show(common, "connection", {"name": name, "file": str(file)}, lambda _: lines)
    return 0
