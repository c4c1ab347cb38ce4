# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: the lab demo on real data, dashboard left running; [--port N] [--model-port N] [--fresh] [--exit]
[ -f examples/lab_demo.py ] || die "there is no lab demo yet: examples/lab_demo.py is missing"
ensure_toolchain
step "Building (preset dev)"
build_preset dev || exit 1
install_preset dev
exec "$VENV/bin/python" tools/demo/launch.py "$@"
