"""The ordered index against a sorted list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_emulators.quickbooks.ordered import Ordered

entries = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2000)), unique=True, max_size=1500)


@given(entries, st.data())
def test_it_is_a_sorted_list(wanted: list[tuple[int, int]], data: st.DataObject) -> None:
    index = Ordered()
    for entry in wanted:
        index.add(entry)
    twin = index.copy()
    gone = wanted[::3]
    for entry in gone:
        index.remove(entry)
    left = sorted(set(wanted) - set(gone))
    assert list(index.ids()) == [number for _, number in left]
    assert list(twin.ids()) == [number for _, number in sorted(wanted)], "a copy does not follow"
    start, stop = sorted((data.draw(st.integers(0, 1500)), data.draw(st.integers(0, 1500))))
    assert list(index.ids(start, stop)) == [number for _, number in left][start:stop]
    assert list(index.ids(start, stop, reverse=True)) == [number for _, number in left][start:stop][::-1]
    probe = (data.draw(st.integers(-1, 41)), data.draw(st.integers(-1, 2001)))
    assert index.rank(probe) == sum(entry < probe for entry in left)
    assert len(index) == len(left)


def test_what_is_not_there_cannot_be_removed() -> None:
    index = Ordered()
    for number in (1, 3):
        index.add((number, number))
    for entry in ((2, 2), (4, 4)):
        with pytest.raises(KeyError):
            index.remove(entry)
