"""A wrong expectation fails, trouble is a failed check, and the command prints the document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.progress import quiet
from ml_connector.rehearsal.scenario import run

from .in_process import in_process

STORY = """
[[given]]
business = "Acme Inc."
[[given]]
order = "o1"
account = "Acme Inc."
department = "East"
class = "SaaS"
net = "500.00"
[[given]]
order = "o2"
account = "Acme Inc."
department = "Ops"
class = "SaaS"
net = "70.00"
[[given]]
invoice = "INV-1"
customer = "Acme Inc."
net = "30.00"
[[when]]
approve_and_apply = true
"""
MAIN = "import sys; from ml_connector.cli.entry import main; sys.exit(main())"
ORDER = "[[given]]\naccount = 'A'\n[[given]]\norder = 'o'\naccount = 'A'"
RIGHT_AND_WRONG = [
    ("journal_entry = true\norder = 'o1'", "date = 2026-11-22", "date = 2026-11-23"),
    ("journal_entry = true\norder = 'o1'", "currency = 'USD'", "currency = 'EUR'"),
    ("journal_entry = true\norder = 'o1'", "total = '500.00'", "total = '500.01'"),
    ("journal_entry = true\norder = 'o1'", "customer = 'Acme Inc.'", "customer = 'Other'"),
    ("journal_entry = true\norder = 'o1'", "note = { k = 'O' }", "note = { k = 'C' }"),
    ("journal_entry = true\norder = 'o1'", "note_says = 'mlc1'", "note_says = 'mlc2'"),
    ("journal_entry = true\norder = 'o1'", "present = true", "present = false"),
    ("journal_entry = true\norder = 'o2'", "present = false", "present = true"),
    ("journal_entry = true\norder = 'o1'", "lines = 'Dr 1250 500; Cr 2450 500'", "lines = 'Dr 1250 500; Cr 4000 500'"),
    ("journal_entries = 1", "by = 'connector'", "by = 'hand'"),
    ("holds = 1", "code = 'H-DIM-AMBIGUOUS'", "code = 'H-CLOSED'"),
    ("hold = 'H-DIM-AMBIGUOUS'\nof = 'o2'", "amount = '70.00'", "amount = '70.01'"),
    ("hold = 'H-DIM-AMBIGUOUS'\nof = 'o2'", "facts = { text = 'Ops' }", "facts = { text = 'Oops' }"),
    ("hold = 'H-DIM-AMBIGUOUS'", "of = 'o2'", "of = 'o1'"),
    ("hold = 'H-DIM-AMBIGUOUS'\nof = 'o2'", "says = 'east:ops'", "says = 'East:Boston'"),
    ("balance = '2450'", "amount = '500.00'", "amount = '500.01'"),
    ("balance = '1250'\namount = '500.00'", "department = 'East'", "department = 'West'"),
    ("balance = 'revenue'\namount = '30.00'", "to = 2026-11-22", "to = 2026-11-21"),
    ("quickbooks = 'Customer'", "count = 1", "count = 2"),
    ("salesforce = 'Order'\nof = 'o1'", "fields = { TotalAmount = '500' }", "fields = { TotalAmount = '501' }"),
    ("salesforce = 'Order'", "where = { TotalAmount = { at_least = '100' } }", "where = { Status = 'Draft' }"),
    ("requests = 1\npath = '/journalentry'", "method = 'POST'", "method = 'GET'"),
    ("requests = 0\nat_least = 3", "vendor = 'quickbooks'", "path = 'nowhere'"),
    ("link = 'account'\nfrom = 'Acme Inc.'", "present = true", "present = false"),
    ("link = 'opportunity'", "from = 'INV-1'", "from = 'Acme Inc.'"),
    ("outcome = 'H-DIM-AMBIGUOUS'", "of = 'o2'", "of = 'o1'"),
    ("tie_out = 'agrees'\nreport = 'R1'", "quickbooks = '30.00'", "quickbooks = '31.00'"),
    ("written = 0", "at_least = 1", "at_most = 1"),
    ("planned = 1", "what = 'holds'", "what = 'writes'"),
    ("planned_hold = 'H-DIM-AMBIGUOUS'", "of = 'o2'", "of = 'o1'"),
    ("equal = '${o1.OrderNumber}'", "to = '00000001'", "to = '00000002'"),
    ("open_writes = 0", "", "title = 'x'"),
    ("waiting = 0", "", "title = 'x'"),
]


async def _checks(text: str, folder: Path) -> list[dict[str, Any]]:
    file = folder / "story.toml"
    file.write_text(text)
    document = await run(file, quiet, in_process)
    assert document["passed"] == all(check["ok"] for check in document["checks"])
    checks: list[dict[str, Any]] = document["checks"]
    return checks


async def test_each_check_tells_right_from_wrong(tmp_path: Path) -> None:
    good = [f"[[then]]\n{head}\n{right}" for head, right, _ in RIGHT_AND_WRONG if right]
    bad = [f"[[then]]\n{head}\n{wrong}" for head, _, wrong in RIGHT_AND_WRONG if wrong and "title" not in wrong]
    checks = await _checks("\n".join([STORY, *good, *bad]), tmp_path)
    assert [check for check in checks[: len(good)] if not check["ok"]] == []
    assert [check for check in checks[len(good) :] if check["ok"]] == []
    assert all(check["expected"] and check["actual"] for check in checks)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("[[given]]\norder = 'o'\naccount = 'Nobody'\nnet = '1.00'", "There is no account named 'Nobody'"),
        ("[[given]]\ncustomer = 'A'\n[[given]]\ncustomer = 'A'", "refuses to create Customer: Duplicate Name"),
        ("[[given]]\ncustomer = 'A'\nat = 2027-01-01", "is after the present"),
        (ORDER + "\nnet = '1.00'\ntotal = '2.00'", "not to 2"),
        ("[[given]]\ncustomer = 'A'\nparent = '${B}'", "There is no record named 'B'"),
        ("[[when]]\napply = true", "There is no plan"),
        ("[rules]\nshipping_account = '9999'\n[[when]]\nsync = true", "There is no gl_account named '9999'"),
        ("[[given]]\nbusiness = 'A'\n[[given]]\ndelete = 'A'", "names more than one record"),
        ("[[when]]\nsync = true\n[[given]]\ncustomer = 'A'\nat = 2026-11-01", "already asked what changed"),
        (ORDER + "\nlines = [{ quantity = '3', net = '10.00' }]",
         "cannot make 10.00"),
    ],
)  # fmt: skip
async def test_trouble_ends_the_play_as_a_failed_check(entry: str, words: str, tmp_path: Path) -> None:
    checks = await _checks(f"{entry}\n[[then]]\nholds = 0", tmp_path)
    assert words in checks[0]["actual"]
    assert (checks[1]["ok"], checks[1]["actual"]) == (False, "not reached")


async def test_trouble_that_is_expected_is_a_check(tmp_path: Path) -> None:
    text = "[[when]]\napply = true\nexpect_error = 'no plan'\n[[when]]\nsync = true\nexpect_error = 'stopped'"
    checks = await _checks(text, tmp_path)
    assert [check["ok"] for check in checks] == [True, False]
    assert checks[1]["actual"] == "no error"


async def test_a_slip_in_a_check_fails_only_that_check(tmp_path: Path) -> None:
    text = "[[then]]\nrequests = 0\npath = '('\n[[then]]\nholds = 0\nof = 'nobody'\n[[then]]\nholds = 0"
    assert [check["ok"] for check in await _checks(text, tmp_path)] == [False, False, True]


async def test_the_connector_is_stopped_started_and_set_anew(tmp_path: Path) -> None:
    text = """
