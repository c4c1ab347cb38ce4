# SPDX-License-Identifier: MIT
"""The services have the methods and parameters that programs call."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from typing import Any

import pytest

from mlops import sync
from mlops.tests.make_sync_stub import ROOT, stub
from mlops.tests.unit.contract import SERVICES

# (module, service, async?, method, parameters with their defaults)
Signature = tuple[str, str, bool, str, list[tuple[str, str]]]


def split(text: str) -> list[str]:
    """At commas that stand in no bracket."""
    parts, depth = [""], 0
    for char in text:
        depth += char in "([{"
        depth -= char in ")]}"
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def signatures() -> list[Signature]:
    found = []
    for module, services in SERVICES.items():
        for service, text in services.items():
            for line in filter(None, map(str.strip, text.splitlines())):
                match = re.fullmatch(r"(async )?(\w+)\((.*)\)(?: -> .*)?", line)
                assert match, line
                parameters = [re.fullmatch(r"(\w+)(?:: [^=]*)?(?:=(.*))?", part) for part in split(match[3])]
                named = [(p[1], (p[2] or "").strip()) for p in parameters if p]
                assert len(named) == len(parameters), line
                found.append((module, service, bool(match[1]), match[2], named))
    return found


@pytest.mark.parametrize(
    ("module", "service", "is_async", "method", "parameters"),
    signatures(),
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_methods_take_the_listed_parameters(
    module: str, service: str, is_async: bool, method: str, parameters: list[tuple[str, str]]
) -> None:
    namespace = importlib.import_module(f"mlops.{module}")
    cls = getattr(namespace, service)
    function: Any = cls.__init__ if method == service else getattr(cls, method)
    assert inspect.iscoroutinefunction(function) == is_async
    have = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    assert [p.name for p in have[: len(parameters)]] == [name for name, _ in parameters]
    for parameter, (_, default) in zip(have, parameters):
        if default:
            assert parameter.default == eval(default, dict(vars(namespace)))
        elif parameter.default is not inspect.Parameter.empty:
            pytest.fail(f"{parameter.name} has a default that the contract does not list")
    for added in have[len(parameters) :]:
        assert added.default is not inspect.Parameter.empty


def test_the_plain_twins_have_the_same_methods() -> None:
    for module, services in SERVICES.items():
        for name in services:
            if module == "config":
                continue
            service = getattr(importlib.import_module(f"mlops.{module}"), name)
            plain = getattr(sync, name)
            for attribute, method in inspect.getmembers(service, inspect.iscoroutinefunction):
                if not attribute.startswith("_"):
                    assert not inspect.iscoroutinefunction(getattr(plain, attribute))
                    assert inspect.signature(getattr(plain, attribute)) == inspect.signature(method)
    with pytest.raises(AttributeError):
        getattr(sync, "ContinuousLearningPipeline".strip())  # comes with a later issue


def test_a_star_import_brings_the_services_and_nothing_else() -> None:
    names: dict[str, object] = {}
    exec("from mlops.sync import *", names)
    del names["__builtins__"]
    assert sorted(names) == dir(sync)
    assert all(isinstance(brought, type) and brought is getattr(sync, name) for name, brought in names.items())


def classes(text: str) -> list[str]:
    return [ast.dump(node) for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]


def test_the_stub_of_the_plain_twins_is_current() -> None:
    kept = (ROOT / "sync.pyi").read_text()
    assert classes(kept) == classes(stub()), "run python -m mlops.tests.make_sync_stub, then ruff format"
