"""Rules of Opportunity, its line items and contact roles (salesforce reference 7.3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_emulators.salesforce.errors import integrity, required
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx

from .coerce import bad_pick
from .prices import matching_entry
from .rule import Rules, amount, changed, insert

_ZERO = Decimal("0.0")
_HUNDRED = Decimal(100)
_UNKNOWN_STAGE: Record = {"ForecastCategory": "Pipeline", "ForecastCategoryName": "Pipeline"}


def _stage(tx: Tx, name: str) -> Record:
    for row in tx.find("OpportunityStage", "MasterLabel", name):
        return row
    return _UNKNOWN_STAGE


def _derive_stage(tx: Tx, record: Record, given: set[str]) -> None:
    stage = _stage(tx, record["StageName"])
    field = tx.world.schema.objects["Opportunity"].by_name["StageName"]
    if field.restricted and not stage.get("IsActive"):
        raise bad_pick(field, record["StageName"])
    record["IsClosed"] = stage.get("IsClosed", False)
    record["IsWon"] = stage.get("IsWon", False)
    if "Probability" not in given:
        record["Probability"] = stage.get("DefaultProbability", _ZERO)
    if "ForecastCategoryName" not in given:
        record["ForecastCategoryName"] = stage["ForecastCategoryName"]
        record["ForecastCategory"] = stage["ForecastCategory"]


def _derive_amounts(tx: Tx, record: Record) -> None:
    worth, probability = record.get("Amount"), record.get("Probability")
    if worth is None or probability is None:
        record.pop("ExpectedRevenue", None)
    else:
        record["ExpectedRevenue"] = amount(worth * probability / _HUNDRED, "ExpectedRevenue", tx.places)


def _derive_fiscal(record: Record) -> None:
    close = record.get("CloseDate")
    if close:
        record["FiscalYear"] = int(close[:4])
        record["FiscalQuarter"] = (int(close[5:7]) + 2) // 3
        record["Fiscal"] = f"{close[:4]} {record['FiscalQuarter']}"


class OpportunityRules(Rules):
    """Stage and amount lead; probability, forecast, fiscal period and expected revenue follow (reference 7.3)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Derive what follows from stage, amount and close date, unless the caller gave it."""
        if "StageName" in draft:
            _derive_stage(tx, draft, set(draft))
        _derive_amounts(tx, draft)
        _derive_fiscal(draft)

    def after_create(self, tx: Tx, record: Record) -> None:
        """A ContactId given on create makes the primary contact role."""
        contact = record.get("ContactId")
        if contact:
            kind = tx.world.schema.objects["OpportunityContactRole"]
            role = {"OpportunityId": record["Id"], "ContactId": contact, "IsPrimary": True, "IsDeleted": False}
            insert(tx, kind, role | {"CurrencyIsoCode": record["CurrencyIsoCode"]})

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """The same anew. With products the amount stays theirs, and book and currency are fixed: integrity error."""
        if old.get("HasOpportunityLineItem"):
            _keep_amount(old, new)
            fixed = changed(old, new, values) & {"Pricebook2Id", "CurrencyIsoCode"}
            if fixed:
                raise integrity("field integrity exception: the opportunity has products", *sorted(fixed))
        if old["StageName"] != new["StageName"]:
            _derive_stage(tx, new, set(values))
            new["LastStageChangeDate"] = tx.now
        _derive_amounts(tx, new)
        _derive_fiscal(new)


def _keep_amount(old: Record, new: Record) -> None:
    """With line items the amount is their sum: a write is silently ignored."""
    for name in ("Amount", "TotalOpportunityQuantity"):
        new.pop(name, None)
        if name in old:
            new[name] = old[name]


class RoleRules(Rules):
    """One primary contact an opportunity: a new one takes the place of the old."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """The currency of the opportunity."""
        parent = tx.live("Opportunity", draft.get("OpportunityId"))
        if parent:
            draft["CurrencyIsoCode"] = parent["CurrencyIsoCode"]

    def after_create(self, tx: Tx, record: Record) -> None:
        """A primary role takes the place of the one before, and the opportunity remembers its contact."""
        if record.get("IsPrimary"):
            _make_primary(tx, record)

    def after_update(self, tx: Tx, old: Record, new: Record) -> None:
        """The same when a role becomes primary; when it stops, the opportunity has no primary contact."""
        if new.get("IsPrimary"):
            _make_primary(tx, new)
        elif old.get("IsPrimary"):
            _remember_contact(tx, new["OpportunityId"], None)

    def after_delete(self, tx: Tx, record: Record) -> None:
        """Without its primary role the opportunity has no primary contact."""
        if record.get("IsPrimary"):
            _remember_contact(tx, record["OpportunityId"], None)


def _make_primary(tx: Tx, role: Record) -> None:
    for other in list(tx.find("OpportunityContactRole", "OpportunityId", role["OpportunityId"])):
        if other["Id"] != role["Id"] and other.get("IsPrimary"):
            tx.adjust("OpportunityContactRole", other, IsPrimary=False)
    _remember_contact(tx, role["OpportunityId"], role["ContactId"])


def _remember_contact(tx: Tx, opportunity: str, contact: str | None) -> None:
    parent = tx.live("Opportunity", opportunity)
    if parent and parent.get("ContactId") != contact:
        tx.adjust("Opportunity", parent, ContactId=contact)


class LineRules(Rules):
    """Products on an opportunity: prices follow each other, and their sum is its amount (reference 7.3)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Currency, name and price by its price-book entry. Raises for two prices, none, or another book's entry."""
        parent = tx.live("Opportunity", draft.get("OpportunityId"))
        entry = matching_entry(tx, draft, "opportunity", self._book(tx, parent, draft), parent)
        if parent is None or entry is None or "Quantity" not in draft:
            return
        draft["CurrencyIsoCode"] = parent["CurrencyIsoCode"]
        draft["Name"] = f"{parent['Name']} {entry['Name']}"[:376]
        if entry.get("ProductCode"):
            draft["ProductCode"] = entry["ProductCode"]
        if "UnitPrice" in draft and "TotalPrice" in draft:
            raise integrity("specify either UnitPrice or TotalPrice, not both", "UnitPrice", "TotalPrice")
        if "UnitPrice" not in draft and "TotalPrice" not in draft:
            raise required(["UnitPrice"])
        _price_line(tx, draft, "TotalPrice" if "TotalPrice" in draft else "UnitPrice")

    def _book(self, tx: Tx, parent: Record | None, draft: Record) -> str | None:
        """The opportunity's price book; the first line may bring it."""
        entry = tx.live("PricebookEntry", draft.get("PricebookEntryId"))
        if parent is None or entry is None:
            return None
        if parent.get("Pricebook2Id") is None and tx.switches.opportunity_takes_price_book:
            tx.adjust("Opportunity", parent, Pricebook2Id=entry["Pricebook2Id"])
            return str(entry["Pricebook2Id"])
        return parent.get("Pricebook2Id")

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """The other price follows the one that moved. Raises FIELD_INTEGRITY_EXCEPTION when both do."""
        moved = changed(old, new, values)
        if {"UnitPrice", "TotalPrice"} <= moved:
            raise integrity("specify either UnitPrice or TotalPrice, not both", "UnitPrice", "TotalPrice")
        if moved & {"Quantity", "UnitPrice", "TotalPrice", "Discount"}:
            _price_line(tx, new, "UnitPrice" if moved & {"UnitPrice", "Discount"} else "TotalPrice")

    def after_create(self, tx: Tx, record: Record) -> None:
        """Quantity and amount of the opportunity grow by the line."""
        _roll_up(tx, record["OpportunityId"], {}, record)

    def after_update(self, tx: Tx, old: Record, new: Record) -> None:
        """Quantity and amount of the opportunity move by the difference."""
        _roll_up(tx, new["OpportunityId"], old, new)

    def after_delete(self, tx: Tx, record: Record) -> None:
        """Quantity and amount of the opportunity shrink by the line."""
        _roll_up(tx, record["OpportunityId"], record, {})


