// Prints docs/options.md, for the build target `options_page`.
#include <cstdio>

#include "app/help.h"

int main() {
  const std::string page = millrace::app::options_page(millrace::app::option_rows());
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
