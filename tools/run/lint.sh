# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: formatting and static checks; clang-tidy on what the last 20 commits changed, --all on everything; --fix formats
# shellcheck source=tools/lib/lint.sh
source tools/lib/lint.sh
scope=changed
case ${1:-} in
  "") ;;
  --all) scope=all ;;
  --fix) scope=fix ;;
  *) die "./run lint: unknown option '$1'; allowed are --all and --fix" ;;
esac
ensure_toolchain tools
if [ "$scope" = fix ]; then
  fix_format
  exit 0
fi
configure_preset dev

failed=()
check() {
  local label=$1 started=$SECONDS
  shift
  step "$label"
  if "$@"; then say "   clean ($((SECONDS - started)) s)"; else failed+=("$label"); fi
}
check "clang-format" lint_format
check "ruff" lint_ruff
check "mypy --strict" lint_mypy
check "shellcheck" lint_shell
check "page" lint_page
check "clang-tidy ($scope)" lint_tidy "$scope"

if [ ${#failed[@]} -gt 0 ]; then
  step "lint failed: ${failed[*]}"
  exit 1
fi
step "lint: everything is clean"
