"""A tiny vendor that remembers what it was told, to try the chassis on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ml_emulators.kit.emulation import Refused
from ml_emulators.kit.wire import Cost, Request, Response, dumps


@dataclass
class Switches:
    limits: bool = False
    pace: int = 10


class Echo:
    """Answers with what it saw; every POST is kept. `act` knows kind Note with a `Text`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.switches = Switches()
        self.notes: list[dict[str, Any]] = []
        self.sessions = 1

    def handle(self, request: Request) -> Response:
        if not self.sessions:
            return Response(401, {"Content-Type": "application/json"}, b'{"gone":true}')
        if request.method == "POST":
            self.notes.append({"Id": str(len(self.notes) + 1), "Text": str(len(request.body))})
        seen = {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "size": len(request.body),
            "amount": 12.5,
            "name": "Acme",
            "headers": dict(request.headers),
        }
        return Response(200, {"Content-Type": "application/json", "intuit_tid": "t-1"}, dumps(seen))

    def cost(self, request: Request, response: Response) -> Cost:
        if response.status == 401:
            return Cost()
        return Cost(writes=1, calls=1) if request.method == "POST" else Cost(reads=1, calls=1)

    def kinds(self) -> list[str]:
        return ["Note"]

    def records(self, kind: str) -> list[dict[str, Any]]:
        return self.notes

    def act(self, operation: dict[str, Any]) -> dict[str, Any]:
        if operation["op"] == "kill_sessions":
            self.sessions = 0
            return {}
        if operation["kind"] != "Note":
            raise Refused(f"no kind {operation['kind']}")
        note = {"Id": str(len(self.notes) + 1), **operation["body"]}
        self.notes.append(note)
        return note

    def reset(self) -> None:
        self.notes = []

    def connection_info(self) -> dict[str, Any]:
        return {"base_url": ""}

    def snapshot(self) -> Any:
        return list(self.notes)

    def restore(self, snapshot: Any) -> None:
        self.notes = list(snapshot)
