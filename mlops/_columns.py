# SPDX-License-Identifier: MIT
"""Tables as columnar buffers, the form in which they cross to a Python function and back: docs/formats/columns.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Optional

from .errors import InvalidArgument

if TYPE_CHECKING:
    import pandas as pd

MAGIC = b"TSQCOLS1"
_ALIGN = 64
_BATCH_ROWS = 65_536
_KINDS = {"float64": "<f8", "int64": "<i8", "timestamp": "<i8", "boolean": "u1"}


def read_table(path: Path) -> pd.DataFrame:
    """The table of a file. Missing values are NaN, None or NaT; whole numbers with gaps become floats."""
    import numpy as np
    import pandas as pd

    data = path.read_bytes()
    footer = _footer(data)
    frames = []
    for batch in footer["batches"]:
        columns = {}
        for info, places in zip(footer["columns"], batch["columns"]):
            columns[info["name"]] = _read_column(np, pd, data, info["type"], places, int(batch["rows"]))
        frames.append(pd.DataFrame(columns, columns=[info["name"] for info in footer["columns"]]))
    if not frames:
        return pd.DataFrame({info["name"]: [] for info in footer["columns"]})
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _footer(data: bytes) -> dict[str, Any]:
    if len(data) < 24 or data[:8] != MAGIC or data[-8:] != MAGIC:
        raise InvalidArgument("this is no table of columns")
    size = int.from_bytes(data[-16:-8], "little")
    footer: dict[str, Any] = json.loads(data[len(data) - 16 - size : -16])
    if footer.get("version") != 1:
        raise InvalidArgument(f"this is a table of columns of version {footer.get('version')}; version 1 is known")
    return footer


def _slice(data: bytes, place: dict[str, int]) -> bytes:
    return data[place["offset"] : place["offset"] + place["length"]]


def _present(np: Any, data: bytes, places: dict[str, Any], rows: int) -> Optional[Any]:
    """Where values are; None: everywhere."""
    if not places.get("validity"):
        return None
    bits = np.frombuffer(_slice(data, places["validity"]), dtype=np.uint8)
    present = np.unpackbits(bits, bitorder="little")[:rows].astype(bool)
    return None if present.all() else present


def _read_column(np: Any, pd: Any, data: bytes, kind: str, places: dict[str, Any], rows: int) -> Any:
    present = _present(np, data, places, rows)
    if kind == "string":
        offsets = np.frombuffer(_slice(data, places["offsets"]), dtype="<i8")
        text = _slice(data, places["data"])
        values = [text[offsets[i] : offsets[i + 1]].decode() for i in range(rows)]
        return pd.Series([v if present is None or present[i] else None for i, v in enumerate(values)], dtype=object)
    numbers = np.frombuffer(_slice(data, places["data"]), dtype=_KINDS[kind], count=rows)
    if kind == "timestamp":
        times = numbers.astype("datetime64[us]")
        if present is not None:
            times = np.where(present, times, np.datetime64("NaT"))
        return pd.Series(times).dt.tz_localize("UTC")
    if kind == "boolean":
        flags = numbers.astype(bool)
        if present is None:
            return pd.Series(flags)
        return pd.Series([bool(v) if present[i] else None for i, v in enumerate(flags)], dtype=object)
    if present is None:
        return pd.Series(numbers.copy())
    return pd.Series(np.where(present, numbers.astype(np.float64), np.nan))


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Writes a table; `InvalidArgument` names a column whose values have no form here."""
    names = [str(name) for name in frame.columns]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InvalidArgument(f"the table has the column {doubled[0]!r} twice")
    columns = [_prepare(frame.iloc[:, index], name) for index, name in enumerate(names)]
    with path.open("wb") as file:
        file.write(MAGIC)
        batches = []
        for start in range(0, len(frame), _BATCH_ROWS):
            end = min(start + _BATCH_ROWS, len(frame))
            places = [
                _write_column(file, kind, values[start:end], present[start:end]) for kind, values, present in columns
            ]
            batches.append({"rows": end - start, "columns": places})
        infos = [{"name": name, "type": kind} for name, (kind, _, _) in zip(names, columns)]
        footer = json.dumps({"version": 1, "columns": infos, "batches": batches}).encode()
        file.write(footer + len(footer).to_bytes(8, "little") + MAGIC)


def _prepare(series: pd.Series[Any], name: str) -> tuple[str, Any, Any]:
    """(type, values as an array, presence as an array)."""
    import numpy as np
    import pandas as pd

    present = series.notna().to_numpy(dtype=bool)
    types = pd.api.types
    if types.is_bool_dtype(series.dtype):
        return "boolean", series.fillna(False).to_numpy(dtype=np.uint8), present
    if types.is_integer_dtype(series.dtype):
        filled = series.fillna(0)
        if len(filled) and int(filled.max()) >= 1 << 63:
            return "float64", filled.to_numpy(dtype=np.float64), present
        return "int64", filled.to_numpy(dtype=np.int64), present
    if types.is_float_dtype(series.dtype):
        return "float64", series.to_numpy(dtype=np.float64, na_value=np.nan), present
    if types.is_datetime64_any_dtype(series.dtype):
        utc = series.dt.tz_localize("UTC") if series.dt.tz is None else series.dt.tz_convert("UTC")
        micro = utc.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64)
        return "timestamp", np.where(present, micro, 0), present
    return _prepare_objects(series.astype(object), present, name)


def _prepare_objects(series: pd.Series[Any], present: Any, name: str) -> tuple[str, Any, Any]:
    import numpy as np

    values = series.to_numpy(dtype=object)
    kinds = {type(value) for value in values[present]}
    if kinds and kinds <= {bool, np.bool_}:
        return "boolean", np.array([bool(v) if p else False for v, p in zip(values, present)], dtype=np.uint8), present
    if kinds and all(issubclass(kind, (int, float, np.number)) for kind in kinds):
        return "float64", np.array([float(v) if p else 0.0 for v, p in zip(values, present)]), present
    bad = next((kind for kind in kinds if not issubclass(kind, str)), None)
    if bad is not None:
        raise InvalidArgument(
            f"the column {name!r} holds a {bad.__name__}; columns hold numbers, booleans, texts or times", field=name
        )
    return "string", values, present


def _write_column(file: IO[bytes], kind: str, values: Any, present: Any) -> dict[str, Any]:
    import numpy as np

    places: dict[str, Any] = {}
    if not present.all():
        bits = np.packbits(present, bitorder="little").tobytes()
        places["validity"] = _write(file, bits + b"\0" * (-len(bits) % 8))
    if kind != "string":
        places["data"] = _write(file, values.astype(_KINDS[kind]).tobytes())
        return places
    texts = [value.encode() if there else b"" for value, there in zip(values, present)]
    offsets = np.zeros(len(texts) + 1, dtype="<i8")
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    places["offsets"] = _write(file, offsets.tobytes())
    places["data"] = _write(file, b"".join(texts))
    return places


def _write(file: IO[bytes], data: bytes) -> dict[str, int]:
    file.write(b"\0" * (-file.tell() % _ALIGN))
    offset = file.tell()
    file.write(data)
    return {"offset": offset, "length": len(data)}
