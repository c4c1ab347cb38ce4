# SPDX-License-Identifier: MIT
"""What tests leave behind is found, said and cleared away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import ROOT
from tools.lib.processes import start_ticks


def run(results: Path, script: str) -> subprocess.CompletedProcess[str]:
    room = ROOT / "tools" / "testing" / "clean_room.py"
    command = [sys.executable, str(room), "part", str(results), "bash", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def complaint(results: Path) -> str:
    file = results / "part-leftovers.failed"
    return file.read_text() if file.exists() else ""


def test_a_tidy_command_passes_with_its_own_exit_code(tmp_path: Path) -> None:
    done = run(tmp_path, 'touch "$TMPDIR/x" && rm "$TMPDIR/x"; exit 7')
    assert done.returncode == 7
    assert complaint(tmp_path) == ""


def test_a_process_left_behind_is_named_and_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    run(tmp_path, f"setsid sleep 300 & echo $! > {pid_file}; sleep 0.3")  # until it is what it will be
    assert "sleep 300" in complaint(tmp_path)
    assert start_ticks(int(pid_file.read_text())) is None


def test_a_temporary_file_left_behind_is_named_and_removed(tmp_path: Path) -> None:
    where = tmp_path / "where"
    run(tmp_path, f'touch "$TMPDIR/forgotten"; echo "$TMPDIR" > {where}')
    assert "temporary forgotten" in complaint(tmp_path)
    assert not Path(where.read_text().strip()).exists()


def test_a_file_left_at_home_is_named_and_the_tools_own_are_not(tmp_path: Path) -> None:
    keep = 'mkdir -p "$XDG_CACHE_HOME/tracseq" "$HOME/.npm" && touch "$XDG_CACHE_HOME/tracseq/model" "$HOME/.npm/log"'
    run(tmp_path, keep)
    assert "at home .cache/tracseq/model" in complaint(tmp_path)
    assert ".npm" not in complaint(tmp_path)


def test_an_ignored_file_left_in_the_checkout_is_named(tmp_path: Path) -> None:
    forgotten = ROOT / "mlops_data" / "forgotten"
    made = not forgotten.parent.exists()
    try:
        run(tmp_path, f"mkdir -p {forgotten.parent} && touch {forgotten}")
        assert "file mlops_data/forgotten" in complaint(tmp_path)
    finally:
        forgotten.unlink(missing_ok=True)
        if made:
            forgotten.parent.rmdir()
