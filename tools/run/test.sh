# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: build and run all tests; ends with `N passed, N failed`
# shellcheck source=tools/lib/testing.sh
source tools/lib/testing.sh
ensure_toolchain tools services
fresh_results
step "Building (preset dev)"
if build_preset dev; then
  (install_preset dev) || part_failed install "the build left no program"
  run_ctest dev
  run_pytest mlops/tests tests
else
  part_failed build "the dev preset does not build"
fi
run_fuzzers 3 || true
run_page_checks
step "Summary"
"$VENV/bin/python" tools/testing/summary.py "$RESULTS"
