"""Journal entry lines, and the draft that cannot be built unless it balances (promise P3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.model.errors import BadAnswer, ConnectorError
from ml_connector.model.refs import Json
from ml_connector.systems import wire

from .entity import Reference

NOTE_MARK = "mlc1"
MAX_DOC_NUMBER = 21
MAX_TEXT = 4000
_MAX_DIGITS = 15
_CENT = Decimal("0.01")
_RULE_FAULT = "Nothing was sent. This is a fault of the posting rule: please report it with the number of the order."


class UnsoundEntry(ConnectorError):
    """A journal entry that must never be sent: it does not balance, or breaks a form that QuickBooks asks for."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, _RULE_FAULT)


class EntityRef(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """The customer, vendor or employee on a journal line."""

    type: str = ""
    entity_ref: Reference = Reference()


class JournalLineDetail(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What a line posts: `posting_type` is `Debit` or `Credit` (reference 6.5)."""

    posting_type: str
    account_ref: Reference = Reference()
    entity: EntityRef | None = None
    department_ref: Reference | None = None
    class_ref: Reference | None = None


class JournalLine(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A line as read. Lines of kind `DescriptionOnly` have no detail and no amount."""

    id: str = ""
    line_num: int | None = None
    description: str = ""
    amount: Decimal | None = None
    detail_type: str = ""
    journal_entry_line_detail: JournalLineDetail | None = None

    def __post_init__(self) -> None:
        if self.journal_entry_line_detail is not None and self.amount is None:
            raise ValueError("a posting line without an amount")

    @property
    def posting(self) -> Posting:
        """It in plain terms. Raises `UnsoundEntry` for a line that is a text only."""
        detail = self.journal_entry_line_detail
        if detail is None or self.amount is None:
            raise UnsoundEntry("A journal line without an account posts nothing.")
        return Posting(
            side=detail.posting_type,
            account=detail.account_ref.value,
            amount=self.amount,
            description=self.description,
            department=detail.department_ref.value if detail.department_ref else "",
            class_=detail.class_ref.value if detail.class_ref else "",
            entity=detail.entity.entity_ref.value if detail.entity else "",
            entity_type=detail.entity.type if detail.entity else "Customer",
        )


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a journal entry in plain terms. All references are QuickBooks ids, empty for none.

    `side` is `Debit` or `Credit`; `amount` is positive, in the currency of the entry.
    """

    side: str
    account: str
    amount: Decimal
    description: str = ""
    department: str = ""
    class_: str = ""
    entity: str = ""
    entity_type: str = "Customer"

    def body(self) -> Json:
        """It as QuickBooks takes it; what is blank is left out."""
        detail: Json = {"PostingType": self.side, "AccountRef": {"value": self.account}}
        if self.entity:
            detail["Entity"] = {"Type": self.entity_type, "EntityRef": {"value": self.entity}}
        if self.department:
            detail["DepartmentRef"] = {"value": self.department}
        if self.class_:
            detail["ClassRef"] = {"value": self.class_}
        line: Json = {"DetailType": "JournalEntryLineDetail", "Amount": self.amount, "JournalEntryLineDetail": detail}
        return {"Description": self.description, **line} if self.description else line


class JournalDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A journal entry to be created. Building one that is not sound raises `UnsoundEntry`.

    `currency` (ISO) and `exchange_rate` (home units per one foreign unit) stay empty in a single-currency company.
    """

    txn_date: date
    doc_number: str
    private_note: str
    lines: tuple[Posting, ...]
    currency: str = ""
    exchange_rate: Decimal | None = None

    def __post_init__(self) -> None:
        _check_lines(self.lines)
        if not 0 < len(self.doc_number) <= MAX_DOC_NUMBER:
            raise UnsoundEntry(f"The number of a journal entry has 1 to {MAX_DOC_NUMBER} characters.")
        if len(self.private_note) > MAX_TEXT:
            raise UnsoundEntry(f"The note of a journal entry has at most {MAX_TEXT} characters.")
        if self.exchange_rate is not None and not _is_positive(self.exchange_rate):
            raise UnsoundEntry("An exchange rate must be a positive number.")

    @property
    def total(self) -> Decimal:
        """Sum of the debits, which is the sum of the credits."""
        return _side(self.lines, "Debit")

    def body(self) -> Json:
        """The entry in the vendor's spelling; amounts stay `Decimal`."""
        body: Json = {
            "TxnDate": self.txn_date.isoformat(),
            "DocNumber": self.doc_number,
            "PrivateNote": self.private_note,
        }
        if self.currency:
            body["CurrencyRef"] = {"value": self.currency}
        if self.exchange_rate is not None:
            body["ExchangeRate"] = self.exchange_rate
        return {**body, "Line": [line.body() for line in self.lines]}

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> JournalDraft:
        """The draft that makes this body; `UnsoundEntry` if no sound draft does."""
        try:
            entry = wire.convert(body, _Body, "a journal entry")
        except BadAnswer as error:
            raise UnsoundEntry("The journal entry is not in the form QuickBooks asks for.") from error
        return cls(
            txn_date=entry.txn_date,
            doc_number=entry.doc_number,
            private_note=entry.private_note,
            lines=tuple(line.posting for line in entry.line if line.detail_type != "DescriptionOnly"),
            currency=entry.currency_ref.value if entry.currency_ref else "",
            exchange_rate=entry.exchange_rate,
        )


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", forbid_unknown_fields=True):
    txn_date: date
    doc_number: str
    private_note: str = ""
    adjustment: bool = False
    currency_ref: Reference | None = None
    exchange_rate: Decimal | None = None
    line: tuple[JournalLine, ...]


def same_lines(left: Sequence[Posting], right: Sequence[Posting]) -> bool:
    """Whether two entries post the same: account, side, amount, department, class and entity, in any order."""
    return Counter(map(_essence, left)) == Counter(map(_essence, right))


def note_fields(note: str) -> dict[str, str]:
    """`mlc1|org=..|key=..` in the first line of a note as a dict; empty if not ours (accounting-rules B.11)."""
    mark, *parts = note.split("\n", 1)[0].strip().split("|")
    if mark != NOTE_MARK:
        return {}
    return dict(part.split("=", 1) for part in parts if "=" in part)


def _essence(line: Posting) -> tuple[str, str, Decimal, str, str, str]:
    return (line.side, line.account, line.amount, line.department, line.class_, line.entity)


def _check_lines(lines: Sequence[Posting]) -> None:
    if len(lines) < 2:
        raise UnsoundEntry("A journal entry needs at least two lines.")
    for number, line in enumerate(lines, 1):
        _check_line(number, line)
    debits, credits_ = _side(lines, "Debit"), _side(lines, "Credit")
    if debits != credits_:
        raise UnsoundEntry(f"Debits are {debits} and credits are {credits_}: the journal entry does not balance.")


def _check_line(number: int, line: Posting) -> None:
    if line.side not in ("Debit", "Credit"):
        raise UnsoundEntry(f"Line {number} is neither a debit nor a credit.")
    if not line.account:
        raise UnsoundEntry(f"Line {number} has no account.")
    if not _is_positive(line.amount):
        raise UnsoundEntry(f"The amount of line {number} is not a positive number.")
    if line.amount != line.amount.quantize(_CENT):
        raise UnsoundEntry(f"The amount of line {number} has a fraction of a cent.")
    if len(line.description) > MAX_TEXT:
        raise UnsoundEntry(f"The description of line {number} has more than {MAX_TEXT} characters.")


def _is_positive(amount: Decimal) -> bool:
    return amount.is_finite() and amount > 0 and amount.adjusted() < _MAX_DIGITS


def _side(lines: Sequence[Posting], side: str) -> Decimal:
    return sum((line.amount for line in lines if line.side == side), Decimal(0))
