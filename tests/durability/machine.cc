#include "tests/durability/machine.h"

#include <span>

namespace millrace::durability {

using log::LogId;
using log::Position;

Machine::Machine(const sim::DiskImage& disk, std::int64_t wall_ms)
    : files(disk), index(log::segment::make_memory_index_disk(disk.store())) {
  clock.set_wall_ms(wall_ms);
  log::segment::observe(*index, [this](const log::segment::IndexPicture& picture, bool is_flush) {
    return is_flush ? files.flush_store(picture) : files.write_store(picture);
  });
}

Life::Life(Machine& machine, const log::segment::EmbeddedOptions& options, const Seams& seams, std::uint64_t seed)
    : random_(seed), scheduler_(machine.clock, seed) {
  io::FileSystem* files = &machine.files;
  if (seams.files) {
    wrapped_ = seams.files(machine.files);
    files = wrapped_.get();
  }
  auto index = log::segment::open_memory_index(machine.index);
  if (seams.index) index = seams.index(std::move(index));
  auto folder = log::segment::Folder::open(Machine::data_folder, *files, random_);
  if (!folder) {
    error_ = folder.error();
    return;
  }
  caller_ = &scheduler_.make_loop();
  const log::segment::EngineLoops loops{.commit = &scheduler_.make_loop(),
                                        .sync = &scheduler_.make_loop(),
                                        .index = &scheduler_.make_loop(),
                                        .readers = {&scheduler_.make_loop()}};
  auto opened = open_embedded_engine(options, loops, *files, std::move(*folder), std::move(index), budget_,
                                     machine.clock.wall(), machine.clock.steady(), random_);
  if (opened) {
    engine_ = std::move(opened->engine);
  } else {
    error_ = opened.error();
  }
}

Life::~Life() = default;

void Life::advance(std::chrono::milliseconds by) {
  scheduler_.advance(by);
  run();
}

base::Result<void> Life::create(LogId id, std::chrono::milliseconds retention) {
  return wait<void>([&](auto done) { engine_->create(id, {retention, 1 << 20}, std::move(done)); });
}

base::Result<void> Life::drop(LogId id) {
  return wait<void>([&](auto done) { engine_->drop(id, std::move(done)); });
}

base::Result<void> Life::configure(LogId id, std::chrono::milliseconds retention) {
  return wait<void>([&](auto done) { engine_->configure(id, {retention, 1 << 20}, std::move(done)); });
}

base::Result<std::unique_ptr<log::Writer>> Life::acquire(LogId id) {
  return wait<std::unique_ptr<log::Writer>>(
      [&](auto done) { engine_->acquire(id, log::Epoch{1}, *caller_, std::move(done)); });
}

base::Result<log::Page> Life::read(LogId id, Position from, std::uint32_t records_max) {
  const log::ReadLimits limits{.records_max = records_max, .bytes_max = 1 << 20};
  return wait<log::Page>([&](auto done) { engine_->read(id, from, limits, std::move(done)); });
}

base::Result<Position> Life::command(std::string_view text) {
  return wait<Position>([&](auto done) { engine_->meta().append(std::as_bytes(std::span(text)), std::move(done)); });
}

base::Result<void> Life::stop() {
  return wait<void>([&](auto done) { engine_->stop(std::move(done)); });
}

}  // namespace millrace::durability
