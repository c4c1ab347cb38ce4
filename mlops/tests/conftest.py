# SPDX-License-Identifier: MIT
"""What the tests of the package share: a folder of their own, and the ways to a database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test works in a folder of its own and without settings of the machine."""
    for name in list(os.environ):
        if name.startswith("MLOPS_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    yield
    _forget_databases()


def _forget_databases() -> None:
    """Closes what the test opened, so that it leaves no file open below its folder."""
    from mlops import _buffer, _embedded, _transport

    _buffer.flush_all(5)
    for transport in list(_embedded._all):
        transport.close(5_000)
    _transport._transports.clear()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/mlops.db"
