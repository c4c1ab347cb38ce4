# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What every command of ./run shares: words on the screen, logs of long steps, stamps.
# Sourced by ./run and .ci/run with ROOT set and the working directory there.

STATE_DIR=$ROOT/build/.run   # logs and stamps; `./run clean` removes it with the rest of build/

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# content_key FILE|=TEXT…: one hash over the contents, so that a stamp goes stale when a list changes.
content_key() {
  local item
  for item in "$@"; do
    case $item in
      =*) printf '%s\n' "${item#=}" ;;
      *) cat "$item" ;;
    esac
  done | sha256sum | cut -c1-64
}

stamp_matches() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }
write_stamp() { mkdir -p "$(dirname "$1")"; printf '%s\n' "$2" > "$1.new"; mv "$1.new" "$1"; }

# quietly NAME LABEL CMD…: runs CMD with its output in build/.run/NAME.log and shows that it is alive:
# on a terminal the seconds and the newest line, otherwise a line every 20 s. A failure prints the log's end.
quietly() {
  local label=$2 log=$STATE_DIR/$1.log started=$SECONDS pid shown=0 code=0
  shift 2
  mkdir -p "$STATE_DIR"
  "$@" > "$log" 2>&1 < /dev/null &
  pid=$!
  # Background jobs of a script ignore Ctrl-C, so it is handed on.
  trap 'kill "$pid" 2>/dev/null; wait "$pid"; exit 130' INT TERM
  if [ -t 1 ]; then
    while kill -0 "$pid" 2>/dev/null; do
      printf '\r\033[K   %s … %ds  %.60s' "$label" "$((SECONDS - started))" "$(tail -n 1 "$log" | tr -d '\r')"
      sleep 0.5
    done
    printf '\r\033[K'
  else
    while kill -0 "$pid" 2>/dev/null; do
      sleep 0.2
      if [ $((SECONDS - started)) -ge $((shown + 20)) ]; then
        shown=$((SECONDS - started)); say "   $label … ${shown} s"
      fi
    done
  fi
  wait "$pid" || code=$?
  trap - INT TERM
  if [ "$code" -ne 0 ]; then
    tail -n 40 "$log" >&2
    printf 'error: %s failed (exit code %d); the whole log: %s\n' "$label" "$code" "${log#"$ROOT"/}" >&2
    return "$code"
  fi
  say "   $label: done ($((SECONDS - started)) s)"
}

# jobs_limit: as many parallel compilers as there are cores, but no more than one for each GB and a half of memory.
jobs_limit() {
  local cores memory_gb
  cores=$(nproc)
  memory_gb=$(awk '/MemAvailable/ {printf "%d", $2 / 1572864}' /proc/meminfo)
  [ "$memory_gb" -ge 1 ] || memory_gb=1
  [ "$cores" -le "$memory_gb" ] && echo "$cores" || echo "$memory_gb"
}
