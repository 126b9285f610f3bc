"""Signatures in the settings: made with the key of the home, for one connection, and worth nothing elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import Rules
from ml_connector.settings import load, settings_file
from ml_connector.signing import Signer
from ml_connector.vault import Vault

NIGHT = datetime(2026, 11, 22, 21, tzinfo=UTC)
ODD_FILE = """\
# ours
[rules]
start_date = 2026-11-01   # go-live
[rules.template] # agreed with Ana
id = "T1"

# accounts
unbilled = "85"

[cadence]
sweep_minutes = 30
"""


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    settings_file(tmp_path).write_text(ODD_FILE, "utf-8")
    return Signer(Vault.create(tmp_path), "acme")


def rules(home: Path) -> Rules:
    return load(home, {}).rules


def edit(home: Path, old: str, new: str) -> None:
    file = settings_file(home)
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_signing_keeps_the_rest_of_the_file(tmp_path: Path, signer: Signer) -> None:
    for _ in range(2):
        signer.sign_template(tmp_path, "ana", NIGHT)
        lines = settings_file(tmp_path).read_text("utf-8").splitlines()
        assert [line for line in lines if not line.startswith("signed")] == ODD_FILE.splitlines()
        assert lines[lines.index('unbilled = "85"') + 1 :][:2] == [
            'signed_off_by = "ana"',
            'signed_off_at = "2026-11-22T21:00:00Z"',
        ]
    assert signer.in_force(rules(tmp_path)).template == rules(tmp_path).template
    assert list(signer.unsigned(rules(tmp_path))) == []


@pytest.mark.parametrize("old", ['"85"', '"T1"', '"ana"', "21:00:00Z"])
def test_a_template_is_signed_as_it_stands_and_by_whom(old: str, tmp_path: Path, signer: Signer) -> None:
    signer.sign_template(tmp_path, "ana", NIGHT)
    edit(tmp_path, old, {'"85"': '"86"', '"T1"': '"T0"', '"ana"': '"bob"', "21:00:00Z": "21:00:01Z"}[old])
    force = signer.in_force(rules(tmp_path))
    assert (force.template, force.template_doubted) == (None, True)
    assert [sentence.partition(" is")[0] for sentence in signer.unsigned(rules(tmp_path))] == ["The posting template"]


def test_a_template_that_nobody_signed_is_not_in_force_and_no_alarm(tmp_path: Path, signer: Signer) -> None:
    force = signer.in_force(rules(tmp_path))
    assert (force.template, force.template_doubted) == (None, False)
    assert list(signer.unsigned(rules(tmp_path))) == []


@pytest.mark.parametrize("mark", ["", "8cda05e204ba186f", "no hexadecimal digits"])
def test_a_signature_of_an_older_version_is_made_anew(mark: str, tmp_path: Path, signer: Signer) -> None:
    edit(tmp_path, 'unbilled = "85"', f'signed_off_by = "ana"\nsigned_hash = "{mark}"')
    assert signer.in_force(rules(tmp_path)).template_doubted
    signer.sign_template(tmp_path, "ana", NIGHT)
    assert not signer.in_force(rules(tmp_path)).template_doubted


def test_a_signature_serves_one_home_and_one_connection(tmp_path: Path, signer: Signer) -> None:
    signer.sign_template(tmp_path, "ana", NIGHT)
    signer.sign_limit(tmp_path, Decimal("250.00"), "ana")
    (tmp_path / "other").mkdir()
    for stranger in (Signer(signer.vault, "another"), Signer(Vault.create(tmp_path / "other"), "acme")):
        force = stranger.in_force(rules(tmp_path))
        assert (force.template, force.auto_approve_limit) == (None, Decimal(0))
        assert len(list(stranger.unsigned(rules(tmp_path)))) == 2


def test_a_limit_is_signed_with_all_rules(tmp_path: Path, signer: Signer) -> None:
    signer.sign_limit(tmp_path, Decimal("250.00"), "ana")
    assert signer.in_force(rules(tmp_path)).auto_approve_limit == Decimal("250.00")
    for old, new in (("250.00", "9999.00"), ("2026-11-01", "2020-01-01"), ('"85"', '"86"'), ('"ana"', '"bob"')):
        edit(tmp_path, old, new)
        assert signer.in_force(rules(tmp_path)).auto_approve_limit == 0, new
        assert "auto_approve_limit" in "".join(signer.unsigned(rules(tmp_path)))
        edit(tmp_path, new, old)
    assert signer.in_force(rules(tmp_path)).auto_approve_limit == Decimal("250.00")


def test_the_limit_does_not_lean_on_the_signature_of_the_template(tmp_path: Path, signer: Signer) -> None:
    """One mark is not good for the other thing."""
    signer.sign_template(tmp_path, "ana", NIGHT)
    template = rules(tmp_path).template
    assert template is not None
    edit(
        tmp_path,
        "[rules]\n",
        '[rules]\nauto_approve_limit = 9\nauto_approve_signed_by = "ana"\n'
        f'auto_approve_signed_hash = "{template.signed_hash}"\n',
    )
    assert signer.in_force(rules(tmp_path)).auto_approve_limit == 0


def test_signatures_outlive_the_key_they_were_made_with(tmp_path: Path, signer: Signer) -> None:
    signer.sign_template(tmp_path, "ana", NIGHT)
    signer.sign_limit(tmp_path, Decimal("250.00"), "ana")
    before = rules(tmp_path)
    signer.vault.new_key()
    signer.sign_anew(tmp_path)
    signer.vault.forget_old([])
    later = Signer(Vault.open_home(tmp_path), "acme")
    assert later.in_force(rules(tmp_path)).template == rules(tmp_path).template
    assert list(later.unsigned(rules(tmp_path))) == []
    assert rules(tmp_path).content() == before.content()


def test_a_strange_signature_is_not_made_good_by_a_new_key(tmp_path: Path, signer: Signer) -> None:
    signer.sign_template(tmp_path, "ana", NIGHT)
    edit(tmp_path, '"85"', '"86"')
    signer.vault.new_key()
    signer.sign_anew(tmp_path)
    assert signer.in_force(rules(tmp_path)).template_doubted


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "No posting template is chosen."),
        ('[rules.template]\nid = "T1"', "No go-live day is set"),
    ],
)
def test_what_cannot_be_signed_off_stays_as_it_is(text: str, sentence: str, tmp_path: Path, signer: Signer) -> None:
    settings_file(tmp_path).write_text(text, "utf-8")
    with pytest.raises(WrongUse, match=sentence):
        signer.sign_template(tmp_path, "ana", NIGHT)
    assert settings_file(tmp_path).read_text("utf-8") == text
