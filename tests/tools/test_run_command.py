# SPDX-License-Identifier: MIT
"""./run itself: it lists its commands and refuses what it does not know, without installing anything."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.architecture.tree import ROOT


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "run"), *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_alone_it_lists_every_command_with_a_line() -> None:
    done = run()
    assert done.returncode == 0
    listed = [line.split(maxsplit=1) for line in done.stdout.splitlines() if line.startswith("  ")]
    assert [words[0] for words in listed] == sorted(path.stem for path in (ROOT / "tools" / "run").glob("*.sh"))
    assert all(len(words) == 2 for words in listed)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bild",), "no command 'bild'"),
        (("../tools/run/build",), "not a command"),
        (("build", "asan"), "allowed are dev and release"),
        (("lint", "--everything"), "unknown option '--everything'"),
        (("fuzz", "soon"), "SECONDS is 'soon'"),
        (("clean", "-f"), "unknown option '-f'"),
    ],
)
def test_what_it_does_not_know_it_refuses_in_plain_words(words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.returncode != 0
    assert said in done.stderr


def test_listing_takes_no_time() -> None:
    started = time.monotonic()
    run()
    assert time.monotonic() - started < 5
