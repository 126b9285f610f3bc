"""Our field table is that of a public client's messages, made from the vendor's own file."""

from __future__ import annotations

from pysfpubsub import pubsub_api_pb2 as theirs  # type: ignore[import-untyped]  # the package brings no types

from ml_connector.systems.salesforce.pubsub import messages


def test_the_field_table_is_theirs() -> None:
    for name in messages._MESSAGES:
        ours = messages._message(name).DESCRIPTOR
        assert [(field.name, field.number, field.type) for field in ours.fields] == [
            (field.name, field.number, field.type) for field in theirs.DESCRIPTOR.message_types_by_name[name].fields
        ]


def test_presets_are_theirs() -> None:
    presets = theirs.DESCRIPTOR.enum_types_by_name["ReplayPreset"].values_by_name
    assert (presets["LATEST"].number, presets["CUSTOM"].number) == (messages.LATEST, messages.CUSTOM)


def test_a_request_reads_the_same_at_the_other_end() -> None:
    ours = messages.FetchRequest(topic_name="/data/X", replay_preset=2, replay_id=b"\1", num_requested=3)
    read = theirs.FetchRequest.FromString(ours.SerializeToString())
    assert (read.topic_name, read.replay_preset, read.replay_id, read.num_requested) == ("/data/X", 2, b"\1", 3)
