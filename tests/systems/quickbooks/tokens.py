"""A token service made of a function, and a keeper of its tokens."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from ml_connector.systems.http import Caller, Request, Response
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.quickbooks.auth import AppKeys, Endpoints, OAuth, Tokens
from ml_connector.systems.quickbooks.keeper import TokenKeeper
from support.network import START, FixedIds, FunctionNetwork, StillClock

from .company import Drawer, ok

DAY = timedelta(days=1)


class Service:
    """A token service made of a function: every refresh gives the next pair."""

    def __init__(self, *answers: Response) -> None:
        self.clock = StillClock()
        self.answers = list(answers)
        self.refreshed = 0
        self.network = FunctionNetwork(self._answer)
        caller = Caller(self.network, self.clock, FixedIds(), free_throttle(self.clock), "quickbooks")
        self.oauth = OAuth(AppKeys(client_id="id", client_secret="s3cret"), Endpoints(), caller, self.clock)
        self.drawer = Drawer(Tokens(access_token="", refresh_token="RT0", access_expires_at=START - DAY))
        self.tokens = TokenKeeper(self.oauth, self.drawer, self.clock)

    async def _answer(self, request: Request) -> Response:
        await asyncio.sleep(0)
        if self.answers:
            return self.answers.pop(0)
        self.refreshed += 1
        n = self.refreshed
        return ok(
            {
                "access_token": f"AT{n}",
                "refresh_token": f"RT{n}",
                "expires_in": 3600,
                "x_refresh_token_expires_in": 8640000,
            }
        )


def refusal(error: str, status: int = 400, **more: str) -> Response:
    return ok({"error": error, **more}, status)
