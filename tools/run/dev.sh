# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: the server and the page's development server (changes show at once); Ctrl-C ends both
[ -f web/package.json ] || die "there is no page yet: web/package.json is missing"
ensure_toolchain
ensure_npm new
ensure_node_modules
step "Building (preset dev)"
build_preset dev || exit 1
install_preset dev
exec "$VENV/bin/python" tools/demo/dev_server.py --npm "$NPM" "$@"
