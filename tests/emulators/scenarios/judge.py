"""What a careful reader of the accounting rules would hold, judged from the records alone."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ml_emulators.kit.emulation import Emulation

from .scoring import Matcher, account, customer, resolve

Records = list[dict[str, Any]]


def qbo(emulation: Emulation, kind: str) -> Records:
    return [record for record in emulation.vendors["quickbooks"].records(kind) if record.get("status") != "Deleted"]


def sf(emulation: Emulation, kind: str) -> Records:
    return emulation.vendors["salesforce"].records(kind)


def codes(emulation: Emulation, system: str, kind: str) -> dict[str, str]:
    held = [one for one in emulation.planted if (one.system, one.kind) == (system, kind) and not one.released]
    return {one.key: one.code for one in held}


def matching(emulation: Emulation) -> tuple[Records, Matcher, Matcher]:
    contacts = defaultdict(list)
    for contact in sf(emulation, "Contact"):
        contacts[contact["AccountId"]].append(contact)
    customers = qbo(emulation, "Customer")
    accounts = [account(one, contacts[one["Id"]]) for one in sf(emulation, "Account")]
    return customers, Matcher(accounts), Matcher([customer(one) for one in customers])


def check_orders(emulation: Emulation) -> None:
    """Judge every activated order from `start_date` on by B.1 to B.10; exactly the planted ones are held."""
    judge = Judge(emulation)
    start = emulation.memory["start_date"]
    found = {
        one["Id"]: judge.code(one)
        for one in sf(emulation, "Order")
        if one["StatusCode"] == "Activated" and one["ActivatedDate"][:10] >= start and not one["IsReductionOrder"]
    }
    assert {ident: code for ident, code in found.items() if code} == codes(emulation, "salesforce", "Order")
    assert len(found) >= 80


class Judge:
    """First reason to hold an order, read off the records alone."""

    def __init__(self, emulation: Emulation) -> None:
        self.emulation = emulation
        self.matched: dict[str, tuple[str, str]] = {}
        self.items: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for item in sf(emulation, "OrderItem"):
            self.items[item["OrderId"]].append(item)
        self.products = {one["Id"]: one for one in sf(emulation, "Product2")}
        self.goods = {one["Sku"].casefold(): one for one in qbo(emulation, "Item") if one.get("Sku")}
        self.goods_by_id = {one["Id"]: one for one in qbo(emulation, "Item")}
        self.deals = {one["Id"]: one for one in sf(emulation, "Opportunity")}
        self.accounts = {one["Id"]: one for one in sf(emulation, "Account")}
        self.departments = self._names("Department")
        self.classes = self._names("Class")
        _, self.matcher, reverse = matching(emulation)
        self.reverse = reverse
        self.customers = {one["Id"]: one for one in qbo(emulation, "Customer")}
        by_hand = [*qbo(emulation, "JournalEntry"), *qbo(emulation, "Invoice")]
        self.by_hand = [(one.get("DocNumber"), one.get("PrivateNote", "")) for one in by_hand]

    def _names(self, kind: str) -> dict[str, bool]:
        names = {one["FullyQualifiedName"]: one["Active"] for one in qbo(self.emulation, kind)}
        known = {name.replace(" (Deleted)", "").replace(" (deleted)", ""): on for name, on in names.items()}
        return known | {"East:Boston": True} if "East:Boston Bay" in known else known  # an alias for 90 days

    def code(self, order: dict[str, Any]) -> str:
        for check in (self._customer, self._goods, self._dims, self._time, self._doubled):
            code = check(order)
            if code:
                return code
        return ""

    def _customer(self, order: dict[str, Any]) -> str:
        found = self.accounts[order["AccountId"]]
        outcome, ident = self._match(found["Id"])
        if outcome == "review" or not found.get("BillingCountry"):
            return "H-CUST-UNLINKED"
        known = self.customers.get(ident, {"Active": True, "CurrencyRef": {"value": found["CurrencyIsoCode"]}})
        if not known["Active"]:
            return "H-CUST-INACTIVE"
        return "" if known["CurrencyRef"]["value"] == order["CurrencyIsoCode"] else "H-CUR-MISMATCH"

    def _match(self, ident: str) -> tuple[str, str]:
        if ident not in self.matched:
            party = next(candidate for candidate in self.matcher.candidates if candidate.id == ident)
            self.matched[ident] = self.reverse.outcome(party)
        return self.matched[ident]

    def _goods(self, order: dict[str, Any]) -> str:
        for item in self.items[order["Id"]]:
            product = self.products[item["Product2Id"]]
            sku = (product.get("StockKeepingUnit") or product.get("ProductCode") or "").casefold()
            good = self.goods_by_id.get(product.get("QBO_Item_Id__c") or "") or self.goods.get(sku)
            if good is None:
                return "H-ITEM-UNMAPPED"
            if not good["Active"]:
                return "H-ITEM-INACTIVE"
            if good["Type"] not in ("Service", "NonInventory", "Inventory"):
                return "H-ITEM-TYPE"
            if "IncomeAccountRef" not in good:
                return "H-ACCT-MISSING"
        return ""

    def _dims(self, order: dict[str, Any]) -> str:
        levels = [order, self.deals.get(order.get("OpportunityId") or "", {}), self.accounts[order["AccountId"]]]
        for item in self.items[order["Id"]]:
            for field, names in (("Department__c", self.departments), ("Class__c", self.classes)):
                text = next((one[field] for one in (item, *levels) if one.get(field)), "")
                found = resolve(text, names)
                if len(found) != 1:
                    return "H-DIM-AMBIGUOUS" if found else "H-DIM-UNMAPPED"
                if not names[found[0]]:
                    return "H-DIM-INACTIVE"
        return ""

    def _time(self, order: dict[str, Any]) -> str:
        # All of the sample's activations happen by day, so that the UTC day is the company's day.
        day = max(order["EffectiveDate"], order["ActivatedDate"][:10])
        if day > self.emulation.memory["today"]:
            return "H-FUTURE"
        return "H-CLOSED" if day <= self.emulation.memory["books_closed"] else ""

    def _doubled(self, order: dict[str, Any]) -> str:
        number = order["OrderNumber"]
        token = f"SF-ORD:{number}"
        doubled = any(doc == number for doc, note in self.by_hand if token not in note)
        loose = any(number in note.replace(token, "") for doc, note in self.by_hand if doc != number)
        assert not loose, "an order number stands in a note, and nowhere else"
        return "H-DOUBLE-COUNT" if doubled else ""
