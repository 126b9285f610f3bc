"""People: who may act, and by what they prove it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ml_connector.cli.render_people import people_lines
from ml_connector.cli.text import safe
from ml_connector.model.errors import NotProved

from .acting import UNSAID, By, chosen_password, who
from .common import USUAL, Common, look, show

if TYPE_CHECKING:
    from ml_connector.model.people import Person

Name = Annotated[str, Parameter(name="NAME", help="a-z, 0-9, dot and hyphen, for example ana")]
To = Annotated[Path | None, Parameter(help="Write the token to this new file, for a machine, and do not show it")]


def people_add(
    name: Name,
    /,
    *,
    role: Annotated[tuple[str, ...], Parameter(help="preparer, approver or admin; once for each")] = (),
    to: To = None,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Add a person or a machine. The first, an admin, by whoever holds the home; later ones by an admin.

    The token that is shown lets a person choose a password; a machine acts by it.
    """
    common.check()
    from ml_connector.actions.people import add_person

    actor = _who_adds(common, by)
    token = look(common, lambda app: add_person(app, actor, name, role, to))
    lines = [f"{safe(name)} may act here: {', '.join(role)}.", *_token_lines(token.reveal(), to)]
    document = {"name": name, "roles": role, "token": "" if to else token.reveal(), "file": str(to or "")}
    show(common, "person", document, lambda _: [*lines, f"Next:  ml-connector people password --as {safe(name)}"])
    return 0


def _who_adds(common: Common, by: By) -> Person:
    """Nobody can have proved anything before the first person is added."""
    from ml_connector.actions.acting import knows_people, os_user

    first = by == UNSAID and not look(common, knows_people)
    return os_user() if first else who(common, by, "people add")


def _token_lines(token: str, to: Path | None) -> list[str]:
    if to is not None:
        return [f"The token is in {safe(to)}, for  --token-file"]
    told = "It is shown this once. A person chooses a password with it; a machine keeps it in a file."
    return [f"token  {token}", told]


def people_list(*, common: Common = USUAL) -> int:
    """Everybody who may act, or might once; ends with 1 if a row was changed without the key."""
    common.check()
    from ml_connector.actions.people import people

    views = look(common, people)
    show(common, "people", views, lambda width: people_lines(views, width, common.zone))
    return int(any(not view.proved for view in views))


def people_end(name: Name, /, *, by: By = UNSAID, common: Common = USUAL) -> int:
    """End somebody's part: password and token are gone, and the name is not given again."""
    common.check()
    from ml_connector.actions.people import end_person

    actor = who(common, by, "people end")
    look(common, lambda app: end_person(app, actor, name))
    lines = [f"{safe(name)} may no longer act here.", "Next:  ml-connector people list"]
    show(common, "person", {"name": name, "ended": True}, lambda _: lines)
    return 0


def people_password(*, by: By = UNSAID, common: Common = USUAL) -> int:
    """Choose your own password, with the one you had or the token of your invitation, which then ends."""
    common.check()
    from ml_connector.actions.people import set_password

    actor = _oneself(common, by)
    password = chosen_password()
    look(common, lambda app: set_password(app, actor, password))
    done = f"The password of {safe(actor.name)} is set; a token of before is no longer good."
    lines = [done, "Next:  ml-connector status"]
    show(common, "person", {"name": actor.name, "password": True}, lambda _: lines)
    return 0


def people_token(
    name: Annotated[str, Parameter(name="NAME", help="Whose; your own if left out")] = "",
    /,
    *,
    to: To = None,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Make a new token in place of the one before: your own, or as an admin another's, whose password then ends."""
    common.check()
    from ml_connector.actions.people import make_token

    actor = who(common, by, "people token") if name else _oneself(common, by)
    owner = name or actor.name
    token = look(common, lambda app: make_token(app, actor, owner, to))
    document = {"name": owner, "token": "" if to else token.reveal(), "file": str(to or "")}
    lines = [*_token_lines(token.reveal(), to), "Next:  ml-connector people list"]
    show(common, "person", document, lambda _: lines)
    return 0


def _oneself(common: Common, by: By) -> Person:
    """A person who is proved, in a rehearsal too: whose password would it be else?"""
    actor = who(common, by, "people password")
    if not actor.proved:
        raise NotProved("It must be proved whose it is.", "Give your name with  --as NAME")
    return actor
