# SPDX-License-Identifier: MIT
"""Registered Python functions as jobs: a table comes as a file of columns, and goes back as one."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Callable

from ._columns import read_table, write_table
from ._hosting import JobInHand, Work
from .errors import InvalidArgument, Unavailable, Unprocessable


def kind_of(name: str) -> str:
    """The kind of job that needs the function of that name."""
    return f"python.transform:{name}"


def work_of(name: str, func: Callable[..., Any]) -> Work:
    """Does such a job. A function of one parameter gets the DataFrame alone."""
    if not callable(func):
        raise InvalidArgument(f"func is {func!r}; it must be a function", field="func")
    alone = _takes_one(func)

    def work(job: JobInHand) -> Any:
        source, sink = Path(job.payload["input"]), Path(job.payload["output"])
        if not source.is_file():
            raise Unavailable(
                f"the table for the transformation {name!r} is not on this machine; host the function where the "
                "pipeline's worker runs"
            )
        frame = read_table(source)
        transformation = dict(job.payload.get("transformation") or {})
        try:
            result = func(frame) if alone else func(frame, transformation)
        except Exception as error:
            raise Unprocessable(f"{type(error).__name__}: {error}") from error
        _check(name, result)
        temporary = sink.with_suffix(".new")
        write_table(result, temporary)
        temporary.replace(sink)
        return {"rows": len(result)}

    return work


def _takes_one(func: Callable[..., Any]) -> bool:
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):
        return False
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p for p in positional if p.default is p.empty]
    if not positional or len(needed) > 2:
        raise InvalidArgument("func must take (df) or (df, transformation)", field="func")
    return len(positional) == 1


def _check(name: str, result: Any) -> None:
    import pandas as pd

    if not isinstance(result, pd.DataFrame):
        raise Unprocessable(f"the transformation {name!r} returned a {type(result).__name__}; it must be a DataFrame")
    if len(result) == 0:
        raise Unprocessable(f"the transformation {name!r} returned no rows")
