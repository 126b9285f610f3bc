"""Changes to records, and whatever else users of the vendors' screens can do."""

from __future__ import annotations

from ml_connector.model.errors import WrongUse
from ml_connector.model.refs import Ref

from .catalog import renamed_dim
from .names import KINDS
from .parties import Json
from .play import Play, Ready

_NAMED = {
    "customer": "DisplayName",
    "vendor": "DisplayName",
    "employee": "DisplayName",
    "account": "Name",
    "item": "Name",
}


async def _target(play: Play, entry: Ready) -> Ref:
    kinds = (entry.text("kind"),) if entry.text("kind") else ()
    if kinds and kinds[0] not in KINDS:
        raise WrongUse(f"{entry.entry.where}: {kinds[0]!r} is no kind.", f"Kinds are {', '.join(KINDS)}.")
    refs = await play.names.refs(str(entry.value), *kinds)
    if len(refs) > 1:
        named = ", ".join(f"{ref.system} {ref.kind}" for ref in refs)
        raise WrongUse(f"{entry.entry.where}: {entry.value!r} names more than one record ({named}).", "Add kind = ...")
    return refs[0]


async def update(play: Play, entry: Ready) -> None:
    """`update`: change fields of a record, by the vendor's names."""
    ref = await _target(play, entry)
    await play.stage.act(ref.system, "update", ref.kind, {**entry.get("fields"), "Id": ref.id})


async def on_record(play: Play, entry: Ready) -> None:
    """`delete`, `void`: what the vendor does not allow for the kind is refused, in its words."""
    ref = await _target(play, entry)
    await play.stage.act(ref.system, entry.entry.verb.name, ref.kind, {"Id": ref.id})


async def switch_on_or_off(play: Play, entry: Ready) -> None:
    """`activate`, `deactivate`: orders have a status, records of QuickBooks are active or not."""
    ref, verb = await _target(play, entry), entry.entry.verb.name
    if ref.kind == "Order":
        await play.stage.act("salesforce", f"{verb}_order", "Order", {"Id": ref.id})
    else:
        await play.stage.act(ref.system, verb, ref.kind, {"Id": ref.id})


async def rename(play: Play, entry: Ready) -> None:
    """`rename`: by the field that holds the name of its kind. Raises `WrongUse` for kinds that have none."""
    ref = await _target(play, entry)
    kind = next(name for name, known in KINDS.items() if (known.system, known.kind) == (ref.system, ref.kind))
    to = entry.text("to")
    if kind in ("department", "class"):
        fields: Json = await renamed_dim(play, kind, to)
    elif kind in _NAMED:
        fields = {_NAMED[kind]: to}
    else:
        raise WrongUse(f"{entry.entry.where}: a {kind} has no name to change.", "Use  update  with fields.")
    await play.stage.act(ref.system, "update", ref.kind, {"Id": ref.id, **fields})


async def merge(play: Play, entry: Ready) -> None:
    """`merge`: one record into another of its kind; the first is gone afterwards."""
    loser = await _target(play, entry)
    kind = "customer" if loser.kind == "Customer" else loser.kind.lower()
    survivor = await play.names.ref(entry.text("into"), kind)
    body: Json = {"Id": survivor.id, "deletedId": loser.id}
    if loser.system == "salesforce":
        body = {"Id": survivor.id, "losers": [loser.id]}
    await play.stage.act(loser.system, "merge", loser.kind, body)


async def act(play: Play, entry: Ready) -> None:
    """`act`: any act that the control door knows, by its own names (docs/emulators.md)."""
    system, kind = entry.text("system"), entry.text("kind")
    made = await play.stage.act(system, str(entry.value), kind, entry.get("body") or {})
    if alias := entry.text("as"):
        named = next((n for n, known in KINDS.items() if (known.system, known.kind) == (system, kind)), kind)
        play.names.give(named, alias, made, system, kind)


async def switch(play: Play, entry: Ready) -> None:
    """`switch`: switches of a vendor, by their own names (docs/emulators.md)."""
    await play.stage.door.ask("POST", "/switches", {str(entry.value): entry.get("values")})
