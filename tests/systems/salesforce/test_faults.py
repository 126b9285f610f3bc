"""What Salesforce says when something goes wrong, and what that means."""

from datetime import timedelta
from typing import Any

import pytest

from ml_connector.model.errors import (
    BadAnswer,
    ConnectorError,
    LimitReached,
    ReadRefused,
    SignInNeeded,
    Unreachable,
    WrongUse,
)
from ml_connector.model.plans import Done, Duplicates, Later, Outcome, Refused, Unsure
from ml_connector.model.refs import Ref
from ml_connector.systems.salesforce.faults import error_of, faults, is_drift, outcome_of_call, outcome_of_item

ACCOUNT = "001000000000001AAA"
REF = Ref("salesforce", "Account", ACCOUNT)


def item_error(code: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": [], **more}]}


@pytest.mark.parametrize(
    ("item", "outcome"),
    [
        ({"id": ACCOUNT, "success": True, "errors": [], "created": True}, Done(REF, created=True)),
        ({"id": ACCOUNT, "success": True, "errors": [], "created": False}, Done(REF)),
        ({"id": ACCOUNT[:15], "success": True, "errors": []}, Done(REF)),
        (item_error("UNABLE_TO_LOCK_ROW"), Later("UNABLE_TO_LOCK_ROW")),
        (item_error("CANNOT_EXECUTE_FLOW_TRIGGER", "… UNABLE_TO_LOCK_ROW: unable …"), Later("UNABLE_TO_LOCK_ROW")),
        (item_error("ENTITY_IS_LOCKED"), Later("ENTITY_IS_LOCKED", timedelta(hours=1))),
        (item_error("REQUEST_LIMIT_EXCEEDED"), Later("REQUEST_LIMIT_EXCEEDED", timedelta(minutes=15))),
        (
            {
                "success": False,
                "errors": [{"statusCode": "REQUIRED_FIELD_MISSING", "message": "Missing: [Name]", "fields": ["Name"]}],
            },
            Refused("REQUIRED_FIELD_MISSING", "Missing: [Name]", ("Name",)),
        ),
        (item_error("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No!"), Refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No!")),
    ],
)
def test_items_of_a_collection(item: dict[str, Any], outcome: Outcome) -> None:
    assert outcome_of_item(item, "Account", "upsert") == outcome


@pytest.mark.parametrize(
    "item",
    [
        *(None, [], {}, {"success": True}, {"success": True, "id": "7"}, {"success": "true", "id": ACCOUNT}),
        *({"success": False}, {"success": False, "errors": [{}]}, {"success": None, "errors": [{"statusCode": "X"}]}),
    ],
)
def test_an_item_that_cannot_be_read_is_neither_a_yes_nor_a_no(item: Any) -> None:
    assert isinstance(outcome_of_item(item, "Account", "upsert"), Unsure)


def test_an_item_of_a_create_says_created_by_itself() -> None:
    done = outcome_of_item({"id": ACCOUNT, "success": True, "errors": []}, "Account", "create")
    assert isinstance(done, Done)
    assert done.created


@pytest.mark.parametrize("key", ["duplicateResult", "duplicateResut"])
def test_duplicate_rules_name_their_candidates(key: str) -> None:
    match = {"matchRecords": [{"record": {"Id": ACCOUNT}}, {"record": {"Id": ACCOUNT}}, {"record": None}]}
    result = {"duplicateRule": "Ours", "allowSave": True, "matchResults": [match, 3]}
    item = item_error("DUPLICATES_DETECTED", "Use one of these records?", **{key: result})
    found = Duplicates("Ours", warns=True, candidates=(ACCOUNT,))
    refused = Refused("DUPLICATES_DETECTED", "Use one of these records?", duplicates=found)
    assert outcome_of_item(item, "Account", "create") == refused


@pytest.mark.parametrize("result", [{}, {"allowSave": "true", "duplicateRule": 5, "matchResults": {}}])
def test_a_duplicate_rule_that_says_nothing_of_itself_does_not_only_warn(result: dict[str, Any]) -> None:
    item = item_error("DUPLICATES_DETECTED", "Use one?", duplicateResult=result)
    refused = Refused("DUPLICATES_DETECTED", "Use one?", duplicates=Duplicates(""))
    assert outcome_of_item(item, "Account", "create") == refused


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, [{"errorCode": "JSON_PARSER_ERROR", "message": "m"}], Refused("JSON_PARSER_ERROR", "m")),
        (404, [{"errorCode": "NOT_FOUND", "message": "m"}], Refused("NOT_FOUND", "m")),
        (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED"}], Later("REQUEST_LIMIT_EXCEEDED", timedelta(minutes=15))),
        (503, [{"errorCode": "REQUEST_LIMIT_EXCEEDED"}], Later("REQUEST_LIMIT_EXCEEDED", timedelta(minutes=15))),
        (401, [{"errorCode": "INVALID_SESSION_ID"}], Later("INVALID_SESSION_ID")),
    ],
)
def test_a_call_that_was_surely_not_carried_out(status: int, body: Any, outcome: Outcome) -> None:
    assert outcome_of_call(status, body) == outcome


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((500, [{"errorCode": "UNKNOWN_EXCEPTION"}]), (503, [{"errorCode": "SERVER_UNAVAILABLE"}]), (503, None)),
        *((502, None), (408, None), (400, None), (302, None), (204, None)),
    ],
)
def test_a_call_that_may_have_been_carried_out(status: int, body: Any) -> None:
    assert isinstance(outcome_of_call(status, body), Unsure)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", LimitReached),
        (503, "REQUEST_LIMIT_EXCEEDED", LimitReached),
        (429, "", LimitReached),
        (403, "API_DISABLED_FOR_ORG", SignInNeeded),
        (403, "API_CURRENTLY_DISABLED", SignInNeeded),
        (401, "INVALID_SESSION_ID", SignInNeeded),
        (401, "INVALID_AUTH_HEADER", SignInNeeded),
        (410, "UNSUPPORTED_API_VERSION", WrongUse),
        (503, "SERVER_UNAVAILABLE", Unreachable),
        (500, "", Unreachable),
        (400, "INVALID_FIELD", ReadRefused),
        (404, "", BadAnswer),
    ],
)
def test_a_read_that_fails_says_what_to_do(status: int, code: str, error: type[ConnectorError]) -> None:
    raised = error_of(status, [{"errorCode": code, "message": "secret text"}] if code else None)
    assert type(raised) is error or isinstance(raised, error)
    assert raised.remedy
    assert "secret text" not in str(raised)


def test_fields_that_come_and_go_are_recognised() -> None:
    assert is_drift(error_of(400, [{"errorCode": "INVALID_FIELD"}]))
    assert not is_drift(error_of(400, [{"errorCode": "MALFORMED_QUERY"}]))
    assert not is_drift(error_of(500, None))


@pytest.mark.parametrize("body", [None, 3, "x", [], [3], {}, {"errorCode": 3}, [{"errorCode": ""}]])
def test_no_readable_complaint_is_none(body: Any) -> None:
    assert faults(body) == []
