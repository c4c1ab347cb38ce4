# SPDX-License-Identifier: MIT
"""The books: every document of the tree, and the samples in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.tree import ROOT, files

FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    book: str  # relative to the root
    line: int  # of its first line
    language: str
    text: str


def samples(book: str) -> list[Sample]:
    text = (ROOT / book).read_text(encoding="utf-8")
    return [
        Sample(book, text.count("\n", 0, found.start(2)) + 1, found.group(1).strip(), found.group(2))
        for found in FENCE.finditer(text)
    ]


BOOKS = [path.as_posix() for path in files() if path.suffix == ".md"]


def books_with(language: str) -> list[str]:
    return [book for book in BOOKS if any(sample.language == language for sample in samples(book))]


def texts(book: str, language: str) -> list[str]:
    return [sample.text for sample in samples(book) if sample.language == language]


def exists(program: str) -> bool:
    return (ROOT / Path(program)).exists()
