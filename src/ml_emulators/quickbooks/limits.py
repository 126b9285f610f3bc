"""Throttles and metering: counted always, enforced when the switch is on (reference sections 10 and 11)."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from ml_emulators.quickbooks.service import Service

_MINUTE = 60.0
Rule = tuple[tuple[str, ...], float, int]


def _rules(realm: str, app: str, *, batch: bool) -> list[Rule]:
    """Window key, its length in seconds, and how many calls fit."""
    rules: list[Rule] = [(("realm", realm), _MINUTE, 500), (("second", realm, app), 1.0, 10)]
    if batch:
        rules += [(("batch", realm, app), _MINUTE, 40), (("batch", realm), _MINUTE, 120)]
    return rules


def throttled(service: Service, realm: str, app: str, now: datetime, *, batch: bool) -> bool:
    """Count one call; True when it must be refused. A refused call does not use up the window."""
    rules = _rules(realm, app, batch=batch)
    at = now.timestamp()
    full = [_full(service, rule, at) for rule in rules]
    service.counters.requests += 1
    if service.switches.limits and (any(full) or _month_is_used_up(service, app, now)):
        service.counters.throttled += 1
        return True
    for key, _, _ in rules:
        service.windows[key].append(at)
    return False


def _full(service: Service, rule: Rule, at: float) -> bool:
    key, length, most = rule
    window = service.windows.setdefault(key, deque(maxlen=most))
    while window and (window[0] <= at - length or window[0] > at):
        window.popleft()
    return len(window) >= most


def _month(app: str, now: datetime) -> str:
    return f"{app}:{now:%Y-%m}"


def _month_is_used_up(service: Service, app: str, now: datetime) -> bool:
    used = service.counters.coreplus_by_month.get(_month(app, now), 0)
    return used >= service.switches.coreplus_quota


def meter(service: Service, app: str, now: datetime, reads: int, written: int) -> None:
    """Note the reads that cost money, and what was written."""
    counters = service.counters
    counters.coreplus += reads
    if reads:
        counters.coreplus_by_month[_month(app, now)] = counters.coreplus_by_month.get(_month(app, now), 0) + reads
    counters.written_items += written
    counters.write_calls += written > 0
