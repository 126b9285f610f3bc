"""What a page knows of a record after it was written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ml_connector.engine.context import DrainCache, PageContext, ReferenceCache
from ml_connector.engine.ports import System
from ml_connector.model.plans import Done, NeedFind, NotLoaded, Write
from ml_connector.model.refs import Record
from ml_connector.model.rules import Rules
from ml_connector.systems.salesforce.records import SObject
from support.digests import digest

ACCOUNT = SObject("Account", "001000000000001AAA", {"Name": "Acme", "Phone": None})
NEED = NeedFind("salesforce", "Account", "QBO_Id__c", "1:7")
WRITE = Write(step="account", system="salesforce", kind="Account", action="update", body={"Phone": "1"}, key="1:7")


class Org:
    """Finds the account by its mark, and by nothing else."""

    name = "salesforce"

    async def find(self, _kind: str, _field: str, values: Sequence[str]) -> Mapping[str, Any]:
        return {value: [ACCOUNT] for value in values}


def page() -> PageContext:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return PageContext(Rules(realm_id="", org_id=""), date(2026, 11, 22), now, DrainCache(ReferenceCache()), digest)


def after(known: Record | Any) -> SObject:
    fields = known.fields if isinstance(known, SObject) else {}
    return SObject("Account", ACCOUNT.id, {**fields, **WRITE.body})


def fields_of(record: Any) -> Mapping[str, Any]:
    assert isinstance(record, SObject)
    return record.fields


async def test_what_a_search_found_keeps_its_other_fields_when_one_is_written(fresh: PageContext) -> None:
    org: System = Org()  # type: ignore[assignment]  # as much of one as is asked here
    await fresh._load_from(org, [NEED])
    fresh.settled(WRITE, Done(ACCOUNT.ref), after(fresh.known(ACCOUNT.ref)), [])
    assert fields_of(fresh.record(ACCOUNT.ref)) == {"Name": "Acme", "Phone": "1"}
    assert fields_of(fresh.found("salesforce", "Account", "QBO_Id__c", "1:7")[0]) == {"Name": "Acme", "Phone": "1"}


async def test_what_was_there_and_nobody_has_read_is_read_when_it_is_asked_for(fresh: PageContext) -> None:
    fresh.settled(WRITE, Done(ACCOUNT.ref), after(None), [])
    with pytest.raises(NotLoaded):
        fresh.record(ACCOUNT.ref)


def test_a_new_record_is_what_was_written(fresh: PageContext) -> None:
    fresh.settled(WRITE, Done(ACCOUNT.ref, created=True), after(None), [])
    assert fields_of(fresh.record(ACCOUNT.ref)) == {"Phone": "1"}


@pytest.fixture
def fresh() -> PageContext:
    return page()
