"""Whatever reaches Billing's calls is answered: taken in whole, or refused with nothing written."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.salesforce.rules.test_billing import INGEST, POST, Billed

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_WORDS = st.sampled_from(
    ["@{inv.id}", "@{bill.id}", "@{nobody.id}", "Posted", "Voided", "2026-02-30", "001000000000000AAA", "", "1e400"]
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, ...]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner_value in items:
        inner += [(*path, key), *_places(inner_value, (*path, key))]
    return inner


def _changed(body: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(body)
    target: Any = made
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    return made


def _counts(org: Billed) -> list[int]:
    kinds = ("Invoice", "InvoiceAddressGroup", "InvoiceLine", "InvoiceLineTax", "Account")
    return [len(org.vendor.world.state.tables[kind].live) for kind in kinds]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), value=_JSON | _WORDS, status=st.sampled_from(["Draft", "Posted"]))
def test_one_wrong_value_anywhere_in_a_graph(data: st.DataObject, value: Any, status: str) -> None:
    org = Billed()
    body = {"invoices": [{"records": org.graph(status=status, invoiceNumber="77")}]}
    before = _counts(org)
    place = data.draw(st.sampled_from(_places(body)))
    reply = org.post(INGEST, _changed(body, place, value))
    assert reply.status in (201, 400), reply.text
    if reply.status == 400:
        assert _counts(org) == before
        assert reply.code != "UNKNOWN_EXCEPTION"


@settings(max_examples=60, deadline=None)
@given(body=_JSON, part=st.sampled_from([INGEST, POST, "/commerce/billing/payments/0aQ/actions/apply", "/commerce/x"]))
def test_any_body(body: Any, part: str) -> None:
    org = Billed()
    assert org.post(part, body).status in (400, 404)
