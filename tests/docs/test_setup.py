"""What docs/setup-quickbooks.md says about the redirect URI, at the command it is about."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from docs.pages import text_of
from ml_connector.actions import connect
from ml_connector.actions.open import open_home
from ml_connector.model.errors import WrongUse
from ml_connector.settings import load_text, write_settings

PRODUCTION = {"environment": "production", "client_id": "ABx"}
HTTPS = "https://books.example.com/callback"


async def _asked_for(home: Path, values: dict[str, str]) -> str:
    write_settings(home, {"quickbooks": values})
    async with open_home(home) as opened:
        connect.seal_client_secret(opened, "quickbooks", "s3cret")
        url, _ = connect.authorize_url(opened)
    return parse_qs(urlsplit(url).query)["redirect_uri"][0]


@pytest.mark.parametrize(
    ("values", "uri"),
    [
        ({"environment": "sandbox", "client_id": "ABx"}, connect.REDIRECT),
        ({"environment": "sandbox", "client_id": "ABx", "redirect_uri": HTTPS}, HTTPS),
        ({**PRODUCTION, "redirect_uri": HTTPS}, HTTPS),
    ],
)
async def test_the_redirect_uri_is_the_registered_one(tmp_path: Path, values: dict[str, str], uri: str) -> None:
    assert await _asked_for(tmp_path, values) == uri
    assert f"`{uri}`" in text_of("setup-quickbooks.md")


async def test_production_keys_need_an_https_address(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="Set redirect_uri in"):
        await _asked_for(tmp_path, PRODUCTION)
    with pytest.raises(WrongUse, match="production keys take https only"):
        load_text('[quickbooks]\nenvironment = "production"\nredirect_uri = "http://localhost:1/x"\n', tmp_path, {})
