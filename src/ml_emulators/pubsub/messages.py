"""The wire messages of `eventbus.v1`, built from the field table of salesforce reference 5.3.

They live in a pool of their own, so that a client's generated messages of the same names can stand beside them.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "eventbus.v1"
SERVICE = f"{PACKAGE}.PubSub"

# message -> fields in the order of their numbers, "name type", "*" for repeated
_MESSAGES = {
    "TopicInfo": (
        *("topic_name string", "tenant_guid string", "can_publish bool", "can_subscribe bool"),
        *("schema_id string", "rpc_id string"),
    ),
    "TopicRequest": ("topic_name string",),
    "EventHeader": ("key string", "value bytes"),
    "ProducerEvent": ("id string", "schema_id string", "payload bytes", "headers *EventHeader"),
    "ConsumerEvent": ("event ProducerEvent", "replay_id bytes"),
    "PublishResult": ("replay_id bytes", "error Error", "correlation_key string"),
    "Error": ("code ErrorCode", "msg string"),
    "FetchRequest": (
        *("topic_name string", "replay_preset ReplayPreset", "replay_id bytes", "num_requested int32"),
        "auth_refresh string",
    ),
    "FetchResponse": (
        *("events *ConsumerEvent", "latest_replay_id bytes", "rpc_id string", "pending_num_requested int32"),
    ),
    "SchemaRequest": ("schema_id string",),
    "SchemaInfo": ("schema_json string", "schema_id string", "rpc_id string"),
    "PublishRequest": ("topic_name string", "events *ProducerEvent", "auth_refresh string"),
    "PublishResponse": ("results *PublishResult", "schema_id string", "rpc_id string"),
    "ManagedFetchRequest": (
        *("subscription_id string", "developer_name string", "num_requested int32", "auth_refresh string"),
        "commit_replay_id_request CommitReplayRequest",
    ),
    "ManagedFetchResponse": (
        *("events *ConsumerEvent", "latest_replay_id bytes", "rpc_id string", "pending_num_requested int32"),
        "commit_response CommitReplayResponse",
    ),
    "CommitReplayRequest": ("commit_request_id string", "replay_id bytes"),
    "CommitReplayResponse": ("commit_request_id string", "replay_id bytes", "error Error", "process_time int64"),
}
_ENUMS = {"ErrorCode": ("UNKNOWN", "PUBLISH", "COMMIT"), "ReplayPreset": ("LATEST", "EARLIEST", "CUSTOM")}
# rpc -> request, response, how many of each
RPCS = {
    "Subscribe": ("FetchRequest", "FetchResponse", "stream"),
    "GetSchema": ("SchemaRequest", "SchemaInfo", "one"),
    "GetTopic": ("TopicRequest", "TopicInfo", "one"),
    "Publish": ("PublishRequest", "PublishResponse", "one"),
    "PublishStream": ("PublishRequest", "PublishResponse", "stream"),
    "ManagedSubscribe": ("ManagedFetchRequest", "ManagedFetchResponse", "stream"),
}

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
    "bool": _Field.TYPE_BOOL,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
}


def _field(number: int, text: str) -> _Field:
    name, _, kind = text.partition(" ")
    bare = kind.removeprefix("*")
    made = _Field(name=name, number=number, label=_Field.LABEL_REPEATED if "*" in kind else _Field.LABEL_OPTIONAL)
    if bare in _SCALARS:
        made.type = _SCALARS[bare]
    else:
        made.type = _Field.TYPE_ENUM if bare in _ENUMS else _Field.TYPE_MESSAGE
        made.type_name = f".{PACKAGE}.{bare}"
    return made


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="eventbus.proto", package=PACKAGE, syntax="proto3")
    for name, values in _ENUMS.items():
        file.enum_type.add(name=name).value.extend(
            descriptor_pb2.EnumValueDescriptorProto(name=value, number=number) for number, value in enumerate(values)
        )
    for name, fields in _MESSAGES.items():
        file.message_type.add(name=name).field.extend(_field(number, text) for number, text in enumerate(fields, 1))
    service = file.service.add(name="PubSub")
    for name, (takes, gives, how) in RPCS.items():
        both = how == "stream"
        service.method.add(
            name=name,
            input_type=f".{PACKAGE}.{takes}",
            output_type=f".{PACKAGE}.{gives}",
            client_streaming=both,
            server_streaming=both,
        )
    return file


FILE = _file()
_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(FILE)


def message(name: str) -> Any:
    """The class of a message by its name in the package."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))


ConsumerEvent = message("ConsumerEvent")
Error = message("Error")
FetchRequest = message("FetchRequest")
FetchResponse = message("FetchResponse")
ProducerEvent = message("ProducerEvent")
PublishRequest = message("PublishRequest")
PublishResponse = message("PublishResponse")
PublishResult = message("PublishResult")
SchemaInfo = message("SchemaInfo")
SchemaRequest = message("SchemaRequest")
TopicInfo = message("TopicInfo")
TopicRequest = message("TopicRequest")
PUBLISH_ERROR = _ENUMS["ErrorCode"].index("PUBLISH")
