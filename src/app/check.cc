#include "app/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "io/random.h"
#include "io/system.h"
#include "log/rocksdb/rocksdb_index.h"
#include "log/segment/check.h"
#include "log/segment/folder.h"

namespace millrace::app {
namespace {

constexpr int whole = 0;
constexpr int not_looked = 1;
constexpr int damaged = 2;

int complain(const base::Error& error) {
  // fputs, since fmt::print throws where standard error is closed.
  std::fputs(fmt::format("millrace: {}\n", error.message).c_str(), stderr);
  return not_looked;
}

void tell(std::string_view line) {
  std::fputs(fmt::format("{}\n", line).c_str(), stdout);
}

// Opening makes a folder where there is none, which a check must not.
base::Result<void> must_be_there(const std::string& data_dir, io::FileSystem& files) {
  const auto names = files.list(data_dir);
  if (!names) return base::fail(names.error());
  if (std::ranges::find(*names, "FORMAT") != names->end()) return {};
  return base::fail(base::Errc::bad_config,
                    fmt::format("{} is no folder of Millrace (it has no file FORMAT)", data_dir));
}

// Where the index was removed all of it is built again from the segments at the next start.
base::Result<std::unique_ptr<log::segment::IndexStore>> open_index(const std::string& data_dir, io::FileSystem& files) {
  const std::string folder = data_dir + "/index";
  if (const auto names = files.list(folder); !names && names.error().code == base::Errc::not_found) {
    tell("There is no index; the next start builds it again from the segments.");
    return log::segment::open_memory_index(log::segment::make_memory_index_disk());
  }
  return log::rocksdb::open_rocksdb_index({.folder = folder, .read_only = true});
}

}  // namespace

int check(const std::string& data_dir) {
  const auto files = io::system_files();
  if (const auto there = must_be_there(data_dir, *files); !there) return complain(there.error());
  io::SystemRandom random;
  const auto folder = log::segment::Folder::open(data_dir, *files, random);
  if (!folder) return complain(folder.error());
  auto index = open_index(data_dir, *files);
  if (!index) return complain(index.error());
  const auto report = log::segment::check_folder(data_dir, *files, **index, tell);
  if (!report) return complain(report.error());
  tell(report->summary());
  return report->findings == 0 ? whole : damaged;
}

}  // namespace millrace::app
