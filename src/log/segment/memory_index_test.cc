#include <memory>

#include "log/testing/index_contract.h"

namespace millrace::log::segment {
namespace {

class MemoryWorld {
 public:
  std::unique_ptr<IndexStore> open() { return open_memory_index(disk_); }

 private:
  std::shared_ptr<MemoryIndexDisk> disk_ = make_memory_index_disk();
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, IndexContract, MemoryWorld);

}  // namespace
}  // namespace millrace::log::segment
