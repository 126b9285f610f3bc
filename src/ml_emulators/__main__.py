"""`python -m ml_emulators` is `python -m ml_emulators.server`."""

from __future__ import annotations

import sys

from ml_emulators.server import main

sys.exit(main())
