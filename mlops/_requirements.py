# SPDX-License-Identifier: MIT
"""What a model needs installed to be loaded again."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Any

_NEEDED_BY = {"sklearn": ("numpy", "scipy", "joblib")}
# For Pythons that cannot tell which distribution a module comes from.
_DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "yaml": "PyYAML",
    "cv2": "opencv-python",
    "skimage": "scikit-image",
}
_DEPTH_MAX = 4
_PARTS_MAX = 200


def requirements_of(model: Any) -> list[str]:
    """`name==version` of the packages the classes of the model and of its parts come from, in order of name."""
    modules: set[str] = set()
    _collect(model, modules, 0)
    for module in list(modules):
        modules.update(_NEEDED_BY.get(module, ()))
    found = {}
    for module in modules:
        name = _distribution(module)
        try:
            found[name.lower()] = f"{name}=={metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue  # the caller's own module, or a part of Python
    return [found[name] for name in sorted(found)]


def _collect(part: Any, modules: set[str], depth: int) -> None:
    modules.add(type(part).__module__.split(".", 1)[0])
    if depth >= _DEPTH_MAX:
        return
    if isinstance(part, dict):
        inner = list(part.values())
    elif isinstance(part, (list, tuple)):
        inner = list(part)
    else:
        inner = list(getattr(part, "__dict__", {}).values())
    for value in inner[:_PARTS_MAX]:
        if not isinstance(value, (str, bytes, int, float, bool, type(None))):
            _collect(value, modules, depth + 1)


def _distribution(module: str) -> str:
    if sys.version_info >= (3, 10) and module not in _DISTRIBUTIONS:
        names = metadata.packages_distributions().get(module)
        if names:
            return names[0]
    return _DISTRIBUTIONS.get(module, module)
