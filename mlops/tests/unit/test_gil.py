# SPDX-License-Identifier: MIT
"""Every function of the extension lets other threads run while it works."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from mlops import _json
from mlops._native import native

_CALLS_MAX = 20_000
_NEVER = 1000.0  # seconds: no thread is made to give the GIL away, it must do so itself
# Only says that the interpreter ends.
_WITHOUT_WORK = {"abandon"}


@pytest.fixture
def counted() -> Iterator[Callable[[], int]]:
    """How often another thread ran."""
    count = 0
    stop = threading.Event()

    def run() -> None:
        nonlocal count
        while not stop.is_set():
            count += 1
            time.sleep(0)

    before = sys.getswitchinterval()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    sys.setswitchinterval(_NEVER)
    yield lambda: count
    sys.setswitchinterval(before)
    stop.set()
    thread.join(10)


def functions(tmp_path: Path) -> dict[str, Callable[[], Any]]:
    module = native()
    settings = module.load_config("", "development", {}, {})[1]
    config = _json.dumps(_json.loads(settings)["config"])
    core = module.Core(_json.dumps({"database_url": f"sqlite:///{tmp_path}/a.db", "artifact_root": ""}))
    closed = module.Core(_json.dumps({"database_url": f"sqlite:///{tmp_path}/b.db", "artifact_root": ""}))
    closed.close(1000)
    arguments: tuple[Any, ...] = ("GET", "/api/v1/experiments", {}, b"", "", "", 1000)

    def open_none() -> None:
        with pytest.raises(RuntimeError):
            module.Core(b'{"database_url": "none://"}')

    return {
        "check_identifier": lambda: module.check_identifier("model_id", "a"),
        "stats": lambda: module.stats("none", {"x": bytes(80_000)}, b"{}"),
        "load_config": lambda: module.load_config("", "development", {}, {}),
        "save_config": lambda: module.save_config(str(tmp_path / "c.json"), config),
        "validate_config": lambda: module.validate_config(config),
        "Core": open_none,
        "Core.call": lambda: core.call(*arguments),
        "Core.submit": lambda: core.submit(*arguments, lambda *_: None),
        "Core.cancel": lambda: core.cancel(1),
        "Core.close": lambda: closed.close(0),
    }


def test_the_gil_is_released_in_every_function(tmp_path: Path, counted: Callable[[], int]) -> None:
    known = functions(tmp_path)
    module = native()
    there = {name for name in dir(module) if callable(getattr(module, name)) and not name.startswith("_")}
    there |= {f"Core.{name}" for name in dir(module.Core) if not name.startswith("_")}
    assert there - _WITHOUT_WORK == set(known)
    for name, function in known.items():
        before = counted()
        for _ in range(_CALLS_MAX):
            function()
            if counted() > before:
                break
        assert counted() > before, f"{name} kept every other thread waiting in {_CALLS_MAX} calls"
