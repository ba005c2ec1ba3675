#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/mutex.h"
#include "http/service.h"
#include "io/loop.h"

namespace millrace::http {

// What a connection and the writer of its streamed answer share. The writer's side runs on any thread, the connection's
// on its loop.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  // What the connection implements: something is there to be sent. Called on its loop.
  class Sender {
   public:
    virtual void on_stream_stirred() = 0;

   protected:
    ~Sender() = default;
  };

  Stream(io::Loop& loop, base::MemoryBudget& budget, Sender& sender) : loop_(loop), budget_(budget), sender_(&sender) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // The writer's end, to be given to the service. Where the last copy goes away and the answer is neither finished nor
  // replied, the reader sees a 500 or, after the start, a connection that is cut. `kept` lives as long as the writer.
  std::shared_ptr<StreamWriter> make_writer(std::shared_ptr<const void> kept);

  // What there is to send.
  struct Batch {
    std::optional<Response> head;   // begin with this
    std::optional<Response> reply;  // an ordinary answer, and nothing else
    std::vector<std::string> parts;
    bool finish = false;  // end the answer after the parts
    bool abort = false;   // the writer gave up in the middle
  };
  Batch take();
  // `bytes` of parts went out: the writer may go on.
  void sent(std::size_t bytes);
  // The reader is gone or the server stops. The sender is not called again.
  void close();
  // Everything was sent in the regular way. The sender is not called again.
  void complete();

 private:
  class Writer;

  StreamWriter::Pace write(std::string part);
  // Has `what` change the state, under the lock, and the connection look at it.
  template <class What>
  void change(What what);
  void set_on_ready(base::Task task);
  void set_on_closed(base::Task task);
  void stir();

  io::Loop& loop_;
  base::MemoryBudget& budget_;
  Sender* sender_;  // used on the loop; null after close() and complete()

  struct State {
    std::optional<Response> head;
    std::optional<Response> reply;
    std::vector<std::string> parts;
    std::size_t buffered = 0;  // bytes in parts and on their way to the reader
    bool started = false;
    bool ended = false;  // finished, replied or given up
    bool finish = false;
    bool abort = false;
    bool closed = false;
    bool held = false;     // the writer was told to hold
    bool stirred = false;  // the connection is about to look
    base::Task on_ready;
    base::Task on_closed;
  };
  base::Mutex mutex_;
  State state_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace millrace::http
