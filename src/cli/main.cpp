// SPDX-License-Identifier: MIT
// Composes the commands; nothing else.
#include "cli/command.h"

int main(int argc, char** argv) {
  using namespace tracseq::cli;
  return run_program(argc, argv, all_commands());
}
