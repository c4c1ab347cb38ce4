// SPDX-License-Identifier: MIT
#include "cli/command.h"

namespace tracseq::cli {

std::vector<Command> all_commands() {
  std::vector<Command> commands = service_commands();
  for (auto more : {tracking_commands(), model_commands(), data_commands(), monitoring_commands(),
                    deployment_commands(), abtest_commands(), export_commands(), tool_commands()})
    for (Command& command : more) commands.push_back(std::move(command));
  return commands;
}

}  // namespace tracseq::cli
