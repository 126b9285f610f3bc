"""Rules of products, price books, currencies and contracts (salesforce reference 7.4)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from ml_emulators.salesforce.errors import ApiError, integrity, read_only, required
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx

from .rule import Rules, changed, undeletable


def matching_entry(tx: Tx, draft: Record, parent_word: str, book: str | None, parent: Record | None) -> Record | None:
    """The price-book entry of a line, in the parent's book and currency; None leaves it to later checks.

    Fills Product2Id and ListPrice of the line.
    """
    entry = tx.live("PricebookEntry", draft.get("PricebookEntryId"))
    if draft.get("PricebookEntryId") is None:
        raise required(["PricebookEntryId"])
    if entry is None or parent is None:
        return None
    if entry["Pricebook2Id"] != book or entry["CurrencyIsoCode"] != parent["CurrencyIsoCode"]:
        text = (
            "field integrity exception: PricebookEntryId (pricebook entry is in a different pricebook than "
            f"the one assigned to the {parent_word}, or the pricebook entry has a CurrencyIsoCode that does "
            f"not match the {parent_word}'s CurrencyIsoCode.)"
        )
        raise integrity(text, "PricebookEntryId")
    if draft.setdefault("Product2Id", entry["Product2Id"]) != entry["Product2Id"]:
        raise integrity("Product2Id: not the product of the price book entry", "Product2Id")
    draft["ListPrice"] = entry["UnitPrice"]
    return entry


def require_active(entry: Record) -> None:
    """Raises FIELD_INTEGRITY_EXCEPTION for an inactive entry, which no new line may use (reference 7.4)."""
    if not entry.get("IsActive"):
        text = "field integrity exception: PricebookEntryId (pricebook entry is inactive)"
        raise integrity(text, "PricebookEntryId")


class ProductRules(Rules):
    """A product leads its price-book entries (reference 7.4)."""

    def after_update(self, tx: Tx, old: Record, new: Record) -> None:
        """Name and code of a product show on its price-book entries."""
        if any(old.get(name) != new.get(name) for name in ("Name", "ProductCode")):
            for entry in list(tx.find("PricebookEntry", "Product2Id", new["Id"])):
                shown = {name: new.get(name) for name in ("Name", "ProductCode")}
                merged = entry | shown
                tx.put("PricebookEntry", {name: value for name, value in merged.items() if value is not None})


class PricebookRules(Rules):
    """The standard price book is the platform's (reference 7.4)."""

    def before_delete(self, tx: Tx, record: Record) -> None:
        """Raises DELETE_FAILED for the standard price book."""
        if record.get("IsStandard"):
            raise undeletable("The standard price book cannot be deleted")


def _standard_entry(tx: Tx, product: str, currency: str) -> Record | None:
    for entry in tx.find("PricebookEntry", "Product2Id", product):
        book = tx.live("Pricebook2", entry["Pricebook2Id"])
        if book and book.get("IsStandard") and entry["CurrencyIsoCode"] == currency:
            return entry
    return None


