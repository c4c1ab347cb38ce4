# SPDX-License-Identifier: MIT
"""How long the end of the program may wait: all that is waited for shares one deadline, counted from the first who asks."""

from __future__ import annotations

import time
from typing import Optional

SECONDS = 8.0  # a program ends within 10 s; the rest is the interpreter's

_end: Optional[float] = None


def seconds_left() -> float:
    """Called by the hooks of atexit alone."""
    global _end
    if _end is None:
        _end = time.monotonic() + SECONDS
    return max(0.0, _end - time.monotonic())
