"""What an Opportunity shows of its invoices: one entry each, and their sum (accounting-rules D.4, D.5).

An entry is kept in the link of its invoice as canonical text (`agreed`), so that the sum over the invoices of an
Opportunity needs no invoice but the one that changed. Amounts are in the invoice's currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from ml_connector.accounting.invoice_status import ENDED, Status, paid_percent
from ml_connector.accounting.rates import in_home
from ml_connector.model import money
from ml_connector.model.refs import Json

NUMBER_LIMIT, TEXT_LIMIT = 30, 255
_AMOUNTS = ("total", "tax", "balance", "net", "credited_net", "voided_net")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice. `rate`: home units per unit of its currency where the org has one currency only, else None."""

    number: str = ""
    status: Status | str = ""
    currency: str = ""
    department: str = ""
    class_: str = msgspec.field(name="class", default="")
    classes: str = ""
    department_id: str = ""
    class_ids: str = ""
    project: str = ""
    account: str = ""
    total: Decimal = money.ZERO
    tax: Decimal = money.ZERO
    balance: Decimal = money.ZERO
    net: Decimal = money.ZERO
    credited_net: Decimal = money.ZERO
    voided_net: Decimal = money.ZERO
    txn_date: date | None = None
    due_date: date | None = None
    rate: Decimal | None = None
    home: str = ""

    def agreed(self) -> dict[str, str | None]:
        """As it is kept in the link. Reconciliation reads `net`, `currency`, `txn_date`, `department`, `status`."""
        rounded = msgspec.structs.replace(
            self, **{name: money.q(getattr(self, name), self.currency) for name in _AMOUNTS}
        )
        return {name: value or None for name, value in msgspec.to_builtins(rounded).items()}

    def shown(self, amount: Decimal) -> Decimal:
        """An amount of this invoice as Salesforce shows it: never converted unless the org has one currency only."""
        if self.rate is None:
            return money.q(amount, self.currency)
        return in_home(amount, self.currency, self.rate, self.home)

    def ended(self, status: Status) -> Entry:
        """Voided or deleted: worth nothing now; what it was worth before is kept."""
        before = self.voided_net if self.status in ENDED else self.net
        zero = dict.fromkeys(("total", "tax", "balance", "net", "credited_net"), money.ZERO)
        return msgspec.structs.replace(self, status=status, voided_net=before, **zero)

    @property
    def note(self) -> str:
        """The original amount where the Opportunity shows another currency."""
        if self.rate is None:
            return ""
        return f"Original: {money.spoken(self.net, self.currency)} at {money.plain(self.rate)}"


def kept(agreed: Mapping[str, str | None]) -> Entry:
    """The entry that a link keeps. What is missing is empty: links made by hand agree on nothing."""
    return msgspec.convert({name: value for name, value in agreed.items() if value is not None}, Entry)


def qbo_fields(entries: Sequence[Entry]) -> Json:
    """The `QBO_*` fields of an Opportunity with these invoices; whoever asks gives them in the same order."""
    total, balance = _sum(entries, "total"), _sum(entries, "balance")
    due = _due(entries)
    return {
        "QBO_Invoice_Number__c": _numbers(entries) or None,
        "QBO_Status__c": joint_status([entry.status for entry in entries]),
        "QBO_Total__c": total,
        "QBO_Tax__c": _sum(entries, "tax"),
        "QBO_Balance__c": balance,
        "QBO_Invoiced_Net__c": _sum(entries, "net"),
        "QBO_Credited_Net__c": _sum(entries, "credited_net") or None,
        "QBO_Voided_Net__c": _sum(entries, "voided_net") or None,
        "QBO_Paid_Percent__c": paid_percent(total, balance),
        "QBO_Due_Date__c": due.isoformat() if due else None,
        "QBO_Project__c": _joined([entry.project for entry in entries], "; ", TEXT_LIMIT) or None,
        "QBO_Note__c": _joined([entry.note for entry in entries], "; ", TEXT_LIMIT) or None,
    }


def _sum(entries: Sequence[Entry], name: str) -> Decimal:
    shown = [entry.shown(getattr(entry, name)) for entry in entries]
    return shown[0] if len(shown) == 1 else money.total(shown)


def _numbers(entries: Sequence[Entry]) -> str:
    return _joined(
        sorted({entry.number for entry in entries}, key=lambda number: (len(number), number)), ", ", NUMBER_LIMIT
    )


def _joined(texts: Sequence[str], between: str, limit: int) -> str:
    """Distinct texts in one field; what does not fit is counted."""
    names = list(dict.fromkeys(filter(None, texts)))
    for count in range(len(names), 0, -1):
        rest = [f"+{len(names) - count}"] if count < len(names) else []
        if len(joined := between.join([*names[:count], *rest])) <= limit:
            return joined
    return names[0][:limit] if names else ""


def _due(entries: Sequence[Entry]) -> date | None:
    """The earliest day on which something is due, else the last on which something was."""
    open_days = [entry.due_date for entry in entries if entry.due_date and entry.balance]
    all_days = [entry.due_date for entry in entries if entry.due_date]
    return min(open_days, default=None) or max(all_days, default=None)


def joint_status(statuses: Sequence[str]) -> str:
    """The status of several invoices: what is most urgent; partial where some are settled and some are not."""
    live = set(statuses) - ENDED or set(statuses)
    if len(live) == 1:
        return live.pop()
    if live <= ENDED:
        return "VOIDED"
    if "OVERDUE" in live:
        return "OVERDUE"
    return "PAID" if live <= {"PAID", "CREDITED"} else "PARTIAL"