class EntryRules(Rules):
    """One price a product, book and currency; the standard price comes first."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Name and code of the product. Raises for a second entry, and before the standard price is there."""
        book = tx.live("Pricebook2", draft.get("Pricebook2Id"))
        product = tx.live("Product2", draft.get("Product2Id"))
        if book is None or product is None:
            return
        draft["Name"] = product["Name"]
        if product.get("ProductCode"):
            draft["ProductCode"] = product["ProductCode"]
        self._only_one(tx, draft)
        if not book.get("IsStandard"):
            self._custom_price(tx, draft)
        elif draft.get("UseStandardPrice"):
            raise integrity("UseStandardPrice: not for the standard price book", "UseStandardPrice")

    def _only_one(self, tx: Tx, draft: Record) -> None:
        for entry in tx.find("PricebookEntry", "Product2Id", draft["Product2Id"]):
            if all(entry[name] == draft[name] for name in ("Pricebook2Id", "CurrencyIsoCode")):
                text = "This price definition already exists in this price book"
                raise ApiError("DUPLICATE_VALUE", text, fields=["Pricebook2Id", "Product2Id"])

    def _custom_price(self, tx: Tx, draft: Record) -> None:
        standard = _standard_entry(tx, draft["Product2Id"], draft["CurrencyIsoCode"])
        if standard is None:
            text = "Before creating a custom price, create a standard price."
            raise ApiError("STANDARD_PRICE_NOT_DEFINED", text, fields=())
        if draft.get("UseStandardPrice"):
            draft["UnitPrice"] = standard["UnitPrice"]

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """A price that follows the standard one cannot be written: INVALID_FIELD_FOR_INSERT_UPDATE."""
        if "UnitPrice" in changed(old, new, values) and new.get("UseStandardPrice"):
            raise read_only(["UnitPrice"])
        standard = _standard_entry(tx, new["Product2Id"], new["CurrencyIsoCode"])
        if standard and standard["Id"] != new["Id"] and new.get("UseStandardPrice"):
            new["UnitPrice"] = standard["UnitPrice"]

    def after_update(self, tx: Tx, old: Record, new: Record) -> None:
        """Entries that use the standard price of the currency follow it."""
        if old["UnitPrice"] == new["UnitPrice"]:
            return
        for entry in list(tx.find("PricebookEntry", "Product2Id", new["Product2Id"])):
            if entry.get("UseStandardPrice") and entry["CurrencyIsoCode"] == new["CurrencyIsoCode"]:
                tx.adjust("PricebookEntry", entry, UnitPrice=new["UnitPrice"])


class CurrencyRules(Rules):
    """Currencies and their rate to the corporate one."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Never corporate, code in upper case. Raises for a rate that is not above zero."""
        draft["IsCorporate"] = False
        if draft.get("IsoCode"):
            draft["IsoCode"] = draft["IsoCode"].upper()
        _positive_rate(draft)

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """Raises when the corporate currency would lose its rate of one or be switched off."""
        if old.get("IsCorporate") and changed(old, new, values) & {"ConversionRate", "IsActive"}:
            raise integrity("The corporate currency keeps its rate of one", "ConversionRate")
        _positive_rate(new)


def _positive_rate(record: Record) -> None:
    if "ConversionRate" in record and record["ConversionRate"] <= 0:
        raise integrity("ConversionRate: must be greater than zero", "ConversionRate")


class DatedRateRules(Rules):
    """Dated rates of one currency follow each other: each ends where the next starts."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Raises for a rate that is not above zero."""
        _positive_rate(draft)

    def after_create(self, tx: Tx, record: Record) -> None:
        """Each rate of the currency ends where the next starts, the last on 9999-12-31."""
        table = tx.world.state.tables["DatedConversionRate"]
        rows = [row for row in table.live.values() if row["IsoCode"] == record["IsoCode"]]
        rows.sort(key=lambda row: str(row["StartDate"]))
        ends = [row["StartDate"] for row in rows[1:]] + ["9999-12-31"]
        for row, end in zip(rows, ends, strict=True):
            tx.adjust("DatedConversionRate", row, NextStartDate=end)


_CONTRACT_CODES = {"Draft": "Draft", "In Approval Process": "InApproval", "Activated": "Activated"}


class ContractRules(Rules):
    """A contract begins as a draft; its end follows from start and term."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Raises FAILED_ACTIVATION for a new contract that is activated already."""
        draft.setdefault("Status", "Draft")
        if draft["Status"] == "Activated":
            raise ApiError("FAILED_ACTIVATION", "Choose a valid contract status and save your changes.")
        _derive_contract(draft)

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """The end anew."""
        _derive_contract(new)


def _derive_contract(record: Record) -> None:
    record["StatusCode"] = _CONTRACT_CODES[record["Status"]]
    start, term = record.get("StartDate"), record.get("ContractTerm")
    if start and term and 0 < term < 1200:
        months = int(start[5:7]) - 1 + term
        year, month = int(start[:4]) + months // 12, months % 12 + 1
        end = date(year, month, min(int(start[8:]), 28)) - timedelta(days=1)
        record["EndDate"] = end.isoformat()
