"""`python -m ml_connector.docs [--check]`: renew the made pages of ./docs; with --check only name the old ones."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ml_connector.model.errors import ConnectorError

from . import PAGES, outdated


def main(words: Sequence[str]) -> int:
    """0 when all pages are as the program says (now), 1 when --check found an old one, 2 for wrong use."""
    if set(words) - {"--check"}:
        sys.stderr.write("The only option is --check.\n")
        return 2
    try:
        old = outdated(Path("docs"))
    except ConnectorError as error:
        sys.stderr.write(f"{error.sentence}\n{error.remedy}\n")
        return error.exit_status
    except OSError as error:
        sys.stderr.write(f"A page cannot be read: {error}.\nRun it in the folder of the project.\n")
        return 2
    for page, text in old.items():
        if "--check" in words:
            sys.stdout.write(f"{page} is not as the program says. Next:  make docs\n")
        else:
            page.write_text(text, "utf-8")
            sys.stdout.write(f"{page} is written anew.\n")
    if not old:
        sys.stdout.write(f"{', '.join(PAGES)}: as the program says.\n")
    return 1 if old and "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
