"""The web door on a real socket, over a home that is connected to emulators of another process."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
import requests

from journeys.rig import Servers, command, servers
from ml_connector.web.server import Door, Told, opened

PASSWORD = "a few words that nobody guesses"


class Pages(NamedTuple):
    """The door, the home behind it, the vendors, and the connections that were told of arrivals."""

    door: Door
    home: Path
    vendors: Servers
    arrived: list[Collection[str]]
    tokens: dict[str, str]

    @property
    def url(self) -> str:
        return self.door.address

    def visitor(self, person: str = "") -> requests.Session:
        """A browser, of somebody who has signed in if a person is named."""
        browser = requests.Session()
        browser.trust_env = False
        if person:
            form = {"name": person, "secret": self.tokens[person], "next": "/"}
            assert browser.post(f"{self.url}/login", form, timeout=30).status_code == 200
        return browser

    def csrf(self, browser: requests.Session) -> str:
        text = browser.get(f"{self.url}/connect", timeout=30).text
        return text.partition('name="csrf" value="')[2].partition('"')[0]


@pytest.fixture(scope="module")
def vendors() -> Iterator[Servers]:
    with servers("--scenario", "tiny") as found:
        yield found


def connected(vendors: Servers, folder: Path) -> Path:
    line, home = folder / "emulators.json", folder / "home"
    line.write_bytes(msgspec.json.encode(vendors.line))
    assert command("init", "--emulators", str(line), home=home).status == 0
    return home


@pytest.fixture(scope="module")
def rehearsal(vendors: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Nobody is known: who reads the terminal may come in once."""
    home = connected(vendors, tmp_path_factory.mktemp("rehearsal"))
    arrived: list[Collection[str]] = []
    with opened(home, "127.0.0.1", 0, Told(arrived.append)) as door:
        yield Pages(door, home, vendors, arrived, {})


@pytest.fixture(scope="module")
def pages(vendors: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Two people are known, and must prove who they are."""
    folder = tmp_path_factory.mktemp("company")
    home = connected(vendors, folder)
    arrived: list[Collection[str]] = []
    tokens: dict[str, str] = {}
    for name, role in (("ana", "admin"), ("ben", "approver")):
        by = ["--token-file", str(folder / "ana")] if tokens else []
        made = command("people", "add", name, "--role", role, "--to", str(folder / name), *by, home=home)
        assert made.status == 0, made.err
        tokens[name] = (folder / name).read_text().strip()
    with opened(home, "127.0.0.1", 0, Told(arrived.append)) as door:
        yield Pages(door, home, vendors, arrived, tokens)
