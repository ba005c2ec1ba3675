#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "log/segment/core.h"

namespace millrace::log::segment {

// Brings the index up to the segments, and does what must be durable in it: logs made, changed, dropped and trimmed,
// what expired. It works on the index loop, save for taking the picture of what is to be indexed, which is the commit
// loop's.
class IndexFlusher : public std::enable_shared_from_this<IndexFlusher> {
 public:
  explicit IndexFlusher(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  // Begins to flush at each interval, until the engine is gone.
  void start();
  // Any thread. One is on its way at most.
  void request_flush();

  // Any thread; `done` runs on the index loop once it is durable.
  void create(LogId id, LogConfig config, Done<void> done);
  void configure(std::shared_ptr<LogState> log, LogConfig config, Done<void> done);
  void drop(LogId id, Done<void> done);
  void trim(std::shared_ptr<LogState> log, Position before, Done<void> done);
  // Ends the segments, indexes everything and leaves the mark of a clean stop.
  void stop(Done<void> done);

 private:
  // What a flush writes, as it was between two commits.
  struct Picture {
    IndexBatch batch;
    struct Part {
      std::shared_ptr<LogState> log;
      std::size_t rows = 0;
      LogRow row;
    };
    std::vector<Part> parts;
    std::uint64_t bytes = 0;
  };
  using Next = std::move_only_function<void(base::Result<void>)>;

  // Takes the picture on the commit loop, ending the segments first where asked, writes it on the index loop, then
  // calls `next` there.
  void flush(bool ends_segments, std::function<void(IndexBatch&)> add, Next next);
  base::Result<Picture> take_picture(bool ends_segments);
  base::Result<void> write(Picture& picture);
  base::Result<void> put_log(const LogRow& row);
  void answer_flushed(Done<void> done);
  void answer_all();
  base::Result<void> expire();
  void schedule();

  const std::shared_ptr<Core> core_;
  std::atomic<bool> flush_requested_{false};
  // Of the index loop alone.
  std::vector<Done<void>> waiting_;  // for the next flush of the index; each holds a request of a control call
  bool answering_ = false;
  std::map<LogId, std::vector<base::Task>> dropping_;  // and what waits for its end
};

}  // namespace millrace::log::segment
