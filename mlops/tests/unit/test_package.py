# SPDX-License-Identifier: MIT
"""What importing does, the errors' family, and the check of the extension's build."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

import mlops
from mlops import _native, errors

ROOT = Path(mlops.__file__).resolve().parents[1]


def test_importing_loads_nothing_heavy() -> None:
    program = (
        "import sys, mlops\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'matplotlib', '_tracseq', 'asyncio', 'ssl', 'http.client'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "print(mlops.__version__, 'ExperimentConfig' in dir(mlops))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [mlops.__version__, "True"]


def test_all_names_are_there() -> None:
    for name in mlops.__all__:
        assert getattr(mlops, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Colour'"):
        _ = mlops.Colour


def test_every_code_has_its_class() -> None:
    assert isinstance(errors.error_from("not_found", "x"), LookupError)
    assert isinstance(errors.error_from("not_found", "x"), ValueError)
    assert isinstance(errors.error_from("invalid", "x"), ValueError)
    assert isinstance(errors.error_from("unauthenticated", "x"), errors.PermissionDenied)
    assert type(errors.error_from("of_a_newer_server", "x")) is errors.InternalError
    error = errors.error_from("invalid", "words", field="a.b", request_id="r")
    assert (str(error), error.field, error.request_id, error.code) == ("words", "a.b", "r", "invalid")


def test_the_codes_are_those_of_the_core() -> None:
    text = (ROOT / "src" / "base" / "result.h").read_text()
    codes = text.split("enum class Code {")[1].split("}")[0].replace(",", " ").split()
    for code in codes:
        assert errors.error_from(code, "").code == code


def test_an_extension_of_another_build_is_refused_with_both_versions_and_places() -> None:
    other = types.ModuleType("_tracseq")
    other.__version__ = "9.9.9"  # type: ignore[attr-defined]
    other.BINDING = _native.BINDING  # type: ignore[attr-defined]
    other.__file__ = "/elsewhere/_tracseq.abi3.so"
    with pytest.raises(ImportError) as caught:
        _native.check(other)
    for part in ("9.9.9", mlops.__version__, "/elsewhere/_tracseq.abi3.so", str(Path(mlops.__file__).parent)):
        assert part in str(caught.value)
    other.__version__ = mlops.__version__  # type: ignore[attr-defined]
    _native.check(other)
    other.BINDING = _native.BINDING + 1  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="binding"):
        _native.check(other)


def test_the_extension_is_of_this_build() -> None:
    assert _native.native().__version__ == mlops.__version__
