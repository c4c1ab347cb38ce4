# SPDX-License-Identifier: MIT
"""What the architecture tests know of the tree: its files, without what was built or fetched."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Every file of ours, tracked or about to be, relative to the root and sorted."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = {name for name in listing.split("\0") if name}
    return tuple(sorted(path for path in map(Path, names) if (ROOT / path).is_file()))


def files_below(folder: str, *suffixes: str) -> list[Path]:
    """The files below a folder, of these suffixes when any are given."""
    return [path for path in files() if path.is_relative_to(folder) and (not suffixes or path.suffix in suffixes)]


@cache
def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def is_text(path: Path) -> bool:
    return b"\0" not in (ROOT / path).read_bytes()[:8192]
