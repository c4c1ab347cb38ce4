# SPDX-License-Identifier: MIT
"""The page: what its first load costs in Chromium, beside an empty page from the same browser."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.common import ROOT, Bench
from tests.services.tracseq import TracseqServer

ROUNDS = 5
SECONDS_MAX = 120
BYTES_MAX = 150 * 1024
READY_MS_MAX = 1000
CONTENT = ".empty, .groups"  # of the overview: what is shown once the API has answered
EMPTY = b"<!doctype html><title>empty</title><h1>empty</h1>"


class EmptyPage(BaseHTTPRequestHandler):
    """Answers everything with the smallest page that has a heading."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(EMPTY)))
        self.end_headers()
        self.wfile.write(EMPTY)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def empty_page() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def load(url: str, content: str) -> tuple[int, float]:
    script = ROOT / "bench" / "page" / "first_load.mjs"
    done = subprocess.run(
        ["node", str(script), url, str(ROUNDS), content],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the page could not be loaded: {done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return int(found["bytes"]), float(found["ready_ms"])


def measure(bench: Bench) -> None:
    folder = bench.folder / "page"
    folder.mkdir()
    with empty_page() as url:
        floor_bytes, floor_ms = load(url, "h1")
    with TracseqServer(f"sqlite:///{folder / 'bench.db'}", ["--no-worker"], folder) as server:
        page_bytes, ready_ms = load(server.url + "/", CONTENT)
    bench.add(
        "first page load",
        f"{page_bytes / 1024:.0f} KB compressed, interactive in {ready_ms:.0f} ms",
        f"an empty page {floor_bytes / 1024:.1f} KB, {floor_ms:.0f} ms",
        "≤ 150 KB, ≤ 1 s",
        page_bytes <= BYTES_MAX and ready_ms <= READY_MS_MAX,
    )
