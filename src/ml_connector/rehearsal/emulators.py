"""The emulators in a process of their own, and their control door."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import msgspec

from ml_connector.clock import WallClock
from ml_connector.model.errors import ConnectorError, Unreachable, WrongUse
from ml_connector.systems.http import Request
from ml_connector.systems.network import AiohttpNetwork

READY_WITHIN = 60.0
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


class Calls(msgspec.Struct, frozen=True):
    """What was asked of the emulators, as the vendors would count it."""

    quickbooks_reads: int = 0
    quickbooks_writes: int = 0
    salesforce: int = 0

    def minus(self, before: Calls) -> Calls:
        """What came after `before`, an earlier count."""
        return Calls(
            self.quickbooks_reads - before.quickbooks_reads,
            self.quickbooks_writes - before.quickbooks_writes,
            self.salesforce - before.salesforce,
        )


class Emulators:
    """Both emulated vendors. `line` is what they printed when they were ready."""

    def __init__(self, line: Mapping[str, Any], network: AiohttpNetwork) -> None:
        self.line = line
        self._network = network

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the control door. Raises `ConnectorError` with the door's own words when it refuses."""
        headers = {"content-type": "application/json", "accept": "application/json"}
        content = b"" if body is None else _encoder.encode(body)
        request = Request(method, f"{self.line['control_url']}{path}", headers, content, timeout=300.0)
        response = await self._network.send(request)
        answer = _decoder.decode(response.body) if response.body else None
        if response.status >= 400:
            problem = (answer or {}).get("error", {})
            raise ConnectorError(
                f"The emulators refuse {method} {path}: {problem.get('message', response.status)}.",
                str(problem.get("remedy", "See docs/emulators.md.")),
            )
        return answer

    async def act(self, operations: Sequence[Mapping[str, Any]]) -> list[Any]:
        """What users of the vendors' screens do. Raises `ConnectorError` when one operation is refused."""
        report = await self.ask("POST", "/seed", {"operations": list(operations)})
        if not report["ok"]:
            failed = report["failed"]
            raise ConnectorError(
                f"Operation {failed['index']} was refused: {msgspec.json.encode(failed['reason']).decode()}.",
                "Correct the operation; see docs/emulators.md.",
            )
        return list(report["results"])

    async def calls(self) -> Calls:
        """All calls since they were started, from their request log."""
        totals = (await self.ask("GET", "/requests?limit=1"))["totals"]
        quickbooks, salesforce = totals["quickbooks"], totals["salesforce"]
        return Calls(quickbooks["reads"], quickbooks["writes"], salesforce["calls"])

    async def clock(self) -> WallClock:
        """A clock that goes with theirs."""
        return WallClock(await self.offset())

    async def offset(self) -> timedelta:
        """How far the emulators' clock is ahead of this machine's."""
        now = datetime.fromisoformat((await self.ask("GET", "/health"))["now"])
        return now - datetime.now(UTC)


def check_installed() -> None:
    """Raises `WrongUse` where what the emulators alone need is missing."""
    if any(find_spec(name) is None for name in ("lark", "trustme")):
        raise WrongUse("The emulators are not installed.", "Install them:  pip install 'ml-connector[emulators]'")


@asynccontextmanager
async def started(*options: str) -> AsyncIterator[Emulators]:
    """Start them with these options, wait until they are ready, and stop them at the end. Raises `WrongUse` too."""
    check_installed()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ml_emulators.server", "--json", "--watch-stdin", *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with AiohttpNetwork() as network:
            yield Emulators(await _line(process), network)
    finally:
        await _stop(process)


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    if process.stdout is None:
        raise Unreachable("The emulators have no output.", "Start them again.")
    try:
        async with asyncio.timeout(READY_WITHIN):
            line = await process.stdout.readline()
        return dict(msgspec.json.decode(line))
    except (TimeoutError, msgspec.DecodeError) as error:
        raise Unreachable(
            "The emulators did not get ready.", "Look at their messages above; free some memory or ports."
        ) from error


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Closing their stdin asks them to stop; a process that does not is ended."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(10):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
