"""Records of real companies, keyed into the emulated ones. They lie outside the repository and are read there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from ml_connector.systems import wire
from ml_emulators.kit.emulation import Emulation, Refused
from support.recordings import recording

Json = dict[str, Any]
QUICKBOOKS_KINDS = ("Account", "Item", "Customer", "Vendor", "Invoice", "Payment")
SALESFORCE_KINDS = ("Account", "Contact", "Opportunity")
# What the service makes by itself, or what belongs to features and lists that the empty company does not have.
_OF_QUICKBOOKS = frozenset(
    {
        *("Id", "SyncToken", "MetaData", "domain", "sparse", "FullyQualifiedName", "Level", "V4IDPseudonym"),
        *("Balance", "BalanceWithJobs", "CurrentBalance", "CurrentBalanceWithSubAccounts", "TotalAmt", "UnappliedAmt"),
        *("ClientEntityId", "InvoiceLink", "TxnTaxDetail", "SalesTermRef", "TaxCodeRef", "DefaultTaxCodeRef", "Lat"),
        *("Long", "LinkedTxn", "CustomField", "DepositToAccountRef", "PaymentMethodRef", "ItemAccountRef", "TermRef"),
        *("AssetAccountRef", "InvStartDate", "QtyOnHand", "TrackQtyOnHand", "PrefVendorRef", "ParentRef", "SubAccount"),
        *(
            "ExpenseAccountRef",
            "SubItem",
            "Job",
            "BillWithParent",
            "EmailStatus",
            "PrintStatus",
            "CustomerTypeRef",
            "ShipMethodRef",
        ),
    }
)
_NEEDED: dict[str, Json] = {
    "Account": {"QBO_Ready__c": True, "BillingCountry": "US"},
    "Contact": {},
    "Opportunity": {"StageName": "Prospecting", "CloseDate": "2026-11-30"},
}
_MONEY_KEPT = {"Payment": "TotalAmt"}


def answers() -> Iterator[tuple[str, Any]]:
    """File and decoded body of every recorded answer that is JSON."""
    for path in sorted(recording().glob("*/*/*")):
        for body in _bodies(path):
            if body.lstrip()[:1] in (b"{", b"["):
                yield path.relative_to(recording()).as_posix(), wire.loads(body, path.name, strict=False)


def _bodies(path: Path) -> Iterator[bytes]:
    if path.suffix == ".json":
        document = json.loads(path.read_text(), parse_float=Decimal)
        exchanges = document if isinstance(document, list) else []
        if exchanges and "response" in exchanges[0]:
            yield from (wire.encode(each["response"]["body"]) for each in exchanges)
        else:
            yield path.read_bytes()
    elif path.suffix in (".yml", ".yaml"):
        yield from _recorded(yaml.safe_load(path.read_text()))


def _recorded(node: Any) -> Iterator[bytes]:
    if isinstance(node, dict) and "response" in node and "request" in node:
        text = node["response"].get("body", {}).get("string", "")
        yield text if isinstance(text, bytes) else text.encode()
        return
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _recorded(inner)


def quickbooks_records() -> Iterator[tuple[str, str, Json]]:
    """File, kind and record; parents before what names them."""
    for kind in QUICKBOOKS_KINDS:
        for name, tree in answers():
            if name.startswith("quickbooks/"):
                yield from ((name, kind, row) for row in _named(tree, kind) if "MetaData" in row)


def _named(tree: Any, kind: str) -> Iterator[Json]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == kind:
                yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict))
            yield from _named(value, kind)
    elif isinstance(tree, list):
        for each in tree:
            yield from _named(each, kind)


def salesforce_records() -> Iterator[tuple[str, str, Json]]:
    for kind in SALESFORCE_KINDS:
        for name, tree in answers():
            if name.startswith("salesforce/"):
                yield from ((name, kind, row) for row in _typed(tree, kind))


def _typed(tree: Any, kind: str) -> Iterator[Json]:
    if isinstance(tree, dict):
        if isinstance(tree.get("attributes"), dict) and tree["attributes"].get("type") == kind and "Name" in tree:
            yield tree
        for value in tree.values():
            yield from _typed(value, kind)
    elif isinstance(tree, list):
        for each in tree:
            yield from _typed(each, kind)


class Keyed:
    """What was keyed in: the new record of each recorded one, and what the emulator refused, with its words."""

    def __init__(self, emulation: Emulation) -> None:
        self.emulation = emulation
        self.made: list[tuple[str, str, str, str]] = []
        self.refused: list[str] = []
        self._known: dict[tuple[str, str, str], str] = {}
        self._names: dict[tuple[str, str], str] = {}

    @property
    def files(self) -> list[str]:
        return sorted({name for name, _, _, _ in self.made})

    def ids(self, system: str, kind: str) -> list[str]:
        return [key for name, made, key, _ in self.made if made == kind and name.startswith(system)]

    def quickbooks(self, name: str, kind: str, row: Json) -> None:
        """Key one record in. What it names is looked up by its name, and made if it is not there."""
        company = name.rsplit("/", 1)[0]
        title = str(row.get("DisplayName") or row.get("Name") or "")
        if title and (kind, title) in self._names:
            self._known[company, kind, str(row["Id"])] = self._names[kind, title]
            return
        body = {key: self._part(company, part) for key, part in row.items() if key not in _OF_QUICKBOOKS}
        if total := _MONEY_KEPT.get(kind):
            body[total] = row[total]
        if kind in ("Invoice", "Payment"):
            body["Line"] = [line for line in body.get("Line", []) if line["DetailType"] != "SubTotalLineDetail"]
        if kind == "Item":
            body = {**body, "Type": "Service", "IncomeAccountRef": {"value": self.income()}}
        made = self._create("quickbooks", kind, body, name)
        if made:
            self._known[company, kind, str(row["Id"])] = made
            self._names[kind, title] = made

    def salesforce(self, name: str, kind: str, row: Json) -> None:
        """Key one record in, without what points to records that were not recorded. Accounts are ready for billing."""
        values = {key: part for key, part in row.items() if not isinstance(part, dict | list) and part is not None}
        values = {key: part for key, part in values.items() if not key.endswith(("Id", "ById"))}
        values = {**_NEEDED[kind], **values}
        made, wrong = "", ""
        for _ in range(60):
            made, wrong = self._try("salesforce", kind, values)
            fields = [field for field in values if field in wrong and field != "Name"]
            if made or not fields:
                break
            values = {key: part for key, part in values.items() if key not in fields}
        self._keep(name, kind, made, str(row["Name"]), wrong)

    def income(self) -> str:
        rows = self.emulation.vendors["quickbooks"].records("Account")
        return str(next(row["Id"] for row in rows if row.get("AccountType") == "Income"))

    def _create(self, system: str, kind: str, body: Json, name: str) -> str:
        made, wrong = self._try(system, kind, body)
        self._keep(name, kind, made, str(body.get("DisplayName") or body.get("Name") or ""), wrong)
        return made

    def _keep(self, name: str, kind: str, made: str, title: str, wrong: str) -> None:
        if made:
            self.made.append((name, kind, made, title))
        elif "Duplicate" not in wrong:  # the same record stands in two recordings
            self.refused.append(f"{name} {kind}: {wrong}")

    def _try(self, system: str, kind: str, body: Json) -> tuple[str, str]:
        try:
            return str(self.emulation.act(system, "create", kind, body)["Id"]), ""
        except Refused as refused:
            return "", str(refused)

    def _part(self, company: str, part: Any) -> Any:
        if isinstance(part, list):
            return [self._part(company, each) for each in part]
        if not isinstance(part, dict):
            return part
        return {
            name: self._reference(company, name, value) if _is_reference(name, value) else self._part(company, value)
            for name, value in part.items()
            if name not in _OF_QUICKBOOKS
        }

    def _reference(self, company: str, name: str, value: Json) -> Json:
        """A reference of the recorded company as one of ours."""
        kind = {"CustomerRef": "Customer", "ItemRef": "Item", "IncomeAccountRef": "Account"}.get(name)
        if kind is None:
            return dict(value)
        key = (company, kind, str(value["value"]))
        title = str(value.get("name") or f"{kind} {value['value']}").rsplit(":", 1)[-1]
        if key not in self._known:
            self._known[key] = self._names.get((kind, title)) or self._stand_in(kind, title)
        return {"value": self._known[key]}

    def _stand_in(self, kind: str, title: str) -> str:
        """A record that is only named in the recordings."""
        body: Json = {"DisplayName": title} if kind == "Customer" else {"Name": title}
        if kind == "Item":
            body |= {"Type": "Service", "IncomeAccountRef": {"value": self.income()}}
        made, wrong = self._try("quickbooks", kind, body)
        assert made, f"{kind} {title}: {wrong}"
        self._names[kind, title] = made
        return made


def _is_reference(name: str, value: Any) -> bool:
    return name.endswith("Ref") and isinstance(value, dict) and "value" in value


def key_in(emulation: Emulation) -> Keyed:
    """Every recorded record of both vendors, as if people had keyed it into the emulated ones."""
    keyed = Keyed(emulation)
    for name, kind, row in quickbooks_records():
        keyed.quickbooks(name, kind, row)
    for name, kind, row in salesforce_records():
        keyed.salesforce(name, kind, row)
    return keyed
