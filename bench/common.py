# SPDX-License-Identifier: MIT
"""What the areas share: running programs of the build, collecting rows."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

PROGRAM_SECONDS_MAX = 600


@dataclass
class Row:
    work: str
    measured: str
    reference: str
    goal: str
    reached: Optional[bool]  # None: shown, without a goal


@dataclass
class Bench:
    build: Path
    folder: Path  # of this run, on the disk that is measured; removed afterwards
    rows: list[Row] = field(default_factory=list)

    def program(self, name: str) -> Path:
        """A program of the build; FileNotFoundError naming the build folder if it is not there."""
        for path in self.build.rglob(name):
            if path.is_file() and path.stat().st_mode & 0o100:
                return path
        raise FileNotFoundError(f"{name} is not below {self.build}")

    def run_json(self, name: str, *arguments: object) -> Any:
        """The JSON a program of the build prints."""
        command = [str(self.program(name)), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_SECONDS_MAX, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return json.loads(done.stdout)

    def add(self, work: str, measured: str, reference: str, goal: str, reached: Optional[bool]) -> None:
        self.rows.append(Row(work, measured, reference, goal, reached))
        mark = {True: "reached", False: "NOT REACHED", None: "shown"}[reached]
        print(f"  {work}: {measured} (reference {reference}; goal {goal}): {mark}", flush=True)


def rate(value: float) -> str:
    return f"{value:,.0f}/s"


def micros(value: float) -> str:
    return f"{value:,.1f} µs" if value < 10_000 else f"{value / 1000:,.1f} ms"
