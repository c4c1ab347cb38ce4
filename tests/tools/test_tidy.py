# SPDX-License-Identifier: MIT
"""What clang-tidy looks at: nothing that was asked for is passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.lib.tidy import ROOT, Commands, chosen


def commands(*names: str) -> Commands:
    return {
        ROOT / name: {
            "directory": str(ROOT / "build/dev"),
            "file": str(ROOT / name),
            "command": f"/usr/bin/c++ -I{ROOT}/src -isystem /opt/{Path(name).stem} -o x.o -c {ROOT / name}",
        }
        for name in names
    }


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


BUILT = ("src/base/json.cpp", "src/base/metrics.cpp", "src/base/thread_pool_test.cpp", "src/server/exchange.cpp")


def test_a_header_is_looked_at_through_its_source_or_through_one_that_includes_it() -> None:
    known = commands(*BUILT)
    assert names(chosen(["src/base/json.h"], known)) == ["src/base/json.cpp"]
    assert names(chosen(["src/base/mutex.h"], known)) == ["src/base/metrics.cpp"]
    assert names(chosen(["src/server/limits.h", "src/server/exchange.cpp"], known)) == ["src/server/exchange.cpp"]


def test_a_header_that_nothing_includes_is_named() -> None:
    with pytest.raises(SystemExit, match=r"limits\.h"):
        chosen(["src/server/limits.h"], commands("src/base/json.cpp"))


def test_a_fuzzer_is_compiled_as_the_others_are() -> None:
    known = commands(*BUILT)
    fuzzer = "src/base/fuzz_json.cpp"
    assert names(chosen([fuzzer], known)) == [fuzzer]
    command = known[ROOT / fuzzer]["command"]
    assert f"-c {ROOT / fuzzer}" in command
    assert "-isystem /opt/exchange" in command
