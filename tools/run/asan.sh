# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: the C++ tests under AddressSanitizer and UBSan
# shellcheck source=tools/lib/testing.sh
source tools/lib/testing.sh
ensure_toolchain services
fresh_results
step "Building (preset asan)"
build_preset asan || exit 1
run_ctest asan "$@"
"$VENV/bin/python" tools/testing/summary.py "$RESULTS"
