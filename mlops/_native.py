# SPDX-License-Identifier: MIT
"""Finds the extension `_tracseq`, and refuses one of another build."""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

from . import __version__, _json
from .errors import InvalidArgument, error_from

# Raised whenever a function of the extension changes its meaning or a new one is needed here; src/python/module.cpp has the same number.
BINDING = 2

_lock = threading.Lock()
_module: Optional[ModuleType] = None


def native() -> ModuleType:
    """The extension, loaded on first use. `ImportError` says what is wrong and what to do."""
    global _module
    if _module is None:
        with _lock:
            if _module is None:
                found = _import()
                check(found)
                _module = found
    return _module


def answered(reply: tuple[int, bytes]) -> Any:
    """The document of a reply of the extension, or its error."""
    status, body = reply
    document = _json.loads(body)
    if status >= 400:
        error = document["error"]
        raise error_from(error["code"], error["message"], field=error.get("field", ""))
    return document


def identifier(value: Any, field_name: str) -> str:
    """The text, if it can stand in a path; the same rule and the same words as the server's."""
    if not isinstance(value, str):
        raise InvalidArgument(f"{field_name} is {value!r}; it must be text", field=field_name)
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which no address and no database takes
        raise InvalidArgument(f"{field_name} {value!r} is not UTF-8", field=field_name) from None
    answered(native().check_identifier(field_name, value))
    return value


def check(module: ModuleType) -> None:
    """Refuses an extension of another version or binding, naming both and where they lie."""
    version = getattr(module, "__version__", "unknown")
    binding = getattr(module, "BINDING", "unknown")
    if (version, binding) != (__version__, BINDING):
        raise ImportError(
            f"mlops {__version__} (binding {BINDING}) in {Path(__file__).parent} cannot use _tracseq {version} "
            f"(binding {binding}) in {getattr(module, '__file__', 'unknown')}: they are of different builds. "
            "In a checkout run ./run build; else install both from the same wheel."
        )


def _import() -> ModuleType:
    try:
        import _tracseq  # type: ignore[import-not-found]

        return _tracseq  # type: ignore[no-any-return]
    except ModuleNotFoundError:
        pass
    candidates = _built()
    if not candidates:
        raise ImportError(
            f"the extension _tracseq of mlops {__version__} is not there: neither installed nor built below "
            f"{_root() / 'build'}. In a checkout run ./run build."
        )
    return _load(candidates[0])


def _root() -> Path:
    return Path(__file__).resolve().parents[1]


def _built() -> list[Path]:
    """What the build folders of the checkout hold, newest first."""
    found = [p for preset in ("release", "dev") for p in (_root() / "build" / preset / "python").glob("_tracseq*.so")]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("_tracseq", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["_tracseq"] = module
    return module
