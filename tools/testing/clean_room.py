# SPDX-License-Identifier: MIT
"""Runs a command that must leave nothing behind: no process, no temporary file, no file at home, no change in the tree.

Usage: clean_room.py PART RESULTS_DIR CMD ARG...

The command gets a temporary folder of its own (TMPDIR), a home of its own (HOME, XDG_CACHE_HOME) and a mark in its
environment. What is left there afterwards, or a file more in the checkout, is written to
RESULTS_DIR/PART-leftovers.failed for summary.py and cleared away. Ends with the command's exit code.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.lib.processes import end_marked, marked  # noqa: E402

MARK = "TRACSEQ_TEST_RUN"
# Ignored paths where the tools themselves write: what is built, fetched or cached by them is no leftover.
OWN_FOLDERS = ("build/", "bin/", "dist/", "third_party_build/", ".venv/", "web/node_modules/")
OWN_CACHES = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".vite"}
HOME = "home"
# What browsers, npm and fonts keep at home.
TOOLS_AT_HOME = (
    ".npm/",
    ".pki/",
    ".config/chromium",
    ".config/dconf/",
    ".config/matplotlib/",
    ".cache/chromium",
    ".cache/dconf/",
    ".cache/fontconfig/",
    ".cache/matplotlib/",
    ".cache/mesa_shader_cache",
    ".local/share/mime/",
    ".local/state/chromium",
)
GRACE_SECONDS = 3.0  # a server that was told to end may still be writing its last line


def untracked() -> set[str]:
    """Files of the checkout that git does not hold, also those it is told to ignore."""
    listing = subprocess.run(
        ["git", "ls-files", "--others", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = {name for name in listing.stdout.split("\0") if name}
    return {name for name in names if not name.startswith(OWN_FOLDERS) and OWN_CACHES.isdisjoint(Path(name).parts)}


def environment_of(mark: str, room: Path) -> dict[str, str]:
    home = room / HOME
    home.mkdir()
    environment = os.environ | {MARK: mark, "TMPDIR": str(room), "TEST_TMPDIR": str(room)}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
    settings = Path.home() / ".gitconfig"  # may be what lets git read the checkout
    if settings.exists():
        environment.setdefault("GIT_CONFIG_GLOBAL", str(settings))
    return environment


def at_home(home: Path) -> list[str]:
    """Files of the room's home that no tool of the tests keeps there for itself."""
    files = [path.relative_to(home).as_posix() for path in home.rglob("*") if not path.is_dir()]
    return sorted(name for name in files if not name.startswith(TOOLS_AT_HOME))


def main() -> int:
    part, results, *command = sys.argv[1:]
    if not command:
        sys.exit(__doc__)
    before = untracked()
    mark = secrets.token_hex(8)
    room = Path(tempfile.mkdtemp(prefix="tracseq-tests-"))
    room.chmod(0o711)  # user postgres passes through it to its own folder
    child = subprocess.Popen(command, env=environment_of(mark, room))
    try:
        code = child.wait()
    except KeyboardInterrupt:
        code = child.wait()
    leftovers = leftovers_of(mark, room, before)
    if leftovers:
        Path(results, f"{part}-leftovers.failed").write_text("left behind: " + "; ".join(leftovers) + "\n")
    end_marked(MARK, mark)
    shutil.rmtree(room, ignore_errors=True)
    return code if code >= 0 else 128 - code


def leftovers_of(mark: str, room: Path, before: set[str]) -> list[str]:
    deadline = time.monotonic() + GRACE_SECONDS
    while (alive := marked(MARK, mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    found = [f"process {process}" for process in alive]
    found += [f"temporary {path.name}" for path in room.iterdir() if path.name != HOME]
    found += [f"at home {name}" for name in at_home(room / HOME)]
    found += [f"file {name}" for name in sorted(untracked() - before)]
    return found


if __name__ == "__main__":
    sys.exit(main())
