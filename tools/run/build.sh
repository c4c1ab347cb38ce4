# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: build the program (bin/tracseq) and the Python environment (.venv); ./run build [dev|release]
preset=${1:-dev}
case $preset in
  dev) groups=() ;;
  release) groups=(bench) ;;
  *) die "./run build: '$preset' is no preset to install; allowed are dev and release" ;;
esac
ensure_toolchain "${groups[@]}"
step "Building (preset $preset)"
build_preset "$preset"
install_preset "$preset"
say "bin/tracseq and .venv are ready"
