"""Whatever a client sends, there is an answer, and it is never a failure of the server."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_emulators.kit.wire import Request, dumps, loads
from ml_emulators.quickbooks.kinds.catalog import KINDS

from .client import Json, Shop, journal_line, ref

FINE = {200, 302, 400, 401, 403, 404, 405}

small = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 30),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.sampled_from(["", "0", "1", "2", "99", "abc", "Debit", "true", "2026-11-22", "1e400", "-5", "EUR", "Void", "١"]),
    st.text(max_size=8),
)
anything = st.recursive(
    small,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from(["value", "name", "Id", "Line", "Amount"]), st.text(max_size=5)),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
FIELDS = sorted({name for kind in KINDS.values() for name in (*kind.fields, "Id", "SyncToken", "sparse", "Nonsense")})
DETAILS = sorted(
    {
        "Id",
        "Amount",
        "DetailType",
        "Description",
        "LinkedTxn",
        "SalesItemLineDetail",
        "JournalEntryLineDetail",
        "DiscountLineDetail",
        "GroupLineDetail",
    }
)


@st.composite
def lines(draw: st.DrawFn) -> Any:
    kind = draw(
        st.sampled_from(
            [
                "SalesItemLineDetail",
                "JournalEntryLineDetail",
                "DiscountLineDetail",
                "DescriptionOnly",
                "GroupLineDetail",
                "SubTotalLineDetail",
            ]
        )
    )
    line: Json = {
        "Amount": draw(st.one_of(small, st.just(5))),
        "DetailType": kind,
        kind: draw(
            st.one_of(
                st.just({"ItemRef": ref("1")}),
                st.just({"PostingType": "Debit", "AccountRef": ref("3")}),
                st.just({"PostingType": "Credit", "AccountRef": ref("5"), "Entity": {"EntityRef": ref("1")}}),
                st.dictionaries(
                    st.sampled_from(
                        [
                            "Qty",
                            "UnitPrice",
                            "ItemRef",
                            "Entity",
                            "AccountRef",
                            "PostingType",
                            "Line",
                            "DiscountPercent",
                            "TaxCodeRef",
                        ]
                    ),
                    anything,
                ),
            )
        ),
    }
    line |= draw(st.dictionaries(st.sampled_from(DETAILS), anything, max_size=1))
    return line


bodies = st.one_of(
    anything,
    st.dictionaries(st.sampled_from(FIELDS), anything, max_size=6),
    st.fixed_dictionaries(
        {"Line": st.lists(lines(), max_size=3), "CustomerRef": st.just(ref("1"))},
        optional={
            "Id": st.sampled_from(["1", "2", "3", "9"]),
            "SyncToken": st.sampled_from(["0", "1", "2"]),
            "sparse": st.booleans(),
            "TotalAmt": st.one_of(st.integers(0, 100), small),
            "TxnDate": st.sampled_from(["2026-11-22", "9999-12-31", "0001-01-01", "x"]),
            "DocNumber": st.text(max_size=5),
            "TxnTaxDetail": anything,
            "ExchangeRate": small,
            "CurrencyRef": st.sampled_from([ref("EUR"), ref("USD"), "EUR", ref("XXX")]),
            "DueDate": small,
            "CustomField": anything,
            "DeliveryInfo": anything,
        },
    ),
    st.fixed_dictionaries(
        {
            "DisplayName": st.text(min_size=1, max_size=6),
        },
        optional={
            "Id": st.sampled_from(["1", "2"]),
            "SyncToken": st.sampled_from(["0", "1"]),
            "Active": st.booleans(),
            "ParentRef": st.sampled_from([ref("1"), ref("2")]),
            "BillAddr": anything,
        },
    ),
)
PATHS = [f"/{kind.lower()}" for kind in KINDS] + ["/batch", "/query", "/cdc", "/exchangerate", "/gadget", "/bill"]
params = st.dictionaries(
    st.sampled_from(
        [
            "operation",
            "include",
            "requestid",
            "minorversion",
            "query",
            "entities",
            "changedSince",
            "sourcecurrencycode",
            "asofdate",
        ]
    ),
    st.one_of(
        st.sampled_from(
            [
                "void",
                "delete",
                "update",
                "allowautodocnum",
                "75",
                "Customer,Invoice",
                "2026-11-22",
                "EUR",
                "select * from Invoice",
            ]
        ),
        st.text(max_size=12),
    ),
    max_size=3,
)
SHOP = Shop()
SHOP.make("JournalEntry", Line=[journal_line("Debit", 5, SHOP.bank), journal_line("Credit", 5, SHOP.sales)])
SHOP.invoice()
SHOP.pay(5)
SPENDING = [
    f"/{kind}" for kind in ("purchase", "bill", "billpayment", "deposit", "transfer", "purchaseorder", "upload")
]
SPENT = {"AccountBasedExpenseLineDetail": {"AccountRef": ref(SHOP.unbilled)}}
SHOP.make("Bill", VendorRef=ref(SHOP.vendor), Line=[{"Amount": 9, "DetailType": next(iter(SPENT)), **SPENT}])
BEFORE = SHOP.server.snapshot()


costs = st.fixed_dictionaries(
    {"Amount": st.one_of(small, st.just(5))},
    optional={
        "DetailType": st.sampled_from(
            ["AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail", "DepositLineDetail"]
        ),
        "AccountBasedExpenseLineDetail": st.one_of(anything, st.just({"AccountRef": ref("1")})),
        "ItemBasedExpenseLineDetail": st.one_of(anything, st.just({"ItemRef": ref("1")})),
        "DepositLineDetail": st.one_of(anything, st.just({"AccountRef": ref("1")})),
        "LinkedTxn": st.one_of(
            anything,
            st.sampled_from([[{"TxnId": "3", "TxnType": "Payment"}], [{"TxnId": "4", "TxnType": "Bill"}]]),
        ),
    },
)
spending = st.fixed_dictionaries(
    {
        "VendorRef": st.just(ref(SHOP.vendor)),
        "AccountRef": st.sampled_from([ref(SHOP.bank), ref(SHOP.payable), "1", ref("99")]),
        "DepositToAccountRef": st.just(ref(SHOP.bank)),
        "FromAccountRef": st.sampled_from([ref(SHOP.bank), ref(SHOP.euro_receivable)]),
        "ToAccountRef": st.sampled_from([ref(SHOP.unbilled), ref(SHOP.bank)]),
    },
    optional={
        "Line": st.lists(costs, max_size=3),
        "PaymentType": st.sampled_from(["Check", "Cash", "CreditCard", 5]),
        "PayType": st.sampled_from(["Check", "CreditCard"]),
        "CheckPayment": st.one_of(anything, st.just({"BankAccountRef": ref(SHOP.bank)})),
        "TotalAmt": small,
        "Amount": small,
        "NameOf": st.sampled_from(["Vendor", "Employee"]),
        "EntityRef": anything,
        "Id": st.sampled_from(["1", "2", "3"]),
        "SyncToken": st.sampled_from(["0", "1"]),
        "sparse": st.booleans(),
        "ExchangeRate": small,
        "TxnTaxDetail": anything,
        "GlobalTaxCalculation": st.sampled_from(["TaxInclusive", "TaxExcluded", 1]),
    },
)


def consistent(shop: Shop) -> None:
    """Every list that may have changed can be read in full, and counts what it shows."""
    realm = shop.info["realm_id"]
    books, before = shop.server._service.books[realm], BEFORE.books[realm]
    for name, kind in KINDS.items():
        untouched = books.version == before.version and books.tables[name].rows == before.tables[name].rows
        if untouched or name in ("Preferences", "CompanyInfo"):
            continue
        both = " where Active in (true, false)" if kind.is_list else ""
        shown = shop.query(f"select * from {name}{both} maxresults 1000").get(name, [])
        assert shop.query(f"select count(*) from {name}{both}") == {"totalCount": len(shown)}
    assert sum(books.account_balances.values()) == 0


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["POST", "POST", "POST", "GET", "PUT"]), st.sampled_from(PATHS), bodies, params),
            st.tuples(st.just("POST"), st.sampled_from(SPENDING), spending, params),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_random_requests_are_answered(requests: list[tuple[str, str, Any, dict[str, str]]]) -> None:
    SHOP.server.restore(BEFORE)
    for method, path, body, query in requests:
        answer = SHOP.send(method, path, body, **query)
        assert answer.status in FINE
        if answer.headers["Content-Type"].startswith("application/json"):
            loads(answer.body)
    consistent(SHOP)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    st.lists(
        st.one_of(
            anything,
            st.fixed_dictionaries(
                {"bId": st.text(max_size=3)},
                optional={
                    "operation": st.sampled_from(["create", "update", "delete", "x"]),
                    "optionsData": small,
                    "Query": st.one_of(small, st.just("select * from Item")),
                    "CDCQuery": anything,
                    "Customer": bodies,
                    "Invoice": bodies,
                },
            ),
        ),
        max_size=4,
    )
)
def test_random_batches_are_answered(items: list[Any]) -> None:
    SHOP.server.restore(BEFORE)
    answer = SHOP.send("POST", "/batch", {"BatchItemRequest": items}, requestid="r")
    assert answer.status in FINE
    consistent(SHOP)


WORDS = (
    "select|*|from|Customer|Invoice|where|Id|=|'1'|and|in|(|)|,|like|orderby|desc|maxresults|startposition|10|0|count(*)"
    "|Active|true|MetaData.CreateTime|<|'2026-11-22'|'|\\|99999999999999999999"
)
words = st.sampled_from(WORDS.split("|"))


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.lists(words, max_size=16).map(" ".join), st.text(max_size=30)))
def test_random_statements_are_answered(statement: str) -> None:
    SHOP.server.restore(BEFORE)
    assert SHOP.send("GET", "/query", query=statement).status in (200, 400)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.one_of(
        st.sampled_from(
            [
                "/oauth2/v1/tokens/bearer",
                "/connect/oauth2",
                "/v2/oauth2/tokens/revoke",
                SHOP.base + "/customer",
                "/.well-known/openid_configuration",
            ]
        ),
        st.text(max_size=20).map(lambda text: "/" + quote(text)),
    ),
    st.text(max_size=20),
    st.dictionaries(st.sampled_from(["authorization", "accept", "content-type"]), st.text(max_size=20)),
    st.binary(max_size=40),
)
def test_random_bytes_are_answered(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> None:
    for sent in (
        headers,
        {**headers, "authorization": SHOP.basic()},
        {**headers, "authorization": f"Bearer {SHOP.token}"},
    ):
        assert SHOP.server.handle(Request(method, path, query, sent, body)).status in FINE


@pytest.mark.parametrize("depth", [20, 900, 100_000])
@pytest.mark.parametrize("field", ["CustomField", "DeliveryInfo", "Line", "BillAddr", "Nonsense"])
def test_deep_bodies_are_refused(depth: int, field: str) -> None:
    SHOP.server.restore(BEFORE)
    body = b'{"CustomerRef":{"value":"1"},"Line":[],"%s":%s%s}' % (field.encode(), b"[" * depth, b"]" * depth)
    assert SHOP.send("POST", "/invoice", body).status == 400


def test_numbers_too_large_are_refused() -> None:
    SHOP.server.restore(BEFORE)
    for number in ("1e400", "9" * 40, "-1e30", "123456789012345678", "1e-400"):
        raw = dumps(SHOP.line()).replace(b'"Amount":100', b'"Amount":' + number.encode())
        body = b'{"CustomerRef":{"value":"1"},"Line":[' + raw + b"]}"
        assert SHOP.send("POST", "/invoice", body).status in (200, 400)
    consistent(SHOP)
