"""What was done but should be looked at by a person, from our own records."""

from __future__ import annotations

import msgspec

from ml_connector.app import App
from ml_connector.model.flags import Flag

_FLAGS = {flag.value: flag for flag in Flag}


class FlagView(msgspec.Struct, frozen=True, kw_only=True):
    """A flag on a record, in words."""

    flag: str
    flow: str
    record: str
    sentence: str


def flags(app: App, name: str = "") -> list[FlagView]:
    """All flags, or those of one name, by name and record."""
    return [
        FlagView(flag=flag, flow=flow, record=str(ref), sentence=flag_sentence(flag))
        for flow, ref, flag in app.store.flags(app.connection.id)
        if not name or flag == name
    ]


def flag_sentence(name: str) -> str:
    """What a flag means; one of another version is named as it is."""
    return _FLAGS[name].sentence if name in _FLAGS else f"It was marked {name}."
