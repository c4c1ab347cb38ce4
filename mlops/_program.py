# SPDX-License-Identifier: MIT
"""Where the program `tracseq` is."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from .errors import Unavailable


def find_program() -> Path:
    """`$TRACSEQ_BIN`, the scripts folder of this Python, PATH, the checkout. `Unavailable` names what to do."""
    for place in _places():
        if place.is_file() and os.access(place, os.X_OK):
            return place
    raise Unavailable(
        "the program tracseq is not there: set TRACSEQ_BIN, put it on PATH, or run ./run build in the checkout"
    )


def _places() -> Iterator[Path]:
    given = os.environ.get("TRACSEQ_BIN")
    if given:
        yield Path(given)
    yield Path(sysconfig.get_path("scripts")) / "tracseq"
    on_path = shutil.which("tracseq")
    if on_path:
        yield Path(on_path)
    root = Path(__file__).resolve().parents[1]
    yield root / "bin" / "tracseq"
    for preset in ("release", "dev"):
        yield root / "build" / preset / "bin" / "tracseq"
