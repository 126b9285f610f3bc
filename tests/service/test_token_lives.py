"""How long sign-ins live is told months ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ml_connector.actions.status import current_status
from ml_connector.custody import SealedTokens
from ml_connector.service.token_lives import FIVE_YEARS, TokenLife, token_lives
from support.world import Installation

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        ({"consent_until": NOON + 91 * DAY}, []),
        ({"consent_until": NOON + 90 * DAY}, [("warn", "connect quickbooks")]),
        ({"consent_until": NOON + 14 * DAY}, [("FAIL", "connect quickbooks")]),
        ({"consent_until": NOON - DAY}, [("FAIL", "connect quickbooks")]),
        ({"refresh_until": NOON + 31 * DAY}, []),
        ({"refresh_until": NOON + 30 * DAY}, [("warn", "sync --once")]),
        ({"certificate_until": NOON + 61 * DAY}, []),
        ({"certificate_until": NOON + 60 * DAY}, [("warn", "connect salesforce --jwt --new-key")]),
        ({"certificate_until": NOON + 14 * DAY}, [("FAIL", "connect salesforce --jwt --new-key")]),
        ({"staged": True}, [("warn", "connect quickbooks --new-secret")]),
        ({"staged": True, "system": "salesforce", "by": "certificate"}, [("warn", "connect salesforce --jwt")]),
    ],
)
def test_what_ends_is_told_in_time(life: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    warned = TokenLife(**{"system": "quickbooks", **life}).warned(NOON)
    assert [(item.level, item.command) for item in warned] == expected


async def test_both_sides_are_in_the_status(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    await home.app.quickbooks.sign_in_anew()
    await home.app.salesforce.session()
    quickbooks, salesforce = current_status(home.app).lives
    now = home.clock.now()
    assert (quickbooks.by, quickbooks.renewed_at) == ("consent", now)
    assert quickbooks.access_until == now + timedelta(hours=1)
    assert quickbooks.refresh_until == now + 100 * DAY
    assert quickbooks.consent_until is not None
    assert now + 1800 * DAY < quickbooks.consent_until <= now + FIVE_YEARS
    assert (salesforce.by, salesforce.connected_since, salesforce.renewed_at) == ("secret", now, now)

    home.clock.advance(75 * DAY)
    (warned,) = [item for item in current_status(home.app).undone() if "Nothing renews" in item.sentence]
    assert (warned.level, warned.command) == ("warn", "sync --once")
    assert f"{now + 100 * DAY:%Y-%m-%d}" in warned.sentence


def test_the_five_years_are_counted_where_the_vendor_does_not_say(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    assert home.settings.quickbooks is not None
    kept = SealedTokens(home.custody("quickbooks"), home.settings.quickbooks.realm_id)
    tokens = kept.load()
    assert tokens is not None
    kept.store(msgspec.structs.replace(tokens, connected_at=NOON, hard_expires_at=None))
    assert token_lives(home.app)[0].consent_until == NOON + FIVE_YEARS


def test_what_does_not_open_is_left_blank(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    assert home.settings.quickbooks is not None
    owner = f"quickbooks:{home.settings.quickbooks.realm_id}"
    home.store.put_sealed(owner, "tokens", b"damaged", home.clock.now())
    assert token_lives(home.app)[0] == TokenLife(system="quickbooks")
