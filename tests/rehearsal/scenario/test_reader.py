"""What a scenario file may say, and how a slip of the pen is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml_connector.model.errors import WrongUse
from ml_connector.rehearsal.scenario.reader import parse, read

SLIPS = [
    ("[[given]]\ncustomr = 'Acme'", "line 1, [[given]]: 'customr'", "Did you mean customer?"),
    ("[[given]]\ncustomer = 'Acme'\nemial = 'a@b.co'", "'emial' of customer", "Did you mean email?"),
    ("template = 'T9'\n[[when]]\nsync = true", "template must be: one of", "docs/scenarios.md"),
    ("tody = 2026-11-22\n[[when]]\nsync = true", "'tody'", "Did you mean today?"),
    ("[rules]\nclosed_polcy = 'hold'\n[[when]]\nsync = true", "'closed_polcy'", "Did you mean closed_policy?"),
    ("[[when]]\nsettings = { max_line = 3 }", "'max_line'", "Did you mean max_lines?"),
    ("[[given]]\norder = 'o'", "order has no account", "Add it."),
    ("[[given]]\norder = 'o'\naccount = 'A'\nnet = 'much'", "order net must be: amount", ""),
    ("[[given]]\norder = 'o'\naccount = 'A'\nlines = [{ skw = 'X' }]", "order lines 1: 'skw'", "Did you mean sku?"),
    ("[[then]]\njournal_entry = 'x'\nlines = 'Dr 1250'", "journal_entry lines must be", ""),
    ("[[then]]\nhold = 'H-CLOSED'\npresent = 'perhaps'", "present must be: `true` or `false`", ""),
    ("[[when]]\nfault = 'timeout_aftr'", "fault must be: one of", "Did you mean timeout_after?"),
    ("[[when]]\nadvance = 'a while'", "advance must be: length of time", ""),
    ("[[given]]\n", "the entry is empty", ""),
    ("name = 'nothing'", "has no entry", ""),
    ("name = ", "is not TOML", "quotes"),
    ("given = 3", "given must be a list", "[[given]]"),
]


@pytest.mark.parametrize(("text", "sentence", "remedy"), SLIPS, ids=[slip[1] for slip in SLIPS])
def test_a_slip_is_named_with_its_place_and_the_fix(text: str, sentence: str, remedy: str) -> None:
    with pytest.raises(WrongUse) as caught:
        parse(text, "a.toml")
    assert sentence in caught.value.sentence
    assert remedy in caught.value.remedy


def test_entries_are_played_as_they_stand_in_the_file() -> None:
    text = """
[[then]]
holds = 0
[[when]]
sync = true
note = '''
'''
[[given]]
customer = "A"
[[when]]
plan = "p"
[[step]]
holds = 1
"""
    entries = parse(text.replace("note = '''\n'''\n", ""), "a.toml").entries
    assert [entry.verb.name for entry in entries] == ["holds", "sync", "customer", "plan", "holds"]
    assert [entry.where for entry in entries][2] == "a.toml, line 6, [[given]]"


def test_the_first_fitting_key_says_what_an_entry_is() -> None:
    """`customer` and `order` are entries of their own too."""
    text = "[[given]]\ncustomer = 'Acme'\ninvoice = 'INV-1'\norder = 'o'\nnet = '1.00'"
    assert parse(text, "a.toml").entries[0].verb.name == "invoice"


def test_a_header_inside_a_text_is_no_entry() -> None:
    text = '[[given]]\ncustomer = "A"\nfields = { Notes = """\n[[then]]\n""" }\n[[then]]\nholds = 0'
    assert [entry.verb.name for entry in parse(text, "a.toml").entries] == ["customer", "holds"]


def test_json_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"name": "n", "then": [{"holds": 0}], "given": [{"customer": "A"}], "seed": 2}))
    scenario = read(file)
    assert [entry.verb.name for entry in scenario.entries] == ["customer", "holds"]
    assert scenario.top == {"name": "n", "seed": 2}


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WrongUse, match="cannot be read"):
        read(file)
