#include "app/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/configuration.h"
#include "io/system.h"

namespace millrace::app {
namespace {

using testing::HasSubstr;

TEST(Help, EveryOptionOfACommandIsThereWithItsDefault) {
  for (const CommandRow& command : command_rows()) {
    if (command.options == 0) continue;
    const std::string help = command_help(command, option_rows());
    for (const OptionRow& row : option_rows()) {
      const std::string flag = "--" + std::string(row.name) + " ";
      EXPECT_EQ(help.contains(flag), (row.commands & command.options) != 0) << command.name << " " << row.name;
      if ((row.commands & command.options) != 0) {
        EXPECT_THAT(help, HasSubstr(row.help));
        if (!row.value.empty()) EXPECT_THAT(help, HasSubstr(row.default_text));
      }
    }
  }
}

TEST(Help, TheProgramNamesItsCommands) {
  for (const CommandRow& command : command_rows()) {
    EXPECT_THAT(program_help(), HasSubstr("millrace " + std::string(command.name)));
  }
}

TEST(Help, TheOptionsPageInTheDocumentsIsTheOneTheTableWrites) {
  const auto page = io::system_files()->read_all(MILLRACE_SOURCE_DIR "/docs/options.md", 1 << 20);
  ASSERT_TRUE(page) << base::describe(page.error());
  EXPECT_EQ(*page, options_page(option_rows())) << "write it anew: ninja -C build/dev options_page";
}

}  // namespace
}  // namespace millrace::app