[[given]]
business = "A"
[[when]]
stop = "month end"
[[when]]
sync = true
expect_error = "Writes are stopped"
[[when]]
restart = true
[[when]]
resume = true
[[when]]
settings = { template = "T0" }
[[given]]
order = "o"
account = "A"
net = "5.00"
[[when]]
approve_and_apply = true
[[then]]
outcome = "no_template"
of = "o"
"""
    assert [check["ok"] for check in await _checks(text, tmp_path)] == [True, True]


def test_the_command_prints_one_document_and_tells_by_its_status(tmp_path: Path) -> None:
    """With real sockets, as other people run it."""
    file = tmp_path / "story.toml"
    file.write_text(STORY + "[[then]]\njournal_entries = 1\n[[then]]\nholds = 7\n")
    command = [sys.executable, "-c", MAIN, "scenario", "run", str(file), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    document = json.loads(done.stdout)
    assert [(check["name"], check["ok"]) for check in document["checks"]] == [
        ("journal entries 1", True),
        ("holds 7", False),
    ]
    assert (document["passed"], done.returncode) == (False, 1)


async def test_the_tiny_company_is_posted_as_it_is(tmp_path: Path) -> None:
    text = (
        "base = 'tiny'\ntoday = 2026-11-20\nrules = { shipping_account = '4000' }\n[[when]]\napprove_and_apply = true\n"
    )
    then = (
        "[[then]]\njournal_entries = 3\n[[then]]\ntie_out = 'agrees'\n[[then]]\nlink = 'account'\nfrom = 'Zephyr Media'"
    )
    assert [check["ok"] for check in await _checks(text + then, tmp_path)] == [True, True, True]
