"""Lines of journal entries as people write them: `Dr 1250 East SaaS 912.40`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.model import money

from .values import Kind

_SIDES = {"dr": "Debit", "debit": "Debit", "cr": "Credit", "credit": "Credit"}
_BLANK = ("-", "")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `department` and `class_` are full names, blank for none, None where they do not matter.

    `source` is the income account that a description begins with: `[4000]`.
    """

    side: str
    account: str
    amount: Decimal
    department: str | None = None
    class_: str | None = None
    source: str | None = None
    customer: str | None = None

    def fits(self, line: Line) -> bool:
        """Whether a line is what this one asks for."""
        pairs = (
            (self.department, line.department), (self.class_, line.class_), (self.source, line.source),
            (self.customer, line.customer),
        )  # fmt: skip
        same = all(asked is None or _folded(asked) == _folded(there) for asked, there in pairs)
        return same and (self.side, self.account, self.amount) == (line.side, line.account, line.amount)

    def __str__(self) -> str:
        side = "Dr" if self.side == "Debit" else "Cr"
        account = f"{self.account} [{self.source}]" if self.source else self.account
        dims = "" if self.department is None else f" {self.department or '-'}/{self.class_ or '-'}"
        return f"{side} {account}{dims} {self.amount:,f}"


def _folded(text: str | None) -> str:
    return ":".join(part.strip() for part in (text or "").casefold().split(":"))


def same(expected: Sequence[Line], lines: Sequence[Line], *, in_order: bool = False) -> bool:
    """Whether the lines are those expected, each once; in any order unless `in_order`."""
    if len(expected) != len(lines):
        return False
    if in_order:
        return all(asked.fits(line) for asked, line in zip(expected, lines, strict=True))
    left = list(lines)
    for asked in sorted(expected, key=lambda line: (line.department is None, line.source is None)):
        fitting = next((line for line in left if asked.fits(line)), None)
        if fitting is None:
            return False
        left.remove(fitting)
    return True


def shown(lines: Sequence[Line], like: Sequence[Line] | None = None) -> str:
    """Lines in words; only as much of each as the lines in `like` speak of."""
    dims = like is None or any(line.department is not None for line in like)
    sources = like is None or any(line.source is not None for line in like)
    plain = [
        msgspec.structs.replace(
            line,
            department=line.department if dims else None,
            class_=line.class_ if dims else None,
            source=line.source if sources else None,
        )
        for line in lines
    ]
    return "; ".join(map(str, plain)) or "no lines"


def read(raw: Any) -> list[Line]:
    """Lines from a text with one line each, or a list of texts, lists and tables. Raises `ValueError`."""
    if isinstance(raw, str):
        raw = [part for part in re.split(r"[\n;]", raw) if part.strip()]
    if not isinstance(raw, list):
        raise ValueError("")
    return [_line(row) for row in raw]


def _line(raw: Any) -> Line:
    if isinstance(raw, Mapping):
        return _from_table(raw)
    columns = [str(column).strip() for column in raw] if isinstance(raw, list) else _columns(str(raw))
    source = next((column.strip("[]") for column in columns if column.startswith("[")), None)
    columns = [column for column in columns if not column.startswith("[")]
    if "[" in (columns[1] if len(columns) > 1 else ""):
        columns[1], source = columns[1].split("[", 1)[0].strip(), columns[1].split("[", 1)[1].strip("] ")
    if len(columns) == 4 and "/" in columns[2]:
        columns = [*columns[:2], *columns[2].split("/", 1), columns[3]]
    if len(columns) not in (3, 5) or columns[0].lower() not in _SIDES:
        raise ValueError(f"{raw!r} is not side, account, department, class, amount")
    dims = [_dim(column) for column in columns[2:4]] if len(columns) == 5 else [None, None]
    side = _SIDES[columns[0].lower()]
    return Line(
        side=side, account=columns[1], amount=_amount(columns[-1]), department=dims[0], class_=dims[1], source=source
    )


def _columns(text: str) -> list[str]:
    """By bars if there are any; else by two blanks or more, so that names may hold one; else by single blanks."""
    if "|" in text:
        return [part.strip() for part in text.strip().strip("|").split("|")]
    wide = re.split(r"\s{2,}|\t+", text.strip())
    wide = [*wide[0].split(), *wide[1:]]
    count = sum(not part.startswith("[") for part in wide)
    return wide if count in (3, 5) or (count == 4 and "/" in text) else text.split()


def _from_table(raw: Mapping[str, Any]) -> Line:
    known = {"side", "account", "department", "class", "amount", "debit", "credit", "source", "customer"}
    if odd := set(raw) - known:
        raise ValueError(f"{min(odd)!r} is no key of a line; the keys are {', '.join(sorted(known))}")
    side = next((word for word in ("debit", "credit") if word in raw), str(raw.get("side", "")).lower())
    account = raw.get("debit") or raw.get("credit") or raw.get("account")
    if side not in _SIDES or account is None or "amount" not in raw:
        raise ValueError("a line needs a debit or credit account and an amount")
    texts = {name: None if raw.get(name) is None else str(raw[name]) for name in ("source", "customer")}
    dims = [None if raw.get(name) is None else _dim(str(raw[name])) for name in ("department", "class")]
    return Line(
        side=_SIDES[side],
        account=str(account),
        amount=_amount(raw["amount"]),
        department=dims[0],
        class_=dims[1],
        **texts,
    )


def _dim(text: str) -> str:
    return "" if text.strip() in _BLANK else text.strip()


def _amount(raw: Any) -> Decimal:
    return money.exact(raw.replace(",", "").strip() if isinstance(raw, str) else raw)


LINES = Kind("lines of a journal entry, see [Lines](#lines)", read)
