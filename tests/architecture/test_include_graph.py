# SPDX-License-Identifier: MIT
"""Each folder below src/ includes only what stands below it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.architecture import layers
from tests.architecture.tree import files_below, text

ANY_INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def sources() -> list[Path]:
    return files_below("src", ".h", ".cpp")


def includes_in(content: str) -> list[str]:
    """Those of ours: all in quotes, and those in angle brackets that lead below src/, by whatever way."""
    ours = set(sources())
    return [
        name
        for opening, name in ANY_INCLUDE.findall(content)
        if opening == '"' or Path(os.path.normpath(f"src/{name}")) in ours
    ]


def includes_of(path: Path) -> list[str]:
    return includes_in(text(path))


def home_of(path: Path) -> str | None:
    return layers.module_of(path.relative_to("src").as_posix())


def test_there_is_something_to_check() -> None:
    assert len(sources()) > 10


def test_brackets_do_not_hide_an_include() -> None:
    lines = ("<server/server.h>", "<base/../server/server.h>", "<vector>", '"base/clock.h"')
    content = "".join(f"#include {line}\n" for line in lines)
    assert includes_in(content) == ["server/server.h", "base/../server/server.h", "base/clock.h"]


def test_every_source_stands_in_a_known_folder() -> None:
    strangers = [str(path) for path in sources() if home_of(path) is None]
    assert strangers == [], "add the folder to layers.py and docs/ARCHITECTURE.md, or move the file"


def test_includes_are_written_from_src() -> None:
    wrong = [
        f'{path}: "{name}"'
        for path in sources()
        for name in includes_of(path)
        if (Path("src") / name) not in set(sources()) and not name.startswith("generated/")
    ]
    assert wrong == []


def test_folders_include_only_what_stands_below_them() -> None:
    wrong = []
    for path in sources():
        home = home_of(path)
        for name in includes_of(path):
            target = layers.module_of(name)
            if home is None or target is None or target == home:
                continue
            if target not in layers.ALLOWED[home]:
                wrong.append(f'{path}: {home} may not include {target} ("{name}")')
    assert wrong == []


@pytest.mark.parametrize("header", sorted(layers.LIBRARY_HOMES))
def test_a_library_is_known_only_where_it_lives(header: str) -> None:
    homes = layers.LIBRARY_HOMES[header]
    wrong = [
        f"{path}: {name}"
        for path in sources()
        for _, name in ANY_INCLUDE.findall(text(path))
        if name.startswith(header) and home_of(path) not in homes
    ]
    assert wrong == [], f"only {', '.join(sorted(homes))} may include {header}"


def test_nobody_above_the_seam_names_a_driver() -> None:
    wrong = [
        f'{path}: "{name}"'
        for path in sources()
        for name in includes_of(path)
        if any(name.startswith(f"{driver}/") for driver in layers.DRIVERS) and home_of(path) not in layers.DRIVER_USERS
    ]
    assert wrong == []


def test_the_allowed_graph_has_no_cycle() -> None:
    done: set[str] = set()

    def visit(folder: str, trail: tuple[str, ...]) -> None:
        assert folder not in trail, f"cycle: {' -> '.join((*trail, folder))}"
        if folder in done:
            return
        for below in layers.ALLOWED[folder] - {folder}:
            visit(below, (*trail, folder))
        done.add(folder)

    for folder in layers.ALLOWED:
        visit(folder, ())
