"""Both emulated vendors as real local servers: `python -m ml_emulators.server --json`.

One JSON line on stdout says where they are; everything else goes to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ml_emulators.kit import persistence
from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.control import ControlDoor
from ml_emulators.kit.emulation import Emulation
from ml_emulators.kit.shell import PortTaken, Shell, dated, reserved
from ml_emulators.kit.webhooks import Sender
from ml_emulators.kit.wire import dumps
from ml_emulators.pubsub import PubSub
from ml_emulators.quickbooks import QuickBooks
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.salesforce.org import Profile
from ml_emulators.scenarios import MAX_SCALE, SCENARIOS, Library, load, new_emulation

if TYPE_CHECKING:
    from ml_emulators.kit.certificates import PrivateAuthority
    from ml_emulators.pubsub.door import PubSubDoor

_LIMITS = {"quickbooks": "limits", "salesforce": "enforce_limits"}
# What a kept state names instead of holding it: the kinds of record belong to the program.
SHARED = {f"quickbooks {name}": kind for name, kind in KINDS.items()}


class Emulators:
    """The emulation, its socket shells and the control door, wired. Ports and emulation are there from `start()` on."""

    def __init__(
        self,
        *,
        scenario: str = "sample",
        scale: int = 1,
        seed: int = 1,
        today: date | None = None,
        limits: bool = False,
        org: Profile = "enterprise",
        single_currency: bool = False,
        quickbooks_port: int = 0,
        salesforce_port: int = 0,
        pubsub_port: int = 0,
        control_port: int = 0,
        clock: VirtualClock | None = None,
        keep: int = 10_000,
        state: Path | None = None,
        tls: bool = False,
    ) -> None:
        """`today` sets the clock to that evening; without it the clock is the wall clock. With `state`, a folder,
        what was kept there is taken up instead of the scenario, and kept again every few seconds and at `stop()`.
        `org` and `single_currency` say what kind of org Salesforce is; they can be switched later.
        With `tls` both vendors and Pub/Sub speak TLS under a private authority."""
        self._load = (scenario, scale, seed, today)
        self._limits = limits
        self._org = {"profile": org, "multicurrency": not single_currency}
        self._seed = seed
        self._keep = keep
        self._state = state
        self.clock = clock or VirtualClock()
        self._authority = _private_authority(state) if tls else None
        context = self._authority.context() if self._authority else None
        self.quickbooks = Shell(
            self._late("quickbooks"), quickbooks_port, vendor="quickbooks", compress=True, tls=context
        )
        self.salesforce = Shell(
            self._late("salesforce"), salesforce_port, vendor="salesforce", compress=True, tls=context
        )
        self._pubsub_port = pubsub_port
        self._control_port = control_port
        self.pubsub: PubSubDoor | None = None
        self.control: ControlDoor | None = None
        self._sender: Sender | None = None
        self._autosave: persistence.Autosave | None = None
        self._emulation: Emulation | None = None
        self._consent = ""

    def _late(self, vendor: str) -> Any:
        return lambda request: dated(self.emulation.gate, vendor, request)

    @property
    def emulation(self) -> Emulation:
        """What stands behind the sockets. Raises `RuntimeError` before `start()`."""
        if self._emulation is None:
            raise RuntimeError("the emulators have not been started")
        return self._emulation

    async def start(self) -> None:
        """Take the ports, seed the scenario, then listen. Raises `OSError` when a port is taken, and `BadState`."""
        self.quickbooks.reserve()
        self.salesforce.reserve()
        for port in (self._pubsub_port, self._control_port):
            reserved(port).close()
        self._emulation = self._filled()
        for system, switch in _LIMITS.items():
            self._emulation.set_switches(system, {switch: self._limits})
        if self._state:
            self._autosave = persistence.Autosave(self._emulation, self._state, SHARED, seed=self._seed)
        save = self._autosave.save if self._autosave else None
        self.control = ControlDoor(self._emulation, Library(), self._control_port, save=save)
        self.pubsub = self._pubsub_door(self._emulation)
        for server in (self.quickbooks, self.salesforce, self.pubsub, self.control):
            await server.start()
        if self._emulation.webhooks is not None:
            self._sender = Sender(self._emulation.webhooks, self.clock)
            await self._sender.start()
        if self._autosave is not None:
            await self._autosave.start()

    def _pubsub_door(self, emulation: Emulation) -> PubSubDoor:
        from ml_emulators.pubsub.door import PubSubDoor  # gRPC is slow to load, and not needed for --help

        pubsub = emulation.companions["pubsub"]
        if not isinstance(pubsub, PubSub):
            raise TypeError("the emulation has no event bus")
        issued = self._authority.certificates if self._authority else None
        tls = (issued.key, issued.server) if issued else None
        return PubSubDoor(pubsub, self._pubsub_port, log=emulation.log, tls=tls)

    def _filled(self) -> Emulation:
        """The emulation with what was kept, else with the scenario."""
        kept = persistence.load_state(self._state, SHARED) if self._state else None
        self._seed = kept["seed"] if kept else self._seed
        emulation = new_emulation(
            self._seed,
            clock=self.clock,
            quickbooks_url=self.quickbooks.url,
            salesforce_url=self.salesforce.url,
            keep=self._keep,
        )
        emulation.set_switches("salesforce", self._org)
        if kept:
            persistence.resume(emulation, kept)
            quickbooks = emulation.vendors["quickbooks"]
            # A connection kept with the state goes on by itself; who connects anew needs a consent of its own.
            self._consent = quickbooks.connect() if isinstance(quickbooks, QuickBooks) else ""
        else:
            load(emulation, *self._load)
        return emulation

    async def stop(self) -> None:
        """Close the ports; keep the state if a folder was given. Raises `OSError` when it cannot be written."""
        try:
            for server in (self._sender, self.control, self.pubsub, self.quickbooks, self.salesforce, self._autosave):
                if server is not None:
                    await server.stop()
        finally:
            if self._authority is not None:
                self._authority.close()

    def info(self) -> dict[str, Any]:
        """Where everything is and how to connect: the line that `--json` prints."""
        if self.control is None or self.pubsub is None:
            raise RuntimeError("the emulators have not been started")
        vendors = {name: dict(vendor.connection_info()) for name, vendor in self.emulation.vendors.items()}
        if self._consent:
            vendors["quickbooks"]["refresh_token"] = self._consent
        pubsub = {"target": self.pubsub.target, "tls": self._authority is not None}
        ca_file = str(self._authority.ca_file) if self._authority else None
        return {**vendors, "pubsub": pubsub, "control_url": self.control.url, "ca_file": ca_file}


def _private_authority(folder: Path | None) -> PrivateAuthority:
    from ml_emulators.kit.certificates import PrivateAuthority  # slow to load, and not needed without TLS

    return PrivateAuthority(folder)


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """The command line; wrong use ends with code 2 and a message on stderr."""
    parser = argparse.ArgumentParser(prog="emulators", description="QuickBooks Online and Salesforce on this machine")
    parser.add_argument("--scenario", default="sample", choices=list(SCENARIOS))
    parser.add_argument("--scale", type=_scale, default=1, help=f"1 to {MAX_SCALE}: how many times as much")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same company")
    parser.add_argument("--today", type=date.fromisoformat, help="set the clock to the evening of this day")
    parser.add_argument("--limits", choices=("on", "off"), default="off", help="enforce the vendors' limits")
    parser.add_argument("--org", choices=get_args(Profile), default="enterprise", help="what kind of org Salesforce is")
    parser.add_argument("--single-currency", action="store_true", help="an org with one currency")
    for name in ("--qbo-port", "--sf-port", "--pubsub-port", "--control-port"):
        parser.add_argument(name, type=_port, default=0, help="0: any free one")
    parser.add_argument("--tls", action="store_true", help="https and TLS under a private authority (ca_file)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep everything in this folder between runs")
    parser.add_argument("--json", action="store_true", help="one JSON line on stdout when ready")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when stdin is closed")
    return parser.parse_args(given)


def _scale(text: str) -> int:
    scale = int(text)
    if not 1 <= scale <= MAX_SCALE:
        raise argparse.ArgumentTypeError(f"must lie between 1 and {MAX_SCALE}")
    return scale


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError("must lie between 0 and 65535")
    return port


async def serve(options: argparse.Namespace) -> None:
    """Run until SIGTERM, SIGINT, or, if asked, the end of stdin."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    emulators = Emulators(
        scenario=options.scenario,
        scale=options.scale,
        seed=options.seed,
        today=options.today,
        limits=options.limits == "on",
        org=options.org,
        single_currency=options.single_currency,
        quickbooks_port=options.qbo_port,
        salesforce_port=options.sf_port,
        pubsub_port=options.pubsub_port,
        control_port=options.control_port,
        state=options.state,
        tls=options.tls,
    )
    try:
        await emulators.start()
        _announce(emulators, options.json)
        if options.watch_stdin:
            threading.Thread(target=_watch, args=(loop, stop), daemon=True).start()
        await stop.wait()
    finally:
        await emulators.stop()


def _announce(emulators: Emulators, as_json: bool) -> None:
    info = emulators.info()
    if as_json:
        sys.stdout.write(dumps(info).decode() + "\n")
        sys.stdout.flush()
        return
    for name in ("quickbooks", "salesforce"):
        sys.stderr.write(f"{name:<12}{info[name]['base_url']}\n")
    sys.stderr.write(f"{'pubsub':<12}{info['pubsub']['target']}\n")
    sys.stderr.write(f"{'control':<12}{info['control_url']}\n")


def _watch(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 4096):  # unbuffered: a thread in a buffered read would hold a lock at exit
        pass
    loop.call_soon_threadsafe(stop.set)


def main(given: Sequence[str] | None = None) -> int:
    """Run the emulators; 0 when stopped, 1 when they cannot start, 2 for wrong use."""
    options = arguments(sys.argv[1:] if given is None else given)
    try:
        asyncio.run(serve(options))
    except PortTaken as error:
        sys.stderr.write(f"The emulators cannot start: {error}. Choose another port, or 0 for a free one.\n")
        return 1
    except (OSError, persistence.BadState) as error:
        sys.stderr.write(f"The emulators must stop: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
