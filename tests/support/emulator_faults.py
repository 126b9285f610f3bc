"""A fault of the emulators fails the test in which it happened, whatever the client made of the answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from traceback import format_exception

import pytest

from ml_emulators.kit.emulator_faults import LOG


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


_HEARD = _Heard()
LOG.addHandler(_HEARD)


@pytest.fixture(autouse=True)
def emulator_faults() -> Iterator[list[logging.LogRecord]]:
    """What the emulators have told of faults of their own. A test that plants one takes it out."""
    yield _HEARD.records
    fail_if_any()


def fail_if_any() -> None:
    """Fail when there was a fault since the last time."""
    records = list(_HEARD.records)
    _HEARD.records.clear()
    if records:
        pytest.fail("".join(_described(record) for record in records), pytrace=False)


def _described(record: logging.LogRecord) -> str:
    _, error, _ = record.exc_info or (None, None, None)
    return f"{record.getMessage()}\n{''.join(format_exception(error))}"
