"""Whose an error is: the client of a vendor puts its name on what its calls raise."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from ml_connector.model.errors import ConnectorError, StateTampered, StateTrouble, Stopped

T = TypeVar("T")
_OUR_OWN = (StateTrouble, StateTampered, Stopped)


@contextmanager
def errors_of(system: str) -> Iterator[None]:
    """Errors that are raised meanwhile are about this side (`ConnectorError.system`), unless they are our state's."""
    try:
        yield
    except ConnectorError as error:
        if not isinstance(error, _OUR_OWN):
            error.system = error.system or system
        raise


def names_its_errors(client: type[T]) -> type[T]:
    """A client class whose asynchronous methods do that, with the `name` of the class."""
    for method_name, method in list(vars(client).items()):
        if inspect.iscoroutinefunction(method):
            setattr(client, method_name, _named(method))
    return client


def _named(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(method)
    async def call(self: Any, *words: Any, **named: Any) -> Any:
        with errors_of(self.name):
            return await method(self, *words, **named)

    return call
