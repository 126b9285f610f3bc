"""What fails for one order holds that one; what nobody foresaw is named."""

from __future__ import annotations

import pytest

from ml_connector.model.errors import BadAnswer
from ml_connector.model.held import Held
from ml_connector.systems.salesforce.records import SObject
from ml_connector.tieout.judgement import Judgement

ORDER = SObject("Order", "801", {})


def failing(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (Held(code="H-TAX"), {}),
        (BadAnswer("It is so.", "Again."), {}),
        (KeyError("x"), {"801": "UNEXPECTED (KeyError)"}),
        (RecursionError(), {"801": "UNEXPECTED (RecursionError)"}),
    ],
)
def test_what_fails_says_nothing(error: Exception, named: dict[str, str]) -> None:
    judgement = Judgement()
    assert judgement.of(ORDER, lambda: failing(error)) is None
    assert judgement.unforeseen == named


def test_nothing_more_is_asked_about_an_order_that_nobody_can_judge() -> None:
    judgement = Judgement()
    judgement.of(ORDER, lambda: failing(KeyError("x")))
    assert judgement.of(ORDER, lambda: 7) is None
    assert judgement.of(SObject("Order", "802", {}), lambda: 7) == 7
