"""Reading the `Line` arrays of sales forms, payments and journal entries."""

from __future__ import annotations

from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.fields import (
    Problems,
    Reader,
    amount,
    choice,
    day,
    flag,
    group,
    linked,
    number,
    objects,
    party,
    read_known,
    ref,
    text,
)
from ml_emulators.quickbooks.values import Json

_ITEM: dict[str, Reader] = {
    "ServiceDate": day,
    "ItemRef": ref,
    "ClassRef": ref,
    "UnitPrice": number,
    "Qty": number,
    "TaxCodeRef": ref,
}
_DISCOUNT: dict[str, Reader] = {
    "PercentBased": flag,
    "DiscountPercent": number,
    "DiscountAccountRef": ref,
    "ClassRef": ref,
    "TaxCodeRef": ref,
}
_JOURNAL: dict[str, Reader] = {
    "PostingType": choice("Debit", "Credit"),
    "Entity": group({"Type": choice("Customer", "Vendor", "Employee"), "EntityRef": ref}),
    "AccountRef": ref,
    "ClassRef": ref,
    "DepartmentRef": ref,
    "TaxCodeRef": ref,
    "TaxApplicableOn": choice("Sales", "Purchase"),
    "TaxAmount": amount,
    "ProjectRef": ref,
    "JournalCodeRef": ref,
}
_BOUGHT: dict[str, Reader] = {
    "ClassRef": ref,
    "CustomerRef": ref,
    "BillableStatus": choice("Billable", "NotBillable", "HasBeenBilled"),
    "TaxCodeRef": ref,
}


def _group_lines(value: Any, element: str, problems: Problems) -> list[Json] | None:
    lines: list[Json] | None = form_lines("SalesItemLineDetail")(value, element, problems)
    return lines


DETAILS: dict[str, dict[str, Reader]] = {
    "SalesItemLineDetail": _ITEM,
    "DiscountLineDetail": _DISCOUNT,
    "DescriptionOnly": {"ServiceDate": day, "TaxCodeRef": ref},
    "SubTotalLineDetail": {},
    "GroupLineDetail": {"GroupItemRef": ref, "Quantity": number, "Line": _group_lines},
    "JournalEntryLineDetail": _JOURNAL,
    "AccountBasedExpenseLineDetail": {"AccountRef": ref, **_BOUGHT},
    "ItemBasedExpenseLineDetail": {"ItemRef": ref, "Qty": number, "UnitPrice": number, **_BOUGHT},
}
SALES_DETAILS = (
    "SalesItemLineDetail",
    "DiscountLineDetail",
    "DescriptionOnly",
    "SubTotalLineDetail",
    "GroupLineDetail",
)
JOURNAL_DETAILS = ("JournalEntryLineDetail", "DescriptionOnly")
PURCHASE_DETAILS = ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail", "DescriptionOnly")

_HEAD: dict[str, Reader] = {
    "Id": text(20),
    "Description": text(4000),
    "Amount": amount,
    "LinkedTxn": linked,
}
_KNOWN = {
    *_HEAD,
    *DETAILS,
    "DescriptionLineDetail",
    "DetailType",
    "LineNum",
    "CustomExtensions",
    "CustomField",
    "LineEx",
    "ProjectRef",
    "Received",
    "TaxLineDetail",
    "CostAmount",
    "HomeCostAmount",
}
_PAYMENT: dict[str, Reader] = {"Amount": amount, "LinkedTxn": linked}


def _detail_key(detail_type: str) -> str:
    return "DescriptionLineDetail" if detail_type == "DescriptionOnly" else detail_type


def form_lines(*allowed: str) -> Reader:
    """Lines that carry a `DetailType` out of `allowed`, each with its detail object."""

    def read(value: Any, element: str, problems: Problems) -> list[Json] | None:
        if not isinstance(value, list) or not all(isinstance(line, dict) for line in value):
            problems.append(faults.unsupported_value(element, f"{element} must be a list of objects."))
            return None
        return [_form_line(line, allowed, problems) for line in value]

    return read


def _form_line(raw: Json, allowed: tuple[str, ...], problems: Problems) -> Json:
    for name in raw:
        if name not in _KNOWN:
            raise faults.unknown_property(name)
    kind = raw.get("DetailType")
    line = read_known(_HEAD, raw, problems, "Line.")
    if kind is None:
        problems.append(faults.missing("DetailType"))
        return line
    if kind not in allowed:
        problems.append(faults.invalid_enumeration("DetailType", kind))
        return line
    line["DetailType"] = kind
    detail = raw.get(_detail_key(kind))
    line[_detail_key(kind)] = read_known(DETAILS[kind], detail if isinstance(detail, dict) else {}, problems)
    return line


def payment_lines(value: Any, element: str, problems: Problems) -> list[Json] | None:
    """Lines of a payment: an amount, and the transactions it is applied to (reference 6.3)."""
    lines: list[Json] | None = objects(_PAYMENT)(value, "Line", problems)
    return lines


_DEPOSIT: dict[str, Reader] = {
    **_HEAD,
    "DetailType": choice("DepositLineDetail"),
    "DepositLineDetail": group(
        {"AccountRef": ref, "Entity": party, "ClassRef": ref, "PaymentMethodRef": ref, "CheckNum": text(21)}
    ),
}


def deposit_lines(value: Any, element: str, problems: Problems) -> list[Json] | None:
    """Lines of a deposit: an amount from an account, or from a payment that was not deposited."""
    lines: list[Json] | None = objects(_DEPOSIT)(value, "Line", problems)
    return lines


def number_ids(lines: list[Json], known: set[str], first: int) -> None:
    """Give every line an Id: a known one is kept, any other is new."""
    taken = {line["Id"] for line in lines if line.get("Id") in known}
    following = max([first - 1, *(int(number) for number in known if number.isdigit())]) + 1
    used: set[str] = set()
    for line in lines:
        if line.get("Id") in taken and line["Id"] not in used:
            used.add(line["Id"])
            continue
        line["Id"] = str(following)
        following += 1
