"""The wire messages of `eventbus.v1` that a subscriber uses, built from the field table of salesforce reference 5.3.

They live in a pool of their own, so that another library's messages of the same names can stand beside them.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "eventbus.v1.PubSub"
LATEST, CUSTOM = 0, 2
"""Replay presets: what comes from now on, and what comes after a given position."""

_PACKAGE = "eventbus.v1"
_MESSAGES = {
    "EventHeader": ("key string", "value bytes"),
    "ProducerEvent": ("id string", "schema_id string", "payload bytes", "headers *EventHeader"),
    "ConsumerEvent": ("event ProducerEvent", "replay_id bytes"),
    "FetchRequest": (
        *("topic_name string", "replay_preset ReplayPreset", "replay_id bytes", "num_requested int32"),
        "auth_refresh string",
    ),
    "FetchResponse": (
        *("events *ConsumerEvent", "latest_replay_id bytes", "rpc_id string", "pending_num_requested int32"),
    ),
    "SchemaRequest": ("schema_id string",),
    "SchemaInfo": ("schema_json string", "schema_id string", "rpc_id string"),
    "TopicRequest": ("topic_name string",),
    "TopicInfo": (
        *("topic_name string", "tenant_guid string", "can_publish bool", "can_subscribe bool"),
        *("schema_id string", "rpc_id string"),
    ),
}
"""Message -> its fields in the order of their numbers, `name type`, `*` for repeated."""
_PRESETS = ("LATEST", "EARLIEST", "CUSTOM")
_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
    "bool": _Field.TYPE_BOOL,
    "int32": _Field.TYPE_INT32,
    "ReplayPreset": _Field.TYPE_ENUM,
}


def _field(number: int, text: str) -> _Field:
    name, _, kind = text.partition(" ")
    bare = kind.removeprefix("*")
    label = _Field.LABEL_REPEATED if kind != bare else _Field.LABEL_OPTIONAL
    made = _Field(name=name, number=number, label=label, type=_TYPES.get(bare, _Field.TYPE_MESSAGE))
    if bare[0].isupper():
        made.type_name = f".{_PACKAGE}.{bare}"
    return made


def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="eventbus.proto", package=_PACKAGE, syntax="proto3")
    presets = file.enum_type.add(name="ReplayPreset")
    for number, name in enumerate(_PRESETS):
        presets.value.add(name=name, number=number)
    for name, fields in _MESSAGES.items():
        file.message_type.add(name=name).field.extend(_field(number, text) for number, text in enumerate(fields, 1))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


_POOL = _pool()


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


FetchRequest = _message("FetchRequest")
FetchResponse = _message("FetchResponse")
SchemaInfo = _message("SchemaInfo")
SchemaRequest = _message("SchemaRequest")
TopicInfo = _message("TopicInfo")
TopicRequest = _message("TopicRequest")
