# SPDX-License-Identifier: MIT
"""Generated dashboards: nothing from outside, nothing unescaped, odd values drawn as gaps."""

from __future__ import annotations

import datetime
import math
from html.parser import HTMLParser
from typing import Optional

import pytest

from mlops._dashboard import Row, Series, Tile, number, page

END = datetime.datetime(2026, 11, 23, 15, tzinfo=datetime.timezone.utc)
SPAN = (END - datetime.timedelta(hours=1), END)
EVIL = '<script>alert("x")</script>'


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, Optional[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Optional[str]]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


def read(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    return tags


def make(series: list[Series]) -> str:
    rows = [Row("critical", EVIL, END, None), Row("warning", "b", END, END)]
    return page(EVIL, EVIL, "degraded", SPAN, [Tile(EVIL, EVIL, EVIL, "bad")], series, rows)


def test_nothing_comes_from_outside_and_nothing_is_unescaped() -> None:
    times = [SPAN[0].timestamp() + 60 * i for i in range(5)]
    tags = read(make([Series(EVIL, EVIL, times, [1.0, 2.0, 3.0, 2.0, 1.0], [0.5] * 5, [4.0] * 5)]))
    assert not {"script", "link", "img", "iframe", "a"} & set(tags.names)
    assert not {name for name, _ in tags.attributes} & {"src", "href", "onclick", "style"}
    assert tags.names.count("polyline") == 1
    assert tags.names.count("polygon") == 1


def test_missing_and_infinite_values_are_gaps() -> None:
    times = [SPAN[0].timestamp() + 60 * i for i in range(7)]
    text = make([Series("x", "", times, [1.0, 2.0, None, 3.0, 4.0, math.inf, math.nan])])
    tags = read(text)
    assert tags.names.count("polyline") == 2
    assert tags.names.count("circle") == 4
    assert "nan" not in text.lower().replace("unhealthy", "")
    assert read(make([Series("x", "", times[:2], [math.nan, None])])).names.count("svg") == 0


@pytest.mark.parametrize("value", [0.0, 5.0, -5.0, 1e-12, 1e12])
def test_a_constant_is_drawn_inside_its_frame(value: float) -> None:
    times = [SPAN[0].timestamp(), END.timestamp()]
    tags = read(make([Series("x", "", times, [value, value])]))
    heights = [float(v or "nan") for name, v in tags.attributes if name == "cy"]
    assert len(heights) == 2
    assert all(0 <= height <= 168 for height in heights)


def test_long_series_are_thinned() -> None:
    times = [SPAN[0].timestamp() + i for i in range(3000)]
    assert read(make([Series("x", "", times, [float(i) for i in range(3000)])])).names.count("circle") <= 240


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\u2013"),
        (math.nan, "\u2013"),
        (math.inf, "∞"),
        (3.0, "3"),
        (12345.0, "12\u202f345"),
        (0.12345, "0.123"),
        (1e-9, "1.00e-09"),
    ],
)
def test_numbers_are_short(value: Optional[float], text: str) -> None:
    assert number(value).replace("\u00a0", "\u202f").replace(" ", "\u202f") == text
