# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: the numbers, from a release build; options go to bench/run.py
[ -f bench/run.py ] || die "there is no benchmark yet: bench/run.py is missing"
ensure_toolchain bench services
ensure_npm new
ensure_node_modules
step "Building (preset release)"
build_preset release || exit 1
exec "$VENV/bin/python" bench/run.py --build-dir "$ROOT/build/release" "$@"
