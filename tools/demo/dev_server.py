# SPDX-License-Identifier: MIT
"""The server and the page's development server together, for work on the page: ./run dev [--port N].

The development server hands requests for the API on to the server, whose address it finds in TRACSEQ_URL.
Data stays in build/dev-data/. Ctrl-C ends both,
and so does the end of the terminal.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.lib.processes import port_holder  # noqa: E402
from tools.lib.stack import Stack, StackError, heed_ends  # noqa: E402

DATA = ROOT / "build" / "dev-data"


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run dev", description="Server and page development server.")
    parser.add_argument("--npm", default="npm", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=8080, help="the server's port (default 8080)")
    options = parser.parse_args()
    heed_ends()
    holder = port_holder(options.port)
    if holder is not None:
        print(f"error: port {options.port} is held by {holder}; choose another with --port", file=sys.stderr)
        return 1
    DATA.mkdir(parents=True, exist_ok=True)
    server = f"http://127.0.0.1:{options.port}"
    command = [str(ROOT / "bin" / "tracseq"), "serve", "--database-url", f"sqlite:///{DATA / 'tracseq.db'}"]
    command += ["--artifact-root", str(DATA / "artifacts"), "--port", str(options.port)]
    command += ["--ui-dir", str(ROOT / "web" / "dist")]
    try:
        with Stack(DATA, {"TRACSEQ_URL": server}) as stack:
            stack.start("server", command, server)
            print(f"the server is up: {server} (log: build/dev-data/server.log)", flush=True)
            return subprocess.run(
                [options.npm, "run", "dev"], cwd=ROOT / "web", env=stack.environment, check=False
            ).returncode
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
