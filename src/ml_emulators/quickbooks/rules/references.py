"""Checks that references point at something that exists and is active."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.faults import Fault, FaultError
from ml_emulators.quickbooks.kinds.references import PARTIES, REF_KINDS
from ml_emulators.quickbooks.state import Books
from ml_emulators.quickbooks.values import Json, fold

SPECIAL_ITEMS = ("SHIPPING_ITEM_ID", "GRATUITY_ITEM_ID")
_TAX_OR_NOT = ("TAX", "NON")
_TAXES = dict.fromkeys(("TaxCodeRef", "TxnTaxCodeRef", "DefaultTaxCodeRef"), "TaxCode")
_CHECKED = {**REF_KINDS, "TermRef": "Term", "TaxRateRef": "TaxRate", "AgencyRef": "TaxAgency", **_TAXES}


def _in_us(books: Books) -> bool:
    return books.company.country == "US"


def references(node: Json) -> Iterator[tuple[str, str, Json]]:
    """Every reference in a record: field name, id, and the object that holds it."""
    for key, value in node.items():
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from references(item)
        elif isinstance(value, dict):
            if key.endswith("Ref") and isinstance(value.get("value"), str):
                yield key, value["value"], node
            else:
                yield from references(value)


def check_references(books: Books, kind: str, new: Json, old: Json | None) -> None:
    """Raises 2500 for unknown ids (all together) and 610 for inactive ones; what stood there before may stay."""
    before = {(key, target) for key, target, _ in references(old)} if old is not None else set()
    unknown: list[FaultError] = []
    inactive = False
    for key, target, holder in references(new):
        if (key, target) in before or target in SPECIAL_ITEMS or (target in _TAX_OR_NOT and _in_us(books)):
            continue
        state = _state(books, _target_kinds(key, kind, holder), target)
        if state is None:
            unknown.append(faults.invalid_reference(key, target))
        inactive = inactive or state is False
    if unknown:
        raise Fault(unknown)
    if inactive:
        raise faults.not_found()


def _target_kinds(key: str, kind: str, holder: Json) -> tuple[str, ...]:
    if kind == "Attachable":
        return ()  # its rule looks them up
    if key == "ParentRef":
        return (kind,)
    if key == "EntityRef":
        return (holder["Type"],) if "Type" in holder else PARTIES
    target = _CHECKED.get(key)
    return (target,) if target is not None else ()


def _state(books: Books, kinds: tuple[str, ...], target: str) -> bool | None:
    """Whether the target is active; None when there is no such record. Unchecked references are fine."""
    if not kinds:
        return True
    for kind in kinds:
        row = books.row(kind, target)
        if row is not None:
            return row.active
    return None


def ref_value(body: Json, name: str) -> str | None:
    """The id that a reference field holds, or None."""
    ref: Any = body.get(name)
    return ref["value"] if isinstance(ref, dict) and isinstance(ref.get("value"), str) else None


def known_currency(books: Books, code: str) -> bool:
    """Whether it is the home currency or one that the company uses, in any case."""
    return code == books.flags.home or ("CompanyCurrency", fold(code)) in books.names
