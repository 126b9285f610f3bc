"""A fault of the emulator itself: told as such, and never as a refusal of the vendor.

Whoever sees the header `X-Emulator-Fault` has found a mistake in the emulators, not in the client; the traceback is in
the log `ml_emulators.fault`. Faults that somebody ordered (`faults.py`) are not of this kind.
"""

from __future__ import annotations

import logging
from typing import Any

from .wire import Response, dumps

HEADER = "X-Emulator-Fault"
LABEL = "emulator_fault"
"""What the request log names as the fault of such a request."""
STATUS = 500
LOG = logging.getLogger("ml_emulators.fault")
MESSAGE = "The emulator has a fault. This is not an answer of the vendor; the emulators' log has the traceback."


def report(error: BaseException, where: str) -> None:
    """Write the traceback to the log; `where` is the request or the task that failed, without secrets."""
    LOG.error("emulator fault at %s", where, exc_info=error)


def body(error: BaseException) -> dict[str, Any]:
    """The error's class only: its text may hold data."""
    return {"emulator_fault": {"error": error.__class__.__name__, "message": MESSAGE}}


def headers(error: BaseException) -> dict[str, str]:
    """The header that marks an answer as the emulator's own mistake, with the error's class."""
    return {HEADER: error.__class__.__name__}


def response(error: BaseException) -> Response:
    """A 500 that no client can take for the vendor's: marked, with the error's class and nothing of its text."""
    return Response(STATUS, {"Content-Type": "application/json", **headers(error)}, dumps(body(error)))


def is_fault(response: Response) -> bool:
    """Whether an answer is a mistake of the emulator's own: a test that meets one has failed."""
    return HEADER in response.headers
