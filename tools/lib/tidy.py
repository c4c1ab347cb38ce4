# SPDX-License-Identifier: MIT
"""clang-tidy over a list of files, several at once, with a memory of what was clean.

A file is looked at again only when it, a header of ours that it includes, the checks, or the way it is
compiled changed: the memory is build/.run/tidy/, one empty file per clean fingerprint.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
MEMORY = ROOT / "build" / ".run" / "tidy"
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


@cache
def content(path: Path) -> bytes:
    return path.read_bytes()


def headers_of(path: Path) -> set[Path]:
    """Our own headers that `path` includes, directly or not."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        for name in INCLUDE.findall(content(waiting.pop())):
            header = SOURCE / name.decode()
            if header not in found and header.is_file():
                found.add(header)
                waiting.append(header)
    return found


def fingerprint(path: Path, command: str) -> str:
    digest = hashlib.sha256()
    for part in (content(ROOT / ".clang-tidy"), command.encode(), content(path)):
        digest.update(hashlib.sha256(part).digest())
    for header in sorted(headers_of(path)):
        digest.update(hashlib.sha256(content(header)).digest())
    return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", type=Path, required=True, help="compile_commands.json")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--analyze", action="store_true", help="also clang's path-sensitive analyzer (not for tests)")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()

    commands = {entry["file"]: entry["command"] for entry in json.loads(options.database.read_text())}
    MEMORY.mkdir(parents=True, exist_ok=True)
    screen = threading.Lock()
    done = 0
    wanted = [ROOT / name for name in options.files if str(ROOT / name) in commands]

    def look(path: Path) -> bool:
        nonlocal done
        # The analyzer costs 10 s a file, and a minute where GoogleTest's macros unfold.
        analyze = options.analyze and not path.name.endswith("_test.cpp")
        checks = [] if analyze else ["--checks=-clang-analyzer-*"]
        mark = MEMORY / fingerprint(path, commands[str(path)] + str(checks))
        run = None
        if not mark.exists():
            line = ["clang-tidy-19", "--quiet", "-p", str(options.database.parent), *checks, str(path)]
            # The database is written for g++; clang does not know all of its options.
            line += ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Qunused-arguments"]
            # libstdc++ 12 deprecates its own helper of std::stable_sort, which only clang reports.
            line += ["--extra-arg=-Wno-deprecated-declarations"]
            run = subprocess.run(line, capture_output=True, text=True, check=False)
            if run.returncode == 0:
                mark.touch()
        with screen:
            done += 1
            if run is not None:
                print(f"   [{done}/{len(wanted)}] {path.relative_to(ROOT)}", flush=True)
                if run.returncode != 0:
                    print(run.stdout or run.stderr, flush=True)
        return run is None or run.returncode == 0

    with ThreadPoolExecutor(options.jobs) as pool:
        clean = list(pool.map(look, wanted))
    print(f"   {sum(clean)} of {len(wanted)} files are clean")
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
