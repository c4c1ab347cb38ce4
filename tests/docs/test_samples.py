# SPDX-License-Identifier: MIT
"""The samples of the books are tried as a reader would try them; each kind of sample has its way of being tried."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.api.conversation import read_cases
from tests.architecture.tree import ROOT
from tests.docs.books import BOOKS, books_with, exists, samples, texts
from tests.services.tracseq import TracseqServer, program

SECONDS_MAX = 120
TEMPLATE = ROOT / "tests" / "docs" / "samples.cpp"
PLACE = re.compile(r"^ *// book: (\S+)$", re.MULTILINE)
# `text` is a picture or a format, nothing that can be run.
LANGUAGES = {"python", "cpp", "sh", "json", "http", "http-test", "text"}
LISTENING = re.compile(r"listening on (https?://\S+)")


def environment_of_a_reader() -> dict[str, str]:
    """The program, Python and the package on the paths, as after `./run build` and the README's `export`."""
    paths = [str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    search = [str(program().parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PATH": os.pathsep.join(search)}


def run_python(book: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(texts(book, "python"))],
        cwd=folder,
        env=environment_of_a_reader(),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def prepare(book: str, folder: Path) -> None:
    """What a book says is there already."""
    if book == "docs/formats/columns.md":
        import pandas as pd

        from mlops._columns import write_table

        write_table(pd.DataFrame({"concentration": [41.5, 2.25]}), folder / "table.columns")


def test_every_sample_says_what_it_is() -> None:
    wrong = [
        f"{sample.book}:{sample.line - 1}: '{sample.language}'"
        for book in BOOKS
        for sample in samples(book)
        if sample.language not in LANGUAGES
    ]
    assert wrong == [], f"allowed are {', '.join(sorted(LANGUAGES))}"


@pytest.mark.parametrize("book", books_with("python"))
def test_the_python_of_a_book_runs(book: str, tmp_path: Path) -> None:
    prepare(book, tmp_path)
    run_python(book, tmp_path)


def shell_lines(book: str) -> list[list[str]]:
    lines = [line for text in texts(book, "sh") for line in text.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


@pytest.mark.parametrize("book", books_with("sh"))
def test_the_programs_a_book_calls_exist(book: str) -> None:
    for words in shell_lines(book):
        name = next(word for word in words if "=" not in word)  # behind variables
        assert name in ("tracseq", "export", "npm", "node", "ctest") or exists(name), f"{book}: {name}"
        if name == "node":
            assert exists(f"web/{words[words.index(name) + 1]}")
        if name == "npm" and words[words.index(name) + 1] == "run":
            scripts = json.loads((ROOT / "web" / "package.json").read_text())["scripts"]
            assert words[words.index(name) + 2] in scripts


def test_the_ctest_lines_of_the_books_choose_tests_there_are() -> None:
    lines = [words[words.index("ctest") :] for book in BOOKS for words in shell_lines(book) if "ctest" in words]
    assert lines
    for words in lines:
        done = subprocess.run(
            [*words, "-N"], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
        chosen = re.search(r"^Total Tests: (\d+)$", done.stdout, re.MULTILINE)  # -N knows no --no-tests=error
        assert chosen is not None, done.stdout + done.stderr
        assert int(chosen.group(1)) > 0, f"no test: {shlex.join(words)}"


def test_the_shell_lines_of_the_readme_run_after_its_python(tmp_path: Path) -> None:
    run_python("README.md", tmp_path)
    said = shell_lines("README.md")
    lines = [words for words in said if words[0] == "tracseq"]
    assert any(words[1] == "serve" for words in lines)
    assert len(lines) >= 3
    environment = environment_of_a_reader()
    exports = [words[1].split("=", 1) for words in said if words[0] == "export"]
    environment |= {name: value for name, value in exports if "$" not in value}  # the paths are set above
    for words in lines:
        if words[1] == "serve":
            serve(words, tmp_path, environment)
            continue
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
        assert done.returncode == 0, (words, done.stderr)
        assert "first run" in done.stdout, (words, done.stdout)


def serve(words: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Starts it (on a free port, in place of 8080), asks it something, ends it with Ctrl-C."""
    command = [*words, "--port", "0", "--no-worker"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = next(found.group(1) for line in server.stdout if (found := LISTENING.search(line)))
            with urllib.request.urlopen(f"{address}/api/v1/runs", timeout=10) as answer:
                assert json.load(answer)["items"][0]["name"] == "first run"
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=40) == 0


@pytest.mark.parametrize("book", books_with("json"))
def test_the_settings_of_a_book_are_valid(book: str, tmp_path: Path) -> None:
    for text in texts(book, "json"):
        (tmp_path / "mlops_config.json").write_text(text)
        done = subprocess.run(
            [str(program()), "config", "validate"],
            cwd=tmp_path,
            env=os.environ | {"MLOPS_ENVIRONMENT": "production", "MLOPS_JWT_SECRET_KEY": "k" * 64},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def refusal(request: urllib.request.Request) -> str:
    """The code of the error; a server that has not seen its registry yet is asked again."""
    deadline = time.monotonic() + 20
    while True:
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(request, timeout=10)
        code: str = json.load(told.value)["error"]["code"]
        if code != "unavailable" or time.monotonic() > deadline:
            return code
        time.sleep(0.1)


@pytest.mark.parametrize("book", books_with("http"))
def test_the_requests_of_a_book_are_known_to_the_model_server(book: str, tmp_path: Path) -> None:
    """There is no such model here, and that alone may be wrong; the answer shown is JSON."""
    database = f"sqlite:///{tmp_path / 'registry.db'}"
    with TracseqServer(database_url=database, arguments=["--no-worker"], folder=tmp_path):
        pass  # leaves a registry without models
    command = [str(program()), "model-server", "--registry-url", database, "--port", "0", "--cache-dir", str(tmp_path)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = next(found.group(1) for line in server.stdout if (found := LISTENING.search(line)))
            for text in texts(book, "http"):
                request, answer = text.split("→")
                first, body = request.split("\n", 1)
                method, target = first.split()
                json.loads(answer)
                data = json.dumps(json.loads(body)).encode()
                asked = urllib.request.Request(
                    address + target, data, {"Content-Type": "application/json"}, method=method
                )
                assert refusal(asked) == "not_found"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=40)


@pytest.mark.parametrize("book", books_with("http-test"))
def test_the_conversations_of_a_book_can_be_read(book: str, tmp_path: Path) -> None:
    path = tmp_path / "sample.http-test"
    for text in texts(book, "http-test"):
        path.write_text(text)
        assert read_cases(path)[0].exchanges


def test_the_cpp_of_the_books_compiles(tmp_path: Path) -> None:
    template = TEMPLATE.read_text()
    assert sorted(PLACE.findall(template)) == sorted(books_with("cpp")), f"each book has its place in {TEMPLATE.name}"

    def fill(found: re.Match[str]) -> str:
        parts = [s for s in samples(found.group(1)) if s.language == "cpp"]
        return "".join(f'#line {part.line} "{part.book}"\n{{\n{part.text}}}\n' for part in parts)

    source = tmp_path / "samples.cpp"
    source.write_text(PLACE.sub(fill, template))
    entries = json.loads((ROOT / "build" / "dev" / "compile_commands.json").read_text())
    words = shlex.split(next(entry["command"] for entry in entries if entry["file"].endswith("/src/cli/main.cpp")))
    words = words[: words.index("-o")]  # the rest says where to
    if Path(words[0]).name == "ccache":
        words = words[1:]
    done = subprocess.run(
        [*words, "-fsyntax-only", "-Wno-unused", str(source)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, "\n".join(line for line in done.stderr.splitlines() if "error" in line)


def test_the_commands_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text()
    named = set(re.findall(r"\./run ([a-z]+)", text))
    missing = [name for name in named if not (ROOT / "tools" / "run" / f"{name}.sh").exists()]
    assert named
    assert not missing
