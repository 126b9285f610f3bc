"""What the service tells of itself in figures (docs/operations.md says what each means). No vendor is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ml_connector.app import App
from ml_connector.model.sides import SIDE_STATES
from ml_connector.service import hooks
from ml_connector.systems.http import CALLED

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LABELS = ("connection",)


def exposition(
    apps: Mapping[str, App], refused: Mapping[str, int], clocks: Mapping[str, Mapping[str, datetime]]
) -> bytes:
    """The metrics of all connections in Prometheus' text format.

    `refused` are deliveries that this process has refused, by reason; `clocks` are the ends of what each connection is
    signed in with.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(apps, refused, clocks))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(
        self, apps: Mapping[str, App], refused: Mapping[str, int], clocks: Mapping[str, Mapping[str, datetime]]
    ) -> None:
        self._apps, self._refused, self._clocks = apps, refused, clocks

    def collect(self) -> Iterator[Metric]:
        """All figures as they are now."""
        yield from self._work()
        yield from self._sources()
        yield from self._deliveries()
        calls = CounterMetricFamily("mlc_calls", "Calls to the vendors", labels=("vendor", "kind", "outcome"))
        for labels, number in sorted(CALLED.items()):
            calls.add_metric(labels, number)
        yield calls

    def _work(self) -> Iterable[Metric]:
        waiting = _gauge("mlc_tasks_waiting", "Records that are due or wait for a moment", "flow")
        lag = _gauge("mlc_lag_seconds", "How long the oldest record has been due")
        held = _gauge("mlc_holds", "Records that are held", "code")
        writes = _gauge("mlc_open_writes", "Writes whose outcome is not known yet")
        live = _gauge("mlc_live", "1 while writes are allowed: a plan was applied, and nobody has stopped them")
        for name, app in self._apps.items():
            store, id_, now = app.store, app.connection.id, app.world.clock.now()
            for flow, number in sorted(store.unserved(id_).items()):
                waiting.add_metric((name, flow), number)
            due = store.due_since(id_, now)
            lag.add_metric((name,), 0 if due is None else max(0.0, (now - due).total_seconds()))
            for code, number in sorted(Counter(row.code for row in store.holds(id_)).items()):
                held.add_metric((name, code), number)
            writes.add_metric((name,), len(store.open_writes(id_)))
            connected = store.connection(id_)
            live.add_metric(
                (name,), int(connected is not None and connected.live_since is not None and not connected.paused)
            )
        return waiting, lag, held, writes, live

    def _sources(self) -> Iterable[Metric]:
        side = _gauge("mlc_side_state", "1 for the state that a side is in", "side", "state")
        ages = _gauge("mlc_source_age_seconds", "How long ago a source was read up to", "source")
        ends = _gauge("mlc_sign_in_ends_seconds", "When what we are signed in with ends, from now", "what")
        for name, app in self._apps.items():
            now = app.world.clock.now()
            for system, row in sorted(app.store.sides(app.connection.id).items()):
                for state in SIDE_STATES:
                    side.add_metric((name, system, state), int(row.state == state))
            for source, at in sorted(app.store.swept(app.connection.id).items()):
                ages.add_metric((name, source), max(0.0, (now - at).total_seconds()))
            for what, at in sorted(self._clocks.get(name, {}).items()):
                ends.add_metric((name, what), (at - now).total_seconds())
        return side, ages, ends

    def _deliveries(self) -> Iterable[Metric]:
        taken = CounterMetricFamily("mlc_hooks", "What webhooks have brought, over all time", labels=("what",))
        refused = CounterMetricFamily("mlc_hooks_refused", "Deliveries that this process has refused", labels=("why",))
        waiting = _gauge("mlc_arrivals_waiting", "Deliveries that are acknowledged and not tasks yet")
        for app in list(self._apps.values())[:1]:
            counts = app.store.hook_counts()
            for what in hooks.COUNTED:
                taken.add_metric((what,), counts[what].count if what in counts else 0)
        for why, number in sorted(self._refused.items()):
            refused.add_metric((why,), number)
        for name, app in self._apps.items():
            waiting.add_metric((name,), app.store.arrivals_waiting(app.connection.id)[0])
        return taken, refused, waiting


def _gauge(name: str, meaning: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, labels=(*_LABELS, *labels))
