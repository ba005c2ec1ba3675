// Prints a page of the documents that is written from a table: docs/options.md, or that of its argument: `queues` or
// `limits`. For the build targets `options_page`, `queues_page` and `limits_page`.
#include <cstdio>
#include <string_view>

#include "app/help.h"
#include "app/limits_page.h"
#include "app/queues.h"

int main(int argc, char** argv) {
  const std::string_view which = argc > 1 ? argv[1] : "options";
  const std::string page = which == "queues"   ? millrace::app::queues_page(millrace::app::queue_rows())
                           : which == "limits" ? millrace::app::limits_page()
                                               : millrace::app::options_page(millrace::app::option_rows());
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
