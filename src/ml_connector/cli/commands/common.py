"""What all commands share: their options, the way to the actions, and the way back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from cyclopts import Parameter

from ml_connector.cli.home import find_home
from ml_connector.cli.output import Screen
from ml_connector.cli.progress import progress_on

if TYPE_CHECKING:
    from ml_connector.actions.open import App
    from ml_connector.actions.progress import Progress

T = TypeVar("T")


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Options of every command."""

    home: Annotated[Path | None, Parameter(help="Folder of settings, state and keys")] = None
    connection: Annotated[str, Parameter(help="Which connection, where there are several")] = ""
    json: Annotated[bool, Parameter(help="One JSON document instead of text")] = False
    debug: Annotated[bool, Parameter(help="Write a log of a fault, without secrets, to the home")] = False

    @property
    def folder(self) -> Path:
        """The home: as given, else `./.ml-connector` if it is there, else the user's data directory."""
        return find_home(self.home)

    @property
    def screen(self) -> Screen:
        """Where the result goes: stdout, as lines or as one document."""
        return Screen(json=self.json)

    def check(self) -> None:
        """Check the settings. Commands do it first, so that what is wrong there is told at once."""
        from ml_connector.actions.settings import check_settings

        check_settings(self.folder, self.connection)

    def names(self) -> tuple[str, ...]:
        """How the connections of the home are called."""
        from ml_connector.actions.settings import connection_names

        return connection_names(self.folder)

    def logged(self) -> AbstractContextManager[None]:
        """Log events go to their place meanwhile."""
        self.check()
        return self.log()

    def log(self, *, everything: bool = False) -> AbstractContextManager[None]:
        """As `logged`, for a command that is not about one connection: it checks the settings itself.

        With `everything`, not only what went wrong.
        """
        from ml_connector.cli.logs import logged

        return logged(self.folder, debug=self.debug, everything=everything)

    @property
    def zone(self) -> tzinfo:
        """The company's time zone."""
        from ml_connector.actions.settings import zone_of

        return zone_of(self.folder, self.connection)


USUAL = Common()


def run(common: Common, work: Callable[[App, Progress], Awaitable[T]]) -> T:
    """Open the installation and do the work, with progress on stderr."""

    async def opened(step: Progress) -> T:
        from ml_connector.actions.open import open_app

        async with open_app(common.folder, common.connection) as app:
            return await work(app, step)

    with common.logged(), progress_on() as step:
        return asyncio.run(opened(step))


def look(common: Common, work: Callable[[App], T]) -> T:
    """Open the installation for something that asks nobody and takes no time."""

    async def opened() -> T:
        from ml_connector.actions.open import open_app

        async with open_app(common.folder, common.connection) as app:
            return work(app)

    with common.logged():
        return asyncio.run(opened())


def show(common: Common, schema: str, value: Any, lines: Callable[[int | None], Iterable[str]]) -> None:
    """The result: a document for machines, lines for people."""
    screen = common.screen
    if common.json:
        screen.document(value, schema)
    else:
        screen.lines(lines(screen.width))


def title(common: Common, company: str) -> str:
    """`Acme Inc., PRODUCTION`."""
    from ml_connector.actions.settings import settings_of

    environment = settings_of(common.folder, "quickbooks", common.connection).get("environment", "")
    return ", ".join(part for part in (company, environment.upper()) if part)
