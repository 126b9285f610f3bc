"""The parts of an answer that follow other records: names in references, balances, the order of keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2s
from typing import Any, Protocol

from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.kinds.currencies import CURRENCY_NAMES
from ml_emulators.quickbooks.kinds.references import PARTIES, REF_KINDS
from ml_emulators.quickbooks.settings import Company
from ml_emulators.quickbooks.values import Json, from_seconds, money, stamp


class Labelled(Protocol):
    """A record as others name it."""

    label: str


class Related(Protocol):
    """What an answer takes from other records: the books of a company."""

    @property
    def company(self) -> Company:
        """The company whose books they are."""

    @property
    def account_balances(self) -> Mapping[str, Decimal]:
        """Balance by account id, in the account's currency, debit positive."""

    @property
    def customer_balances(self) -> Mapping[str, Decimal]:
        """What is posted for a customer or vendor, by id, in its currency, debit positive."""

    def row(self, kind: str, record_id: str | None) -> Labelled | None:
        """A record's label and state by its id; None when there is none."""

    def family(self, kind: str, record_id: str) -> Iterator[str]:
        """The id of a record and of everything below it."""


_DEBIT_POSITIVE = ("Asset", "Liability", "Equity")


@lru_cache(maxsize=4096)
def _stamp(at: int) -> str:
    return stamp(from_seconds(at))


def refresh(books: Related, kind: str, data: Json, updated: int) -> Json:
    """Bring the derived parts of a record up to date, and its keys into the order of the answers."""
    spec = KINDS[kind]
    _name_references(books, data, spec.unnamed)
    if kind == "Customer":
        _customer_balances(books, data)
    elif kind == "Vendor":
        data["Balance"] = money(-books.customer_balances.get(data["Id"], Decimal(0)))
    elif kind == "Account":
        _account_balances(books, data)
    if kind in PARTIES:
        data["V4IDPseudonym"] = _pseudonym(books.company.realm_id, kind, data["Id"])
        data["ClientEntityId"] = "0"
    data["MetaData"]["LastUpdatedTime"] = _stamp(updated)
    return {key: data[key] for key in spec.order if key in data}


def _pseudonym(realm_id: str, kind: str, record_id: str) -> str:
    return "002098" + blake2s(f"{realm_id}:{kind}:{record_id}".encode(), digest_size=16).hexdigest()


def _name_references(books: Related, node: Json, unnamed: frozenset[str]) -> None:
    for key, value in node.items():
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    _name_references(books, item, unnamed)
        elif isinstance(value, dict):
            if key.endswith("Ref"):
                _name(books, key, value, unnamed)
            else:
                _name_references(books, value, unnamed)


def _name(books: Related, key: str, ref: Json, unnamed: frozenset[str]) -> None:
    if not isinstance(ref.get("value"), str):
        return
    if key == "CurrencyRef":
        ref["name"] = CURRENCY_NAMES.get(ref["value"], ref["value"])
        return
    label = _party(books, ref) if key == "EntityRef" else _label(books, REF_KINDS.get(key), ref)
    if label and key not in unnamed:
        ref["name"] = label


def _label(books: Related, kind: str | None, ref: Json) -> str:
    row = books.row(kind, ref.get("value")) if kind is not None else None
    return row.label if row is not None else ""


def _party(books: Related, ref: Json) -> str:
    return next(filter(None, (_label(books, kind, ref) for kind in PARTIES)), "")


def _customer_balances(books: Related, data: Json) -> None:
    zero = Decimal(0)
    own = books.customer_balances.get(data["Id"], zero)
    family = sum((books.customer_balances.get(member, zero) for member in books.family("Customer", data["Id"])), zero)
    data["Balance"] = money(own)
    data["BalanceWithJobs"] = money(family)


def _account_balances(books: Related, data: Json) -> None:
    shown = data.get("Classification") in _DEBIT_POSITIVE and data.get("Active", True)
    zero = Decimal(0)
    own = books.account_balances.get(data["Id"], zero) if shown else zero
    family: Any = sum(
        (books.account_balances.get(member, zero) for member in books.family("Account", data["Id"])), zero
    )
    data["CurrentBalance"] = money(own)
    data["CurrentBalanceWithSubAccounts"] = money(family if shown else zero)
