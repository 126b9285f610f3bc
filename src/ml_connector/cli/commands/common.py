"""What all commands share: their options, the way to the actions, and the way back."""

from __future__ import annotations

import asyncio
import getpass
import inspect
import os
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import tzinfo
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from cyclopts import Parameter

from ml_connector.cli.home import find_home
from ml_connector.cli.output import Screen
from ml_connector.cli.progress import Progress, progress_on
from ml_connector.model.errors import WrongUse

if TYPE_CHECKING:
    from ml_connector.app import App
    from ml_connector.settings import Settings

T = TypeVar("T")


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Options of every command."""

    home: Annotated[Path | None, Parameter(help="Folder of settings, state and keys")] = None
    json: Annotated[bool, Parameter(help="One JSON document instead of text")] = False
    debug: Annotated[bool, Parameter(help="Write a log of a fault, without secrets, to the home")] = False

    @property
    def folder(self) -> Path:
        return find_home(self.home)

    @property
    def screen(self) -> Screen:
        return Screen(json=self.json)

    def settings(self) -> Settings:
        """The settings, checked. Commands call it first, so that what is wrong there is told at once."""
        from ml_connector.settings import load

        return load(self.folder, os.environ)

    def logged(self) -> AbstractContextManager[None]:
        """Log events go to their place meanwhile."""
        self.settings()
        from ml_connector.cli.logs import logged

        return logged(self.folder, debug=self.debug)

    @property
    def zone(self) -> tzinfo:
        """The company's time zone."""
        return self.settings().rules.zone


USUAL = Common()


def run(common: Common, work: Callable[[App, Progress], Awaitable[T]]) -> T:
    """Open the installation and do the work, with progress on stderr."""

    async def opened(step: Progress) -> T:
        from ml_connector.app import open_app

        async with open_app(common.folder) as app:
            return await work(app, step)

    with common.logged(), progress_on() as step:
        return asyncio.run(opened(step))


def look(common: Common, work: Callable[[App], T]) -> T:
    """Open the installation for something that asks nobody and takes no time."""

    async def opened() -> T:
        from ml_connector.app import open_app

        async with open_app(common.folder) as app:
            return work(app)

    with common.logged():
        return asyncio.run(opened())


async def awaited(value: Any) -> Any:
    """The result of an action, whether or not it had to be waited for."""
    return await value if inspect.isawaitable(value) else value


def action(name: str, module: str = "ml_connector.actions") -> Any:
    """A function that another part of the product brings. Raises `WrongUse` where this version has none."""
    try:
        found = getattr(import_module(module), name, None)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        found = None
    if found is None:
        raise WrongUse("This version does not offer that command yet.", "See  ml-connector --help")
    return found


def show(common: Common, schema: str, value: Any, lines: Callable[[int | None], Iterable[str]]) -> None:
    """The result: a document for machines, lines for people."""
    screen = common.screen
    if common.json:
        screen.document(value, schema)
    else:
        screen.lines(lines(screen.width))


def title(common: Common, company: str) -> str:
    """`Acme Inc., PRODUCTION`."""
    side = common.settings().quickbooks
    return ", ".join(part for part in (company, side.environment.upper() if side else "") if part)


def actor() -> str:
    """Who acts: the name of the user on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown user"
