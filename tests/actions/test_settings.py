"""What a door can learn of the settings, and write to them, without reading them itself."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ml_connector.actions.init import init
from ml_connector.actions.settings import check_settings, set_up, settings_of, zone_of
from ml_connector.model.errors import WrongUse
from ml_connector.settings import change_settings


def test_a_side_is_known_once_it_is_set_up(tmp_path: Path) -> None:
    init(tmp_path)
    assert settings_of(tmp_path, "quickbooks") == {}
    set_up(tmp_path, "quickbooks", {"environment": "sandbox", "client_id": "ABx"})
    known = settings_of(tmp_path, "quickbooks")
    assert (known["environment"], known["client_id"], known["realm_id"]) == ("sandbox", "ABx", "")
    assert settings_of(tmp_path, "salesforce") == {}


def test_the_zone_is_the_companys(tmp_path: Path) -> None:
    init(tmp_path)
    change_settings(tmp_path, "rules", {"time_zone": "Europe/Berlin"})
    assert zone_of(tmp_path) == ZoneInfo("Europe/Berlin")


def test_what_is_wrong_is_told_with_its_key(tmp_path: Path) -> None:
    file = init(tmp_path)
    check_settings(tmp_path)
    file.write_text("[rules]\ntime_zon = 'Europe/Berlin'\n")
    with pytest.raises(WrongUse, match="time_zon"):
        check_settings(tmp_path)


def test_a_line_that_is_not_the_emulators_makes_no_home(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="not the line that the emulators print"):
        init(tmp_path, {"quickbooks": {}})
    assert not (tmp_path / "settings.toml").exists()
