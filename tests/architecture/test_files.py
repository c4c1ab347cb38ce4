# SPDX-License-Identifier: MIT
"""Every file: small enough, licensed, free of machine paths and of unfinished work."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.architecture.functions import functions
from tests.architecture.layers import ALLOWED
from tests.architecture.tree import ROOT, files, files_below, is_text, text

LINES_MAX = 600
FUNCTION_LINES_MAX = 70
README_LINES_MAX = 90
SOURCE_SUFFIXES = {".h", ".cpp", ".S", ".py", ".pyi", ".sh", ".ts", ".svelte", ".js", ".mjs", ".css", ".cmake", ".sql"}
SOURCE_NAMES = {"run", "CMakeLists.txt"}
SOURCE_FOLDERS = ("src", "mlops", "web", "tests", "tools", "bench", "examples", "cmake", "deploy", ".ci")
GENERATED = ("web/dist/", "web/src/api/schema.ts", "src/server/page/")

# Written apart, so that this file does not contain what it forbids.
FORBIDDEN = {
    "a path of one machine": re.compile("/wo" + "rk/|(?<!self)/ro" + "ot/|/ho" + r"me/[a-z]+/|/Us" + "ers/[a-z]+/"),
    "a registry host": re.compile(
        "py" + r"pi\.org|python" + r"hosted\.org|registry\.np" + r"mjs|proxy\.gol" + r"ang|repo1?\.mav" + "en"
    ),
    "unfinished work": re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b"),
}


def own_sources() -> list[Path]:
    return [
        path
        for path in files()
        if (path.suffix in SOURCE_SUFFIXES or path.name in SOURCE_NAMES)
        and (path.parts[0] in SOURCE_FOLDERS or len(path.parts) == 1)
        and not path.as_posix().startswith(GENERATED)
    ]


def test_no_file_is_too_long() -> None:
    long = {str(path): lines for path in own_sources() if (lines := len(text(path).splitlines())) > LINES_MAX}
    assert long == {}, f"split them: no file grows past {LINES_MAX} lines"


def test_no_python_function_is_too_long() -> None:
    long = []
    for path in own_sources():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(text(path))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{path}:{node.lineno} {node.name}: {lines} lines")
    assert long == []


def test_no_function_of_cpp_is_too_long() -> None:
    long = [
        f"{path}:{found.line} {found.name}: {found.lines} lines"
        for path in own_sources()
        if path.suffix in (".h", ".cpp")
        for found in functions(text(path))
        if found.lines > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_functions_of_cpp_are_found() -> None:
    body = '  f(1\'000, \'{\', "}", R"x(}{)x");  // }\n' * 3
    sample = f"""#define BRACE {{ \\
  {{
namespace a {{
struct B {{
  int inside(int x) const {{
{body}  }}
  int value{{1}};
}};
template <class T>
std::vector<int> A::outside(T given) : x_{{given}} {{
  struct Local {{ int f() {{ return 1; }} }};
  auto g = [] {{ return 2; }};
  if (x) {{
{body}  }}
}}
}}  // namespace a
"""
    assert [(found.line, found.name, found.lines) for found in functions(sample)] == [
        (5, "inside", 5),
        (12, "A::outside", 10),
    ]


def test_every_source_names_its_licence() -> None:
    missing = [
        str(path)
        for path in own_sources()
        if text(path).strip() and "SPDX-License-Identifier: MIT" not in "\n".join(text(path).splitlines()[:2])
    ]
    assert missing == [], "the first line (the second after #!) is the SPDX line"


def test_nothing_forbidden_stands_in_the_tree() -> None:
    found = []
    for path in files():
        if not is_text(ROOT / path):
            continue
        for number, line in enumerate(text(path).splitlines(), 1):
            found += [
                f"{path}:{number}: {what}: {line.strip()[:100]}" for what, bad in FORBIDDEN.items() if bad.search(line)
            ]
    assert found == []


def test_every_module_has_a_short_readme() -> None:
    modules = {Path("src") / name for name in ALLOWED if files_below(f"src/{name}")}
    modules |= {Path(name) for name in ("mlops", "web", "bench", "tests") if files_below(name)}
    missing = sorted(str(folder) for folder in modules if folder / "README.md" not in files())
    assert missing == []
    long = [str(folder) for folder in modules if len(text(folder / "README.md").splitlines()) > README_LINES_MAX]
    assert long == [], "a module's README is at most a page"
