"""The client of a vendor puts its name on what its calls raise."""

from __future__ import annotations

import pytest

from ml_connector.model.errors import ConnectorError, StateTrouble, Unreachable
from ml_connector.systems.whose import names_its_errors


@names_its_errors
class Client:
    """A vendor that always fails, or whose state does."""

    name = "quickbooks"

    async def read(self, error: ConnectorError) -> None:
        """Raises it."""
        raise error


@pytest.mark.parametrize(
    ("error", "system"),
    [(Unreachable("It is away.", "Wait."), "quickbooks"), (StateTrouble("It is full.", "Free."), "")],
)
async def test_an_error_names_its_side(error: ConnectorError, system: str) -> None:
    with pytest.raises(type(error)):
        await Client().read(error)
    assert error.system == system


async def test_what_is_named_already_keeps_its_name() -> None:
    error = Unreachable("The other one is away.", "Wait.")
    error.system = "salesforce"
    with pytest.raises(Unreachable):
        await Client().read(error)
    assert error.system == "salesforce"
