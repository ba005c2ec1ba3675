// Prints a page of the documents that is written from a table: docs/options.md or, asked for `queues`, docs/queues.md.
// For the build targets `options_page` and `queues_page`.
#include <cstdio>
#include <string_view>

#include "app/help.h"
#include "app/queues.h"

int main(int argc, char** argv) {
  const bool queues = argc > 1 && std::string_view(argv[1]) == "queues";
  const std::string page = queues ? millrace::app::queues_page(millrace::app::queue_rows())
                                  : millrace::app::options_page(millrace::app::option_rows());
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
