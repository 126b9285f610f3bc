"""What administrators change in the org and in the company."""

from __future__ import annotations

from typing import Any

from ml_connector.model.errors import WrongUse

from .names import KINDS
from .parties import Json
from .play import Play, Ready


async def org(play: Play, entry: Ready) -> None:
    """`org`: switches of the Salesforce emulator."""
    await _switch(play, entry.value)


async def company(play: Play, entry: Ready) -> None:
    """`company`: what the QuickBooks emulator says of its company."""
    await _act(play, "set_company", entry.value, "quickbooks")


async def _switch(play: Play, values: Json) -> None:
    await play.stage.door.ask("POST", "/switches", {"salesforce": values})
    play.stage.forget()


async def _switches(play: Play) -> Json:
    switches: Json = (await play.stage.door.ask("GET", "/switches", None))["salesforce"]
    return switches


async def _act(play: Play, operation: str, body: Json, system: str = "salesforce") -> None:
    await play.stage.act(system, operation, "", body)


def _given(entry: Ready, *names: str) -> Json:
    return {name: entry.args[name] for name in names if name in entry.args}


def _user(entry: Ready) -> Json:
    return {"username": entry.text("user")} if entry.text("user") else {}


def _field(entry: Ready) -> tuple[str, str]:
    """Object and field of `Account.Website`. Raises `WrongUse`."""
    name, _, field = str(entry.value).partition(".")
    if not field:
        raise WrongUse(f"{entry.entry.where}: {entry.value!r} names no field.", "Write  Object.Field.")
    return name, field


async def field_rights(play: Play, entry: Ready) -> None:
    """`field_rights`: what the integration user, or another one, may do with a field. Who may not read may not edit."""
    name, field = _field(entry)
    readable = entry.get("read", True)
    rights = {"readable": readable, "editable": readable and entry.get("edit", True)}
    await _act(play, "set_fls", {"object": name, "field": field, **rights, **_user(entry)})


async def object_rights(play: Play, entry: Ready) -> None:
    """`object_rights`: the same for an object; what is not named stays."""
    rights = _given(entry, "read", "create", "edit", "delete")
    await _act(play, "set_object_rights", {"object": str(entry.value), **rights, **_user(entry)})


async def permission(play: Play, entry: Ready) -> None:
    """`permission`: give a system permission, or take it away."""
    granted = entry.get("granted", True)
    await _act(play, "set_permission", {"permission": str(entry.value), "granted": granted, **_user(entry)})


async def freeze_user(play: Play, entry: Ready) -> None:
    """`freeze_user`: of the integration user, or of the one who is named."""
    who = {} if entry.value is True else {"username": str(entry.value)}
    await _act(play, "freeze_user", {**who, "frozen": entry.get("frozen", True)})


async def state_country_picklists(play: Play, entry: Ready) -> None:
    """`state_country_picklists`: the org has them from now on; `places` says how old addresses read."""
    values: Json = {"state_country_picklists": True, "address_places": entry.get("places") or {}}
    values |= {"active_countries": entry.get("countries"), "state_texts": entry.get("state_texts", "name")}
    await _switch(play, values)


async def picklist(play: Play, entry: Ready) -> None:
    """`picklist`: the values of a field, and whether it takes no others."""
    name = ".".join(_field(entry))
    now, values = await _switches(play), entry.get("values")
    if values is not None:
        await _switch(play, {"picklist_values": {**now["picklist_values"], name: values}})
    if "restricted" in entry.args:
        others = {other for other in now["restricted_picklists"] if other != name}
        await _switch(play, {"restricted_picklists": sorted(others | ({name} if entry.get("restricted") else set()))})


async def sales_stage(play: Play, entry: Ready) -> None:
    """`sales_stage`: make, rename or change a stage of Opportunities."""
    facts = _given(entry, "renames", "closed", "won", "probability", "active")
    await _act(play, "set_stage", {"name": str(entry.value), **facts})


async def duplicate_rule(play: Play, entry: Ready) -> None:
    """`duplicate_rule`: of a kind: `alert` can be passed by a header, `block` cannot, `off` ends it."""
    name, now = str(entry.value), await _switches(play)
    rules = {kind: mode for kind, mode in now["duplicate_rules"].items() if kind != name}
    mode = entry.get("mode", "block")
    await _switch(play, {"duplicate_rules": rules if mode == "off" else {**rules, name: mode}})
    if called := entry.text("name"):
        await _switch(play, {"duplicate_rule_names": {**now["duplicate_rule_names"], name: called}})


async def validation_rule(play: Play, entry: Ready) -> None:
    """`validation_rule`: one more; records that meet its condition are refused with its message."""
    rule: Json = {"kind": entry.text("object"), "condition": entry.text("condition"), "message": str(entry.value)}
    rules = (await _switches(play))["validation_rules"]
    await _switch(play, {"validation_rules": [*rules, {**rule, "field": entry.get("field")}]})


async def custom_field(play: Play, entry: Ready) -> None:
    """`custom_field`: a field in the org; nobody sees it unless `visible`."""
    name, field = _field(entry)
    metadata: Json = {"type": entry.text("type") or "Text", **(entry.get("metadata") or {})}
    if metadata["type"] == "Text":
        metadata.setdefault("length", entry.get("length", 255))
    await _act(play, "add_field", {"object": name, "field": field, "metadata": metadata})
    if entry.get("visible"):
        await _act(play, "set_fls", {"object": name, "field": field, "readable": True, "editable": True})


async def remove_field(play: Play, entry: Ready) -> None:
    """`remove_field`: an administrator deletes it."""
    name, field = _field(entry)
    await _act(play, "remove_field", {"object": name, "field": field})


async def late_commit(play: Play, entry: Ready) -> None:
    """`late_commit`: a record that shows up seconds after the time that it carries."""
    kind, record = str(entry.value), dict[str, Any](entry.get("fields"))
    known = next((name for name, named in KINDS.items() if (named.system, named.kind) == ("salesforce", kind)), "")
    if changed := entry.text("of"):
        record["Id"] = (await play.names.ref(changed, *([known] if known else []))).id
    body = {"record": record, "seconds": entry.get("seconds", 3)}
    made = await play.stage.act("salesforce", "late_commit", kind, body)
    if alias := entry.text("as"):
        play.names.give(known or kind, alias, made, "salesforce", kind)
