# SPDX-License-Identifier: MIT
"""Finds the functions of C++ sources by counting braces: enough for formatted code, without a compiler."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# What may hold braces without meaning them, longest first: raw strings, comments, strings, characters, directives.
_OPAQUE = re.compile(
    r"""R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|"""
    r"""(?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'|^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*""",
    re.DOTALL | re.MULTILINE,
)
_CONTAINER = re.compile(r"\b(?:namespace|class|struct|union|enum|extern)\b[^()]*$|\bnamespace\b")


class Function(NamedTuple):
    line: int
    name: str
    lines: int  # from its first word to its closing brace


def _blank(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n") or " "


def functions(source: str) -> Iterator[Function]:
    """Every function that has a body; what stands inside one (lambdas, local classes) counts as part of it."""
    code = _OPAQUE.sub(_blank, source)
    line = 1
    head = ""  # what stands before the next brace
    head_line = 1
    open_blocks: list[str] = []  # "container", "function" or "other"
    begun = (0, "")
    before = ""
    for char in code:
        value = "value" in open_blocks
        if char == "{" and (value or head.count("(") != head.count(")") or (head and not before.isspace())):
            open_blocks.append("value")  # an initialiser: formatted code has a space before a body
            value = True
        elif char == "{":
            inside = "function" in open_blocks or "other" in open_blocks
            if not inside and "(" in head and not _CONTAINER.search(head):
                open_blocks.append("function")
                begun = (head_line, head.split("(")[0].split()[-1] if head.split("(")[0].split() else "?")
            else:
                open_blocks.append("container" if not inside and _CONTAINER.search(head) else "other")
        elif char == "}" and open_blocks and open_blocks.pop() == "function":
            yield Function(begun[0], begun[1], line - begun[0] + 1)
        if char in "{};" and not value:
            head = ""
        elif head or not char.isspace():
            if not head:
                head_line = line
            head += char
        before = char
        if char == "\n":
            line += 1
