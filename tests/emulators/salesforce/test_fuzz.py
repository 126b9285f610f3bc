"""Whatever a client sends is answered: never an exception, never a 500; and refused writes leave no trace."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_emulators.kit.wire import dumps

from .orgs import TestOrg, V

ORG = TestOrg()
ACCOUNT = ORG.account(Name="Acme", QBO_Id__c="r:1")
CONTACT = ORG.add("Contact", LastName="Roe", AccountId=ACCOUNT, Email="a@b.example")
ORDER, ITEM, ENTRY = ORG.active_order(AccountId=ACCOUNT)
DRAFT = ORG.order(AccountId=ACCOUNT)
DEAL = ORG.opportunity(AccountId=ACCOUNT, ContactId=CONTACT)
TOKEN = ORG.token
START = ORG.vendor.snapshot()

IDS = (ACCOUNT, CONTACT, ORDER, ITEM, ENTRY, DRAFT, DEAL, ACCOUNT[:15], "001Hs0000000zzz", "nope", "")
KINDS = st.sampled_from([*ORG.vendor.kinds(), "Nope", "account", ""])
FIELDS = sorted({field.name for kind in ORG.vendor.world.schema.objects.values() for field in kind.fields})

texts = st.one_of(st.sampled_from([*IDS, "2026-01-05", "2026-01-05T00:00:00Z", "Draft", "Activated", "EUR"]), st.text())
numbers = st.one_of(st.integers(), st.decimals(allow_nan=False, allow_infinity=False, places=3))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), texts, numbers),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3)),
    max_leaves=6,
)
names = st.one_of(
    st.sampled_from(FIELDS), st.sampled_from(["attributes", "Account", "Owner", "id"]), st.text(max_size=5)
)
records = st.dictionaries(names, values, max_size=5)
typed = st.builds(lambda kind, body: {"attributes": {"type": kind}, **body}, KINDS, records)
lists = st.builds(lambda some, flag: {"records": some, "allOrNone": flag}, st.lists(typed, max_size=3), st.booleans())

WORDS = (
    *(
        "SELECT",
        "FROM",
        "WHERE",
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
        "ORDER BY",
        "GROUP BY",
        "LIMIT",
        "OFFSET",
        "NULLS LAST",
    ),
    *(
        "(",
        ")",
        ",",
        "=",
        "!=",
        "<",
        "'a'",
        "'%\\'_'",
        "1",
        "1.5",
        "null",
        "true",
        "TODAY",
        "LAST_N_DAYS:3",
        "COUNT(Id)",
    ),
    *(
        "Id",
        "Name",
        "Account.Name",
        "Amount",
        "CloseDate",
        "SystemModstamp",
        "Contacts",
        "Account",
        "Opportunity",
        "Order",
    ),
    *("2026-01-05", "2026-01-05T00:00:00Z", "HAVING", "SUM(Amount)", "x", "ALL ROWS", "FIELDS(ALL)"),
)
soups = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
conditions = st.builds(
    "{} {} {}".format,
    st.sampled_from(
        ["Id", "Name", "Amount", "CloseDate", "IsWon", "Account.Name", "SystemModstamp", "Owner.Id", "Nope"]
    ),
    st.sampled_from(["=", "!=", "<", ">=", "LIKE", "IN", "NOT IN", "INCLUDES"]),
    st.one_of(
        st.sampled_from([*WORDS, f"('{ACCOUNT}')", f"'{DEAL}'", "('a', null)"]), texts.map(lambda text: f"'{text}'")
    ),
)
queries = st.one_of(
    soups,
    st.text(),
    st.builds("SELECT Id, Account.Name FROM Opportunity WHERE {} {}".format, conditions, soups),
    st.builds("SELECT {} FROM {} {}".format, soups, KINDS, soups),
)

encoded = texts.map(lambda text: quote(text, safe=""))
paths = st.one_of(
    st.sampled_from(
        ["/sobjects", "/limits", "/composite", "/composite/sobjects", "/composite/graph", "/composite/batch"]
    ),
    st.builds("/sobjects/{}".format, KINDS),
    st.builds("/sobjects/{}/{}".format, KINDS, encoded),
    st.builds("/sobjects/{}/{}/{}".format, KINDS, st.sampled_from(["QBO_Id__c", "Email", "Id", "Nope"]), encoded),
    st.builds(
        "/sobjects/{}/{}?start={}&end={}".format, KINDS, st.sampled_from(["updated", "deleted"]), encoded, encoded
    ),
    st.builds("/sobjects/{}/{}?fields={}".format, KINDS, st.sampled_from(IDS), encoded),
    st.builds("/composite/sobjects/{}/{}".format, KINDS, st.sampled_from(["QBO_Id__c", "Email", "Id"])),
    st.builds("/composite/sobjects/{}?ids={}&fields={}".format, KINDS, encoded, encoded),
    st.builds("/composite/sobjects?ids={}".format, encoded),
    st.builds("/composite/tree/{}".format, KINDS),
    st.builds("/query?q={}".format, queries.map(quote)),
    st.builds("/queryAll?q={}".format, queries.map(quote)),
    st.builds("/query/{}".format, encoded),
)
methods = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "HEAD", "PUT"])
entries = st.builds(
    lambda method, path, body, name: {"method": method, "url": V + path, "referenceId": name, "body": body},
    methods,
    paths,
    st.one_of(records, lists, values),
    st.sampled_from(["a", "b", "c"]),
)
compounds = st.one_of(
    st.builds(
        lambda some, flag: {"compositeRequest": some, "allOrNone": flag}, st.lists(entries, max_size=3), st.booleans()
    ),
    st.builds(lambda some: {"graphs": [{"graphId": "1", "compositeRequest": some}]}, st.lists(entries, max_size=3)),
    st.builds(lambda some: {"batchRequests": some}, st.lists(entries, max_size=3)),
)
bodies = st.one_of(records, lists, compounds, values)

PATIENT = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def answered(method: str, url: str, body: bytes, headers: dict[str, str]) -> int:
    ORG.vendor.restore(START)
    reply = ORG.raw(method, url, body, headers)
    assert reply.status < 500, reply.text
    if reply.status >= 400 and method != "HEAD":
        assert reply.body, (method, url)
    return reply.status


@PATIENT
@given(methods, paths, bodies)
def test_any_call_with_a_token(method: str, path: str, body: Any) -> None:
    answered(method, V + path, dumps(body), {"authorization": f"Bearer {TOKEN}"})


def _change(record_id: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    kind = ORG.vendor.world.schema.by_prefix[record_id[:3]]
    own = [field.name for field in kind.fields if field.updateable]
    body = st.dictionaries(st.sampled_from(own), st.one_of(st.none(), st.booleans(), texts, numbers), max_size=3)
    return body.map(lambda changes: (f"{V}/sobjects/{kind.name}/{record_id}", changes))


@PATIENT
@given(st.sampled_from([ACCOUNT, CONTACT, ORDER, ITEM, ENTRY, DRAFT, DEAL]).flatmap(_change))
def test_any_change_of_a_record(change: tuple[str, dict[str, Any]]) -> None:
    answered("PATCH", change[0], dumps(change[1]), {"authorization": f"Bearer {TOKEN}"})


@PATIENT
@given(compounds)
def test_any_composite(body: dict[str, Any]) -> None:
    for path in ("/composite", "/composite/graph", "/composite/batch"):
        answered("POST", V + path, dumps(body), {"authorization": f"Bearer {TOKEN}"})


@PATIENT
@given(queries)
def test_any_query(text: str) -> None:
    answered("GET", f"{V}/query?q={quote(text)}", b"", {"authorization": f"Bearer {TOKEN}"})


@PATIENT
@given(methods, st.text(), st.binary(), st.dictionaries(st.sampled_from(["authorization", "content-type"]), st.text()))
def test_any_bytes(method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    answered(method, f"/{quote(path)}", body, headers)
    answered(method, f"/services/oauth2/{quote(path)}", body, headers)
    answered(method, "/services/oauth2/token", body, headers | {"content-type": "application/x-www-form-urlencoded"})


@PATIENT
@given(KINDS, records)
def test_a_refused_write_leaves_no_trace(kind: str, body: dict[str, Any]) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    ORG.vendor.restore(START)
    before = {name: ORG.vendor.records(name) for name in ORG.vendor.kinds()}
    reply = ORG.raw("POST", f"{V}/sobjects/{kind or 'Account'}", dumps(body), headers)
    after = {name: ORG.vendor.records(name) for name in ORG.vendor.kinds()}
    assert (before == after) is (reply.status != 201)
