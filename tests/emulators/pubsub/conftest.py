from __future__ import annotations

import pytest

from .event_org import EventOrg


@pytest.fixture
def org() -> EventOrg:
    return EventOrg()
