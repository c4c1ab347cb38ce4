# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Installs what is missing: Debian packages, the Python environment, Node, the libraries of third_party.txt.
# Each ensure_… does nothing, in well under a second, when everything is there. Needs tools/lib/common.sh.

SETUP=$ROOT/tools/setup
VENV=$ROOT/.venv
PYTHON_MIN=3.11   # what the pinned Python packages need
NODE_MIN=20       # what Vite needs

# apt_packages GROUP…: the package names of these groups, one a line.
apt_packages() {
  local group
  for group in "$@"; do
    awk -v group="$group" '!/^#/ && $1 == group {print $2}' "$SETUP/apt.txt"
  done
}

# apt_missing GROUP…: those of them that are not installed.
apt_missing() {
  local package
  declare -A installed=()
  while read -r package; do installed[$package]=1; done < <(
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | awk '$1 == "installed" {print $2}')
  for package in $(apt_packages "$@"); do
    [ -n "${installed[$package]:-}" ] || printf '%s\n' "$package"
  done
}

ensure_apt() {
  local missing
  have dpkg-query || die "this is not a Debian system; ./run installs packages with apt-get. \
Needed are the packages of tools/setup/apt.txt (groups: $*)"
  missing=$(apt_missing "$@" | tr '\n' ' ')
  missing=${missing% }
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    say "Debian packages are missing and installing them needs root. Run this line, then the same command again:"
    say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing"
    exit 1
  fi
  step "Installing $(wc -w <<< "$missing") Debian packages"
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-update "reading the package lists" apt-get update -q || exit 1
  # shellcheck disable=SC2086 # the list is words by construction
  quietly apt-install "installing: $missing" \
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 $missing || exit 1
}

# find_python: a Python that is new enough; Debian's own first, because its headers are installed with it.
find_python() {
  local candidate
  for candidate in "${TRACSEQ_PYTHON:-}" /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c "import sys, venv, ensurepip
sys.exit(sys.version_info < tuple(map(int, '$PYTHON_MIN'.split('.'))))" 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

# ensure_venv: .venv with exactly the packages of python.txt, and `import mlops`, `import _tracseq` from here.
ensure_venv() {
  local python key stamp=$VENV/.stamp
  python=$(find_python) || die "no Python $PYTHON_MIN or newer with the venv module was found; \
on Debian 12: apt-get install python3 python3-venv"
  key=$(content_key "$SETUP/python.txt" "=$("$python" --version)" "=$ROOT" "=layout 1")
  stamp_matches "$stamp" "$key" && return 0
  step "Python packages into .venv ($("$python" --version))"
  rm -f "$stamp"
  if ! "$VENV/bin/python" --version 2>/dev/null | grep -qxF "$("$python" --version)"; then
    rm -rf "$VENV"
    quietly venv "creating .venv" "$python" -m venv "$VENV" || exit 1
  fi
  quietly pip "installing $(grep -c '==' "$SETUP/python.txt") pinned packages" \
    "$VENV/bin/python" -m pip install --no-input --disable-pip-version-check \
    --require-hashes --only-binary :all: -r "$SETUP/python.txt" || exit 1
  link_checkout dev
  write_stamp "$stamp" "$key"
}

# link_checkout PRESET: the checkout itself is the installed package, with the extension of that build;
# an edit in mlops/ needs no new installation.
link_checkout() {
  local site
  site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  printf '%s\n%s\n' "$ROOT" "$ROOT/build/$1/python" > "$site/tracseq-checkout.pth"
}

node_is_new_enough() {
  local major
  major=$("$1" --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p')
  [ -n "$major" ] && [ "$major" -ge "$NODE_MIN" ]
}

# ensure_npm any|new: sets NPM. Any npm can fetch a package; `new` asks for a Node that can build the page.
# Where there is none, Node comes from the Python registry into .venv. Needs ensure_venv first.
ensure_npm() {
  if [ "$1" = any ] && have npm && npm --version >/dev/null 2>&1; then NPM=npm; return 0; fi
  if have npm && node_is_new_enough node; then NPM=npm; return 0; fi
  if ! node_is_new_enough "$VENV/bin/node"; then
    step "Node (version $NODE_MIN or newer is not installed)"
    quietly node "installing it into .venv" "$VENV/bin/python" -m pip install --no-input \
      --disable-pip-version-check --require-hashes --only-binary :all: -r "$SETUP/node.txt" || exit 1
  fi
  PATH=$VENV/bin:$PATH
  NPM=$VENV/bin/npm
}

# ensure_node_modules: the page's packages as web/package-lock.json pins them. Needs ensure_npm new first.
ensure_node_modules() {
  local key stamp=$ROOT/web/node_modules/.stamp
  key=$(content_key web/package.json web/package-lock.json)
  stamp_matches "$stamp" "$key" && return 0
  quietly npm-ci "installing the page's packages" "$NPM" ci --prefix web --no-audit --no-fund || exit 1
  write_stamp "$stamp" "$key"
}

# ensure_third_party: ONNX Runtime and DuckDB in third_party_build/, checked by SHA-256.
ensure_third_party() {
  local key stamp=$ROOT/third_party_build/.stamp
  key=$(content_key "$SETUP/third_party.txt")
  stamp_matches "$stamp" "$key" && return 0
  [ "$(uname -m)" = x86_64 ] || die "ONNX Runtime and DuckDB are pinned for x86_64; this machine is $(uname -m)"
  ensure_npm any
  step "Libraries into third_party_build/"
  quietly third-party "ONNX Runtime and DuckDB (about 90 MB)" \
    "$VENV/bin/python" "$SETUP/third_party.py" --npm "$NPM" || exit 1
  write_stamp "$stamp" "$key"
}
