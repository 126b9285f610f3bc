"""Which record a name of the file means, and what `${name.Field}` stands for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ml_connector.model.errors import WrongUse
from ml_connector.model.refs import Ref
from ml_connector.systems.quickbooks.records import plain_name

from .stage import Stage
from .values import REFERENCE


class Kind(NamedTuple):
    """A kind of record as the file names it: where it is kept, and the fields by which it may be named."""

    system: str
    kind: str
    named_by: tuple[str, ...]


KINDS = {
    "customer": Kind("quickbooks", "Customer", ("DisplayName", "FullyQualifiedName")),
    "vendor": Kind("quickbooks", "Vendor", ("DisplayName",)),
    "employee": Kind("quickbooks", "Employee", ("DisplayName",)),
    "invoice": Kind("quickbooks", "Invoice", ("DocNumber",)),
    "credit_memo": Kind("quickbooks", "CreditMemo", ("DocNumber",)),
    "sales_receipt": Kind("quickbooks", "SalesReceipt", ("DocNumber",)),
    "payment": Kind("quickbooks", "Payment", ("PaymentRefNum",)),
    "manual_entry": Kind("quickbooks", "JournalEntry", ("DocNumber",)),
    "journal_entry": Kind("quickbooks", "JournalEntry", ("DocNumber",)),
    "item": Kind("quickbooks", "Item", ("Sku", "Name")),
    "gl_account": Kind("quickbooks", "Account", ("AcctNum", "FullyQualifiedName", "Name")),
    "department": Kind("quickbooks", "Department", ("FullyQualifiedName",)),
    "class": Kind("quickbooks", "Class", ("FullyQualifiedName",)),
    "term": Kind("quickbooks", "Term", ("Name",)),
    "account": Kind("salesforce", "Account", ("Name",)),
    "contact": Kind("salesforce", "Contact", ("Email", "LastName")),
    "opportunity": Kind("salesforce", "Opportunity", ("Name",)),
    "order": Kind("salesforce", "Order", ("OrderNumber",)),
    "order_line": Kind("salesforce", "OrderItem", ("OrderItemNumber",)),
    "product": Kind("salesforce", "Product2", ("StockKeepingUnit", "ProductCode", "Name")),
}
"""Kinds that the file names; the same words are used for `kind`."""

_LISTED = ("department", "class", "gl_account", "item", "term", "product")


class Unknown(WrongUse):
    """A name that no record has."""


class Names:
    """Names given in the file, by kind; what is not given there is looked for at the vendors by its own name."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.facts: dict[str, str] = {}
        self._given: dict[str, dict[str, Ref]] = {}

    def give(self, kind: str, name: str, record: Mapping[str, Any], system: str = "", vendor_kind: str = "") -> None:
        """Let `name` stand for a record that was just made."""
        known = KINDS.get(kind)
        ref = Ref(known.system if known else system, known.kind if known else vendor_kind, str(record.get("Id", "")))
        self._given.setdefault(name.strip().casefold(), {})[kind] = ref

    def given(self, name: str, *kinds: str) -> list[tuple[str, Ref]]:
        """What the file has given that name, of these kinds or of any."""
        refs = self._given.get(name.strip().casefold(), {})
        return [(kind, ref) for kind, ref in refs.items() if not kinds or kind in kinds]

    async def ref(self, name: str, *kinds: str) -> Ref:
        """The one record of that name. Raises `Unknown`."""
        return (await self.refs(name, *kinds))[0]

    async def refs(self, name: str, *kinds: str) -> list[Ref]:
        """All records of that name: a business is a customer and an account. Raises `Unknown`."""
        if given := self.given(name, *kinds):
            return list(dict.fromkeys(ref for _, ref in given))
        kind, _, plain = name.partition(":")
        if plain and kind in KINDS and kind in (kinds or KINDS):
            return await self.refs(plain.strip(), kind)
        if len(parts := name.split(":", 2)) == 3 and parts[0] in ("quickbooks", "salesforce"):
            return [Ref(*parts)]
        records = [ref for kind in kinds or KINDS if (ref := await self._found(kind, name))]
        if not records:
            raise Unknown(f"There is no {_either(kinds)} named {name!r}.", await self._hint(name, kinds))
        return list(dict.fromkeys(records))

    async def _found(self, kind: str, name: str) -> Ref | None:
        """By the record's own name, in any case; names of live records only."""
        known, folded = KINDS[kind], _folded(name)
        for field in known.named_by:
            for record in await self._stage.records(known.system, known.kind):
                if _folded(str(record.get(field) or "")) == folded and folded:
                    return Ref(known.system, known.kind, str(record["Id"]))
        return None

    async def _hint(self, name: str, kinds: tuple[str, ...]) -> str:
        there: list[str] = list(self._given)
        for kind in kinds:
            if kind in _LISTED:
                known = KINDS[kind]
                rows = await self._stage.records(known.system, known.kind)
                there += [str(row.get(known.named_by[0]) or row.get("Name") or "") for row in rows]
        near = difflib.get_close_matches(name, there, 3, 0.4)
        return f"Did you mean {' or '.join(near)}?" if near else "Make it with a [[given]] entry before this one."

    async def filled(self, value: Any) -> Any:
        """A value with every `${name}` (the id) and `${name.Field}` filled in. Raises `Unknown`."""
        if isinstance(value, dict):
            return {key: await self.filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [await self.filled(inner) for inner in value]
        if not isinstance(value, str) or not (references := list(REFERENCE.finditer(value))):
            return value
        parts = [await self._looked(match[1]) for match in references]
        if len(references) == 1 and references[0].group() == value:
            return parts[0]
        texts = iter(parts)
        return REFERENCE.sub(lambda _: str(next(texts)), value)

    async def _looked(self, text: str) -> Any:
        if text in (facts := {**self._stage.facts(), **self.facts}):
            return facts[text]
        for cut in _cuts(text):
            kind, _, plain = text[:cut].partition(":")
            try:
                ref = await (self.ref(plain, kind) if kind in KINDS and plain else self.ref(text[:cut]))
            except Unknown:  # a shorter part of the text may be the name
                continue
            path = text[cut + 1 :]
            # A record that was deleted still has its id: it can be restored by it.
            return field(await self._stage.record(ref), path, text) if path else ref.id
        name = text.partition(".")[0]
        raise Unknown(f"There is no record named {name!r}.", await self._hint(name, ()))


def _cuts(text: str) -> list[int]:
    """Where the name may end and the field begin; names may have points in them, so the longest comes first."""
    return [len(text), *(index for index in range(len(text) - 1, 0, -1) if text[index] == ".")]


def field(record: Mapping[str, Any], path: str, text: str = "") -> Any:
    """`BillAddr.City`, `Line.0.Amount`. Raises `Unknown` where `text` asked for what is not there."""
    value: Any = record
    for part in path.split("."):
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Mapping) and part in value:
            value = value[part]
        elif text:
            raise Unknown(f"${{{text}}}: the record has no {part}.", "Field names are the vendor's own.")
        else:
            return None
    return value


def _folded(text: str) -> str:
    return ":".join(part.strip() for part in plain_name(text, active=False).casefold().split(":"))


def _either(kinds: tuple[str, ...]) -> str:
    return " or ".join(kinds) if kinds else "record"
