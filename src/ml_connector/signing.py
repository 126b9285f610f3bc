"""Signatures in the settings: what decides where money goes counts only as it was signed with the key of the home.

Two things do: the posting template, and the limit up to which entries go out without a click. The limit is signed
together with all of `[rules]`, since each of them may decide what such an entry posts; all other entries are seen by a
person, as they will be posted, whatever the rules are. Whoever edits the file or sets a variable, without the key,
gets a template that posts nothing and a limit that counts as 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import Rules, Template
from ml_connector.settings import change_settings, load
from ml_connector.vault import Vault

_encode = msgspec.msgpack.Encoder().encode


class Signer(msgspec.Struct, frozen=True):
    """Signs the settings of one connection, and knows its own signatures. `name` is what its settings are called."""

    vault: Vault
    connection: str
    name: str = ""

    def in_force(self, rules: Rules) -> Rules:
        """The rules with a template and a limit only where they are signed as they stand (accounting-rules 0.4)."""
        force = {} if self.limit_signed(rules) else {"auto_approve_limit": Decimal("0.00")}
        template = rules.template
        if template is None or self.template_signed(template):
            return msgspec.structs.replace(rules, **force)
        doubted = bool(template.signed_off_by)
        return msgspec.structs.replace(rules, **force, template=None, template_doubted=doubted)

    def unsigned(self, rules: Rules) -> Iterator[str]:
        """In words, what is not signed as it stands and therefore does not count."""
        template = rules.template
        if template is not None and template.signed_off_by and not self.template_signed(template):
            yield "The posting template is not signed as it stands: no order is posted."
        if rules.auto_approve_limit > 0 and not self.limit_signed(rules):
            yield "auto_approve_limit is not signed with the rules as they stand: it counts as 0.00."

    def template_signed(self, template: Template) -> bool:
        """Whether somebody with the key signed exactly this template, in that name and at that time."""
        return bool(template.signed_off_by) and self._fits(_of_template(template), template.signed_hash)

    def limit_signed(self, rules: Rules) -> bool:
        """Whether somebody with the key signed this limit together with exactly these rules."""
        return bool(rules.auto_approve_signed_by) and self._fits(_of_limit(rules), rules.auto_approve_signed_hash)

    def sign_template(self, home: Path, by: str, at: datetime) -> None:
        """Note in the file who signed the posting template off, and when (UTC). Needs a template and a go-live day."""
        rules = load(home, {}, self.name).rules
        if rules.template is None:
            raise WrongUse(
                "No posting template is chosen.", 'Add a table [rules.template] with  id = "T1"  to settings.toml.'
            )
        if rules.start_date is None:
            raise WrongUse(
                "No go-live day is set, so nobody knows which orders are already in the books.",
                "Set start_date in [rules] of settings.toml, then sign off again.",
            )
        instant = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._put_template(home, msgspec.structs.replace(rules.template, signed_off_by=by, signed_off_at=instant))

    def sign_limit(self, home: Path, limit: Decimal, by: str) -> Rules:
        """Set the limit and sign it with the rules as they stand in the file, which are given back."""
        change_settings(home, "rules", {"auto_approve_limit": limit}, self.name)
        rules = msgspec.structs.replace(load(home, {}, self.name).rules, auto_approve_signed_by=by)
        self._put_limit(home, rules)
        return rules

    def sign_anew(self, home: Path) -> None:
        """The same signatures under the key in use. What does not fit stays as it is."""
        rules = load(home, {}, self.name).rules
        if rules.template is not None and self.template_signed(rules.template):
            self._put_template(home, rules.template)
        if self.limit_signed(rules):
            self._put_limit(home, rules)

    def _put_template(self, home: Path, template: Template) -> None:
        signature = {"signed_off_by": template.signed_off_by, "signed_off_at": template.signed_off_at}
        signature["signed_hash"] = self._mark(_of_template(template))
        change_settings(home, "rules.template", signature, self.name)

    def _put_limit(self, home: Path, rules: Rules) -> None:
        mark = self._mark(_of_limit(rules))
        signature = {"auto_approve_signed_by": rules.auto_approve_signed_by, "auto_approve_signed_hash": mark}
        change_settings(home, "rules", signature, self.name)

    def _mark(self, content: tuple[Any, ...]) -> str:
        return self.vault.marks([_encode((self.connection, *content))])[0].hex()

    def _fits(self, content: tuple[Any, ...], mark: str) -> bool:
        try:
            return self.vault.fits(_encode((self.connection, *content)), bytes.fromhex(mark))
        except ValueError:
            return False


def _of_template(template: Template) -> tuple[Any, ...]:
    return "template", template.content(), template.signed_off_by, template.signed_off_at


def _of_limit(rules: Rules) -> tuple[Any, ...]:
    return "auto_approve_limit", rules.content(), rules.auto_approve_signed_by
