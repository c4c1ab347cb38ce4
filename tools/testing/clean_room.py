# SPDX-License-Identifier: MIT
"""Runs a command that must leave nothing behind: no process, no temporary file, no change in the tree.

Usage: clean_room.py PART RESULTS_DIR CMD ARG...

The command gets a temporary folder of its own (TMPDIR) and a mark in its environment. What is left in either
afterwards, or a file more in the checkout, is written to RESULTS_DIR/PART-leftovers.failed for summary.py and
cleared away. Ends with the command's exit code.
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
GRACE_SECONDS = 3.0  # a server that was told to end may still be writing its last line


def untracked() -> set[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(listing.stdout.splitlines())


def main() -> int:
    part, results, *command = sys.argv[1:]
    if not command:
        sys.exit(__doc__)
    before = untracked()
    mark = secrets.token_hex(8)
    room = Path(tempfile.mkdtemp(prefix="tracseq-tests-"))
    room.chmod(0o711)  # user postgres passes through it to its own folder
    environment = os.environ | {MARK: mark, "TMPDIR": str(room), "TEST_TMPDIR": str(room)}
    child = subprocess.Popen(command, env=environment)
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
    found += [f"temporary {path.name}" for path in room.iterdir()]
    found += [f"file {name}" for name in sorted(untracked() - before)]
    return found


if __name__ == "__main__":
    sys.exit(main())
