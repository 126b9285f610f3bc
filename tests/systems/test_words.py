"""The first words of a failure: short, printable, without secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.systems.words import LONGEST, failure, first_words

TOKEN = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", ""),
        (b"An application error has occurred", "An application error has occurred"),
        (b"one\x00two\x1b[31m\r\n\tthree", "one two [31m three"),
        (
            b"<html><head><style>p{}</style></head><body><h1>502</h1> Bad <b>Gateway</b></body></html>",
            "502 Bad Gateway",
        ),
        (b"\xff\xfe broken", "\ufffd\ufffd broken"),
        ("\u202eright to left", "right to left"),
        (f"Authorization: Bearer {TOKEN} was refused", "[removed] [removed] was refused"),
        (f"token {TOKEN}!", "token [removed]"),
        ("access_token=abc&x=1", "[removed]&x=1"),
        ('{"client_secret": "s3cret", "code": 10000}', '{"[removed]", "code": 10000}'),
        ("INVALID_QUERY_FILTER_OPERATOR: 801Hs000000001zIAA", "INVALID_QUERY_FILTER_OPERATOR: 801Hs000000001zIAA"),
    ],
)
def test_first_words(answer: bytes | str, words: str) -> None:
    assert first_words(answer) == words


@given(st.binary(max_size=2000) | st.text(max_size=2000))
def test_they_are_short_and_printable(answer: bytes | str) -> None:
    words = first_words(answer)
    assert len(words) <= LONGEST
    assert words.isprintable()


def test_a_long_answer_is_cut() -> None:
    assert first_words("no " * 1000).endswith("...")


def test_a_failure_names_what_is_known() -> None:
    assert failure("QuickBooks", 500, "10000", "Oops") == "QuickBooks answered with status 500, code 10000: Oops"
    assert failure("Salesforce", 503, "", "") == "Salesforce answered with status 503"
