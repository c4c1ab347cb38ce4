#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# with_postgres.sh CMD [ARG…]: runs CMD beside a throw-away PostgreSQL whose address is in
# TRACSEQ_TEST_POSTGRES_URL; the server and its files are gone when CMD ends.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=$root/.venv/bin/python
[ -x "$python" ] || python=python3
exec "$python" "$root/tests/services/postgres.py" "$@"
