# SPDX-License-Identifier: MIT
"""Drawing metrics with matplotlib, which is imported when the first picture is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = 2
_PANELS_MAX = 24


def plot_metrics(frame: pd.DataFrame, names: list[str], title: str, path: Path) -> None:
    """One panel per metric over its steps, as a PNG. Uses no display and leaves no state in pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = names[:_PANELS_MAX]
    rows = max(1, -(-len(shown) // _COLUMNS))
    figure = Figure(figsize=(11, 3.2 * rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axis, name in zip(axes, shown):
        values = frame[["step", name]].dropna()
        marker = "o" if len(values) <= 40 else None
        axis.plot(values["step"], values[name], color="#2f6fdb", linewidth=1.6, marker=marker, markersize=3.5)
        axis.set_title(name, loc="left", fontsize=10)
        axis.set_xlabel("step", fontsize=9)
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    figure.suptitle(title, fontsize=12)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=110)
