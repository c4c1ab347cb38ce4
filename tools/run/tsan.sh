# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: the C++ tests under ThreadSanitizer
# shellcheck source=tools/lib/testing.sh
source tools/lib/testing.sh
ensure_toolchain services
fresh_results
step "Building (preset tsan)"
build_preset tsan || exit 1
export TSAN_OPTIONS="suppressions=$ROOT/tools/testing/tsan.supp ${TSAN_OPTIONS:-}"
run_ctest tsan "$@"
"$VENV/bin/python" tools/testing/summary.py "$RESULTS"
