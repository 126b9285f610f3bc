"""The channel of change events: made where rights allow, and what it tells of."""

from __future__ import annotations

from ml_connector.app import App
from ml_connector.clients import event_bus_client
from ml_connector.engine.intake import swept_kinds
from ml_connector.model.errors import ReadRefused
from ml_connector.service.listening import OWN, STANDARD, channel_of, told_kinds
from ml_connector.systems.salesforce.arrivals import OWNERS
from ml_connector.systems.salesforce.fitness import Finding
from ml_connector.systems.salesforce.pubsub.faults import StreamEnded
from ml_connector.systems.salesforce.records import SYSTEM

_STEP = "See step 9 of docs/setup-salesforce.md; until then sweeps find what changes."


async def channel_findings(app: App, *, make: bool = False) -> list[Finding]:
    """What the event stream would tell of; nothing where the settings name no event bus.

    With `make`, the channel is made first where it is not there, for the kinds that flows hear of: each event that is
    delivered counts, so no others are selected. Raises vendor errors.
    """
    connect = event_bus_client(app.settings)
    if connect is None:
        return []
    kinds = frozenset(swept_kinds(app.runtime, SYSTEM)) - OWNERS.keys()
    wished = app.settings.stream.channel
    made = await _make(app, wished or OWN, sorted(kinds)) if make and wished != STANDARD else []
    bus = connect(await app.salesforce.session())
    try:
        channel = await channel_of(bus, wished)
        told = await told_kinds(bus, channel, kinds, app.salesforce.channel_members)
    except StreamEnded as end:
        return [*made, Finding("warn", end.error.sentence, end.error.remedy)]
    finally:
        await bus.close()
    return [*made, *_told(channel, told, kinds)]


async def _make(app: App, channel: str, kinds: list[str]) -> list[Finding]:
    refused: ReadRefused | None = await app.salesforce.make_channel(channel, kinds)
    if refused is None:
        return []
    return [Finding("warn", f"The channel {channel} could not be set up: {refused.code}.", _STEP)]


def _told(channel: str, told: frozenset[str], kinds: frozenset[str]) -> list[Finding]:
    findings = []
    if told:
        findings.append(Finding("ok", f"Channel {channel} tells of {', '.join(sorted(told))}."))
    if missing := sorted(kinds - told):
        findings.append(Finding("warn", f"Channel {channel} does not tell of {', '.join(missing)}.", _STEP))
    return findings
