from __future__ import annotations

import pytest

from .orgs import TestOrg


@pytest.fixture
def org() -> TestOrg:
    return TestOrg()
