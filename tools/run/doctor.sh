# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# help: what is installed, in which version, and the line that mends what is missing
python_found=$(find_python) || python_found=""
missing_count=0

row() { printf '  %-9s %-26s %s\n' "$1" "$2" "$3"; }
absent() { row missing "$1" "mend: $2"; missing_count=$((missing_count + 1)); }
optional() { row absent "$1" "only ./run $1 needs it: $2"; }

say "system"
# shellcheck source=/dev/null
row ok "$(. /etc/os-release && printf '%s' "${PRETTY_NAME:-unknown}")" "$(uname -m), $(nproc) cores"
row ok "free memory" "$(awk '/MemAvailable/ {printf "%.1f GB", $2 / 1048576}' /proc/meminfo)"
row ok "free disk here" "$(df -h --output=avail . | tail -n 1 | tr -d ' ')"

say "Debian packages (tools/setup/apt.txt)"
for group in core tools services bench coverage; do
  case $group in bench | coverage) lacking=optional ;; *) lacking=absent ;; esac
  missing=$(apt_missing "$group" | tr '\n' ' ')
  count=$(apt_packages "$group" | wc -l)
  if [ -z "$missing" ]; then
    row ok "$group" "all $count"
  else
    "$lacking" "$group" "apt-get update && apt-get install -y --no-install-recommends ${missing% }"
  fi
done
while read -r group package tried; do
  case $group in "" | "#"*) continue ;; esac
  installed=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) || continue
  if [ -n "$installed" ] && dpkg --compare-versions "$installed" lt "$tried"; then
    row older "$package" "$installed; tried with $tried; mend: apt-get update && apt-get install -y $package"
  fi
done < "$SETUP/apt.txt"

say "Python"
if [ -n "$python_found" ]; then row ok "python" "$("$python_found" --version) ($python_found)"
else absent "python" "apt-get install -y python3 python3-venv"; fi
if [ -x "$VENV/bin/python" ]; then
  row ok ".venv" "$("$VENV/bin/python" -m pip list 2>/dev/null | tail -n +3 | wc -l) packages"
  if "$VENV/bin/python" -c 'import mlops' 2>/dev/null; then row ok "import mlops" ""; else absent "import mlops" "./run build"; fi
else
  absent ".venv" "./run build"
fi

say "Libraries (tools/setup/third_party.txt)"
if found=$("${python_found:-false}" tools/setup/third_party.py --check 2>&1); then row ok "third_party_build" "every hash is right"
else absent "third_party_build" "./run build (${found:-no Python to check with})"; fi

say "Node (needed to build the page, not to build the program)"
if have node && node_is_new_enough node; then row ok node "$(node --version)"
elif node_is_new_enough "$VENV/bin/node"; then row ok node "$("$VENV/bin/node" --version) (.venv)"
else row absent node "comes by itself into .venv when a command needs it"; fi

say "Built"
if [ -x bin/tracseq ]; then row ok bin/tracseq "$(bin/tracseq version 2>/dev/null | head -n 1)"; else absent bin/tracseq "./run build"; fi

if [ "$missing_count" -gt 0 ]; then
  say "$missing_count missing: the lines above mend it"
  exit 1
fi
say "nothing is missing"
