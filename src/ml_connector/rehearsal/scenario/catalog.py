"""What is sold and where it is posted: items, accounts, departments, classes, rates, preferences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ml_connector.model.errors import WrongUse
from ml_connector.model.money import minor_digits
from ml_connector.model.refs import Ref

from .names import Unknown
from .parties import Json, ref, remember, without_blanks
from .play import Play, Ready
from .stage import Stage
from .values import DAY

_TREES = {"department": ("Department", "SubDepartment"), "class": ("Class", "SubClass")}
BOOK = "Direct Sales"


async def item(play: Play, entry: Ready) -> None:
    """`item`: a SKU, as item in QuickBooks and as product in Salesforce, or one of the two."""
    for kind, record in await _make(play, str(entry.value), entry.args):
        await remember(play, entry, kind, record)


async def _make(play: Play, sku: str, args: Mapping[str, Any]) -> list[tuple[str, Json]]:
    """The item and the product of a SKU, with prices in every currency of the org."""
    only, made = args.get("only"), []
    if only != "salesforce":
        made.append(("item", await _make_item(play, sku, args)))
    if only != "quickbooks":
        body = without_blanks({"Name": args.get("name") or sku, "StockKeepingUnit": sku, "Family": args.get("family")})
        body |= {"IsActive": True, **(args.get("fields", {}) if only == "salesforce" else {})}
        product = await play.stage.act("salesforce", "create", "Product2", body)
        made.append(("product", product))
        for currency in await _currencies(play.stage):
            await price_entry(play.stage, product["Id"], currency, args.get("price", "100.00"))
    return made


async def _make_item(play: Play, sku: str, args: Mapping[str, Any]) -> Json:
    income = await play.names.ref(args.get("account", "4000"), "gl_account")
    body: Json = {
        "Name": args.get("name", sku),
        "Sku": sku,
        "Type": args.get("type", "Service"),
        "UnitPrice": args.get("price", "100.00"),
        "IncomeAccountRef": ref(income.id),
    }
    if named := args.get("class"):
        body["ClassRef"] = ref((await play.names.ref(named, "class")).id)
    return await play.stage.act("quickbooks", "create", "Item", {**body, **args.get("fields", {})})


async def _currencies(stage: Stage) -> list[str]:
    """The active currencies of the org; one without a name where it has no others."""
    if not await stage.has_currencies():
        return [""]
    return [str(row["IsoCode"]) for row in await stage.records("salesforce", "CurrencyType") if row["IsActive"]]


async def price_entry(stage: Stage, product: str, currency: str, price: Any) -> str:
    """The id of the product's entry in the price book for that currency; made if it is not there."""
    for book in sorted(await stage.records("salesforce", "Pricebook2"), key=lambda book: not book["IsStandard"]):
        if book["IsStandard"] or book["Name"] == BOOK:
            entry_id = await _entry(stage, book["Id"], product, currency)
            if not entry_id:
                body = {"Pricebook2Id": book["Id"], "Product2Id": product, "UnitPrice": price, "IsActive": True}
                body |= without_blanks({"CurrencyIsoCode": currency})
                entry_id = (await stage.act("salesforce", "create", "PricebookEntry", body))["Id"]
    return str(entry_id)


async def _entry(stage: Stage, book: str, product: str, currency: str) -> str:
    fields = {"Pricebook2Id": book, "Product2Id": product, **without_blanks({"CurrencyIsoCode": currency})}
    rows = await stage.records("salesforce", "PricebookEntry")
    return next((row["Id"] for row in rows if fields.items() <= row.items()), "")


async def price_book(stage: Stage) -> str:
    """The id of the price book that orders of scenarios use."""
    books = await stage.records("salesforce", "Pricebook2")
    return next((str(book["Id"]) for book in books if book["Name"] == BOOK), str(books[0]["Id"]))


async def pair_for(play: Play, account: str) -> str:
    """The SKU of an item and product on this income account; made for the scenario if it is not there."""
    sku = f"ON-{account}"
    try:
        await play.names.ref(sku, "item")
    except Unknown:
        await _make(play, sku, {"name": f"Sale on {account}", "account": account})
    return sku


