"""Reasons to skip and flags: closed lists with words."""

from __future__ import annotations

import pytest

from ml_connector.flows.parties.pair_fields import OWNERS
from ml_connector.model.flags import Flag
from ml_connector.model.reasons import Reason


@pytest.mark.parametrize("member", [*Reason, *Flag], ids=str)
def test_each_has_a_sentence(member: Reason | Flag) -> None:
    assert member.sentence[:1].isupper()
    assert member.sentence.endswith(".")
    assert type(member)(member.value) is member


@pytest.mark.parametrize("field", OWNERS)
def test_each_shared_field_has_the_flag_of_its_conflict(field: str) -> None:
    assert Flag.conflict(field).value == f"CONFLICT_{field.upper()}"


@pytest.mark.parametrize("field", ["billing_address", "shipping_address", "phone", "website", "email", "first_name"])
def test_each_field_that_may_be_too_long_has_its_flag(field: str) -> None:
    assert Flag.too_long(field).value == f"TOO_LONG_{field.upper()}"
