"""The connections of an installation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from ml_connector.cli.ask import typed
from ml_connector.cli.render_connections import connection_lines, ended_lines, rules_lines
from ml_connector.cli.text import safe
from ml_connector.model.errors import WrongUse

from . import decide
from .acting import UNSAID, By, at_terminal, who
from .common import USUAL, Common, look, run, show

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


def rules(name: Name, /, *, common: Common = USUAL) -> int:
    """Every version of the rules of a connection, the newest first: since when, by whom, and what changed."""
    from ml_connector.actions.connections import rules_of

    common = replace(common, connection=name)
    common.check()
    versions = look(common, rules_of)
    show(common, "rules", versions, lambda width: rules_lines(versions, width, common.zone))
    return 0


Why = Annotated[str, Parameter(name="REASON", help="Why, for the audit log")]


def pause(name: Name, reason: Why = "", /, *, by: By = UNSAID, common: Common = USUAL) -> int:
    """Stop all writes of a connection. Reading goes on, so that nothing is missed meanwhile."""
    return decide.stop(reason, by=by, common=replace(common, connection=name))


def resume(name: Name, /, *, by: By = UNSAID, common: Common = USUAL) -> int:
    """Allow writes of a connection again."""
    return decide.resume(by=by, common=replace(common, connection=name))


def rename(
    old: Annotated[str, Parameter(name="OLD", help="How it is called")], name: Name, /, *, common: Common = USUAL
) -> int:
    """Call a connection otherwise. What is on record of it stays."""
    from ml_connector.actions.connections import rename_connection

    file = rename_connection(common.folder, old, name)
    lines = [f"Its settings are in {safe(file)}.", f"Next:  ml-connector status --connection {name}"]
    show(common, "connection", {"name": name, "file": str(file)}, lambda _: lines)
    return 0


def disconnect(name: Name, /, *, by: By = UNSAID, common: Common = USUAL) -> int:
    """End the QuickBooks sign-in of a connection at Intuit and forget its tokens. What is on record stays."""
    from ml_connector.actions.connections import disconnect as action

    common = replace(common, connection=name)
    common.check()
    actor = who(common, by, "connections disconnect")
    ended = run(common, lambda app, _: action(app, actor))
    lines = [*ended_lines(ended), "Its writes are stopped; changes in Salesforce are still taken in."]
    next_ = f"Next:  ml-connector connect quickbooks --connection {name} , then  ml-connector connections resume {name}"
    show(common, "disconnected", ended, lambda _: [*lines, next_])
    return 0


def remove(
    name: Name,
    /,
    *,
    yes: Annotated[bool, Parameter(help="Do not ask, even on a terminal")] = False,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Disconnect a connection, forget its records and secrets, and delete its settings. Its audit log stays."""
    from ml_connector.actions.connections import remove as action

    common = replace(common, connection=name)
    common.check()
    if not yes:
        _ask(name)
    actor = who(common, by, "connections remove")
    ended = run(common, lambda app, _: action(app, actor))
    lines = [
        *ended_lines(ended),
        f"Connection {name} is removed; its audit log stays.",
        "Next:  ml-connector connections",
    ]
    show(common, "removed", ended, lambda _: lines)
    return 0


def _ask(name: str) -> None:
    if not at_terminal():
        raise WrongUse("Nobody can be asked whether that is meant.", "Say so with  --yes")
    if typed(f"What is known of both sides is forgotten, and cannot be brought back. Type  {name}  to go on") != name:
        raise WrongUse("Nothing was removed.", "Run the command again when you are ready.")
