# SPDX-License-Identifier: MIT
"""What the golden cases of src/stats are made of: named data, and cases that call a function by name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

FOLDER = Path(__file__).parent
EXACT = 1e-12  # closed forms
CLOSE = 1e-9  # what needs a series, an inverse or an integral
Array = Union[str, Sequence[float], np.ndarray]


def plain(value: Any) -> Any:
    """As base/json.h reads it: non-finite numbers are {"$number": name}."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        if math.isnan(value):
            return {"$number": "NaN"}
        if math.isinf(value):
            return {"$number": "Infinity" if value > 0 else "-Infinity"}
        return float(value)
    return value


class Suite:
    """One file of cases. Data that several cases use is stored once, under a name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data: dict[str, Any] = {}
        self.cases: list[dict[str, Any]] = []

    def named(self, name: str, values: Array) -> np.ndarray:
        array = np.asarray(values, dtype=float)
        self.data[name] = plain(array)
        return array

    def case(
        self,
        call: str,
        expect: Mapping[str, Any],
        source: str,
        *,
        arrays: Optional[Mapping[str, Array]] = None,
        tolerance: float = EXACT,
        **options: Any,
    ) -> None:
        case: dict[str, Any] = {"call": call, "source": source, "tolerance": tolerance}
        if arrays:
            case["arrays"] = {k: v if isinstance(v, str) else plain(np.asarray(v, float)) for k, v in arrays.items()}
        if options:
            case["options"] = plain(options)
        case["expect"] = plain(expect)
        self.cases.append(case)

    def refuses(self, call: str, field: str, *, arrays: Optional[Mapping[str, Array]] = None, **options: Any) -> None:
        """The call must answer an error that names the argument."""
        case: dict[str, Any] = {"call": call, "error": field}
        if arrays:
            case["arrays"] = {k: v if isinstance(v, str) else plain(np.asarray(v, float)) for k, v in arrays.items()}
        if options:
            case["options"] = plain(options)
        self.cases.append(case)

    def text(self, made_by: str) -> str:
        lines = [json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in self.cases]
        data = json.dumps(self.data, separators=(",", ":"))
        return f'{{"made_by":{json.dumps(made_by)},\n"data":{data},\n"cases":[\n' + ",\n".join(lines) + "\n]}\n"
