"""Where settings, state and keys are."""

from __future__ import annotations

from pathlib import Path

from ml_connector.files import is_ours_alone


def find_home(given: Path | None) -> Path:
    """`--home`, else `./.ml-connector` if it is there and ours, else the user's data folder.

    In a folder that others can write, or that belongs to somebody else, anyone could have put it there.
    """
    if given is not None:
        return given.expanduser().absolute()
    here = Path.cwd() / ".ml-connector"
    if is_ours_alone(here.parent) and is_ours_alone(here):
        return here
    import platformdirs

    return Path(platformdirs.user_data_dir("ml-connector", appauthor=False))
