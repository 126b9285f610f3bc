from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ml_emulators.kit.log import RequestLog, Totals, UnknownMark, path_shape
from ml_emulators.kit.wire import Cost

READ = Cost(reads=1)
AT = datetime(2026, 11, 20, tzinfo=UTC)


def add(log: RequestLog, vendor: str = "quickbooks", query: str = "", cost: Cost = READ) -> None:
    log.add(AT, vendor, "GET", "/v3/company/1/invoice/7", query, 200, cost)


def test_entries_are_bounded_and_counters_are_not() -> None:
    log = RequestLog(keep=3)
    for _ in range(10):
        add(log)
    assert [e.seq for e in log.entries] == [8, 9, 10]
    assert log.totals("quickbooks") == Totals(requests=10, reads=10)
    assert log.paths() == {"quickbooks GET /v3/company/{id}/invoice/{id}": 10}


def test_costs_between_two_points() -> None:
    log = RequestLog()
    add(log)
    mark = log.mark()
    add(log, cost=Cost(writes=30, calls=1))
    add(log, "salesforce", cost=Cost(calls=1))
    assert log.since(mark, "quickbooks") == Totals(requests=1, writes=30, calls=1)
    assert log.since(mark) == Totals(requests=2, writes=30, calls=2)
    assert log.since(0).requests == 3
    assert [e.vendor for e in log.after(mark, "salesforce")] == ["salesforce"]


def test_a_mark_that_was_never_given_is_refused() -> None:
    with pytest.raises(UnknownMark):
        RequestLog().since(99)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("query=select+*+from+Invoice&minorversion=75", "query=select+*+from+Invoice&minorversion=75"),
        ("refresh_token=RT1-secret&x=1", "refresh_token=***&x=1"),
        ("code=abc&realmId=1", "code=***&realmId=1"),
        ("client_secret=s&access_token=a", "client_secret=***&access_token=***"),
    ],
)
def test_secrets_in_a_query_are_masked(query: str, shown: str) -> None:
    log = RequestLog()
    add(log, query=query)
    assert log.entries[0].query == shown


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v3/company/4620816365000000001/invoice/17", "/v3/company/{id}/invoice/{id}"),
        (
            "/services/data/v65.0/sobjects/Account/001Hp00002AbCdEIAV",
            "/services/data/v65.0/sobjects/Account/{id}",
        ),
        ("/services/data/v65.0/composite/sobjects", "/services/data/v65.0/composite/sobjects"),
        ("/x/0b8a7c2e-1111-2222-3333-444455556666/", "/x/{id}/"),
        ("/v3/company/1/companycurrency", "/v3/company/{id}/companycurrency"),
    ],
)
def test_paths_are_counted_by_shape(path: str, shape: str) -> None:
    assert path_shape(path) == shape
