# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: run every fuzz target for a long time; ./run fuzz [SECONDS each, default 600]
# shellcheck source=tools/lib/testing.sh
source tools/lib/testing.sh
seconds=${1:-600}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "./run fuzz: SECONDS is '$seconds'; allowed is a whole number from 1"
ensure_toolchain tools
fresh_results
run_fuzzers "$seconds" || true
"$VENV/bin/python" tools/testing/summary.py "$RESULTS"
