# SPDX-License-Identifier: MIT
"""A model's dashboard as one HTML file: everything inside it, nothing fetched, good in light and dark."""

from __future__ import annotations

import datetime as _dt
import html
import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

from ._dashboard_style import STYLE

_WIDTH, _HEIGHT = 520, 168
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 10, 10, 24
_POINTS_SHOWN_MAX = 240


class Series(NamedTuple):
    """A metric over time. `times` are seconds since 1970; `low` and `high` draw a band where they are given."""

    name: str
    unit: str
    times: Sequence[float]
    values: Sequence[Optional[float]]
    low: Sequence[Optional[float]] = ()
    high: Sequence[Optional[float]] = ()


class Tile(NamedTuple):
    label: str
    value: str
    note: str = ""
    tone: str = ""  # good, warn, bad


class Row(NamedTuple):
    """One alert."""

    severity: str
    message: str
    raised: _dt.datetime
    resolved: Optional[_dt.datetime]


def page(
    model_id: str,
    version: str,
    health: str,
    span: tuple[_dt.datetime, _dt.datetime],
    tiles: Sequence[Tile],
    series: Sequence[Series],
    alerts: Sequence[Row],
) -> str:
    """The whole document."""
    start, end = span
    name = html.escape(model_id)
    period = f"{_when(start)} to {_when(end)} UTC"
    body = "".join(
        (
            f"<header><div><h1>{name}</h1>",
            f'<p class="sub">version {html.escape(version or "unknown")} · {period}</p></div>',
            f'<span class="pill {html.escape(health)}">{html.escape(health)}</span></header>',
            '<section class="tiles">',
            "".join(_tile(tile) for tile in tiles),
            '</section><section class="charts">',
            "".join(_chart(one, start.timestamp(), end.timestamp()) for one in series),
            "</section>",
            _alerts(alerts),
            f"<footer>Made by TracSeq MLOps at {_when(_dt.datetime.now(_dt.timezone.utc))} UTC. "
            "This file holds all it shows.</footer>",
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{name} · dashboard</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def number(value: Optional[float]) -> str:
    """A value as a reader wants it: three or four digits that matter."""
    if value is None or math.isnan(value):
        return "\u2013"
    if math.isinf(value):
        return "∞" if value > 0 else "\u2212∞"
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}".replace(",", " ")
    if abs(value) >= 1e6 or 0 < abs(value) < 1e-3:
        return f"{value:.2e}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _when(time: _dt.datetime) -> str:
    return time.astimezone(_dt.timezone.utc).strftime("%Y-%m-%d %H:%M")


def _tile(tile: Tile) -> str:
    note = f'<span class="note">{html.escape(tile.note)}</span>' if tile.note else ""
    return (
        f'<div class="tile {html.escape(tile.tone)}"><span class="label">{html.escape(tile.label)}</span>'
        f'<span class="value">{html.escape(tile.value)}</span>{note}</div>'
    )


def _alerts(alerts: Sequence[Row]) -> str:
    if not alerts:
        return '<section class="alerts"><h2>Alerts</h2><p class="empty">None in this period.</p></section>'
    rows = "".join(
        f'<tr><td><span class="pill {html.escape(row.severity)}">{html.escape(row.severity)}</span></td>'
        f"<td>{html.escape(row.message)}</td><td>{_when(row.raised)}</td>"
        f"<td>{_when(row.resolved) if row.resolved else '<b>open</b>'}</td></tr>"
        for row in alerts
    )
    head = "<tr><th>Severity</th><th>What</th><th>Raised</th><th>Resolved</th></tr>"
    return f'<section class="alerts"><h2>Alerts</h2><div class="scroll"><table>{head}{rows}</table></div></section>'


def _finite(values: Sequence[Optional[float]]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _chart(series: Series, start: float, end: float) -> str:
    series = _thin(series)
    known = _finite(series.values) + _finite(series.low) + _finite(series.high)
    title = html.escape(series.name.replace("_", " "))
    last = next((v for v in reversed(series.values) if v is not None), None)
    unit = f" {html.escape(series.unit)}" if series.unit else ""
    head = f"<figcaption><span>{title}</span><b>{number(last)}{unit}</b></figcaption>"
    if not known:
        return f'<figure>{head}<p class="empty">No finite values.</p></figure>'
    low, high = _range(known)
    span = max(end - start, 1.0)

    def x(time: float) -> float:
        return _LEFT + (time - start) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_grid(low, high, start, end, y), _band(series, x, y), _lines(series, x, y), _dots(series, x, y)]
    label = f"{title}: {number(min(known))} to {number(max(known))}{unit}"
    return (
        f'<figure>{head}<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg></figure>"
    )


def _thin(series: Series) -> Series:
    step = -(-len(series.times) // _POINTS_SHOWN_MAX)
    if step <= 1:
        return series
    return Series(
        series.name,
        series.unit,
        series.times[::step],
        series.values[::step],
        series.low[::step],
        series.high[::step],
    )


def _range(known: Sequence[float]) -> tuple[float, float]:
    low, high = min(known), max(known)
    if low == high:
        low, high = (0.0, high * 1.25 or 1.0) if low >= 0 else (low * 1.25, 0.0)
    margin = (high - low) * 0.08
    floor = 0.0 if low >= 0 and low - margin < 0 else low - margin
    return floor, high + margin


def _grid(low: float, high: float, start: float, end: float, y: Any) -> str:
    parts = []
    for index in range(4):
        value = low + (high - low) * index / 3
        at = y(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="axis" x="{_LEFT - 6}" y="{at + 3:.1f}" text-anchor="end">{number(value)}</text>')
    form = "%H:%M" if end - start <= 2 * 86_400 else "%m-%d"
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        time = _dt.datetime.fromtimestamp(start + (end - start) * share, _dt.timezone.utc).strftime(form)
        at = _LEFT + share * (_WIDTH - _LEFT - _RIGHT)
        parts.append(f'<text class="axis" x="{at:.1f}" y="{_HEIGHT - 6}" text-anchor="{anchor}">{time}</text>')
    return "".join(parts)


def _band(series: Series, x: Any, y: Any) -> str:
    if not series.low or not series.high:
        return ""
    points = [
        (x(t), y(a), y(b))
        for t, a, b in zip(series.times, series.low, series.high)
        if a is not None and b is not None and math.isfinite(a) and math.isfinite(b)
    ]
    if len(points) < 2:
        return ""
    upper = " ".join(f"{at:.1f},{top:.1f}" for at, _, top in points)
    lower = " ".join(f"{at:.1f},{bottom:.1f}" for at, bottom, _ in reversed(points))
    return f'<polygon class="band" points="{upper} {lower}"/>'


def _lines(series: Series, x: Any, y: Any) -> str:
    """Straight pieces; a missing value is a gap."""
    pieces: list[list[str]] = [[]]
    for time, value in zip(series.times, series.values):
        if value is None or not math.isfinite(value):
            pieces.append([])
        else:
            pieces[-1].append(f"{x(time):.1f},{y(value):.1f}")
    return "".join(f'<polyline class="line" points="{" ".join(piece)}"/>' for piece in pieces if len(piece) > 1)


def _dots(series: Series, x: Any, y: Any) -> str:
    dots = []
    for time, value in zip(series.times, series.values):
        if value is None or not math.isfinite(value):
            continue
        when = _dt.datetime.fromtimestamp(time, _dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        dots.append(
            f'<circle class="dot" cx="{x(time):.1f}" cy="{y(value):.1f}" r="2.4">'
            f"<title>{when}: {number(value)}</title></circle>"
        )
    return "".join(dots)
