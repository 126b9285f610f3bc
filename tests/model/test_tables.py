"""Long tables kept small."""

from __future__ import annotations

from ml_connector.model.tables import Table


def numbers(*values: int) -> Table[int]:
    return Table([str(value).encode() for value in values], int)


def test_rows_are_opened_when_they_are_looked_at() -> None:
    opened: list[bytes] = []

    def number(row: bytes) -> int:
        opened.append(row)
        return int(row)

    table = Table([b"7", b"8", b"9"], number)
    assert (len(table), opened) == (3, [])
    assert (table[1], opened) == (8, [b"8"])
    assert list(table) == [7, 8, 9]


def test_what_is_worked_out_of_a_table_is_worked_out_once_under_a_name() -> None:
    table, asked = numbers(1, 2), []

    def total(rows: Table[int]) -> int:
        asked.append(rows)
        return sum(rows)

    assert [table.once("total", total), table.once("total", total), table.once("again", total)] == [3, 3, 3]
    assert len(asked) == 2
    assert table not in asked


def test_the_digest_moves_with_a_row_and_not_with_the_order() -> None:
    assert numbers(1, 2).digest == numbers(2, 1).digest != numbers(1, 3).digest
