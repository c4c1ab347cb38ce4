# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: error rates of the statistics by simulation, the naive peer's beside them; [RUNS >= 20000] [SEED]
ensure_toolchain bench
step "Building (preset release)"
build_preset release || exit 1
exec "$(find "$ROOT/build/release" -name stats_simulate -type f -perm -u+x | head -1)" "$@"
