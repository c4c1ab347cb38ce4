# SPDX-License-Identifier: MIT
"""Stands in for the program in tests of the launcher: answers /health, leaves a child that must be ended too."""

from __future__ import annotations

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


if __name__ == "__main__":
    child = subprocess.Popen(["sleep", "300"], start_new_session=True)
    HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Health).serve_forever()
