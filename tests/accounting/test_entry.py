"""The journal entry of an order from resolved lines (accounting-rules A.2, B; scenarios S04, S05, S06)."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.books import ID, T1, T2, T3, inputs, line, only, posted, shown
from ml_connector.accounting.entry import EntryInputs, EntryLine, build_entry, spread
from ml_connector.accounting.splits import Split
from ml_connector.model import holds, money
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.rules import Template

# Order 00001234 of B.5
L1_TO_L6 = (
    line(1, "999.90", "4000"),
    line(2, "2500.00", "4100", "East/Services"),
    line(3, "62.50", "4000"),
    line(4, "-150.00", "4000"),
    line(5, "0.00", "4100", "East/Services"),
    line(6, "45.00", "4200", "West/-"),
)
L7 = line(7, "-80.00", "4000", "West/SaaS")

ENTRIES = {
    "B.5 T2": (
        inputs(*L1_TO_L6, template=T2, header_total=Decimal("3457.40")),
        [
            "Dr 1250 912.40 East/SaaS",
            "Dr 1250 2500.00 East/Services",
            "Dr 1250 45.00 West/-",
            "Cr 4000 [4000] 912.40 East/SaaS",
            "Cr 4100 [4100] 2500.00 East/Services",
            "Cr 4200 [4200] 45.00 West/-",
        ],
    ),
    "B.5 T1": (
        inputs(*L1_TO_L6, template=T1, header_total=Decimal("3457.40")),
        [
            "Dr 1250 912.40 East/SaaS",
            "Dr 1250 2500.00 East/Services",
            "Dr 1250 45.00 West/-",
            "Cr 2450 [4000] 912.40 East/SaaS",
            "Cr 2450 [4100] 2500.00 East/Services",
            "Cr 2450 [4200] 45.00 West/-",
        ],
    ),
    "S04 T2 with L7": (
        inputs(*L1_TO_L6, L7, template=T2, header_total=Decimal("3377.40")),
        [
            "Dr 1250 912.40 East/SaaS",
            "Dr 1250 2500.00 East/Services",
            "Dr 1250 45.00 West/-",
            "Dr 4000 [4000] 80.00 West/SaaS",
            "Cr 1250 80.00 West/SaaS",
            "Cr 4000 [4000] 912.40 East/SaaS",
            "Cr 4100 [4100] 2500.00 East/Services",
            "Cr 4200 [4200] 45.00 West/-",
        ],
    ),
    "B.5 T3 with L7": (
        inputs(*L1_TO_L6, L7, template=T3),
        [
            "Dr 1100 3377.40 -/-",
            "Dr 4000 [4000] 80.00 West/SaaS",
            "Cr 4000 [4000] 912.40 East/SaaS",
            "Cr 4100 [4100] 2500.00 East/Services",
            "Cr 4200 [4200] 45.00 West/-",
        ],
    ),
    "S05 header 100.01": (
        inputs(
            line(1, "33.335", "4000", "East/-"),
            line(2, "33.335", "4000", "West/-"),
            line(3, "33.335", "4000", "HQ/-"),
            header_total=Decimal("100.01"),
        ),
        [
            "Dr 1250 33.34 East/-",
            "Dr 1250 33.34 West/-",
            "Dr 1250 33.33 HQ/-",
            "Cr 4000 [4000] 33.34 East/-",
            "Cr 4000 [4000] 33.34 West/-",
            "Cr 4000 [4000] 33.33 HQ/-",
        ],
    ),
    "S05 header 100.00": (
        inputs(
            line(1, "33.335", "4000", "East/-"),
            line(2, "33.335", "4000", "West/-"),
            line(3, "33.335", "4000", "HQ/-"),
            header_total=Decimal("100.00"),
        ),
        [
            "Dr 1250 33.34 East/-",
            "Dr 1250 33.33 West/-",
            "Dr 1250 33.33 HQ/-",
            "Cr 4000 [4000] 33.34 East/-",
            "Cr 4000 [4000] 33.33 West/-",
            "Cr 4000 [4000] 33.33 HQ/-",
        ],
    ),
    "S06 percentages": (
        inputs(
            *(
                line(
                    number,
                    net,
                    "4000",
                    splits=tuple(
                        Split(percent=Decimal(percent), department=department)
                        for department, percent in (("10", 50), ("20", 30), ("30", 20))
                    ),
                )
                for number, net in ((1, "10000.01"), (2, "0.05"))
            )
        ),
        [
            "Dr 1250 5000.04 East/SaaS",
            "Dr 1250 3000.01 West/SaaS",
            "Dr 1250 2000.01 HQ/SaaS",
            "Cr 4000 [4000] 5000.04 East/SaaS",
            "Cr 4000 [4000] 3000.01 West/SaaS",
            "Cr 4000 [4000] 2000.01 HQ/SaaS",
        ],
    ),
    "B.6 gross discount": (
        inputs(line(1, "1080.00", "4000", gross=Decimal(1200)), discount_mode="gross"),
        ["Dr 1250 1080.00 East/SaaS", "Dr 4900 [4000] 120.00 East/SaaS", "Cr 4000 [4000] 1200.00 East/SaaS"],
    ),
    "B.6 gross without list price": (
        inputs(line(1, "1080.00", "4000"), discount_mode="gross"),
        ["Dr 1250 1080.00 East/SaaS", "Cr 4000 [4000] 1080.00 East/SaaS"],
    ),
    "B.6 gross below net": (
        inputs(line(1, "1080.00", "4000", gross=Decimal(1000)), discount_mode="gross"),
        ["Dr 1250 1080.00 East/SaaS", "Cr 4000 [4000] 1080.00 East/SaaS"],
    ),
    "B.6 gross of a credit line mirrors": (
        inputs(line(1, "-1080.00", "4000", gross=Decimal(-1200)), discount_mode="gross"),
        ["Dr 4000 [4000] 1200.00 East/SaaS", "Cr 1250 1080.00 East/SaaS", "Cr 4900 [4000] 120.00 East/SaaS"],
    ),
    "B.6 given away": (
        inputs(line(1, "0.00", "4000", gross=Decimal(500)), discount_mode="gross"),
        ["Dr 4900 [4000] 500.00 East/SaaS", "Cr 4000 [4000] 500.00 East/SaaS"],
    ),
    "B.6 discounts stay net in T1": (
        inputs(line(1, "1080.00", "4000", gross=Decimal(1200)), template=T1, discount_mode="gross"),
        ["Dr 1250 1080.00 East/SaaS", "Cr 2450 [4000] 1080.00 East/SaaS"],
    ),
    "B.6 order-level discount by line net": (
        inputs(
            line(1, "1000.00", "4000"),
            line(2, "500.00", "4100", "East/Services"),
            discount=Decimal("100.00"),
            header_total=Decimal("1400.00"),
        ),
        [
            "Dr 1250 933.33 East/SaaS",
            "Dr 1250 466.67 East/Services",
            "Cr 4000 [4000] 933.33 East/SaaS",
            "Cr 4100 [4100] 466.67 East/Services",
        ],
    ),
    "B.7 T3 with tax": (
        inputs(line(1, "100.00", "4000"), template=T3, tax=Decimal("8.88"), tax_account=ID["2200"]),
        ["Dr 1100 108.88 -/-", "Cr 2200 8.88 -/-", "Cr 4000 [4000] 100.00 East/SaaS"],
    ),
    "T1 with a deferred account for one income account": (
        inputs(
            line(1, "10.00", "4000"),
            line(2, "20.00", "4100"),
            template=msgspec.structs.replace(T1, deferred={ID["4100"]: ID["2460"]}),
        ),
        [
            "Dr 1250 30.00 East/SaaS",
            "Cr 2450 [4000] 10.00 East/SaaS",
            "Cr 2460 [4100] 20.00 East/SaaS",
        ],
    ),
    "negative order swaps sides": (
        inputs(line(1, "-12.00", "4000")),
        ["Dr 4000 [4000] 12.00 East/SaaS", "Cr 1250 12.00 East/SaaS"],
    ),
    "two accounts, one department: unbilled comes to zero and is dropped": (
        inputs(line(1, "100.00", "4000"), line(2, "-100.00", "4100")),
        ["Dr 4100 [4100] 100.00 East/SaaS", "Cr 4000 [4000] 100.00 East/SaaS"],
    ),
    "yen have no cents": (
        inputs(
            line(1, "33.4", "4000"),
            line(2, "66.3", "4100"),
            currency="JPY",
            home="JPY",
            header_total=Decimal(100),
            accounts=posted(**{number: {"currency_ref": None} for number in ("1250", "4000", "4100")}),
        ),
        ["Dr 1250 100 East/SaaS", "Cr 4000 [4000] 34 East/SaaS", "Cr 4100 [4100] 66 East/SaaS"],
    ),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_entries(name: str) -> None:
    given, expected = ENTRIES[name]
    assert shown(only(build_entry(given))) == expected


def test_s04_totals_and_descriptions() -> None:
    draft = only(build_entry(ENTRIES["S04 T2 with L7"][0]))
    assert draft.total == Decimal("3537.40")
    assert all(each.amount > 0 for each in draft.lines)
    credit = next(each for each in draft.lines if each.account == ID["4000"] and each.side == "Credit")
    assert credit.description == "[4000] SF 00001234 items 0000000001,0000000003,0000000004"
    assert not any("0000000005" in each.description for each in draft.lines)
    assert {each.entity for each in draft.lines} == {"77"}


def test_s04_is_the_same_whatever_the_order_of_the_lines() -> None:
    given = ENTRIES["S04 T2 with L7"][0]
    bodies = {
        repr(only(build_entry(msgspec.structs.replace(given, lines=tuple(lines)))).body())
        for lines in itertools.islice(itertools.permutations(given.lines), 0, 5000, 97)
    }
    assert len(bodies) == 1


def test_long_lists_of_items_end_with_a_whole_number() -> None:
    draft = only(build_entry(inputs(*(line(number, "1.00", "4000") for number in range(1, 40)))))
    items = draft.lines[0].description.removeprefix("SF 00001234 items ").split(",")
    assert len(",".join(items)) <= 200
    assert [len(each) for each in items] == [10] * 18


HOLDS: dict[str, tuple[EntryInputs, str, dict[str, str]]] = {
    "S05 header 100.05": (
        inputs(*(line(number, "33.335", "4000") for number in (1, 2, 3)), header_total=Decimal("100.05")),
        "H-TOTAL-MISMATCH",
        {"lines_total": "100.01", "header_total": "100.05", "allowed": "0.03", "difference": "0.04", "count": "3"},
    ),
    "no lines, but a total": (
        inputs(header_total=Decimal(5)),
        "H-TOTAL-MISMATCH",
        {"lines_total": "0.00", "header_total": "5.00", "count": "0"},
    ),
    "S06 99.99": (
        inputs(
            line(
                1,
                "100.00",
                "4000",
                splits=tuple(Split(percent=Decimal(each), department="10") for each in ("50", "30", "19.99")),
            )
        ),
        "H-ALLOC-SUM",
        {"split": "50 / 30 / 19.99", "sum": "99.9900", "difference": "0.01"},
    ),
    "tax in T1": (
        inputs(line(1, "100.00", "4000"), template=T1, tax=Decimal("8.88"), tax_account=ID["2200"]),
        "H-TAX",
        {"tax": "8.88 USD"},
    ),
    "tax beside automated sales tax": (
        inputs(
            line(1, "100.00", "4000"),
            template=T3,
            tax=Decimal("8.88"),
            tax_account=ID["2200"],
            automated_tax=True,
        ),
        "H-TAX",
        {},
    ),
    "unbilled is a bank": (
        inputs(line(1, "1.00", "4000"), template=Template(id="T2", unbilled=ID["1010"])),
        "H-ACCT-TYPE",
        {
            "gl_account": "1010 Checking",
            "account_type": "Bank",
            "purpose": "Unbilled",
            "expected": "Other Current Asset",
        },
    ),
    "no unbilled": (
        inputs(line(1, "1.00", "4000"), template=Template(id="T2")),
        "H-ACCT-MISSING",
        {"case": "template", "purpose": "Unbilled"},
    ),
    "income account unknown": (
        inputs(msgspec.structs.replace(line(1, "1.00", "4000"), account="99")),
        "H-ACCT-MISSING",
        {"case": "unknown", "gl_account": "99"},
    ),
    "income account inactive": (
        inputs(line(1, "1.00", "4100"), accounts=posted(**{"4100": {"active": False}})),
        "H-ACCT-INACTIVE",
        {"gl_account": "4100 Services"},
    ),
    "income account is a liability in T2": (
        inputs(line(1, "1.00", "2450")),
        "H-ACCT-TYPE",
        {"purpose": "Revenue", "expected": "Income or Other Income"},
    ),
    "deferred account is income": (
        inputs(line(1, "1.00", "4000"), template=msgspec.structs.replace(T1, deferred_default=ID["4100"])),
        "H-ACCT-TYPE",
        {"purpose": "Deferred revenue", "expected": "Other Current Liability or Long Term Liability"},
    ),
    "no deferred account for this income account": (
        inputs(line(1, "1.00", "4000"), template=msgspec.structs.replace(T1, deferred_default="")),
        "H-ACCT-MISSING",
        {"case": "deferred", "gl_account": "4000 Subscription"},
    ),
    "no A/R for the currency": (
        inputs(line(1, "1.00", "4000"), template=T3, currency="GBP", rate=Decimal("1.25")),
        "H-ACCT-MISSING",
        {"case": "template", "purpose": "Accounts receivable (GBP)"},
    ),
    "P13: home tax account beside foreign A/R": (
        inputs(
            line(1, "1.00", "4000"),
            template=T3,
            currency="EUR",
            rate=Decimal("1.085"),
            tax=Decimal("0.20"),
            tax_account=ID["2200"],
        ),
        "H-CUR-MISMATCH",
        {"case": "account", "gl_account": "2200 Sales tax payable", "customer_currency": "USD"},
    ),
    "unbilled in a third currency": (
        inputs(
            line(1, "1.00", "4000"),
            currency="GBP",
            rate=Decimal("1.25"),
            template=msgspec.structs.replace(T2, unbilled=ID["1110"]),
            accounts=posted(**{"1110": {"account_type": "Other Current Asset"}}),
        ),
        "H-CUR-MISMATCH",
        {"case": "account", "customer_currency": "EUR"},
    ),
    "foreign without a rate": (
        inputs(line(1, "1.00", "4000"), currency="EUR"),
        "H-NO-RATE",
        {"case": "none", "date": "2026-11-10"},
    ),
    "one key needs three lines": (
        inputs(line(1, "1080.00", "4000", gross=Decimal(1200)), discount_mode="gross", max_lines=2),
        "H-JE-LINES",
        {"count": "3", "allowed": "2"},
    ),
}


@pytest.mark.parametrize("name", HOLDS)
def test_held_entries(name: str) -> None:
    given, code, facts = HOLDS[name]
    with pytest.raises(Held) as held:
        build_entry(given)
    assert held.value.code == code
    assert facts.items() <= held.value.facts.items()


@pytest.mark.parametrize("template", [Template(id="T0"), T1, T2, T3])
def test_nothing_to_post(template: Template) -> None:
    entry = build_entry(inputs(line(1, "5.00", "4000"), line(2, "-5.00", "4000"), template=template))
    assert entry.parts == ()
    assert entry.net == 0


def test_foreign_entry_carries_currency_and_rate() -> None:
    given = inputs(line(1, "1000.00", "4000"), currency="EUR", rate=Decimal("1.0850"), template=T3)
    body = only(build_entry(given)).body()
    assert (body["CurrencyRef"], body["ExchangeRate"]) == ({"value": "EUR"}, Decimal("1.0850"))


@pytest.mark.parametrize(("multicurrency", "expected"), [(True, {"value": "USD"}), (False, None)])
def test_home_entry_has_no_rate(multicurrency: bool, expected: dict[str, str] | None) -> None:
    body = only(build_entry(inputs(line(1, "1.00", "4000"), multicurrency=multicurrency))).body()
    assert body.get("CurrencyRef") == expected
    assert "ExchangeRate" not in body


@pytest.mark.parametrize(("entity_on", "expected"), [("all", ["77", "77"]), ("ar_only", ["77", ""])])
def test_customer_on_lines(entity_on: str, expected: list[str]) -> None:
    draft = only(build_entry(inputs(line(1, "1.00", "4000"), template=T3, entity_on=entity_on)))
    assert [each.entity for each in draft.lines] == expected


def test_entity_is_left_out_of_balance_sheet_lines_when_only_receivables_carry_it() -> None:
    draft = only(build_entry(inputs(line(1, "1.00", "4000"), template=T1, entity_on="ar_only")))
    assert [each.entity for each in draft.lines] == ["", ""]


def test_redated_entry_says_so() -> None:
    entry = build_entry(inputs(line(1, "1.00", "4000"), day=date(2026, 11, 1), original=date(2026, 10, 28)))
    assert entry.flags == (Flag.REDATED,)
    assert entry.parts[0].draft.private_note.split("\n")[0].endswith("|orig=2026-10-28")


def test_parts_are_balanced_and_numbered() -> None:
    lines = [line(number, "10.00", account, dims) for number, (account, dims) in enumerate(PARTS_KEYS, 1)]
    entry = build_entry(inputs(*lines, max_lines=4))
    assert [part.draft.doc_number for part in entry.parts] == ["SFO-00001234-01", "SFO-00001234-02"]
    assert [shown(part.draft) for part in entry.parts] == [
        [
            "Dr 1250 20.00 East/SaaS",
            "Cr 4000 [4000] 10.00 East/SaaS",
            "Cr 4100 [4100] 10.00 East/SaaS",
        ],
        [
            "Dr 1250 10.00 East/Services",
            "Dr 1250 10.00 West/-",
            "Cr 4100 [4100] 10.00 East/Services",
            "Cr 4200 [4200] 10.00 West/-",
        ],
    ]
    assert len({part.identity.key for part in entry.parts}) == 2


PARTS_KEYS = [("4000", "East/SaaS"), ("4100", "East/Services"), ("4200", "West/-"), ("4100", "East/SaaS")]


@pytest.mark.parametrize(("count", "held"), [(99, False), (100, True)])
def test_numbers_of_parts_have_two_digits(count: int, held: bool) -> None:
    lines = [
        msgspec.structs.replace(line(number, "1.00", "4000"), department=str(number)) for number in range(1, count + 1)
    ]
    given = inputs(*lines, max_lines=2)
    if not held:
        assert build_entry(given).parts[-1].draft.doc_number == "SFO-00001234-99"
        return
    with pytest.raises(Held) as reason:
        build_entry(given)
    assert holds.render_hold(reason.value.hold(None, "USD", order="00001234")).sentence == (
        "Order 00001234 needs 100 entries of at most 2 lines; their numbers end at 99."
    )


# --- properties

nets = st.decimals(min_value="-9999.99", max_value="9999.99", places=3)
_accounts = st.sampled_from(["4000", "4100", "4200"])
dims = st.sampled_from(["East/SaaS", "West/-", "-/Services", "HQ/SaaS"])


@st.composite
def orders(draw: st.DrawFn) -> EntryInputs:
    rows: list[EntryLine] = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        gross = draw(st.one_of(st.none(), nets))
        rows.append(line(number, str(draw(nets)), draw(_accounts), draw(dims), gross=gross))
    more: dict[str, Any] = {
        "discount_mode": draw(st.sampled_from(["net", "gross"])),
        "max_lines": draw(st.integers(3, 9)),
    }
    return inputs(*rows, template=draw(st.sampled_from([T1, T2, T3])), **more)


@given(orders())
def test_every_entry_balances_and_comes_to_the_order_total(given_: EntryInputs) -> None:
    entry = build_entry(given_)
    counter = {"T1": "1250", "T2": "1250", "T3": "1100"}[given_.template.id]
    taken = Decimal(0)
    for part in entry.parts:
        assert len(part.draft.lines) <= given_.max_lines
        assert all(each.amount > 0 for each in part.draft.lines)
        taken += sum(
            each.amount if each.side == "Debit" else -each.amount
            for each in part.draft.lines
            if each.account == ID[counter]
        )
    assert taken == entry.net == money.q(money.total(each.net for each in given_.lines), "USD")


def test_order_discount_is_spread_exactly() -> None:
    assert spread([Decimal("33.335"), Decimal("66.665")], Decimal("10.00"), "USD", ["1", "2"]) == [
        Decimal("30.005"),
        Decimal("59.995"),
    ]
