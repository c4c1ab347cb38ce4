# SPDX-License-Identifier: MIT
"""Runs the benchmarks and prints one table: each number beside its floor or peer of the same run.

The exit code is 1 if an area could not be measured. A goal that was not reached is shown, and is no failure.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.common import Bench, micros  # noqa: E402


def areas() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "bench").glob("*/measure.py"))


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"


def table(bench: Bench, fsync_us: float) -> str:
    lines = [
        f"{processor()}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}; "
        f"fsync of the disk {micros(fsync_us)} (p50).",
        "",
        "| work | measured | reference, same run | goal | |",
        "|---|---|---|---|---|",
    ]
    mark = {True: "reached", False: "**not reached**", None: ""}
    lines += [f"| {r.work} | {r.measured} | {r.reference} | {r.goal} | {mark[r.reached]} |" for r in bench.rows]
    lines += [""] + [f"- {note}" for note in bench.notes]
    return "\n".join(lines)


def use_build(build: Path) -> None:
    """What the areas start comes from this build: the program, its modules, the Python extension."""
    program = next(build.rglob("bin/tracseq"), None)
    if program is None:
        raise SystemExit(f"there is no program below {build}: build the release preset first")
    module = next(build.rglob("libtracseq_duckdb.so"), None)
    extension = next(build.rglob("_tracseq*.so"), None)
    if module is None or extension is None:
        raise SystemExit(f"there is no DuckDB module or no Python extension below {build}: build all of it")
    os.environ["TRACSEQ_BIN"] = str(program)
    os.environ["TRACSEQ_MODULE_DIR"] = str(module.parent)
    os.environ["PYTHONPATH"] = f"{extension.parent}{os.pathsep}{ROOT}"
    sys.path.insert(0, str(extension.parent))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build-dir", required=True, type=Path, help="a release build")
    parser.add_argument("--disk", type=Path, default=ROOT / "build", help="a folder on the disk to measure")
    parser.add_argument("areas", nargs="*", choices=[[], *areas()], help="which; all without")
    options = parser.parse_args()
    build = options.build_dir.resolve()
    use_build(build)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=options.disk.resolve()))
    bench = Bench(build, folder)
    failed = []
    try:
        fsync_us = float(bench.run_json("tracking_floor", "fsync", bench.folder)["p50_us"])
        print(f"fsync of this disk: {micros(fsync_us)} (p50)", flush=True)
        for area in options.areas or areas():
            print(f"\n== {area}", flush=True)
            try:
                importlib.import_module(f"bench.{area}.measure").measure(bench)
            except Exception:  # one area that cannot be measured does not take the others' numbers along
                traceback.print_exc()
                failed.append(area)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n" + table(bench, fsync_us))
    if failed:
        print(f"\nnot measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
