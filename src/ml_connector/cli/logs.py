"""Where log events go: warnings to stderr, a line each; with --debug everything to the fault log. Never a secret."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

import structlog

from .faults import LOG, open_log, trace_of, without_secrets

_KEPT = ("event", "level", "at")


@contextmanager
def logged(home: Path, *, debug: bool, err: TextIO | None = None, everything: bool = False) -> Iterator[None]:
    """Meanwhile the events of this process go to stderr, or with `debug` to `fault.log` in the home.

    Without `debug`, or `everything`, only what went wrong.
    """
    with ExitStack() as files:
        stream = files.enter_context(open_log(home / LOG)) if debug and home.is_dir() else err or sys.stderr
        _configure(stream, debug=debug, everything=everything)
        try:
            yield
        finally:
            structlog.reset_defaults()


def _configure(stream: TextIO, *, debug: bool, everything: bool) -> None:
    least = logging.DEBUG if debug else logging.INFO if everything else logging.WARNING
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _traced if debug else _named,
            _without_secrets,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


Event = MutableMapping[str, Any]


def _named(_logger: Any, _method: str, event: Event) -> Event:
    """The kind of an exception instead of its text, which may hold values."""
    if error := _error(event):
        event["error"] = type(error).__name__
    return event


def _traced(_logger: Any, _method: str, event: Event) -> Event:
    if error := _error(event):
        event["trace"] = trace_of(error).splitlines()
    return event


def _error(event: Event) -> BaseException | None:
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if error is True:
        error = sys.exc_info()[1]
    return error if isinstance(error, BaseException) else None


def _without_secrets(_logger: Any, _method: str, event: Event) -> Event:
    for name, value in event.items():
        if isinstance(value, str) and name not in _KEPT:
            event[name] = without_secrets(value)
    return event
