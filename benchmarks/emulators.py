"""The emulators with a thousand records and with a million: time of a call, memory of a record.

Each vendor in a process of its own; calls go through the gate (token, rules, request log) but not through a socket.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlencode

from ml_emulators.kit.emulation import Emulation
from ml_emulators.kit.gate import Answer
from ml_emulators.kit.wire import Request, dumps, loads
from ml_emulators.scenarios import load, new_emulation

from .rows import Row, row

FEW, TIMES = 1_000, 300
FORM = {"content-type": "application/x-www-form-urlencoded"}
Call = Callable[[int], object]


async def emulators(records: int) -> AsyncIterator[Row]:
    """A row per kind of call at `records`, with the time at 1,000 as floor (twice is the most), and the memory."""
    for vendor in _VENDORS:
        command = (sys.executable, "-m", "benchmarks.emulators", vendor, str(records))
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parent.parent
        )
        out, _ = await process.communicate()
        for each in json.loads(out):
            yield row(*each)


class _Client:
    """Calls one vendor of an emulation, and checks that it is served."""

    def __init__(self, emulation: Emulation, vendor: str) -> None:
        self.emulation = emulation
        self.vendor = vendor
        self.info = emulation.vendors[vendor].connection_info()
        self.ids: list[str] = []
        self._headers = {"accept": "application/json", "content-type": "application/json"}

    def sign(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> None:
        token = self.call("POST", path, urlencode(form).encode(), {**FORM, **headers})["access_token"]
        self._headers["authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = FORM) -> Any:
        place, _, query = path.partition("?")
        content = body if isinstance(body, bytes) else b"" if body is None else dumps(body)
        given = self._headers | dict(headers) if isinstance(body, bytes) else self._headers
        outcome = self.emulation.serve(self.vendor, Request(method, place, query, given, content))
        if not isinstance(outcome, Answer) or outcome.response.status >= 300:
            raise RuntimeError(f"{method} {path}: {outcome}")
        return loads(outcome.response.body) if outcome.response.body else None

    def add(self, kind: str, body: Mapping[str, Any]) -> None:
        self.ids.append(self.emulation.act(self.vendor, "create", kind, body)["Id"])

    def some(self, number: int) -> int:
        """One of the first records, another one each time."""
        return number * 7919 % FEW


class _Customers(_Client):
    """QuickBooks with nothing but customers."""

    def __init__(self, emulation: Emulation) -> None:
        super().__init__(emulation, "quickbooks")
        basic = base64.b64encode(f"{self.info['client_id']}:{self.info['client_secret']}".encode()).decode()
        form = {"grant_type": "refresh_token", "refresh_token": self.info["refresh_token"]}
        self.sign("/oauth2/v1/tokens/bearer", form, {"authorization": f"Basic {basic}"})
        self.base = f"/v3/company/{self.info['realm_id']}"

    def fill(self, number: int) -> None:
        mail = {"Address": f"c{number}@example.com"}
        self.add("Customer", {"DisplayName": f"Customer {number:07}", "PrimaryEmailAddr": mail})

    def read(self, number: int) -> Any:
        return self.call("GET", f"{self.base}/customer/{self.ids[self.some(number)]}")

    def ask(self, what: str) -> Call:
        def asked(number: int) -> None:
            self.call("GET", f"{self.base}/query?query={quote(what.replace('#', f'{self.some(number):07}'))}")

        return asked

    def create(self, number: int) -> None:
        self.call("POST", f"{self.base}/customer", {"DisplayName": f"New {len(self.ids)} {number}"})

    def update(self, number: int) -> None:
        found = self.read(number)["Customer"]
        known = {name: found[name] for name in ("Id", "SyncToken")}
        self.call("POST", f"{self.base}/customer", {**known, "sparse": True, "Notes": f"{len(self.ids)} {number}"})

    def batch(self, number: int) -> None:
        names = [f"Batch {len(self.ids)} {number} {each}" for each in range(30)]
        items = [{"bId": name[-9:], "operation": "create", "Customer": {"DisplayName": name}} for name in names]
        self.call("POST", f"{self.base}/batch", {"BatchItemRequest": items})

    def calls(self) -> dict[str, Call]:
        middle, newest = len(self.ids) // 2, "orderby MetaData.LastUpdatedTime desc maxresults 10"
        return {
            "read by id": self.read,
            "query by name": self.ask("select * from Customer where DisplayName = 'Customer #'"),
            "query of the newest changes": self.ask(f"select * from Customer {newest}"),
            "query of 10 from the middle": self.ask(f"select * from Customer startposition {middle} maxresults 10"),
            "count": self.ask("select count(*) from Customer"),
            "create": self.create,
            "read and update": self.update,
            "batch of 30 creates": self.batch,
        }


class _Accounts(_Client):
    """Salesforce with nothing but accounts."""

    def __init__(self, emulation: Emulation) -> None:
        super().__init__(emulation, "salesforce")
        keys = {key: self.info[key] for key in ("client_id", "client_secret")}
        self.sign("/services/oauth2/token", {"grant_type": "client_credentials", **keys}, {})
        self.base = "/services/data/v65.0"

    def fill(self, number: int) -> None:
        self.add("Account", {"Name": f"Account {number:07}", "QBO_Id__c": str(number)})

    def read(self, number: int) -> None:
        self.call("GET", f"{self.base}/sobjects/Account/{self.ids[self.some(number)]}")

    def ask(self, rest: str) -> Call:
        def asked(number: int) -> None:
            place = self.some(number)
            where = rest.replace("#id", self.ids[place]).replace("#", str(place))
            self.call("GET", f"{self.base}/query?q={quote(f'SELECT Id, Name FROM Account {where}')}")

        return asked

    def create(self, number: int) -> None:
        self.call("POST", f"{self.base}/sobjects/Account", {"Name": f"New {len(self.ids)} {number}"})

    def upsert(self, number: int) -> None:
        path = f"{self.base}/sobjects/Account/QBO_Id__c/{self.some(number)}"
        self.call("PATCH", path, {"Site": f"{len(self.ids)} {number}"})

    def collection(self, number: int) -> None:
        site = f"{len(self.ids)} {number}"
        kind = {"attributes": {"type": "Account"}, "Site": site}
        records = [{**kind, "QBO_Id__c": str(each)} for each in range(200)]
        self.call("PATCH", f"{self.base}/composite/sobjects/Account/QBO_Id__c", {"records": records})

    def calls(self) -> dict[str, Call]:
        return {
            "read by id": self.read,
            "query by external id": self.ask("WHERE QBO_Id__c = '#'"),
            "query by id": self.ask("WHERE Id = '#id'"),
            "query of the newest changes": self.ask("ORDER BY SystemModstamp DESC LIMIT 10"),
            "query of the first 10": self.ask("LIMIT 10"),
            "create": self.create,
            "upsert": self.upsert,
            "collection of 200 upserts": self.collection,
        }


_VENDORS: dict[str, type[_Customers | _Accounts]] = {"quickbooks": _Customers, "salesforce": _Accounts}


def _measured(vendor: str, records: int) -> list[tuple[str, float, str, float | None]]:
    """Rows as `row` takes them."""
    emulation = new_emulation(1)
    load(emulation, "empty")
    client = _VENDORS[vendor](emulation)
    _fill(client, FEW)
    few = {name: _typical(call) for name, call in client.calls().items()}
    before = _resident()
    _fill(client, records)
    memory = (_resident() - before) / (records - FEW)
    many = {name: _typical(call) for name, call in client.calls().items()}
    title = f"{vendor} emulation, {records:,} records"
    rows: list[tuple[str, float, str, float | None]] = [
        (f"{title}: {name}", spent, "us", round(few[name], 1)) for name, spent in many.items()
    ]
    rows += [(f"{title}: {name}", _typical(call, 5) / 1000, "ms", None) for name, call in _snapshots(emulation).items()]
    return [*rows, (f"{title}: memory of a record", memory, "bytes", None)]


def _snapshots(emulation: Emulation) -> dict[str, Call]:
    return {
        "snapshot": lambda _: emulation.snapshots.take("here"),
        "restore": lambda _: emulation.snapshots.restore("here"),
    }


def _fill(client: _Customers | _Accounts, records: int) -> None:
    """The last ones are made ten in a second, as people would: what is newest is then the same at every size."""
    for number in range(len(client.ids), records):
        if number >= records - FEW and number % 10 == 0:
            client.emulation.clock.advance(timedelta(seconds=1))
        client.fill(number)


def _typical(call: Call, times: int = TIMES) -> float:
    """Microseconds of one call: the median of many."""
    spent = []
    for number in range(times):
        started = perf_counter()
        call(number)
        spent.append(perf_counter() - started)
    return median(spent) * 1_000_000


def _resident() -> int:
    """Bytes of this process that are in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measured(sys.argv[1], int(sys.argv[2]))))
