# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: build what changed, then run the program in the folder one is in; ./run tracseq ARGS…
ensure_toolchain
if ! build_log=$(build_preset dev 2>&1); then
  printf '%s\n' "$build_log" >&2
  exit 1
fi
install_preset dev
cd "$CALLER_DIR" || exit 1
exec "$ROOT/bin/tracseq" "$@"
