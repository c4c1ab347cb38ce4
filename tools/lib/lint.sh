# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The checks of ./run lint. Each prints what is wrong and returns non-zero; none changes a file.
# Needs tools/lib/build.sh.

LINT_COMMITS=20

# cpp_files: every C++ file of ours. changed_files: those of the last commits and of the working tree.
cpp_files() { git ls-files '*.cpp' '*.h'; }
changed_files() {
  local base
  base=$(git rev-list -n 1 --skip "$LINT_COMMITS" HEAD)
  [ -n "$base" ] || base=$(git rev-list --max-parents=0 HEAD | tail -n 1)
  git diff --name-only --diff-filter=d "$base" -- '*.cpp' '*.h' '*.sh' run '.ci/run'
}

lint_format() {
  local -a files
  mapfile -t files < <(cpp_files)
  [ ${#files[@]} -gt 0 ] || return 0
  printf '%s\0' "${files[@]}" | xargs -0 -n 40 -P "$(nproc)" clang-format-19 --dry-run --Werror
}

# fix_format: rewrites what clang-format and ruff would write otherwise.
fix_format() {
  cpp_files | tr '\n' '\0' | xargs -0 -r -n 40 -P "$(nproc)" clang-format-19 -i
  "$VENV/bin/ruff" check --quiet --fix . || true
  "$VENV/bin/ruff" format --quiet .
}

# Boost 1.81's redirect_error does not compile with clang, and these two peers of ours use it.
NOT_FOR_CLANG='^bench/(serving/bare_onnx|tracking/echo)\.cpp$'

# lint_tidy all|changed: a changed header is looked at through a source that includes it; `all` runs the analyzer
# as well.
lint_tidy() {
  local -a files depth=()
  local database=build/dev/compile_commands.json
  if [ "$1" = all ]; then
    depth=(--analyze)
    mapfile -t files < <(git ls-files 'src/*.cpp' 'bench/*.cpp' | grep -Ev "$NOT_FOR_CLANG")
  else
    mapfile -t files < <(changed_files | grep -E '^src/.*\.(cpp|h)$|^bench/.*\.cpp$' | grep -Ev "$NOT_FOR_CLANG" | sort -u)
  fi
  [ ${#files[@]} -gt 0 ] || { say "   nothing to look at"; return 0; }
  "$VENV/bin/python" tools/lib/tidy.py --database "$database" --jobs "$(nproc)" "${depth[@]}" "${files[@]}"
}

lint_ruff() {
  "$VENV/bin/ruff" check --quiet . && "$VENV/bin/ruff" format --check --quiet .
}

lint_mypy() {
  local -a folders
  mapfile -t folders < <(git ls-files '*.py' | grep / | cut -d / -f 1 | sort -u)
  "$VENV/bin/mypy" --no-error-summary "${folders[@]}"
}

lint_shell() {
  local -a files
  mapfile -t files < <(git ls-files '*.sh' run .ci/run)
  shellcheck --external-sources "${files[@]}"
}

lint_page() {
  [ -f web/package.json ] || return 0
  ensure_npm new
  ensure_node_modules
  (cd web && "$NPM" run --silent check && "$NPM" run --silent lint)
}
