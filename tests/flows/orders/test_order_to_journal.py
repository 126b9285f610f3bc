"""Orders as they come, and what becomes of them: every folder of cases/order_to_journal is one story.

`given.toml` says how it differs from the plain order below; `expected.toml` lists the decisions until the order rests.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accounting import books
from ml_connector.accounting.identity import Identity
from ml_connector.accounting.postings import rate_ref
from ml_connector.flows.orders.order_to_journal import FLOW
from ml_connector.model import holds, money
from ml_connector.model.plans import Decision, Hold, Skip, Write
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.systems.quickbooks.records import Invoice, Item, JournalDraft, JournalEntry
from ml_connector.systems.salesforce.records import SObject
from support.context import World, decide, settle, shown

CASES = Path(__file__).parent.parent / "cases" / "order_to_journal"
ACCOUNT_ID, OPPORTUNITY_ID = "001Hp00002AccntAAA", "006Hp00003OpptyAAA"
ACCOUNT, CUSTOMER = Ref("salesforce", "Account", ACCOUNT_ID), Ref("quickbooks", "Customer", books.CUSTOMER.id)
IDENTITY = Identity(realm_id=books.REALM, org_id=books.ORG, order_id=books.ORDER_ID, order_number="00001001")
TEMPLATES = {"T0": {"id": "T0"}} | {each.id: msgspec.to_builtins(each) for each in (books.T1, books.T2, books.T3)}
ORDER = {
    "OrderNumber": "00001001",
    "AccountId": ACCOUNT_ID,
    "StatusCode": "Activated",
    "EffectiveDate": "2026-11-10",
    "ActivatedDate": "2026-11-10T18:00:00.000+0000",
    "IsReductionOrder": False,
    "CurrencyIsoCode": "USD",
}
LINE = {"product": "SUB", "net": "1000.00", "dims": "East/SaaS"}
RULES = {"template": "T1", "start_date": date(2026, 10, 1)}
PRODUCTS = ("SUB", "SRV", "SHIP")


def amount(value: Any) -> Any:
    """Amounts stand in the files as text; blank is none."""
    return (Decimal(value) if value else None) if isinstance(value, str) else value


def order_line(number: int, given: Mapping[str, Any]) -> SObject:
    row = {**LINE, **given}
    department, class_ = (None if part in ("", "-") else part for part in row["dims"].split("/"))
    product = SObject(
        "Product2", "", {"Name": row["product"], "StockKeepingUnit": row["product"], **row.get("Product2", {})}
    )
    return SObject(
        "OrderItem",
        f"802Hp0000{number:06}AAA",
        {
            "OrderItemNumber": f"{number:010}",
            "Product2Id": f"01tHp00000{row['product']:x<5}AAA",
            "Product2": product,
            "TotalPrice": amount(row["net"]),
            "ListPrice": amount(row.get("list_price")),
            "Quantity": Decimal(row.get("quantity", 1)),
            "Department__c": department,
            "Class__c": class_,
        },
    )


def order_of(given: Mapping[str, Any]) -> SObject:
    fields: dict[str, Any] = {**ORDER, **given.get("order", {})}
    for name in ("TotalAmount", "QBO_Exchange_Rate__c"):
        fields[name] = amount(fields.get(name))
    if given.get("single_currency_org"):
        del fields["CurrencyIsoCode"]
    fields["Account"] = SObject("Account", ACCOUNT_ID, {"Name": "Globex LLC", **given.get("account", {})})
    if "opportunity" in given:
        fields |= {
            "OpportunityId": OPPORTUNITY_ID,
            "Opportunity": SObject("Opportunity", OPPORTUNITY_ID, given["opportunity"]),
        }
    lines = given.get("lines", [{}])
    fields["OrderItems"] = tuple(order_line(number, each) for number, each in reversed(list(enumerate(lines, 1))))
    return SObject("Order", books.ORDER_ID, fields)


def rules_of(given: Mapping[str, Any]) -> Rules:
    settings: dict[str, Any] = {**RULES, **given.get("rules", {})}
    settings = {name: value for name, value in settings.items() if value != ""}
    if "template" in settings:
        settings["template"] = TEMPLATES[settings["template"]]
    return msgspec.convert({"realm_id": books.REALM, "org_id": books.ORG, **settings}, Rules)


def references_of(given: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    items = dict(books.ITEMS)
    for each in given.get("items", []):
        items[each["Id"]] = msgspec.convert(each, Item)
    departments = {
        id_: msgspec.structs.replace(each, active=id_ not in given.get("inactive_departments", []))
        for id_, each in books.DEPARTMENTS.items()
    }
    tables = {
        "accounts": books.ACCOUNTS,
        "items": items,
        "departments": departments,
        "classes": books.CLASSES,
        "preferences": books.preferences(**given.get("preferences", {})),
    }
    rates = {f"rate:{name}": amount(value) for name, value in given.get("rates", {}).items()}
    currencies = {
        iso: SObject("CurrencyType", "", {"IsoCode": iso, "ConversionRate": amount(rate), "IsCorporate": rate == "1"})
        for iso, rate in given.get("salesforce_rates", {}).items()
    }
    visible = shown("Order", only=given.get("visible", ["QBO_Journal_Entry__c", "QBO_Status__c"]))
    return {
        **{("quickbooks", name): value for name, value in (tables | rates).items()},
        ("salesforce", "currencies"): currencies,
        ("salesforce", "fields:Order"): visible,
    }


def entry_of(given: Mapping[str, Any]) -> JournalEntry:
    """A journal entry in QuickBooks: of somebody else, or `ours` with the lines that we post, or with `amount`."""
    draft = books.only(books.build(**({"net": given["amount"]} if "amount" in given else {})))
    ours = given.get("ours", False)
    body = {"Id": given["Id"], "DocNumber": given["DocNumber"], "TxnDate": "2026-11-10", "Line": draft.body()["Line"]}
    body["PrivateNote"] = draft.private_note if ours else given.get("PrivateNote", "")
    return msgspec.convert(body, JournalEntry)


def world_of(given: Mapping[str, Any]) -> World:
    customer = msgspec.structs.replace(books.CUSTOMER, **given.get("customer", {}))
    if currency := given.get("customer_currency"):
        customer = msgspec.structs.replace(customer, currency_ref=type(customer.currency_ref)(currency))  # type: ignore[misc]
    today = given.get("today", date(2026, 11, 22))
    world = World(order_of(given), references=references_of(given), rules=rules_of(given), today=today)
    if not given.get("customer_gone"):
        world.put(customer)
    if not given.get("unlinked"):
        world.link(Role.ACCOUNT, CUSTOMER, ACCOUNT)
    for rate in given.get("last_rates", {}).items():
        world.link(Role.RATE, rate_ref(rate[0], "USD"), Ref("quickbooks", "JournalEntry", "1"), {"rate": rate[1]})
    world.put(*(entry_of(each) for each in given.get("journal_entries", [])))
    world.put(*(msgspec.convert(each, Invoice, strict=False) for each in given.get("invoices", [])))
    world.put(*(SObject("Product2", each["Id"], each) for each in given.get("products", [])))
    return world


def told(decision: Decision) -> dict[str, Any]:
    """A decision as `expected.toml` tells it."""
    if isinstance(decision, Hold):
        texts = holds.render_hold(decision)
        return {
            "hold": decision.code,
            "sentence": texts.sentence,
            "money": money.spoken(decision.amount, decision.currency),
            "waits_for": list(decision.waits_for),
            "knocks": [str(each) for each in decision.knocks],
        }
    if isinstance(decision, Skip):
        return {
            "skip": decision.reason,
            "flags": list(decision.flags),
            "money": money.spoken(decision.amount, decision.currency),
        }
    if decision.step == "order_mark":
        return {"write": "order_mark", "body": decision.body}
    draft = JournalDraft.of_body(decision.body)
    return {
        "write": decision.step,
        "number": draft.doc_number,
        "date": draft.txn_date,
        "currency": draft.currency,
        "rate": money.plain(draft.exchange_rate) if draft.exchange_rate else "",
        "lines": books.shown(draft),
        "flags": list(decision.flags),
        "links": [str(each.source) for each in decision.links if each.role != Role.PRECEDENT],
        "note": draft.private_note.split("\n")[0],
        "why": list(decision.why),
    }


def cases() -> list[str]:
    return sorted(path.name for path in CASES.iterdir())


@pytest.mark.parametrize("case", cases())
def test_case(case: str) -> None:
    given, expected = (tomllib.loads((CASES / case / f"{name}.toml").read_text()) for name in ("given", "expected"))
    world = world_of(given)
    decisions = [told(each) for each in settle(FLOW, Ref("salesforce", "Order", books.ORDER_ID), world)]
    compared = [
        {name: each[name] for name in wanted if name in each}
        for each, wanted in zip(decisions, expected["decisions"], strict=False)
    ]
    assert compared == expected["decisions"], decisions
    assert len(decisions) == len(expected["decisions"]), decisions


# --- what stands beside the stories

ORDER_REF = Ref("salesforce", "Order", books.ORDER_ID)


def posted_world(**given: Any) -> World:
    """A world in which the plain order was posted and marked; then it changes to `given`."""
    world = world_of({})
    settle(FLOW, ORDER_REF, world)
    marks = {name: world.records[ORDER_REF][name] for name in ("QBO_Journal_Entry__c", "QBO_Status__c")}
    world.put(order_of({**given, "order": {**given.get("order", {}), **marks}}))
    return world


AFTERWARDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing", {}, {"skip": "in_agreement", "flags": [], "money": "1,000.00 USD"}),
    ("its dates", {"order": {"EffectiveDate": "2026-12-15"}}, {"skip": "in_agreement", "flags": []}),
    ("text of the amount", {"lines": [{"net": "1000.0"}]}, {"skip": "in_agreement", "flags": []}),
    (
        "its amount",
        {"lines": [{"net": "1050.00"}]},
        {"skip": "in_agreement", "flags": ["AMENDED_AFTER_POSTING"], "money": "1,000.00 USD"},
    ),
    ("its department", {"lines": [{"dims": "West/SaaS"}]}, {"flags": ["AMENDED_AFTER_POSTING"]}),
    ("one more line", {"lines": [{}, {"net": "1.00"}]}, {"flags": ["AMENDED_AFTER_POSTING"]}),
    (
        "back to draft",
        {"order": {"StatusCode": "Draft"}},
        {"hold": "H-DEACTIVATED", "sentence": "Order 00001001 was set back to draft after posting."},
    ),
]


@pytest.mark.parametrize(("name", "change", "expected"), AFTERWARDS)
def test_after_the_posting_there_is_never_a_second_one(
    name: str, change: dict[str, Any], expected: dict[str, Any]
) -> None:
    world = posted_world(**change)
    decision = told(decide(FLOW, world.records[ORDER_REF], world))
    assert {key: decision[key] for key in expected} == expected


def test_settings_that_change_later_do_not_post_again() -> None:
    world = posted_world()
    world.rules = msgspec.structs.replace(world.rules, template=books.T2, start_date=date(2026, 12, 1))
    assert told(decide(FLOW, world.records[ORDER_REF], world))["skip"] == "in_agreement"


def test_a_second_look_costs_no_read_of_quickbooks() -> None:
    world = posted_world()
    context = world.context()
    settle(FLOW, ORDER_REF, world, context)
    assert context.asked() == []


def test_what_a_new_order_asks() -> None:
    world = world_of({})
    context = world.context()
    settle(FLOW, ORDER_REF, world, context)
    assert [each for each in context.asked() if not each.startswith("reference")] == [
        "find quickbooks Invoice by DocNumber",
        "find quickbooks JournalEntry by DocNumber",
        "find salesforce Product2 by ProductCode",
        "find salesforce Product2 by StockKeepingUnit",
        "read quickbooks Customer",
    ]


def test_a_held_order_is_not_looked_for_in_quickbooks() -> None:
    world = world_of({"lines": [{"dims": "East/Hardware"}]})
    context = world.context()
    settle(FLOW, ORDER_REF, world, context)
    assert not [each for each in context.asked() if "DocNumber" in each]


def test_a_code_that_was_matched_once_is_kept() -> None:
    world = world_of({})
    settle(FLOW, ORDER_REF, world)
    world.references["quickbooks", "items"] = {
        id_: msgspec.structs.replace(each, sku=f"X{id_}") for id_, each in books.ITEMS.items()
    }
    again = order_of({"order": {"OrderNumber": "00001002"}})
    second = SObject("Order", "801Hp00002AbCdEIAV", again.fields)
    assert told(decide(FLOW, second, world))["write"] == "journal"


def test_the_last_used_rate_is_remembered() -> None:
    foreign = {"CurrencyIsoCode": "EUR", "QBO_Exchange_Rate__c": "1.0850"}
    world = world_of({"customer_currency": "EUR", "order": foreign})
    settle(FLOW, ORDER_REF, world)
    later = order_of({"order": {**foreign, "OrderNumber": "00001002", "QBO_Exchange_Rate__c": "1.2500"}})
    second = SObject("Order", "801Hp00002AbCdEIAV", later.fields)
    assert told(decide(FLOW, second, world))["hold"] == "H-NO-RATE"


def test_an_accounts_own_customer_comes_before_a_merged_one() -> None:
    world = world_of({})
    del world.links[Role.ACCOUNT, CUSTOMER]
    merged = Ref("quickbooks", "Customer", "12")
    world.link(Role.ACCOUNT, merged, ACCOUNT)
    world.links[Role.ACCOUNT, merged] = msgspec.structs.replace(world.links[Role.ACCOUNT, merged], exclusive=False)
    world.link(Role.ACCOUNT, CUSTOMER, ACCOUNT)
    decision = decide(FLOW, world.records[ORDER_REF], world)
    assert isinstance(decision, Write)
    assert {each["JournalEntryLineDetail"]["Entity"]["EntityRef"]["value"] for each in decision.body["Line"]} == {"77"}


def test_a_journal_entry_waits_for_its_approval_and_is_only_ever_created() -> None:
    decision = decide(FLOW, order_of({}), world_of({}))
    assert isinstance(decision, Write)
    assert (decision.action, decision.needs_approval, decision.label) == ("create", True, "SFO-00001001-01")
    assert decision.key == IDENTITY.key
    assert (decision.amount, decision.currency) == (Decimal("1000.00"), "USD")
    assert [each.exclusive for each in decision.links if each.role == Role.JOURNAL] == [True]


@pytest.mark.parametrize("name", ["OrderNumber", "AccountId", "EffectiveDate"])
def test_an_order_that_hides_what_is_needed_is_held(name: str) -> None:
    world = world_of({})
    fields = {**world.records[ORDER_REF].fields, name: None, "ActivatedDate": None}
    decision = told(decide(FLOW, SObject("Order", books.ORDER_ID, fields), world))
    assert (decision["hold"], decision["money"]) == ("H-ORDER-DATA", "1,000.00 USD")


def test_a_line_without_an_amount_is_held() -> None:
    decision = told(decide(FLOW, order_of({"lines": [{"net": ""}, {}]}), world_of({})))
    assert decision["sentence"] == "Order 00001001 cannot be read as it stands: line 0000000001 shows no TotalPrice."


def test_a_deleted_order_is_only_flagged() -> None:
    world = posted_world()
    world.put(Gone(ORDER_REF))
    assert told(decide(FLOW, Gone(ORDER_REF), world))["flags"] == ["DELETED_AFTER_POSTING"]
    assert told(decide(FLOW, Gone(ORDER_REF), world_of({})))["flags"] == []
