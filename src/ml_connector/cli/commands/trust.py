"""What is believed: rows that were changed without the key."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ml_connector.cli.text import count, safe

from .acting import UNSAID, By, who
from .common import USUAL, Common, look, show

Row = Annotated[str, Parameter(name="ROW", help="As  ml-connector tampered list  names it, in quotation marks")]
_NEXT = "Next:  ml-connector sync --once"


def tampered_list(*, common: Common = USUAL) -> int:
    """Name every row of the state that was changed without the key; ends with 1 if there is one."""
    common.check()
    from ml_connector.actions.tampered import tampered_rows

    rows = look(common, tampered_rows)
    lines = [f"FAIL  {safe(row)}" for row in rows]
    if rows:
        lines += [
            f"{count(len(rows), 'row')} changed without the key. Nothing is done because of them, nothing is posted.",
            "Find out who writes the database. Then put the state back from a backup, or decide on each row:",
            "ml-connector tampered accept ROW  (it is right as it stands)  or  ml-connector tampered drop ROW",
        ]
    else:
        lines = ["ok    Every row that leads to a write is as it was put there.", "Next:  ml-connector status"]
    show(common, "tampered", {"rows": rows}, lambda _: lines)
    return int(bool(rows))


def tampered_accept(row: Row, /, *, by: By = UNSAID, common: Common = USUAL) -> int:
    """Say that a row is right as it stands."""
    common.check()
    from ml_connector.actions.tampered import accept_row

    actor = who(common, by, "tampered accept")
    look(common, lambda app: accept_row(app, row, actor))
    show(common, "tampered", {"accepted": row}, lambda _: [f"Row {safe(row)} is believed as it stands.", _NEXT])
    return 0


def tampered_drop(row: Row, /, *, by: By = UNSAID, common: Common = USUAL) -> int:
    """Say that a row does not belong there; what depended on it is decided anew."""
    common.check()
    from ml_connector.actions.tampered import drop_row

    actor = who(common, by, "tampered drop")
    look(common, lambda app: drop_row(app, row, actor))
    show(common, "tampered", {"dropped": row}, lambda _: [f"Row {safe(row)} is gone.", _NEXT])
    return 0
