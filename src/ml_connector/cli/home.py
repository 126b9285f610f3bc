"""Where settings, state and keys are."""

from __future__ import annotations

from pathlib import Path


def find_home(given: Path | None) -> Path:
    """`--home`, else `./.ml-connector` if it is there, else the user's data folder."""
    if given is not None:
        return given.expanduser().absolute()
    here = Path.cwd() / ".ml-connector"
    if here.is_dir():
        return here
    import platformdirs

    return Path(platformdirs.user_data_dir("ml-connector", appauthor=False))
