"""Many orders judged one by one, so that the proof of all others outlives whatever one of them holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from ml_connector.model.errors import ConnectorError
from ml_connector.model.held import Held
from ml_connector.systems.salesforce.records import SObject

T = TypeVar("T")
UNEXPECTED = "UNEXPECTED"
_log = structlog.get_logger("tieout")


class Judgement:
    """Judges orders one by one. What fails for one in a way that nobody foresaw holds that one, and no other.

    `unforeseen` says by id what it was.
    """

    def __init__(self) -> None:
        self.unforeseen: dict[str, str] = {}

    def of(self, order: SObject, step: Callable[[], T]) -> T | None:
        """What the step says; None where the order is held."""
        if order.id in self.unforeseen:
            return None
        try:
            return step()
        except (Held, ConnectorError):
            return None
        except Exception as error:  # noqa: BLE001 - one bad order must never end the proof of all others
            _log.exception("an order could not be judged", ref=str(order.ref))
            self.unforeseen[order.id] = f"{UNEXPECTED} ({type(error).__name__})"
            return None
