# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Building with the CMake presets. Needs tools/lib/common.sh and tools/setup/install.sh.

# As in the presets, whose environment a ninja started by hand does not see: checkouts share what ccache knows.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1

# configure_preset PRESET: runs cmake when it never ran or a preset changed; ninja re-runs it for the rest.
configure_preset() {
  local preset=$1 key
  key=$(content_key CMakePresets.json "=$ROOT")
  [ -f "build/$preset/build.ninja" ] && stamp_matches "build/$preset/.configured" "$key" && return 0
  quietly "configure-$preset" "configuring build/$preset" cmake --preset "$preset" || exit 1
  write_stamp "build/$preset/.configured" "$key"
}

# build_preset PRESET [TARGET…]: configures and builds; what is current is left alone.
build_preset() {
  local preset=$1
  shift
  configure_preset "$preset"
  ninja -C "build/$preset" -j "$(jobs_limit)" "$@"
}

# ensure_toolchain: everything that building and running the program needs.
ensure_toolchain() {
  ensure_apt core "$@"
  ensure_venv
  ensure_third_party
}

# install_preset PRESET: bin/tracseq, and the extension for .venv. A link, not a copy: the program finds its modules from where it really lies.
install_preset() {
  local program
  program=$(find "build/$1" -name tracseq -type f -perm -u+x -print -quit)
  [ -n "$program" ] || die "the build left no program named tracseq below build/$1"
  mkdir -p bin
  ln -sfn "../$program" bin/tracseq
  link_checkout "$1"
}
