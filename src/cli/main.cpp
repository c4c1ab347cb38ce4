// SPDX-License-Identifier: MIT
// Composes the commands; nothing else.
#include "cli/command.h"

int main(int argc, char** argv) {
  using namespace tracseq::cli;
  std::vector<Command> commands = service_commands();
  for (auto more : {tracking_commands(), model_commands(), data_commands(), tool_commands()})
    for (Command& command : more) commands.push_back(std::move(command));
  return run_program(argc, argv, commands);
}
