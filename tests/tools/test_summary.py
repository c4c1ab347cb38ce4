# SPDX-License-Identifier: MIT
"""The total line counts what happened, also when a test program crashes before it can report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import ROOT

CTEST = """<testsuite>
  <testcase name="good" status="run"/>
  <testcase name="torn" status="fail"><failure message=""/></testcase>
  <testcase name="leaky" status="fail"><failure message=""/></testcase>
  <testcase name="plain" status="run"/>
</testsuite>"""
TWO_CASES = """<testsuites><testsuite name="S">
  <testcase name="A" classname="S" status="run"/><testcase name="B" classname="S" status="run"/>
</testsuite></testsuites>"""
ONE_OF_EACH = """<testsuites><testsuite>
  <testcase classname="m" name="ok"/>
  <testcase classname="m" name="bad"><failure message="no"/></testcase>
  <testcase classname="m" name="left_out"><skipped/></testcase>
</testsuite></testsuites>"""


def summary(results: Path) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "testing" / "summary.py"), str(results)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_cases_are_counted_one_by_one(tmp_path: Path) -> None:
    gtest = tmp_path / "gtest"
    gtest.mkdir()
    (tmp_path / "ctest.xml").write_text(CTEST)
    (gtest / "good_test.xml").write_text(TWO_CASES)
    (gtest / "leaky_test.xml").write_text(TWO_CASES)
    (gtest / "torn_test.xml").write_text(TWO_CASES[:40])
    code, lines = summary(tmp_path)
    # 2 of good, 2 of leaky and plain itself passed; torn and the end of leaky failed.
    assert lines[-1] == "5 passed, 2 failed"
    assert code == 1
    assert any("torn" in line and "crashed" in line for line in lines)
    assert any("leaky" in line and "ended with an error" in line for line in lines)


def test_skipped_tests_are_named_and_counted_as_neither(tmp_path: Path) -> None:
    (tmp_path / "Python.junit.xml").write_text(ONE_OF_EACH)
    code, lines = summary(tmp_path)
    assert lines[-1] == "1 passed, 1 failed"
    assert "  skipped m.left_out" in lines
    assert code == 1


def test_a_part_that_could_not_report_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "build.failed").write_text("the dev preset does not build\n")
    code, lines = summary(tmp_path)
    assert lines[-1] == "0 passed, 1 failed"
    assert code == 1


def test_nothing_run_is_not_a_success(tmp_path: Path) -> None:
    code, lines = summary(tmp_path)
    assert lines[-1] == "0 passed, 0 failed"
    assert code == 1
