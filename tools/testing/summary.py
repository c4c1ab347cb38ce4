# SPDX-License-Identifier: MIT
"""Adds up what the test programs reported and prints one line per part.

Usage: summary.py RESULTS_DIR [--total]

RESULTS_DIR holds what one run left there:
  ctest.xml             ctest's own report: one entry per test program
  gtest/NAME_test.xml   GoogleTest's report of the program behind ctest's NAME, one entry per case
  PART.junit.xml        JUnit reports of other parts (pytest, page, fuzz)
  PART.failed           a part that could not report: its first line says why; counts as one failure
The last line is `N passed, N failed`. The exit code is 1 when anything failed or nothing ran.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Part:
    name: str
    passed: int = 0
    failures: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def add_cases(part: Part, report: Path) -> None:
    """Counts the <testcase> elements of a JUnit-like report (GoogleTest, pytest, vitest)."""
    for case in ET.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname') or ''}.{case.get('name')}".lstrip(".")
        if case.find("failure") is not None or case.find("error") is not None:
            part.failures.append(name)
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            part.skipped.append(name)
        else:
            part.passed += 1


def read_ctest(results: Path) -> Part:
    """GoogleTest's cases where a program reported them; otherwise the program is one test.

    A program that failed without a failed case (it crashed, leaked, timed out) is one failure more.
    """
    part = Part("C++")
    for entry in ET.parse(results / "ctest.xml").getroot().iter("testcase"):
        name = entry.get("name") or "?"
        failed = entry.find("failure") is not None or entry.get("status") == "fail"
        cases = Part(name)
        reports = [path for path in (results / "gtest" / f"{name}{end}.xml" for end in ("", "_test")) if path.is_file()]
        for report in reports:
            try:
                add_cases(cases, report)
            except ET.ParseError:
                cases.failures.append(f"{name} (its report is torn: it crashed)")
        if failed and not cases.failures:
            cases.failures.append(f"{name} (the program ended with an error)")
        if not reports and not failed:
            cases.passed = 1
        part.passed += cases.passed
        part.failures += cases.failures
        part.skipped += cases.skipped
    return part


def read_results(results: Path) -> list[Part]:
    parts: list[Part] = []
    if (results / "ctest.xml").is_file():
        parts.append(read_ctest(results))
    for report in sorted(results.glob("*.junit.xml")):
        part = Part(report.name.removesuffix(".junit.xml"))
        try:
            add_cases(part, report)
        except ET.ParseError:
            part.failures.append("its report is torn: it crashed")
        parts.append(part)
    for marker in sorted(results.glob("*.failed")):
        reason = marker.read_text().strip().splitlines()
        parts.append(Part(marker.stem, failures=[reason[0] if reason else "failed"]))
    return parts


def main() -> int:
    parts = read_results(Path(sys.argv[1]))
    for part in parts:
        skipped = f", {len(part.skipped)} skipped" if part.skipped else ""
        print(f"{part.name}: {part.passed} passed, {len(part.failures)} failed{skipped}")
        for name in part.failures:
            print(f"  FAILED {name}")
        for name in part.skipped:
            print(f"  skipped {name}")
    passed = sum(part.passed for part in parts)
    failed = sum(len(part.failures) for part in parts)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