def _price_line(tx: Tx, line: Record, lead: str) -> None:
    """Either price follows from the other; the one that leads stays as it was given."""
    quantity, discount = line["Quantity"], line.get("Discount", _ZERO)
    if not quantity:
        raise integrity("Quantity: must not be zero", "Quantity")
    kept = 1 - discount / _HUNDRED
    if lead == "UnitPrice" and "UnitPrice" in line:
        line["TotalPrice"] = amount(line["UnitPrice"] * quantity * kept, "TotalPrice", tx.places)
    elif "TotalPrice" in line and kept:
        line["UnitPrice"] = amount(line["TotalPrice"] / quantity / kept, "UnitPrice")
    line["Subtotal"] = amount(line.get("UnitPrice", _ZERO) * quantity, "Subtotal", tx.places)


def _roll_up(tx: Tx, opportunity: str, old: Record, new: Record) -> None:
    parent = tx.live("Opportunity", opportunity)
    if parent is None:
        return
    has_lines = next(tx.find("OpportunityLineItem", "OpportunityId", opportunity), None) is not None
    had_lines = parent.get("HasOpportunityLineItem")
    total = parent.get("Amount", _ZERO) if had_lines else _ZERO
    quantity = parent.get("TotalOpportunityQuantity", _ZERO) if had_lines else _ZERO
    total += new.get("TotalPrice", _ZERO) - old.get("TotalPrice", _ZERO)
    quantity += new.get("Quantity", _ZERO) - old.get("Quantity", _ZERO)
    changes: dict[str, Any] = {"HasOpportunityLineItem": has_lines}
    if has_lines:
        changes |= {
            "Amount": amount(total, "Amount", tx.places),
            "TotalOpportunityQuantity": amount(quantity, "TotalOpportunityQuantity", tx.places),
        }
        scratch = parent | changes
        _derive_amounts(tx, scratch)
        changes["ExpectedRevenue"] = scratch.get("ExpectedRevenue")
    tx.adjust("Opportunity", parent, **changes)
