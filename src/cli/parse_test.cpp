// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/version.h"

namespace tracseq::cli {
namespace {

// Runs the words through the parser with a table whose functions only note what they were given.
struct Ran {
  int status = -1;
  std::vector<std::string> words;
};

Ran parse(std::vector<Command> commands, std::vector<std::string> words) {
  Ran ran;
  for (Command& command : commands)
    command.run = [&ran](const Invocation& in) -> Result<void> {
      ran.words = in.words;
      return {};
    };
  words.insert(words.begin(), "tracseq");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  ran.status = run_program(static_cast<int>(argv.size()), argv.data(), commands);
  return ran;
}

// Every row of the table can be called as its usage line says, each word at its place.
TEST(Commands, TakeTheWordsTheyName) {
  for (const Command& command : all_commands()) {
    std::vector<std::string> given{command.noun};
    if (!command.verb.empty()) given.push_back(command.verb);
    std::vector<std::string> expected;
    for (const std::string& word : command.words) {
      expected.push_back("a" + std::to_string(expected.size()));
      if (word.ends_with("…")) expected.push_back("a" + std::to_string(expected.size()));
    }
    given.insert(given.end(), expected.begin(), expected.end());
    for (const Option& option : command.options)
      if (option.required) given.insert(given.end(), {"--" + option.name, "x"});
    const Ran ran = parse(all_commands(), given);
    EXPECT_EQ(ran.status, 0) << command.noun << " " << command.verb;
    EXPECT_EQ(ran.words, expected) << command.noun << " " << command.verb;
  }
}

TEST(Commands, AWordTooManyIsAnErrorOfUse) {
  EXPECT_EQ(parse(all_commands(), {"model", "version", "qc", "1.0.0", "more"}).status,
            static_cast<int>(Exit::usage));
  EXPECT_EQ(parse(all_commands(), {"model", "promote", "qc"}).status, static_cast<int>(Exit::usage));
}

TEST(Commands, AMistypedOptionGetsTheNearestOne) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(parse(all_commands(), {"run", "list", "--lmit", "3"}).status, static_cast<int>(Exit::usage));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("--limit"), std::string::npos) << said;
}

TEST(Commands, TheVersionIsAnOptionToo) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(parse(all_commands(), {"--version"}).status, 0);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), std::string("tracseq ") + kVersion + "\n");
}

TEST(Commands, AnUnknownVerbNamesTheHelpThatLists) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(parse(all_commands(), {"run", "zzzzzzzz"}).status, static_cast<int>(Exit::usage));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("tracseq run --help"), std::string::npos) << said;
}

}  // namespace
}  // namespace tracseq::cli
