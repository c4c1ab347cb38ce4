# SPDX-License-Identifier: MIT
"""Nothing enters third_party_build/ that has another hash than the list says."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from tools.setup import third_party


def packed(folder: Path, content: bytes) -> Path:
    archive = folder / "thing-1.0.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        entry = tarfile.TarInfo("package/thing.so")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return archive


def member(folder: Path, content: bytes) -> third_party.Member:
    return third_party.Member("package/thing.so", hashlib.sha256(content).hexdigest(), folder / "out" / "thing.so")


def test_a_member_with_the_right_hash_is_installed(tmp_path: Path) -> None:
    wanted = member(tmp_path, b"library")
    assert not wanted.present()
    third_party.install(wanted, third_party.read_member(packed(tmp_path, b"library"), wanted.path))
    assert wanted.present()
    assert wanted.target.stat().st_mode & 0o111


def test_a_member_with_another_hash_is_refused(tmp_path: Path) -> None:
    wanted = member(tmp_path, b"library")
    content = third_party.read_member(packed(tmp_path, b"something else"), wanted.path)
    with pytest.raises(SystemExit, match="SHA-256"):
        third_party.install(wanted, content)
    assert not wanted.target.exists()


def test_a_changed_file_counts_as_missing(tmp_path: Path) -> None:
    wanted = member(tmp_path, b"library")
    third_party.install(wanted, b"library")
    wanted.target.write_bytes(b"tampered")
    assert not wanted.present()


def test_the_list_is_read_whole() -> None:
    archives = third_party.read_list(third_party.LIST)
    assert {archive.client for archive in archives} == {"pip", "npm"}
    assert all(archive.members for archive in archives)
    assert all(len(archive.sha256) == 64 for archive in archives)


def test_a_line_that_is_neither_archive_nor_file_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "third_party.txt"
    broken.write_text("archive a pip b 1.0\n")
    with pytest.raises(SystemExit, match=r"third_party\.txt:1"):
        third_party.read_list(broken)
