# SPDX-License-Identifier: MIT
"""Reads the case files: requests, the replies they must get, and the little language of their patterns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REQUEST = re.compile(r"^(GET|POST|PUT|PATCH|DELETE|HEAD) (\S+)(?: +as +(\w+))?$")
REPLY = re.compile(r"^---- (\d{3})$")
HEADER = re.compile(r"^([A-Za-z-]+): (.*)$")
PLACEHOLDER = re.compile(r"<(time|id|int|number|string|any|bool)(?::([A-Z_]+))?>")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
ID = re.compile(r"^[0-9a-f]{32}$")
MORE = "__more__"


@dataclass
class Exchange:
    method: str
    target: str
    role: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 0
    pattern: str = ""
    line: int = 0


@dataclass
class Case:
    name: str
    path: Path
    exchanges: list[Exchange]


class CaseError(Exception):
    """A case file that makes no sense."""


def read_cases(path: Path) -> list[Case]:
    cases: list[Case] = []
    part = ""
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        line = raw.rstrip()
        if line.startswith("# name"):
            cases.append(Case(line[6:].strip(), path, []))
            part = ""
        elif found := REQUEST.match(line):
            if not cases:
                raise CaseError(f"{path.name}:{number}: a request before the first '# name'")
            cases[-1].exchanges.append(Exchange(found[1], found[2], found[3] or "", line=number))
            part = "head"
        elif found := REPLY.match(line):
            cases[-1].exchanges[-1].status = int(found[1])
            part = "reply"
        elif part == "head" and (found := HEADER.match(line)):
            cases[-1].exchanges[-1].headers[found[1]] = found[2]
        elif line and not line.startswith("#") and part in ("head", "body"):
            cases[-1].exchanges[-1].body += line + "\n"
            part = "body"
        elif line and not line.startswith("#") and part == "reply":
            cases[-1].exchanges[-1].pattern += line + "\n"
    for case in cases:
        for exchange in case.exchanges:
            if exchange.status == 0:
                raise CaseError(f"{path.name}:{exchange.line}: the request has no '---- STATUS'")
    return cases


def fill(text: str, names: dict[str, str]) -> str:
    """Puts kept values in the place of {NAME}."""
    return re.sub(r"\{([A-Z_]+)\}", lambda m: names.get(m[1], m[0]), text)


def parse_pattern(text: str) -> Any:
    """JSON with placeholders and `...` as plain JSON: placeholders become marked strings."""
    quoted = PLACEHOLDER.sub(lambda m: json.dumps("\x00" + m[1] + ":" + (m[2] or "")), text)
    quoted = re.sub(r",\s*\.\.\.\s*\}", f', "{MORE}": 1}}', quoted)
    quoted = re.sub(r"\{\s*\.\.\.\s*\}", f'{{"{MORE}": 1}}', quoted)
    quoted = re.sub(r",\s*\.\.\.\s*\]", f', "{MORE}"]', quoted)
    quoted = re.sub(r"\[\s*\.\.\.\s*\]", f'["{MORE}"]', quoted)
    return json.loads(quoted)


def kind_fits(kind: str, value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {
        "time": isinstance(value, str) and TIME.match(value) is not None,
        "id": isinstance(value, str) and ID.match(value) is not None,
        "int": isinstance(value, int) and not isinstance(value, bool),
        "number": number,
        "string": isinstance(value, str),
        "bool": isinstance(value, bool),
        "any": True,
    }[kind]


def mismatch(pattern: Any, value: Any, names: dict[str, str], path: str = "") -> str:
    """What does not fit, or the empty text; keeps named values."""
    if isinstance(pattern, str) and pattern.startswith("\x00"):
        kind, name = pattern[1:].split(":")
        if not kind_fits(kind, value):
            return f"{path or 'the reply'} is {value!r}; <{kind}> was expected"
        if name:
            names[name] = str(value)
        return ""
    if isinstance(pattern, dict):
        return object_mismatch(pattern, value, names, path)
    if isinstance(pattern, list):
        return list_mismatch(pattern, value, names, path)
    if type(pattern) is not type(value) or pattern != value:
        return f"{path or 'the reply'} is {value!r}; {pattern!r} was expected"
    return ""


def object_mismatch(pattern: dict[str, Any], value: Any, names: dict[str, str], path: str) -> str:
    if not isinstance(value, dict):
        return f"{path or 'the reply'} is {value!r}; an object was expected"
    for key, inner in pattern.items():
        if key == MORE:
            continue
        if key not in value:
            return f"{path}.{key} is missing"
        if problem := mismatch(inner, value[key], names, f"{path}.{key}"):
            return problem
    extra = set(value) - set(pattern)
    return f"{path or 'the reply'} has {sorted(extra)} too" if extra and MORE not in pattern else ""


def list_mismatch(pattern: list[Any], value: Any, names: dict[str, str], path: str) -> str:
    if not isinstance(value, list):
        return f"{path or 'the reply'} is {value!r}; a list was expected"
    open_ended = bool(pattern) and pattern[-1] == MORE
    wanted = pattern[:-1] if open_ended else pattern
    if len(value) < len(wanted) or (len(value) > len(wanted) and not open_ended):
        return f"{path or 'the reply'} has {len(value)} items; {len(wanted)} were expected: {value!r}"
    for index, inner in enumerate(wanted):
        if problem := mismatch(inner, value[index], names, f"{path}[{index}]"):
            return problem
    return ""
