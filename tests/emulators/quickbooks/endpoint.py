"""The app's endpoint for webhooks, without sockets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ml_emulators.kit.control_bodies import WebhookOrder, WebhookTrouble, WebhookTroubles
from ml_emulators.kit.webhooks import Post
from ml_emulators.kit.wire import loads
from ml_emulators.quickbooks import ChangeNotice

from .client import NOON, Client, Json

TARGET = "http://127.0.0.1:9/hooks"


class Endpoint:
    """The app's endpoint: takes what is due and answers with `status`."""

    def __init__(self, client: Client, form: Any = "cloudevents") -> None:
        self.client = client
        self.outbox = client.server.webhooks
        self.outbox.point(WebhookOrder(TARGET, form))

    def take(self, status: int | None = 200) -> Iterator[Post]:
        """Every post that is due at this instant; an endpoint that fails sees the same one again and again."""
        now = self.client.clock.now()
        while (post := self.outbox.next(now)) is not None:
            self.outbox.answered(post.number, status, now)
            yield post

    def bodies(self, status: int | None = 200) -> list[Any]:
        return [loads(post.body) for post in self.take(status)]

    def told(self) -> list[str]:
        """`type id` of every event that is due, over all posts."""
        return [f"{one['type']} {one['intuitentityid']}" for body in self.bodies() for one in body]

    def trouble(self, *plans: WebhookTrouble, **more: Any) -> None:
        self.outbox.trouble(WebhookTroubles(list(plans), **more))

    def after(self, **time: float) -> list[str]:
        self.client.clock.advance(timedelta(**time))
        return self.told()


def customer(client: Client, name: str = "Fern") -> Json:
    return client.make("Customer", DisplayName=name)


def notice(operation: str, **more: Any) -> ChangeNotice:
    return ChangeNotice("4620816365000000001", "Invoice", "7", operation, NOON, **more)
