#include "coordinator/coordinator.h"

#include "coordinator/core.h"

namespace millrace::coordinator {

base::Result<std::unique_ptr<Coordinator>> Coordinator::open(shard::Shared& shared, io::Random& random,
                                                             AccountLimits limits) {
  auto core = std::make_shared<Core>(shared, limits);
  if (auto opened = core->open(random); !opened) {
    core->close();
    return base::fail(std::move(opened.error()));
  }
  return std::unique_ptr<Coordinator>(new Coordinator(std::move(core)));
}

Coordinator::~Coordinator() {
  core_->close();
}

std::shared_ptr<const Directory> Coordinator::directory() const {
  return core_->directory.get();
}

void Coordinator::create_stream(catalog::CreateStream spec, base::Done<void> done) {
  core_->create_stream(std::move(spec), std::move(done));
}

void Coordinator::delete_stream(std::string name, std::uint64_t uid, base::Done<void> done) {
  core_->delete_stream(name, uid, std::move(done));
}

void Coordinator::set_retention(catalog::SetRetention change, base::Done<void> done) {
  core_->set_retention(std::move(change), std::move(done));
}

void Coordinator::add_tags(catalog::AddTags change, base::Done<void> done) {
  if (done = core_->begin_operation(std::move(done)); done) core_->change(std::move(change), std::move(done));
}

void Coordinator::remove_tags(catalog::RemoveTags change, base::Done<void> done) {
  if (done = core_->begin_operation(std::move(done)); done) core_->change(std::move(change), std::move(done));
}

const AccountLimits& Coordinator::limits() const {
  return core_->limits;
}

std::uint64_t Coordinator::version() const {
  return core_->directory.version();
}

std::size_t Coordinator::operations() const {
  return core_->operations();
}

std::size_t Coordinator::proposals() const {
  return core_->catalog->proposals();
}

}  // namespace millrace::coordinator
