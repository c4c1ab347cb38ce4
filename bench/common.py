# SPDX-License-Identifier: MIT
"""What the areas share: running programs of the build, collecting rows, looking at processes."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

ROOT = Path(__file__).resolve().parents[1]
PROGRAM_SECONDS_MAX = 600
# A load generator that keeps a whole core busy may be what is measured.
GENERATOR_CORE_SHARE_MAX = 0.9


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
    notes: list[str] = field(default_factory=list)  # what a reader should know of the numbers

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

    def note(self, text: str) -> None:
        self.notes.append(text)
        print(f"  note: {text}", flush=True)

    def note_generator(self, work: str, cpu_seconds: float, seconds: float, threads: int) -> None:
        """Says so if the load generator may have been the bottleneck: it kept its threads, or the machine, busy."""
        share = cpu_seconds / (seconds * min(threads, os.cpu_count() or 1))
        if share > GENERATOR_CORE_SHARE_MAX:
            self.note(f"{work}: the load generator itself used {share:.0%} of what it could have")


def generator_share(cpu_seconds: float, seconds: float) -> str:
    """What the load generator took of the machine that it shares with what is measured, for a load's row."""
    return f"load generator {cpu_seconds / seconds:.2f} of {os.cpu_count() or 1} cores"


def rate(value: float) -> str:
    return f"{value:,.0f}/s"


def micros(value: float) -> str:
    return f"{value:,.1f} µs" if value < 10_000 else f"{value / 1000:,.1f} ms"


def peak_memory_mib(pid: int) -> float:
    """The most memory the process has held (VmHWM), in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"process {pid} has no VmHWM")
