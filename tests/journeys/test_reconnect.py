"""A sign-in that was withdrawn stops the connection loudly, keeps every knock, and resumes after `connect` (P6)."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import IO

from .rig import MAIN, Servers, command, environment, servers

SYNC = ("sync", "--once", "--json")


class _Stay(urllib.request.HTTPRedirectHandler):
    """A browser that shows where it was sent to, without going there."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def consent(url: str) -> str:
    """The address at which the browser ends after somebody agreed."""
    try:
        urllib.request.build_opener(_Stay).open(url, timeout=30)
    except urllib.error.HTTPError as answer:
        with answer:
            return str(answer.headers["location"])
    raise AssertionError("the sign-in page did not send the browser back")


def connect_by_hand(vendors: Servers, home: Path) -> int:
    """`connect quickbooks` as a person does it: read the page's address, agree there, copy the address back."""
    person, terminal = pty.openpty()
    secret = {"MLC_QUICKBOOKS_CLIENT_SECRET": vendors.line["quickbooks"]["client_secret"]}
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "connect", "quickbooks", "--home", str(home)],
        env=environment(secret),
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    seen = ""
    while not (page := re.search(r"(http://127\S+authorize\S*|http://127\S+/oauth2\S*)\s", seen)):
        seen += os.read(person, 4096).decode()
    while "address here" not in seen:
        seen += os.read(person, 4096).decode()
    os.write(person, f"{consent(page[1])}\n".encode())
    status = process.wait(timeout=60)
    os.close(person)
    return status


def test_withdrawn_and_connected_again(tmp_path: Path) -> None:
    home, line = tmp_path / "home", tmp_path / "line.json"
    with servers("--scenario", "tiny") as vendors:
        line.write_text(json.dumps(vendors.line))
        assert command("init", "--emulators", str(line), home=home).status == 0
        assert command("backfill", home=home).status == 0
        waiting = command("status", "--json", home=home).document["waiting"]
        assert sum(waiting.values()) > 10

        vendors.fault("revoke_token", vendor="quickbooks", path="/v3/", count=1)
        for _ in range(2):
            stopped = command(*SYNC, home=home)
            assert (stopped.status, stopped.out) == (3, ""), stopped
            assert stopped.error["kind"] == "SignInNeeded"
            assert "expired or was withdrawn" in stopped.error["sentence"]
            assert "ml-connector connect quickbooks" in stopped.error["remedy"]
        assert command("status", "--json", home=home).document["waiting"] == waiting

        assert connect_by_hand(vendors, home) == 0
        went_on = command(*SYNC, home=home)
        assert went_on.status == 0, went_on
        assert went_on.document["written"] > 0
        assert command("status", "--json", home=home).document["waiting"] == {}
        assert vendors.records("salesforce", "OpportunityContactRole")


def test_from_a_secret_to_a_certificate_and_to_a_new_secret(tmp_path: Path) -> None:
    home, line = tmp_path / "home", tmp_path / "line.json"
    with servers("--scenario", "tiny") as vendors:
        line.write_text(json.dumps(vendors.line))
        assert command("init", "--emulators", str(line), home=home).status == 0
        jwt = ("connect", "salesforce", "--jwt", "--json")
        user = {"MLC_SALESFORCE_USERNAME": vendors.line["salesforce"]["username"]}
        made = command(*jwt, home=home, env=user)
        assert made.status == 0, made
        assert made.document["taken"] is False
        upload(vendors, Path(made.document["certificate"]))
        vendors.switch("salesforce", client_credentials_enabled=False)
        assert command(*jwt, home=home).document["complete"]
        assert command("status", "--json", home=home).document["lives"][1]["by"] == "certificate"
        assert command(*SYNC, home=home).status == 0

        vendors.switch("salesforce", client_credentials_enabled=True)
        for system in ("quickbooks", "salesforce"):
            vendors.switch(system, staged_secret="second")
            secret = {f"MLC_{system.upper()}_CLIENT_SECRET": "second"}
            renewed = command("connect", system, "--new-secret", "--json", home=home, env=secret)
            assert (renewed.status, renewed.document["taken"]) == (0, True), renewed
            vendors.switch(system, first_secret_taken=False)
        assert command(*SYNC, home=home).status == 0
        text = command("status", home=home).out
        assert "QuickBooks, by consent since" in text
        assert "Salesforce, by secret since" in text


def upload(vendors: Servers, file: Path) -> None:
    """What an administrator does with the certificate."""
    operation = {"system": "salesforce", "op": "register_certificate", "body": {"certificate": file.read_text()}}
    vendors.ask("POST", "/seed", {"operations": [operation]})
