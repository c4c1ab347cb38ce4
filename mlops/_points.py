# SPDX-License-Identifier: MIT
"""From the metrics a user logs to points on the wire. `entry_of` runs at every `log_metrics`: it is kept small."""

from __future__ import annotations

import datetime as _dt
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from ._buffer import Entry
from ._json import format_time, number_name, parse_time
from ._records import number, whole
from .errors import InvalidArgument

if TYPE_CHECKING:
    from .experiment_tracker import ExperimentMetrics

# In the order of the record; these are the columns of `get_experiment_metrics`.
FIXED = (
    "train_loss",
    "train_accuracy",
    "train_precision",
    "train_recall",
    "train_f1",
    "val_loss",
    "val_accuracy",
    "val_precision",
    "val_recall",
    "val_f1",
    "memory_usage_mb",
    "gpu_usage_percent",
    "training_time_seconds",
)
KEY_BYTES_MAX = 250
POINTS_MAX = 50_000  # of one call; a batch is committed at once

# (step, epoch, time, [(name, value)])
Step = tuple[int, Optional[int], _dt.datetime, list[tuple[str, float]]]


def entry_of(metrics: ExperimentMetrics, run_id: str) -> Entry:
    """What the buffer keeps of one call; `InvalidArgument` names the field that is wrong."""
    values = metrics.__dict__
    points: list[tuple[str, float]] = []
    for name in FIXED:
        value = values[name]
        if value is not None:
            points.append((name, value if type(value) is float else number(value, name)))
    custom = values["custom_metrics"]
    if custom:
        _add_custom(points, custom)
    step = values["step"]
    epoch = values["epoch"]
    time = values["timestamp"]
    if type(step) is not int or not -(1 << 63) <= step < 1 << 63:
        step = whole(step, "step")
    if epoch is not None and (type(epoch) is not int or not -(1 << 63) <= epoch < 1 << 63):
        epoch = whole(epoch, "epoch")
    if type(time) is not _dt.datetime or time.tzinfo is not _dt.timezone.utc:
        time = _utc(time)
    if len(points) > POINTS_MAX:
        raise InvalidArgument(
            f"custom_metrics has {len(custom)} values; at most {POINTS_MAX} are taken in one call",
            field="custom_metrics",
        )
    return run_id, len(points), (step, epoch, time, points)


def _utc(time: Any) -> _dt.datetime:
    """The time in UTC, a naive one read as such; `InvalidArgument` for what is none."""
    try:
        return parse_time(format_time(time))
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise InvalidArgument(f"timestamp is {time!r}; it must be a datetime", field="timestamp") from None


def _add_custom(points: list[tuple[str, float]], custom: Any) -> None:
    if not isinstance(custom, dict):
        raise InvalidArgument(f"custom_metrics is {custom!r}; it must be a dict of numbers", field="custom_metrics")
    for name, value in custom.items():
        if not _is_key(name):
            raise InvalidArgument(
                f"custom_metrics has the name {name!r}; a name is text of 1 to {KEY_BYTES_MAX} bytes without control "
                "characters and without space at its ends",
                field="custom_metrics",
            )
        if name in FIXED:
            raise InvalidArgument(f"custom_metrics has {name!r}, which is a field of its own", field="custom_metrics")
        points.append((name, value if type(value) is float else number(value, f"custom_metrics.{name}")))


_known_keys: dict[str, bool] = {}


def _is_key(name: Any) -> bool:
    known = _known_keys.get(name) if isinstance(name, str) else False
    if known is None:
        known = (
            0 < len(name.encode("utf-8", "replace")) <= KEY_BYTES_MAX
            and name == name.strip()
            and not any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in name)
        )
        if len(_known_keys) < 10_000:
            _known_keys[name] = known
    return bool(known)


def encode(batch: Sequence[Entry]) -> bytes:
    """The body of POST /api/v1/metrics."""
    heads: dict[str, str] = {}
    keys: dict[str, str] = {}
    pieces = []
    for run_id, _, (step, epoch, time, points) in batch:
        tail = f',"step":{step},"time":"{time.isoformat()}"'
        if epoch is not None:
            tail += f',"epoch":{epoch}'
        head = heads.get(run_id)
        if head is None:
            head = heads[run_id] = f'{{"run_id":{json.dumps(run_id)},"key":'
        for name, value in points:
            key = keys.get(name)
            if key is None:
                key = keys[name] = json.dumps(name)
            text = repr(value) if math.isfinite(value) else f'"{number_name(value)}"'
            pieces.append(f'{head}{key}{tail},"value":{text}}}')
    return ('{"points":[' + ",".join(pieces) + "]}").encode()
