# SPDX-License-Identifier: MIT
"""Finding processes on Linux by a mark in their environment, by port, and telling a reused pid from the old one."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

END_SECONDS_MAX = 20.0


@dataclass(frozen=True)
class Process:
    pid: int
    name: str

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.name})"


def name_of(pid: int) -> str:
    """The command line, shortened; the kernel's name where there is none; "?" when it is gone."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return line[:120] or Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "?"


def start_ticks(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None when there is no such process (or a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])


def marked(variable: str, value: str) -> list[Process]:
    """Processes, other than this one, whose environment at their start had variable=value."""
    needle = f"{variable}={value}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if needle in (folder / "environ").read_bytes().split(b"\0") and start_ticks(pid) is not None:
                found.append(Process(pid, name_of(pid)))
    return found


def end_marked(variable: str, value: str) -> list[Process]:
    """Asks all marked processes to end, insists after END_SECONDS_MAX; returns those that had to be forced."""
    forced: list[Process] = []
    deadline = time.monotonic() + END_SECONDS_MAX
    asked: set[int] = set()
    while alive := marked(variable, value):
        late = time.monotonic() > deadline
        for process in alive:
            if late or process.pid not in asked:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL if late else signal.SIGTERM)
                asked.add(process.pid)
        if late:
            forced += alive
            deadline = time.monotonic() + END_SECONDS_MAX
        time.sleep(0.05)
    return forced


def port_holder(port: int) -> Process | None:
    """The process that listens on this TCP port, as far as /proc shows it to this user."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{words[9]}]")
    if not inodes:
        return None
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for link in (folder / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(link.readlink()) in inodes:
                        return Process(int(folder.name), name_of(int(folder.name)))
    return Process(0, "a process of another user")
