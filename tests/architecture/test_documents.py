# SPDX-License-Identifier: MIT
"""Documents: links lead somewhere, commands they name exist, notices name every dependency."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.architecture.tree import ROOT, files, files_below, text

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PICTURE_BYTES_MAX = 300_000
RUN_COMMAND = re.compile(r"(?<![\w/])\./run ([a-z]+)")


def documents() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def anchors_of(path: Path) -> set[str]:
    """The names that headings can be linked by, as code hosts make them."""
    names = set()
    for line in FENCE.sub("", text(path)).splitlines():
        if line.startswith("#"):
            title = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            names.add(title.replace(" ", "-"))
    return names


def test_every_relative_link_leads_somewhere() -> None:
    broken = []
    for document in documents():
        for link in LINK.findall(FENCE.sub("", text(document))):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (ROOT / document.parent / name).resolve() if name else ROOT / document
            if not target.exists():
                broken.append(f"{document}: {link}")
            elif anchor and target.suffix == ".md" and anchor not in anchors_of(target.relative_to(ROOT)):
                broken.append(f"{document}: {link} (no such heading)")
    assert broken == []


def test_documents_name_only_commands_that_exist() -> None:
    commands = {path.stem for path in files_below("tools/run", ".sh")}
    unknown = [
        f"{document}: ./run {name}"
        for document in documents()
        for name in RUN_COMMAND.findall(text(document))
        if name not in commands
    ]
    assert unknown == []


def test_every_command_says_what_it_does() -> None:
    silent = [str(path) for path in files_below("tools/run", ".sh") if "\n# help: " not in text(path)]
    assert silent == []


def test_the_readme_lists_every_command() -> None:
    readme = text(Path("README.md"))
    missing = [path.stem for path in files_below("tools/run", ".sh") if f"./run {path.stem}" not in readme]
    assert missing == []


def dependencies() -> set[str]:
    """Every package name in the lists of tools/setup and in the page's package.json."""
    setup = Path("tools/setup")
    names = {
        line.split()[1] for line in text(setup / "apt.txt").splitlines() if line.strip() and not line.startswith("#")
    }
    for lock in ("python.txt", "node.txt"):
        names |= set(re.findall(r"^([A-Za-z0-9._-]+)==", text(setup / lock), re.MULTILINE))
    names |= {line.split()[3] for line in text(setup / "third_party.txt").splitlines() if line.startswith("archive ")}
    package = Path("web/package.json")
    if package in files():
        content = json.loads(text(package))
        names |= set(content.get("dependencies", {})) | set(content.get("devDependencies", {}))
    return names


def test_third_party_notices_name_every_dependency() -> None:
    notices = set(re.findall(r"`([^`]+)`", text(Path("THIRD_PARTY_NOTICES.md"))))
    assert sorted(dependencies() - notices) == []


def test_decisions_are_numbered_once_and_say_what_the_first_one_asks_for() -> None:
    pages = files_below("docs/adr", ".md")
    numbers = [path.name.split("-")[0] for path in pages]
    assert numbers == [f"{number:04}" for number in range(1, len(pages) + 1)]
    wrong = []
    for path in pages:
        page = text(path)
        if not re.match(rf"# {int(path.name[:4])}\. .+\n\nStatus: .+ · \d{{4}}-\d\d-\d\d\n", page):
            wrong.append(f"{path}: number, title, status and date")
        if re.findall(r"^## (.+)$", page, re.MULTILINE) != ["Context", "Decision", "Consequences"]:
            wrong.append(f"{path}: headings")
    assert wrong == []


def test_the_readme_shows_the_page() -> None:
    pictures = re.findall(r"^!\[[^\]]+\]\(([^)]+\.png)\)$", text(Path("README.md")), re.MULTILINE)
    assert pictures
    for picture in pictures:
        content = (ROOT / picture).read_bytes()
        assert content.startswith(b"\x89PNG"), picture
        assert len(content) < PICTURE_BYTES_MAX, picture
