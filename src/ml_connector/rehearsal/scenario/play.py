"""What is known while a scenario is played: the stage, names, the connector, the last plan and report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ml_connector.actions.open import App
from ml_connector.actions.plan import PlanView
from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import Rules

from .installation import Installation, rules_of
from .names import Names
from .reader import Entry, Scenario, converted
from .stage import Stage
from .values import TEXT
from .words import all_params


class Check(NamedTuple):
    """One check, as the document shows it."""

    name: str
    ok: bool
    expected: str
    actual: str


class Ready(NamedTuple):
    """An entry about to be played: references filled in, values in their types."""

    entry: Entry
    value: Any
    args: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a key in its type; `default` where the entry has not got it."""
        return self.args.get(name, default)

    def text(self, name: str) -> str:
        """The value of a key as text; blank where the entry has not got it."""
        return str(self.args.get(name) or "")


class Play:
    """One scenario as it is being played."""

    def __init__(self, scenario: Scenario, stage: Stage, folder: Path) -> None:
        self.scenario = scenario
        self.stage = stage
        self.names = Names(stage)
        self.plans: list[tuple[str, PlanView]] = []
        self.marks: dict[str, int] = {}
        self.written = 0
        self.synced = False
        self._folder = folder
        self._changes: dict[str, Any] = {}
        self._installation: Installation | None = None

    async def app(self) -> App:
        """The connector; it is set up when it is first needed, so that settings may name what the file makes."""
        if self._installation is None:
            self._installation = Installation(self.stage, self.scenario, self._folder)
        return self._installation.app or self._installation.start(await self.rules())

    async def rules(self) -> Rules:
        """The settings of the file, with those that `restart` has changed. Raises `WrongUse`."""
        return await rules_of(self.scenario, self.names, self.stage.door.line, self._changes)

    async def restart(self, changes: Mapping[str, Any] | None = None) -> App:
        """End the connector and start it on what it kept, with changed settings if there are any."""
        await self.app()
        self._changes |= changes or {}
        if self._installation is None:
            raise WrongUse("There is no connector.", "Report this.")
        return self._installation.start(await self.rules())

    def close(self) -> None:
        """End the connector, if there is one."""
        if self._installation is not None:
            self._installation.close()

    async def ready(self, entry: Entry) -> Ready:
        """Fill in references and convert. Raises `WrongUse`."""
        value = await self.names.filled(entry.value)
        if value is not True or entry.verb.takes is not TEXT:
            value = converted(entry.verb.takes, value, f"{entry.where}: {entry.verb.name}")
        kinds = {param.name: param.kind for param in all_params(entry.verb)}
        args = {
            key: converted(kinds[key], await self.names.filled(raw), f"{entry.where}: {entry.verb.name} {key}")
            for key, raw in entry.args.items()
        }
        return Ready(entry, value, args)

    def check_moment(self, moment: datetime) -> None:
        """Whether an act can be done at that moment. Raises `WrongUse`."""
        now = self.stage.now()
        if moment > now:
            raise WrongUse(
                f"{moment.isoformat()} is after the present {now.isoformat()}.",
                "Move the clock there first:  clock = ...",
            )
        if self.synced and moment < now - timedelta(minutes=5):
            raise WrongUse(
                f"{moment.isoformat()} is in the past, and the connector has already asked what changed since then.",
                "Put this entry before the first sync or plan, or let it happen now.",
            )

    async def counted(self) -> int:
        """The present place in the emulators' log of requests."""
        return int((await self.stage.door.ask("GET", "/requests?limit=1", None))["mark"])