async def gl_account(play: Play, entry: Ready) -> None:
    """`gl_account`: an account of the books, by its number."""
    body = without_blanks(
        {
            "Name": entry.text("name"),
            "AcctNum": str(entry.value),
            "AccountType": entry.text("type"),
            "AccountSubType": entry.get("subtype"),
            "CurrencyRef": without_blanks({"value": entry.get("currency")}),
        }
    )
    made = await play.stage.act("quickbooks", "create", "Account", {**body, **(entry.get("fields") or {})})
    await remember(play, entry, "gl_account", made)


async def dimension(play: Play, entry: Ready) -> None:
    """`department`, `class`: `Parent:Child` makes the parents that are missing."""
    kind = entry.entry.verb.name
    record = await dim_ref(play, kind, str(entry.value))
    await remember(play, entry, kind, {"Id": record.id})


async def dim_ref(play: Play, kind: str, full: str) -> Ref:
    """A department or class by its full name, made with all above it if it is not there."""
    try:
        return await play.names.ref(full, kind)
    except Unknown:
        vendor_kind, sub = _TREES[kind]
        above, _, leaf = full.rpartition(":")
        body: Json = {"Name": leaf.strip()}
        if above:
            body |= {sub: True, "ParentRef": ref((await dim_ref(play, kind, above)).id)}
        made = await play.stage.act("quickbooks", "create", vendor_kind, body)
        return Ref("quickbooks", vendor_kind, made["Id"])


async def renamed_dim(play: Play, kind: str, to: str) -> Json:
    """The fields that give a department or class its new full name."""
    above, _, leaf = to.rpartition(":")
    body: Json = {"Name": leaf.strip()}
    if above:
        body |= {_TREES[kind][1]: True, "ParentRef": ref((await dim_ref(play, kind, above)).id)}
    return body


async def exchange_rate(play: Play, entry: Ready) -> None:
    """`exchange_rate`: home units per one unit on a day; the currency is switched on where it is not."""
    day, code = entry.get("date") or date(2026, 1, 1), str(entry.value).upper()
    await _in_use(play.stage, code)
    body = {"currency": code, "rate": str(entry.get("rate")), "day": day.isoformat()}
    await play.stage.act("quickbooks", "set_exchange_rate", "ExchangeRate", body)


async def _in_use(stage: Stage, code: str) -> None:
    """Let both sides use a currency that one of them does not have yet."""
    known = {str(currency.get("Code")) for currency in await stage.records("quickbooks", "CompanyCurrency")}
    if code not in known:
        await stage.act("quickbooks", "create", "CompanyCurrency", {"Code": code})
    if not await stage.has_currencies():
        return
    active = {str(currency.get("IsoCode")) for currency in await stage.records("salesforce", "CurrencyType")}
    if code not in active:
        body = {"IsoCode": code, "IsActive": True, "ConversionRate": 1, "DecimalPlaces": minor_digits(code)}
        await stage.act("salesforce", "create", "CurrencyType", body)


async def preferences(play: Play, entry: Ready) -> None:
    """`preferences`: by the vendor's names."""
    await play.stage.act("quickbooks", "set_preferences", "Preferences", entry.value)


async def books_closed(play: Play, entry: Ready) -> None:
    """`books_closed`: closed up to and including this day; `none` opens them."""
    await close_books(play.stage, str(entry.value))


async def close_books(stage: Stage, through: str) -> None:
    """Close the books through a day; `none` opens them."""
    if through.strip().lower() in ("none", ""):
        day = None
    else:
        try:
            day = DAY.convert(through).isoformat()
        except ValueError as error:
            raise WrongUse(
                f"books_closed: {through!r} is no day.", 'Write a day such as 2026-09-30, or "none".'
            ) from error
    body = {"AccountingInfoPrefs": {"BookCloseDate": day}}
    await stage.act("quickbooks", "set_preferences", "Preferences", body)
