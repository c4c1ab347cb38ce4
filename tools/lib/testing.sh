# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The parts of a test run. Each leaves its report in RESULTS for tools/testing/summary.py and never stops the
# run, so that one failure does not hide the next. Needs tools/lib/build.sh.

RESULTS=$ROOT/build/test-results

fresh_results() {
  rm -rf "$RESULTS"
  mkdir -p "$RESULTS/gtest"
}

# part_failed PART REASON: for a part that could not run to its report.
part_failed() {
  printf '%s\n' "$2" > "$RESULTS/$1.failed"
  printf 'error: %s: %s\n' "$1" "$2" >&2
}

# clean_room PART CMD…: runs CMD; what it leaves behind is a failure of its own.
clean_room() {
  local part=$1
  shift
  "$VENV/bin/python" "$ROOT/tools/testing/clean_room.py" "$part" "$RESULTS" "$@"
}

# run_ctest PRESET [ARG…]: every C++ test program, beside a PostgreSQL of its own.
run_ctest() {
  local preset=$1
  shift
  step "C++ tests (preset $preset)"
  GTEST_OUTPUT=xml:$RESULTS/gtest/ clean_room C++ tools/services/with_postgres.sh ctest --test-dir "build/$preset" --output-on-failure --no-tests=error \
    -j "$(jobs_limit)" --output-junit "$RESULTS/ctest.xml" "$@" || true
  [ -f "$RESULTS/ctest.xml" ] || part_failed ctest "ctest left no report"
}

# run_pytest FOLDER|ARG…
run_pytest() {
  local code=0
  step "Python tests"
  TRACSEQ_BIN=$ROOT/bin/tracseq clean_room Python tools/services/with_postgres.sh \
    "$VENV/bin/python" -m pytest --basetemp="$RESULTS/pytest" --junitxml="$RESULTS/Python.junit.xml" "$@" || code=$?
  [ "$code" -le 1 ] || part_failed pytest "pytest ended with exit code $code before it could finish"
}

# run_fuzzers SECONDS: builds the fuzz targets and gives each that long. A crash keeps its input in
# build/fuzz/crashes/. Inputs worth keeping stand in tests/fuzz/NAME/.
run_fuzzers() {
  local seconds=$1 program name output started code failures="" count=0
  local -a targets corpus
  mapfile -t targets < <(git ls-files 'src/**/fuzz_*.cpp' | sed 's|.*/||; s|\.cpp$||')
  [ ${#targets[@]} -gt 0 ] || { say "no fuzz targets yet"; return 0; }
  step "Fuzzers (${#targets[@]}, $seconds s each)"
  build_preset fuzz "${targets[@]}" || { part_failed fuzz "the fuzz targets do not build"; return 0; }
  mkdir -p build/fuzz/crashes
  local cases=""
  for name in "${targets[@]}"; do
    program=$(find build/fuzz -name "$name" -type f -perm -u+x -print -quit)
    mkdir -p "build/fuzz/corpus/$name"
    corpus=("build/fuzz/corpus/$name")
    [ -d "tests/fuzz/$name" ] && corpus+=("tests/fuzz/$name")
    started=$SECONDS; code=0
    output=build/fuzz/$name.log
    "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
      -artifact_prefix="build/fuzz/crashes/$name-" "${corpus[@]}" > "$output" 2>&1 < /dev/null || code=$?
    count=$((count + 1))
    if [ "$code" -eq 0 ]; then
      say "   $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$output") inputs, no fault"
      cases+="<testcase classname=\"fuzz\" name=\"$name\" time=\"$((SECONDS - started))\"/>"
    else
      tail -n 30 "$output" >&2
      say "   $name: FAULT; the input is in build/fuzz/crashes/"
      failures+=" $name"
      cases+="<testcase classname=\"fuzz\" name=\"$name\"><failure message=\"exit code $code\"/></testcase>"
    fi
  done
  printf '<testsuite name="fuzz" tests="%d">%s</testsuite>\n' "$count" "$cases" > "$RESULTS/fuzz.junit.xml"
  [ -z "$failures" ]
}

# run_page_checks: the page's own unit tests, once there is a page.
run_page_checks() {
  local page_code=0
  [ -f web/package.json ] || return 0
  step "Page checks"
  ensure_npm new
  ensure_node_modules
  (cd web && clean_room page "$NPM" test -- --reporter=default --reporter=junit \
    --outputFile.junit="$RESULTS/page.junit.xml") || page_code=$?
  if [ ! -f "$RESULTS/page.junit.xml" ]; then
    part_failed page "npm test ended with exit code $page_code and left no report"
  fi
  run_browser_tests
}

# run_browser_tests: the page in Chromium against a server that the tests start themselves.
run_browser_tests() {
  local -a specs
  local browser_code=0
  mapfile -t specs < <(git ls-files 'web/tests/*.spec.mjs')
  [ ${#specs[@]} -gt 0 ] || return 0
  step "Browser tests"
  TRACSEQ_BIN=$ROOT/bin/tracseq clean_room browser node --test --test-concurrency=1 \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=junit --test-reporter-destination="$RESULTS/browser.junit.xml" "${specs[@]}" || browser_code=$?
  [ -f "$RESULTS/browser.junit.xml" ] ||
    part_failed browser "node --test ended with exit code $browser_code and left no report"
}
