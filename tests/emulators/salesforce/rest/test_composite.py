"""`/composite`, `/graph`, `/batch` and `/tree` (salesforce reference 2.8)."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.salesforce.orgs import TestOrg, V


def sub(name: str, method: str, url: str, body: Any = None, **more: Any) -> dict[str, Any]:
    entry = {"method": method, "url": V + url, "referenceId": name, **more}
    return entry if body is None else entry | {"body": body}


def run(org: TestOrg, *entries: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    reply = org.post("/composite", {"allOrNone": all_or_none, "compositeRequest": list(entries)})
    assert reply.status == 200, reply.text
    return list(reply.body["compositeResponse"])


def statuses(results: list[dict[str, Any]]) -> list[int]:
    return [result["httpStatusCode"] for result in results]


def test_answers_feed_later_calls(org: TestOrg) -> None:
    results = run(
        org,
        sub("a", "PATCH", "/sobjects/Account/QBO_Id__c/42", {"Name": "Acme"}),
        sub("c", "POST", "/sobjects/Contact", {"LastName": "Roe", "AccountId": "@{a.id}"}),
        sub("q", "GET", "/query?q=SELECT Id, Name FROM Contact WHERE AccountId = '@{a.id}'"),
        sub("u", "PATCH", "/sobjects/Contact/@{q.records[0].Id}", {"Title": "Ms @{q.records[0].Name}"}),
        sub("g", "GET", "/sobjects/Contact/@{c.id}?fields=Title,AccountId"),
    )
    assert statuses(results) == [201, 201, 200, 204, 200]
    account = results[0]["body"]["id"]
    assert results[0]["httpHeaders"] == {"Location": f"{V}/sobjects/Account/{account}"}
    assert list(results[0]) == ["body", "httpHeaders", "httpStatusCode", "referenceId"]
    assert (results[3]["body"], results[3]["httpHeaders"]) == (None, {})
    assert results[4]["body"]["Title"] == "Ms Roe"
    assert results[4]["body"]["AccountId"] == account


def test_an_inner_error_has_its_code_first(org: TestOrg) -> None:
    (result,) = run(org, sub("x", "GET", "/sobjects/Foo"))
    assert result["httpStatusCode"] == 404
    assert list(result["body"][0].items()) == [
        ("errorCode", "NOT_FOUND"),
        ("message", "The requested resource does not exist"),
    ]


def test_without_all_or_none_only_dependants_are_halted(org: TestOrg) -> None:
    results = run(
        org,
        sub("a", "POST", "/sobjects/Account", {}),
        sub("b", "POST", "/sobjects/Contact", {"LastName": "Roe", "AccountId": "@{a.id}"}),
        sub("c", "POST", "/sobjects/Account", {"Name": "Fine"}),
        sub("d", "GET", "/sobjects/Account/@{c.nothing}"),
    )
    assert statuses(results) == [400, 400, 201, 400]
    assert results[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert org.column("SELECT Name FROM Account") == ["Fine"]


def test_all_or_none_undoes_everything(org: TestOrg) -> None:
    old = org.account(Name="Old")
    results = run(
        org,
        sub("a", "POST", "/sobjects/Account", {"Name": "New"}),
        sub("b", "PATCH", f"/sobjects/Account/{old}", {"Name": "Changed"}),
        sub("c", "DELETE", f"/sobjects/Account/{old}"),
        sub("d", "POST", "/sobjects/Contact", {}),
        sub("e", "POST", "/sobjects/Account", {"Name": "Later"}),
        all_or_none=True,
    )
    assert statuses(results) == [400] * 5
    codes = [result["body"][0]["errorCode"] for result in results]
    assert codes == ["PROCESSING_HALTED"] * 3 + ["REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert org.rows("SELECT Id, Name FROM Account") == [{"Id": old, "Name": "Old"}]


def test_five_upsert_collections_of_200_fit_in_one_call(org: TestOrg) -> None:
    def block(place: int) -> dict[str, Any]:
        records = [
            {"attributes": {"type": "Account"}, "QBO_Id__c": f"{place}:{number}", "Name": "A"} for number in range(200)
        ]
        body = {"allOrNone": False, "records": records}
        return sub(f"r{place}", "PATCH", "/composite/sobjects/Account/QBO_Id__c", body)

    results = run(org, *map(block, range(5)))
    assert [len(result["body"]) for result in results] == [200] * 5
    assert org.column("SELECT COUNT(Id) FROM Account") == [1000]
    reply = org.post("/composite", {"compositeRequest": [block(place) for place in range(6)]})
    assert (reply.status, reply.code) == (400, "LIMIT_EXCEEDED")


def test_a_collection_feeds_a_later_call(org: TestOrg) -> None:
    body = {"records": [{"attributes": {"type": "Account"}, "Name": name} for name in "AB"]}
    results = run(
        org,
        sub("all", "POST", "/composite/sobjects", body),
        sub("g", "GET", "/sobjects/Account/@{all[1].id}?fields=Name"),
    )
    assert results[1]["body"]["Name"] == "B"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "JSON_PARSER_ERROR"),
        ({"compositeRequest": [1]}, "JSON_PARSER_ERROR"),
        ({"compositeRequest": [{"method": "GET"}]}, "JSON_PARSER_ERROR"),
        ({"compositeRequest": [sub("a b", "GET", "/limits")]}, "INVALID_INPUT"),
        ({"compositeRequest": [sub("a", "GET", "/limits")] * 2}, "INVALID_INPUT"),
        ({"compositeRequest": [sub(f"a{n}", "GET", "/limits") for n in range(26)]}, "LIMIT_EXCEEDED"),
    ],
)
def test_malformed_requests(org: TestOrg, body: dict[str, Any], code: str) -> None:
    reply = org.post("/composite", body)
    assert (reply.status, reply.code) == (400, code)


@pytest.mark.parametrize(
    "url", ["/composite", "/composite/batch", "/composite/tree/Account", "/../x", "/nothing", "/sobjects/Foo"]
)
def test_what_cannot_stand_inside(org: TestOrg, url: str) -> None:
    assert statuses(run(org, sub("x", "POST", url, {}))) == [404]


def test_headers_of_a_subrequest_count(org: TestOrg) -> None:
    org.account(Name="Acme")
    org.switches.duplicate_rules["Account"] = "alert"
    allow = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    results = run(
        org,
        sub("a", "POST", "/sobjects/Account", {"Name": "Acme"}),
        sub("b", "POST", "/sobjects/Account", {"Name": "Acme"}, httpHeaders=allow),
    )
    assert statuses(results) == [400, 201]


def test_a_composite_is_one_call(org: TestOrg) -> None:
    before = org.get("/limits").headers["Sforce-Limit-Info"]
    reply = org.post("/composite", {"compositeRequest": [sub(f"a{n}", "GET", "/limits") for n in range(25)]})
    assert (before, reply.headers["Sforce-Limit-Info"]) == ("api-usage=1/110000", "api-usage=2/110000")


def graph(name: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"graphId": name, "compositeRequest": list(entries)}


def test_each_graph_is_atomic_and_nodes_may_stand_in_any_order(org: TestOrg) -> None:
    good = graph(
        "good",
        sub("c", "POST", "/sobjects/Contact", {"LastName": "Roe", "AccountId": "@{a.id}"}),
        sub("a", "POST", "/sobjects/Account", {"Name": "Good"}),
    )
    bad = graph(
        "bad", sub("a", "POST", "/sobjects/Account", {"Name": "Bad"}), sub("c", "POST", "/sobjects/Contact", {})
    )
    reply = org.post("/composite/graph", {"graphs": [bad, good]})
    assert reply.status == 200
    assert [(result["graphId"], result["isSuccessful"]) for result in reply.body["graphs"]] == [
        ("bad", False),
        ("good", True),
    ]
    inner = reply.body["graphs"][0]["graphResponse"]["compositeResponse"]
    assert [result["body"][0]["errorCode"] for result in inner] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert org.column("SELECT Account.Name FROM Contact") == [
        {"attributes": {"type": "Account", "url": f"{V}/sobjects/Account/{org.column('SELECT Id FROM Account')[0]}"}}
        | {"Name": "Good"}
    ]


def test_limits_of_graphs(org: TestOrg) -> None:
    node = sub("a", "POST", "/sobjects/Account", {"Name": "A"})
    assert org.post("/composite/graph", {"graphs": [graph(str(n), node) for n in range(76)]}).status == 400
    query = graph("q", sub("q", "GET", "/query?q=SELECT Id FROM Account"))
    assert org.post("/composite/graph", {"graphs": [query]}).body["graphs"][0]["isSuccessful"] is False
    chain = [node] + [
        sub(f"a{n}", "POST", "/sobjects/Account", {"Name": "A", "ParentId": f"@{{{before}.id}}"})
        for n, before in enumerate(["a", *(f"a{n}" for n in range(15))])
    ]
    for length, well in ((15, True), (16, False)):
        reply = org.post("/composite/graph", {"graphs": [graph("deep", *chain[:length])]})
        assert reply.body["graphs"][0]["isSuccessful"] is well


def test_after_14_failed_graphs_the_rest_is_halted(org: TestOrg) -> None:
    bad = sub("a", "POST", "/sobjects/Account", {})
    good = sub("a", "POST", "/sobjects/Account", {"Name": "A"})
    graphs = [graph(str(n), bad) for n in range(14)] + [graph("last", good)]
    last = org.post("/composite/graph", {"graphs": graphs}).body["graphs"][-1]
    assert last["isSuccessful"] is False
    assert last["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_batch_calls_are_independent(org: TestOrg) -> None:
    requests = [
        {"method": "POST", "url": "v67.0/sobjects/Account", "richInput": {"Name": "A"}},
        {"method": "POST", "url": "v67.0/sobjects/Account", "richInput": {}},
        {"method": "GET", "url": f"{V}/query?q=SELECT+COUNT()+FROM+Account"},
    ]
    reply = org.post("/composite/batch", {"batchRequests": requests})
    assert reply.body["hasErrors"] is True
    assert [result["statusCode"] for result in reply.body["results"]] == [201, 400, 200]
    assert reply.body["results"][2]["result"]["totalSize"] == 1
    halted = org.post("/composite/batch", {"haltOnError": True, "batchRequests": requests[1:]})
    assert [result["statusCode"] for result in halted.body["results"]] == [400, 412]


def planted(name: str, kind: str = "Account", **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": kind, "referenceId": name}, **fields}


def test_a_tree_is_planted_whole(org: TestOrg) -> None:
    contacts = {"records": [planted("c1", "Contact", LastName="Roe"), planted("c2", "Contact", LastName="Doe")]}
    reply = org.post("/composite/tree/Account", {"records": [planted("a1", Name="A", Contacts=contacts)]})
    assert reply.status == 201
    assert reply.body["hasErrors"] is False
    assert [result["referenceId"] for result in reply.body["results"]] == ["a1", "c1", "c2"]
    account = reply.body["results"][0]["id"]
    assert org.column("SELECT AccountId FROM Contact") == [account, account]


def test_a_tree_with_one_bad_leaf_is_not_planted(org: TestOrg) -> None:
    contacts = {"records": [planted("c1", "Contact")]}
    reply = org.post("/composite/tree/Account", {"records": [planted("a1", Name="A", Contacts=contacts)]})
    assert reply.status == 400
    assert reply.body["results"][0]["referenceId"] == "c1"
    assert reply.body["results"][0]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert org.vendor.records("Account") == []


def test_limits_of_a_tree(org: TestOrg) -> None:
    records = [planted(f"a{n}", Name="A") for n in range(201)]
    assert org.post("/composite/tree/Account", {"records": records}).code == "LIMIT_EXCEEDED"
