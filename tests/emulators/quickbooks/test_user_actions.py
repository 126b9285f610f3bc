"""What users do on the screens: done, or refused as QuickBooks would; a fault of the emulator is neither."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_emulators.quickbooks import Fault
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.user_actions import ON_RECORDS, ON_SERVER

from .test_anything import BEFORE, SHOP, anything, bodies, consistent

operations = st.fixed_dictionaries(
    {
        "op": st.sampled_from([*ON_RECORDS, *ON_SERVER, "x"]),
        "kind": st.sampled_from([*KINDS, "", "Gadget"]),
        "body": st.one_of(
            bodies.filter(lambda body: isinstance(body, dict)),
            st.dictionaries(
                st.sampled_from(
                    [
                        *("currency", "rate", "day", "deletedId", "realm_id", "client_id", "name", "redirect_uris"),
                        *("CurrencyPrefs", "AccountingInfoPrefs", "TaxPrefs", "target", "format", "country", "Id"),
                    ]
                ),
                st.one_of(anything, st.sampled_from(["1", "EUR", "1.5", "2026-11-22"])),
            ),
        ),
    },
    optional={"id": st.sampled_from(["1", "2", "3", "4", "99"]), "realm": st.sampled_from(["", "1"])},
)


@settings(max_examples=100)
@given(operations)
def test_random_operations_are_done_or_refused(operation: dict[str, Any]) -> None:
    SHOP.server.restore(BEFORE)
    with suppress(Fault):
        SHOP.server.act(operation)
    if operation["op"] in ON_RECORDS:
        consistent(SHOP)


def test_an_unknown_operation_names_those_there_are() -> None:
    with pytest.raises(Fault, match="set_exchange_rate"):
        SHOP.server.act({"op": "juggle", "kind": "", "body": {}})
