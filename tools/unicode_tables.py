# SPDX-License-Identifier: MIT
"""Writes src/domain/features/unicode_tables.cpp from Python's own Unicode data.

The tokenizer of the tf-idf step has to split and lower text as Python does, so the tables are taken from the
behaviour of `str` itself. Run it with the Python whose behaviour is to be matched; the result is committed.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

SURROGATES = range(0xD800, 0xE000)
OUTPUT = Path(__file__).parent.parent / "src/domain/features/unicode_tables.cpp"
FINAL_SIGMA = "\u03c2"


def characters() -> Iterator[str]:
    return (chr(c) for c in range(sys.maxunicode + 1) if c not in SURROGATES)


def ranges(holds: Callable[[str], bool]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for character in characters():
        if not holds(character):
            continue
        code = ord(character)
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return found


def lower_runs() -> list[tuple[int, int, int, int]]:
    """Runs (first, last, stride, delta) of characters with a one-character lower case."""
    runs: list[tuple[int, int, int, int]] = []
    for character in characters():
        lower = character.lower()
        if lower == character or len(lower) != 1:
            continue
        code, delta = ord(character), ord(lower) - ord(character)
        if runs and runs[-1][3] == delta:
            first, last, stride, _ = runs[-1]
            step = code - last
            if step in (1, 2) and (first == last or step == stride):
                runs[-1] = (first, code, step, delta)
                continue
        runs.append((code, code, 1, delta))
    return runs


def is_cased(character: str) -> bool:
    return (character + "\u03a3").lower().endswith(FINAL_SIGMA)


def is_ignorable(character: str) -> bool:
    return ("A" + character + "\u03a3").lower().endswith(FINAL_SIGMA) and not is_cased(character)


def table(name: str, kind: str, rows: Sequence[tuple[int, ...]]) -> str:
    text, line = "", "   "
    for row in rows:
        item = " {" + ", ".join(hex(v) if v >= 0 else str(v) for v in row) + "},"
        if len(line) + len(item) > 110:
            text += line + "\n"
            line = "   "
        line += item
    return f"constexpr {kind} {name}[] = {{\n{text}{line}\n}};\n"


def main() -> None:
    parts = [
        "// SPDX-License-Identifier: MIT",
        f"// Made by tools/unicode_tables.py from Unicode {unicodedata.unidata_version}; not edited by hand.",
        '#include "domain/features/unicode_tables.h"\n',
        "namespace tracseq::features {",
        "namespace {\n",
        "// clang-format off",
        table("kWord", "CodeRange", ranges(lambda c: c.isalnum() or c == "_")),
        table("kCased", "CodeRange", ranges(is_cased)),
        table("kIgnorable", "CodeRange", ranges(is_ignorable)),
        table("kLower", "LowerRun", lower_runs()) + "// clang-format on\n",
        "}  // namespace\n",
        "std::span<const CodeRange> word_ranges() noexcept { return kWord; }",
        "std::span<const CodeRange> cased_ranges() noexcept { return kCased; }",
        "std::span<const CodeRange> ignorable_ranges() noexcept { return kIgnorable; }",
        "std::span<const LowerRun> lower_runs() noexcept { return kLower; }\n",
        "}  // namespace tracseq::features\n",
    ]
    OUTPUT.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
