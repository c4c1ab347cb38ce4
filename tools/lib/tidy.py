# SPDX-License-Identifier: MIT
"""clang-tidy over a list of files, several at once, with a memory of what was clean.

A file is looked at again only when it, a header of ours that it includes, the checks, or the way it is
compiled changed: the memory is build/.run/tidy/, one empty file per clean fingerprint.

A header is looked at through the source of its name, or else through one that includes it. A source that the build
does not compile (a fuzzer, a benchmark) is compiled as the others are.
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
EXTRA = [
    # The database is written for g++; clang does not know all of its options.
    "--extra-arg=-Wno-unknown-warning-option",
    "--extra-arg=-Qunused-arguments",
    # libstdc++ 12 deprecates its own helper of std::stable_sort, which only clang reports.
    "--extra-arg=-Wno-deprecated-declarations",
    # What src/base/mutex.h annotates.
    "--extra-arg=-Wthread-safety",
]
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


Commands = dict[Path, dict[str, str]]  # source -> its entry of compile_commands.json


def read_commands(database: Path) -> Commands:
    entries = {Path(entry["file"]): entry for entry in json.loads(database.read_text())}
    return {path: entry for path, entry in entries.items() if path.is_relative_to(SOURCE) and path.suffix == ".cpp"}


def source_for(header: Path, commands: Commands) -> Path:
    """The source of the header's name, or the one that includes it, in its own folder if there is one."""
    namesake = header.with_suffix(".cpp")
    if namesake in commands:
        return namesake
    users = sorted(path for path in commands if header in headers_of(path))
    if not users:
        sys.exit(f"error: nothing that is built includes {header.relative_to(ROOT)}")
    return min(users, key=lambda path: (path.parent != header.parent, path.name.endswith("_test.cpp"), path))


def borrowed(source: Path, commands: Commands) -> dict[str, str]:
    """An entry for a source that is not built here: the plainest one, with every folder of headers there is."""
    found = {flag for entry in commands.values() for flag in re.findall(r"-I\S+|-isystem \S+", entry["command"])}
    flags = sorted(found - {"-isystem /usr/include"})  # clang has it, in its place
    model = min(commands.values(), key=lambda entry: (len(entry["command"]), entry["file"]))
    command = model["command"].replace(model["file"], str(source))
    return {"directory": model["directory"], "file": str(source), "command": f"{command} {' '.join(flags)}"}


def chosen(names: list[str], commands: Commands) -> list[Path]:
    """What to look at, each once; `commands` gets an entry for what has none."""
    wanted: set[Path] = set()
    for name in names:
        path = ROOT / name
        source = source_for(path, commands) if path.suffix == ".h" else path
        if source not in commands:
            commands[source] = borrowed(source, commands)
        wanted.add(source)
    return sorted(wanted)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", type=Path, required=True, help="compile_commands.json")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--analyze", action="store_true", help="also clang's path-sensitive analyzer (not for tests)")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()

    commands = read_commands(options.database)
    wanted = chosen(options.files, commands)
    MEMORY.mkdir(parents=True, exist_ok=True)
    database = MEMORY / "database"
    database.mkdir(exist_ok=True)
    (database / "compile_commands.json").write_text(json.dumps([commands[path] for path in wanted]))
    screen = threading.Lock()
    done = 0

    def look(path: Path) -> bool:
        nonlocal done
        # The analyzer costs 10 s a file, and a minute where GoogleTest's macros unfold.
        analyze = options.analyze and not path.name.endswith("_test.cpp")
        checks = [] if analyze else ["--checks=-clang-analyzer-*"]
        mark = MEMORY / fingerprint(path, commands[path]["command"] + str(checks) + str(EXTRA))
        run = None
        if not mark.exists():
            line = ["clang-tidy-19", "--quiet", "-p", str(database), *checks, *EXTRA, str(path)]
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
