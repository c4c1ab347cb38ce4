# SPDX-License-Identifier: MIT
"""Makes mlops/sync.pyi from the asynchronous services, so that type checkers see the plain twins.

python -m mlops.tests.make_sync_stub
"""

from __future__ import annotations

import ast
from pathlib import Path

import mlops
from mlops import sync

ROOT = Path(mlops.__file__).parent
HEAD = """# SPDX-License-Identifier: MIT
# Made by mlops/tests/make_sync_stub.py; a test keeps it current.
import datetime as _dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, Optional, Union

import pandas as pd

"""


def stub() -> str:
    """The text of the stub."""
    classes: list[str] = []
    used: set[tuple[str, str]] = set()
    modules: dict[str, str] = vars(sync)["_MODULES"]
    for name in dir(sync):
        module = modules[name]
        tree = ast.parse((ROOT / f"{module}.py").read_text())
        cls = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
        records = {node.name for node in tree.body if isinstance(node, ast.ClassDef)} - {name}
        lines = [f"class {name}:"]
        for member in cls.body:
            if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)) and _public(member.name):
                lines.append(_method(member))
                used.update(
                    (module, node.id) for node in ast.walk(member) if isinstance(node, ast.Name) and node.id in records
                )
        lines += ["    @property", "    def database_url(self) -> str: ..."]
        lines += _attributes(cls)
        classes.append("\n".join(lines))
    imports = [
        f"from .{module} import {', '.join(sorted(n for m, n in used if m == module))}"
        for module in sorted({m for m, _ in used})
    ]
    return HEAD + "\n".join(imports) + "\n\n" + "\n\n".join(classes) + "\n"


def _names(member: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """What a signature names; annotations in quotes are not records."""
    parts = [member.args, *([member.returns] if member.returns else [])]
    return {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}


def _public(name: str) -> bool:
    return name == "__init__" or not name.startswith("_")


def _method(member: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    returns = ast.unparse(member.returns) if member.returns else "None"
    plain = returns.strip("'\"")
    return f"    def {member.name}({ast.unparse(member.args)}) -> {plain}: ..."


def _attributes(cls: ast.ClassDef) -> list[str]:
    """What the constructor sets: `tracking_dir`, `current_experiment`."""
    init = next(node for node in cls.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    found = []
    for node in ast.walk(init):
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if isinstance(target, ast.Attribute) and not target.attr.startswith("_"):
            kind = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else "Path"
            found.append(
                f"    {target.attr}: {kind if target.attr != 'alert_handlers' else 'dict[str, Callable[..., Any]]'}"
            )
    return found


def main() -> None:
    (ROOT / "sync.pyi").write_text(stub())


if __name__ == "__main__":
    main()
