# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: build what changed, then run the program; ./run tracseq ARGS…
ensure_toolchain
if ! build_log=$(build_preset dev 2>&1); then
  printf '%s\n' "$build_log" >&2
  exit 1
fi
install_preset dev
exec bin/tracseq "$@"
