# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: the C++ tests with coverage; the report is build/coverage/html/index.html
# shellcheck source=tools/lib/testing.sh
source tools/lib/testing.sh
ensure_toolchain services coverage
fresh_results
step "Building (preset coverage)"
build_preset coverage || exit 1
find build/coverage -name '*.gcda' -delete
run_ctest coverage
step "Coverage"
mkdir -p build/coverage/html
gcovr --root . --filter src/ --exclude '.*_test\.cpp' --exclude '.*/fuzz_[^/]*\.cpp' -j "$(jobs_limit)" \
  --exclude-throw-branches --print-summary --html-details build/coverage/html/index.html build/coverage |
  grep -E '^(lines|functions|branches):' || die "gcovr made no report"
say "the report: build/coverage/html/index.html"
"$VENV/bin/python" tools/testing/summary.py "$RESULTS"
