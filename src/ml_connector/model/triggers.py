"""What ends a wait. A hold or a skip names its triggers; when one fires, the record is looked at again.

A trigger is kept as text, `<kind>` or `<kind>:<what>`; only this file spells it. A change of the record itself always
counts, without a trigger.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NewType

import msgspec

from .refs import Link, Ref
from .roles import Role

Trigger = NewType("Trigger", str)


class TriggerKind(StrEnum):
    """What a trigger is about. The values begin the texts in the state; they never change."""

    RECORD = "record"
    """Another record has changed."""
    LINK = "link"
    """A record got a link in a role, or another one."""
    REFERENCE = "reference"
    """A reference table of a system reads otherwise."""
    DAY = "day"
    """A day of the company has begun."""
    SETTINGS = "settings"
    """The rules in the settings are others."""
    CLEAN_POSTINGS = "clean postings"
    """Enough entries that people approved went well (accounting-rules 0.4)."""
    STATE = "state"
    """A row of our own state that somebody had changed was put right."""


SETTINGS = Trigger(TriggerKind.SETTINGS.value)
CLEAN_POSTINGS = Trigger(TriggerKind.CLEAN_POSTINGS.value)
STATE = Trigger(TriggerKind.STATE.value)


def record_changed(ref: Ref) -> Trigger:
    """Fires when anybody tells that `ref` may have changed."""
    return Trigger(f"{TriggerKind.RECORD.value}:{ref}")


def linked(role: Role, ref: Ref) -> Trigger:
    """Fires when `ref`, on either side, is linked in `role`."""
    return Trigger(f"{TriggerKind.LINK.value}:{role.value}:{ref}")


def table_changed(table: str, system: str = "quickbooks") -> Trigger:
    """Fires when the reference table `table` of `system` has another version."""
    return Trigger(f"{TriggerKind.REFERENCE.value}:{system}:{table}")


def day_begins(day: date) -> Trigger:
    """Fires when this day begins in the company's time zone."""
    return Trigger(f"{TriggerKind.DAY.value}:{day.isoformat()}")


def table_of(trigger: Trigger) -> tuple[str, str]:
    """System and table of a trigger made by `table_changed`."""
    _, system, table = trigger.split(":", 2)
    return system, table


ITEMS = (table_changed("items"), SETTINGS)
ACCOUNTS = (table_changed("accounts"), SETTINGS)
PREFERENCES = (table_changed("preferences"), SETTINGS)


def fired_by(links: Iterable[Link]) -> list[Trigger]:
    """What fires when these links are made or renewed."""
    return [linked(link.role, ref) for link in links for ref in (link.source, link.target)]


def prefix_of(kind: TriggerKind) -> str:
    """How all triggers of a kind that says what it is about begin."""
    return f"{kind.value}:"


class Release(msgspec.Struct, frozen=True):
    """What usually ends a hold of some code, without saying for which record: for the pages that explain the codes.

    `role` and `fact` of a link (the fact of the hold that is linked), `system` and `table` of a table, `fact` of a day.
    A change of the record itself is of kind RECORD.
    """

    kind: TriggerKind
    role: Role | None = None
    fact: str = ""
    system: str = ""
    table: str = ""


ITSELF = Release(TriggerKind.RECORD)
OTHER_SETTINGS = Release(TriggerKind.SETTINGS)
ROW_PUT_RIGHT = Release(TriggerKind.STATE)


def when_linked(role: Role, fact: str) -> Release:
    """Ends when the record that the hold has as this fact is linked in `role`."""
    return Release(TriggerKind.LINK, role=role, fact=fact)


def when_table(table: str, system: str = "quickbooks") -> Release:
    """Ends when this reference table of `system` has another version."""
    return Release(TriggerKind.REFERENCE, system=system, table=table)


def on_day(fact: str) -> Release:
    """Ends on the day that the hold has as this fact."""
    return Release(TriggerKind.DAY, fact=fact)
