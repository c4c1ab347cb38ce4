# SPDX-License-Identifier: MIT
"""./run itself, without installing or building anything: the list, the refusals, and commands run in a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

# What installs and builds, for a copy: everything is there already, and nothing builds.
STUBS = """
ensure_toolchain() { :; }
build_preset() { return "${BUILD_CODE:-0}"; }
install_preset() { :; }
"""


class Checkout:
    """A copy of what ./run is made of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        shutil.copy(ROOT / "run", folder / "run")
        shutil.copytree(ROOT / "tools", folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        with (folder / "tools" / "lib" / "build.sh").open("a") as build:
            build.write(STUBS)
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def program(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def run(self, *words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "run"), *words],
            cwd=cwd or self.folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


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


def test_clean_removes_what_was_made_and_says_so(checkout: Checkout, tmp_path: Path) -> None:
    kept = ["demo_data/demo.db", "web/dist/index.html.gz", "third_party_build/library.so", "mlops/a.py"]
    for name in ("build/dev-data/tracseq.db", "bin/tracseq", "mlops/__pycache__/a.pyc", *kept):
        (checkout.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout.folder / name).touch()
    done = checkout.run("clean", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "build/dev-data" in done.stdout
    assert [name for name in ("build", "bin", "mlops/__pycache__") if (checkout.folder / name).exists()] == []
    assert [name for name in (*kept, ".venv", "tools") if not (checkout.folder / name).exists()] == []
    again = checkout.run("clean", "--all")
    assert again.returncode == 0, again.stderr
    assert "build/dev-data" not in again.stdout
    assert not (checkout.folder / "third_party_build").exists()
    assert not (checkout.folder / ".venv").is_symlink()
    assert (checkout.folder / "demo_data" / "demo.db").exists()


def test_the_program_runs_in_the_folder_of_its_caller(checkout: Checkout, tmp_path: Path) -> None:
    checkout.program("bin/tracseq", 'pwd; echo "$2"; exit 7')
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    done = checkout.run("tracseq", "data", "two words.csv", cwd=elsewhere)
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == f"{elsewhere}\ntwo words.csv\n"


def test_the_program_does_not_run_when_it_does_not_build(checkout: Checkout) -> None:
    checkout.program("bin/tracseq", "echo an old program")
    done = checkout.run("tracseq", "version", BUILD_CODE="1")
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("build_code", "fuzzer", "said"),
    [
        ("1", "exit 0", "FAILED the fuzz targets do not build"),
        ("0", "exit 77", "FAILED fuzz.fuzz_one"),
        ("0", "exit 0", "1 passed, 0 failed"),
    ],
)
def test_fuzzing_succeeds_only_when_the_fuzzers_did(
    checkout: Checkout, build_code: str, fuzzer: str, said: str
) -> None:
    source = checkout.folder / "src" / "part" / "fuzz_one.cpp"
    source.parent.mkdir(parents=True)
    source.touch()
    checkout.program("build/fuzz/fuzz_one", fuzzer)
    for words in (["init", "--quiet"], ["add", "src"]):
        subprocess.run(["git", *words], cwd=checkout.folder, check=True)
    done = checkout.run("fuzz", "1", BUILD_CODE=build_code)
    assert said in done.stdout, done.stderr
    assert (done.returncode == 0) == (said == "1 passed, 0 failed")


def test_the_doctor_counts_only_what_every_day_needs(checkout: Checkout) -> None:
    """On a machine without any of the packages."""
    search = f"{checkout.program('fake/dpkg-query', 'exit 0').parent}:{os.environ['PATH']}"
    done = checkout.run("doctor", PATH=search)
    assert done.returncode == 1
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("  ")]
    groups = {row[1]: row[0] for row in rows if row[1] in ("core", "tools", "services", "bench", "coverage")}
    needed = dict.fromkeys(("core", "tools", "services"), "missing")
    assert groups == needed | dict.fromkeys(("bench", "coverage"), "absent")
    missing = [row for row in rows if row[0] == "missing"]
    assert f"{len(missing)} missing:" in done.stdout.splitlines()[-1]
