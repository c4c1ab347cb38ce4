# SPDX-License-Identifier: MIT
"""Runs the benchmarks and prints one table: each number beside its floor or peer of the same run."""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.common import Bench  # noqa: E402


def areas() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "bench").glob("*/measure.py"))


def table(bench: Bench) -> str:
    lines = ["| work | measured | reference, same run | goal | |", "|---|---|---|---|---|"]
    mark = {True: "reached", False: "**not reached**", None: ""}
    lines += [f"| {r.work} | {r.measured} | {r.reference} | {r.goal} | {mark[r.reached]} |" for r in bench.rows]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build-dir", required=True, type=Path, help="a release build")
    parser.add_argument("--disk", type=Path, default=ROOT / "build", help="a folder on the disk to measure")
    parser.add_argument("areas", nargs="*", choices=[[], *areas()], help="which; all without")
    options = parser.parse_args()
    os.environ["TRACSEQ_BIN"] = str(next(options.build_dir.rglob("bin/tracseq")))
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=options.disk))
    bench = Bench(options.build_dir, folder)
    try:
        for area in options.areas or areas():
            print(f"\n== {area}", flush=True)
            importlib.import_module(f"bench.{area}.measure").measure(bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n" + table(bench))
    return 0


if __name__ == "__main__":
    sys.exit(main())
