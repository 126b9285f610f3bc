"""The ledger in the state says what the pure rules say, with numbers, proofs and events, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import func, select, text

from ml_connector.model.continuity import BEGINNING, Cause, Claim, Line, Span, claimed, closed, missed, opened
from ml_connector.store import Store, schema
from ml_connector.store.rows import Comparison
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOTH = ("Invoice", "Customer")


@pytest.fixture
def store(fresh_url: str) -> Iterator[Store]:
    store = fresh(fresh_url)
    store.add_connection("acme", "1", "00D", "Acme", NOON)
    yield store
    store.close()


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def claim(
    store: Store, since: int | None, upto: int, way: str = "sweep", missing: Cause | None = None, *kinds: str
) -> None:
    asked = dict.fromkeys(kinds or BOTH, BEGINNING if since is None else at(since))
    lost = dict.fromkeys(asked, missing) if missing else {}
    store.claim("acme", Claim(source="qbo", since=asked, upto=at(upto), way=way, missing=lost), at(upto))


def events(store: Store) -> list[tuple[str, str]]:
    return [(event.action, event.object) for event in store.audit_events("acme")]


def test_a_gap_is_a_hole_of_both_kinds_until_a_backfill_closes_it(store: Store) -> None:
    claim(store, None, 15)
    claim(store, 40, 55)
    assert [(hole.number, hole.kind, hole.span) for hole in store.open_holes("acme")] == [
        (1, "Customer", Span(at(15), at(40))),
        (1, "Invoice", Span(at(15), at(40))),
    ]
    claim(store, 10, 56, "backfill", None, "Invoice")
    assert [hole.kind for hole in store.open_holes("acme")] == ["Customer"]
    assert store.close_hole("acme", 1, "backfill", "by hand", at(60))
    assert not store.close_hole("acme", 1, "backfill", "again", at(61))
    assert [(hole.kind, hole.proof) for hole in store.all_holes("acme")] == [
        ("Customer", "by hand"),
        ("Invoice", "backfill of 2026-11-20T12:10:00+00:00 to 2026-11-20T12:56:00+00:00"),
    ]
    assert events(store) == [("hole", "hole 1"), ("hole closed", "hole 1"), ("hole closed", "hole 1")]
    lines = store.lines("acme")
    assert lines["qbo", "Customer"].spans() == [Span(BEGINNING, at(55))]
    assert lines["qbo", "Invoice"].covered[0].ways == ("backfill", "sweep")


def test_a_hole_that_lasts_keeps_its_number_and_its_age(store: Store) -> None:
    for upto in (15, 30, 45):
        claim(store, 0, upto, "sweep", Cause.REFUSED)
    (hole, _) = store.open_holes("acme")
    assert (hole.number, hole.span, hole.opened_at) == (1, Span(at(0), at(45)), at(15))
    assert events(store) == [("hole", "hole 1")], "told of once"


def test_a_month_of_sweeps_is_one_row_a_kind(store: Store) -> None:
    for upto in range(15, 600, 15):
        claim(store, upto - 20, upto)
        claim(store, upto - 1, upto + 1, "stream")
    with store.begin() as tx:
        assert tx.execute(select(func.count()).select_from(schema.coverage)).scalar() == 2


def test_a_comparison_closes_what_it_was_for_and_nothing_later(store: Store) -> None:
    claim(store, None, 10)
    claim(store, 5, 60, "sweep", Cause.DELETIONS)
    store.ask_comparison("acme", "qbo", BOTH, "test", at(61))
    asked = {row.kind: row for row in store.comparisons("acme")}
    for kind, begun, withheld in (("Invoice", at(62), 0), ("Customer", at(54), 0)):
        done = Comparison(system="qbo", kind=kind, begun_at=begun, listed=7, known=8, vanished=1, withheld=withheld)
        assert store.went_on("acme", asked[kind], done, [], "ml-connector", at(63))
    (left,) = store.open_holes("acme")
    assert left.kind == "Customer", "what was deleted after it began may be missing"
    (closed_,) = [hole for hole in store.all_holes("acme") if hole.closed_at]
    assert closed_.proof == "comparison of 7 ids with 8, begun 2026-11-20T13:02:00+00:00: 1 gone"


def test_what_is_withheld_proves_nothing(store: Store) -> None:
    claim(store, 5, 60, "sweep", Cause.DELETIONS, "Invoice")
    store.ask_comparison("acme", "qbo", ["Invoice"], "test", at(61))
    (asked,) = store.comparisons("acme")
    done = Comparison(system="qbo", kind="Invoice", begun_at=at(62), known=800, withheld=700)
    assert store.went_on("acme", asked, done, [], "ml-connector", at(63))
    assert store.open_holes("acme")


def test_what_an_older_version_covered_counts_for_every_kind(store: Store) -> None:
    with store.begin() as tx:
        row = {"c": "acme", "s": "qbo", "f": 0, "t": round(at(10).timestamp() * 1000)}
        tx.execute(text("INSERT INTO coverage VALUES (:c, :s, '', :f, :t, 'sweep')"), row)
    claim(store, 8, 20)
    lines = store.lines("acme")
    assert [(kind, line.spans()) for (_, kind), line in lines.items()] == [
        (kind, [Span(BEGINNING, at(20))]) for kind in sorted(BOTH)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_is_kept_as_the_rules_say(store: Store, seed: int) -> None:
    random, line = Random(seed), Line()
    for step in range(25):
        since, cause = random.randrange(60), random.choice(list(Cause))
        upto = since + random.randrange(1, 20)
        span = Span(at(since), at(upto))
        match random.randrange(4):
            case 0:
                line = claimed(line, span, "sweep")
                claim(store, since, upto, "sweep", None, "Invoice")
            case 1:
                line = missed(line, span, cause)
                claim(store, since, upto, "sweep", cause, "Invoice")
            case 2:
                line = opened(line, span, cause)
                store.open_hole("acme", "qbo", ["Invoice"], span, cause, at(step))
            case _ if line.holes:
                hole = line.holes[random.randrange(len(line.holes))]
                line = closed(line, hole, "backfill")
                (number,) = [it.number for it in store.open_holes("acme") if (it.span, it.cause) == hole]
                store.close_hole("acme", number, "backfill", "proof", at(step))
        kept = store.lines("acme").get(("qbo", "Invoice"), Line())
        assert kept == line
        assert all(hole.proof for hole in store.all_holes("acme") if hole.closed_at)
