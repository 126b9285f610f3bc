"""What the doctor finds of stages and roles that the settings name and the org does not have (accounting-rules D.3)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from ml_connector.actions.doctor import choice_findings
from ml_connector.model.reading import Reference
from ml_connector.model.rules import Rules

PIPELINE = ("Invoiced", "Partially Paid", "Past Due", "Closed Won", "Closed Lost")
RULES = Rules(realm_id="1", org_id="00D")


def app(rules: Rules, stages: tuple[str, ...], roles: tuple[str, ...]) -> Any:
    tables: dict[str, Any] = {"stages": dict.fromkeys(stages), "contact_roles": roles}

    async def reference(name: str) -> Reference:
        return Reference(tables[name], "1")

    return SimpleNamespace(rules=rules, salesforce=SimpleNamespace(reference=reference))


@pytest.mark.parametrize("missing", ["", *PIPELINE])
@pytest.mark.parametrize("preset", ["won", "pipeline"])
@pytest.mark.parametrize("called", [{}, {"Past Due": "Overdue", "Closed Lost": "Verloren"}])
async def test_a_missing_stage_fails_by_its_name_in_the_org(preset: str, missing: str, called: dict[str, str]) -> None:
    rules = msgspec.structs.replace(RULES, stage_preset=preset, stage_names=called)
    there = tuple(called.get(name, name) for name in PIPELINE if name != missing)
    findings = await choice_findings(app(rules, there, ("Other",)))
    used = ("Closed Won", "Closed Lost") if preset == "won" else PIPELINE
    failed = [finding for finding in findings if finding.level == "FAIL"]
    if missing not in used:
        assert ([finding.level for finding in findings], failed) == (["ok"], [])
        return
    (finding,) = failed
    assert called.get(missing, missing) in finding.sentence
    assert "stage_names" in finding.remedy
    assert all(name in finding.remedy for name in there)


@pytest.mark.parametrize(
    ("role", "roles", "instead"),
    [
        ("Billing", ("Billing", "Other"), ""),
        ("Billing", ("Decision Maker", "Other"), "Other is used instead"),
        ("Billing", ("Decision Maker",), "without a role"),
        ("Billing", (), "without a role"),
    ],
)
async def test_a_missing_role_warns_and_says_what_is_used_instead(
    role: str, roles: tuple[str, ...], instead: str
) -> None:
    rules = msgspec.structs.replace(RULES, contact_role=role)
    (finding,) = await choice_findings(app(rules, PIPELINE, roles))
    assert finding.level == ("warn" if instead else "ok")
    assert instead in finding.sentence
    assert (role in finding.sentence) is bool(instead)
