# SPDX-License-Identifier: MIT
"""Calls the statistics of the core by name: arrays in as float64, the answer out as plain numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _json
from ._native import native
from .errors import InvalidArgument, error_from

Numbers = Union[npt.ArrayLike, Iterable[float]]
_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Answer(dict[str, Any]):
    """What a function says: a dict whose fields are attributes too (`answer.p_value`)."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no field {name!r}; there are {', '.join(self)}") from None


def call(name: str, arrays: Optional[Mapping[str, Optional[Numbers]]] = None, /, **options: Any) -> Answer:
    """Calls a function of `src/stats/call.h`. Arrays and options that are None are left out."""
    given = {key: array_bytes(key, values) for key, values in (arrays or {}).items() if values is not None}
    text = json.dumps(_json.plain({key: value for key, value in options.items() if value is not None}))
    status, body = native().stats(name, given, text.encode())
    answer = json.loads(body)
    if status != 200:
        fault = answer["error"]
        raise error_from(fault["code"], fault["message"], field=fault.get("field", ""))
    found = _numbers(answer)
    assert isinstance(found, Answer)
    return found


def value(name: str, arrays: Optional[Mapping[str, Optional[Numbers]]] = None, /, **options: Any) -> float:
    """The same for a function that answers one number."""
    return float(call(name, arrays, **options)["value"])


def values(
    name: str, arrays: Optional[Mapping[str, Optional[Numbers]]] = None, /, **options: Any
) -> npt.NDArray[np.float64]:
    """The same for a function that answers a list of numbers."""
    return np.asarray(call(name, arrays, **options)["values"], dtype=np.float64)


def array_bytes(name: str, given: Numbers) -> bytes:
    """The numbers as float64; missing values (None, NaN, pandas' NA) are NaN. `InvalidArgument` if they are no numbers."""
    try:
        plain = given if hasattr(given, "__array__") or isinstance(given, (list, tuple, float, int)) else list(given)  # type: ignore[arg-type]
        array = np.asarray(plain, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{name} is not an array of numbers: {error}", field=name) from None
    return array.ravel().tobytes()


def _numbers(answer: Any) -> Any:
    if isinstance(answer, dict):
        if set(answer) == {"$number"}:
            return _NON_FINITE[answer["$number"]]
        return Answer({key: _numbers(item) for key, item in answer.items()})
    if isinstance(answer, list):
        return [_numbers(item) for item in answer]
    if isinstance(answer, str):
        return _NON_FINITE.get(answer, answer)
    return answer
