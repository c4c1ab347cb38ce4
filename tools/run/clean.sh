# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: remove what was built and the data of ./run dev (build/dev-data); ./run clean --all also what was fetched (.venv, third_party_build, node_modules)
# demo_data/ holds data and web/dist is part of the sources: neither is touched.
made=(build bin .pytest_cache .mypy_cache .ruff_cache)
fetched=(.venv third_party_build web/node_modules)
case ${1:-} in
  "") ;;
  --all) made+=("${fetched[@]}") ;;
  *) die "./run clean: unknown option '$1'; allowed is --all" ;;
esac
dev_data=""
[ ! -d build/dev-data ] || dev_data="; with build/, the data of ./run dev (build/dev-data)"
rm -rf "${made[@]}"
find mlops tests examples tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
say "removed: ${made[*]}$dev_data"
