#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/body_gate.h"
#include "http/chunk_decoder.h"
#include "http/head.h"
#include "http/head_parser.h"
#include "http/service.h"
#include "http/shelf.h"
#include "http/stream.h"
#include "io/socket.h"
#include "io/timers.h"

namespace millrace::http {

// The read buffer of a connection that has nothing large to hold.
inline constexpr std::size_t read_buffer_bytes = 4 * 1024;
// Requests of one connection that the service has at once. Those sent behind one wait in the read buffer, and then with
// the client.
inline constexpr std::size_t requests_in_flight_max = 1;
// Timers that a connection has set at once: its deadline and, while it waits for memory, its look for stalled bodies.
inline constexpr std::size_t timers_a_connection_max = 2;
// What is read and dropped after a refusal, and for how long, so that the client finds the answer before the connection
// is reset: in all, and while nothing arrives.
inline constexpr std::size_t linger_bytes_max = 256 * 1024 * 1024;
inline constexpr std::chrono::milliseconds linger_max{10'000};
inline constexpr std::chrono::milliseconds linger_idle_max{2'000};
// Instead of it while the server stops: clients that pool connections look at them only when they need one.
inline constexpr std::chrono::milliseconds linger_stopping_max{200};
// Answers up to this size are copied behind their head, so that one plain send carries both.
inline constexpr std::size_t joined_body_max = 4 * 1024;

// One HTTP/1.1 connection: reads a request, has the service answer it, writes the answer, and again. Everything happens
// on its loop, except that a reply may be completed on any thread. It lives as long as its shelf holds it, a reply is
// owed or the gate has word for it.
class Connection final : public std::enable_shared_from_this<Connection>,
                         private io::SocketEvents,
                         private Request,
                         private Reply::Target,
                         private ChunkSink,
                         private Stream::Sender,
                         private BodyGate::Member {
 public:
  Connection(std::shared_ptr<Shelf> shelf, std::unique_ptr<io::Socket> socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  // On any thread: whoever dropped the last reply owed.
  ~Connection();

  // On the loop, once. Begins to read or, with `refused`, answers 503 and ends.
  void start(bool refused);
  // Idle connections and streams end at once; others end after their answer.
  void begin_stop();
  void cut() { close(); }

 private:
  enum class Phase : std::uint8_t {
    idle,       // between requests: nothing of the next one has arrived
    head,       // the head is arriving
    memory,     // waiting for the gate to admit the body
    body,       // the body is arriving, into the read buffer or a buffer of its own
    chunks,     // the body is arriving in chunks
    handling,   // the service has the request
    answering,  // the answer is being written
    streaming,  // a streamed answer is being written
    lingering,  // the last answer is written; what still arrives is dropped
    closed,
  };

  enum class ReadTarget : std::uint8_t { none, buffer, body };

  // io::SocketEvents
  void on_read(base::Result<std::size_t> outcome) override;
  void on_written(base::Result<void> outcome) override;
  // Request
  std::string_view method() const override { return head_.method.in(buffer_.get()); }
  std::string_view target() const override { return head_.target.in(buffer_.get()); }
  std::string_view header(std::string_view lower_case_name) const override;
  bool has_header(std::string_view lower_case_name) const override;
  std::vector<std::pair<std::string_view, std::string_view>> headers() const override;
  std::string_view body() const override { return body_; }
  std::string peer() const override { return peer_; }
  io::Loop& loop() const override { return shelf_->loop; }
  // Reply::Target
  void complete(Response response) override;
  // ChunkSink
  std::size_t take(std::string_view bytes) override;
  // Stream::Sender
  void on_stream_stirred() override;
  // BodyGate::Member
  void on_admitted() override;
  void on_stalled() override;

  // Goes from phase to phase as far as it can without waiting.
  void advance();
  bool step();
  bool step_head();
  bool step_body();
  bool step_chunks();
  bool step_handling();

  bool begin_body();
  void cut_where_stalled();
  bool ask_for_body_memory(base::MemoryShare share, std::size_t bytes);
  void watch_pressure();
  void adopt_body_memory();
  void send_continue();
  void dispatch();
  void begin_stream();
  void on_completed();
  bool send_answer();
  void finish_answer();
  void drop_response();
  void begin_next_request();
  void pump_stream();
  void write_batch(Stream::Batch batch);
  void finish_stream_write();
  void watch_writing();
  void refuse(std::uint16_t status);
  void refuse_at_once(std::uint16_t status);
  void begin_linger();
  void on_end(bool failed);
  void on_lingering_bytes(std::size_t bytes);
  void leave_gate();
  void close();

  // Both begin a read unless one is pending.
  void read_into_buffer();
  void read_into_body();
  // Moves what the read buffer holds of the body into the body's own buffer.
  void absorb_body();
  bool grow_buffer(std::size_t capacity);
  void shrink_buffer();
  void release_body();

  // One lazy timer serves all time-outs: moving the deadline back costs nothing.
  void set_deadline(std::chrono::milliseconds from_now);
  void clear_deadline() { deadline_ms_ = no_deadline; }
  void arm_timer(std::int64_t at_ms);
  void on_timer();
  void on_deadline();
  std::int64_t now_ms() const { return shelf_->loop.steady_clock().now_ms(); }

  static constexpr std::int64_t no_deadline = INT64_MAX;

  const Limits& limits() const { return shelf_->front->limits; }

  std::shared_ptr<Shelf> shelf_;
  std::unique_ptr<io::Socket> socket_;  // null once closed
  std::string peer_;
  std::list<std::shared_ptr<Connection>>::iterator place_;
  Phase phase_ = Phase::idle;
  bool advancing_ = false;                 // advance() runs further down the stack
  ReadTarget reading_ = ReadTarget::none;  // where the pending read goes
  std::size_t read_at_ = 0;                // in the read buffer
  bool writing_ = false;                   // a write is pending
  bool answer_ready_ = false;              // response_ is what the service answered
  bool close_after_ = false;               // the connection ends after this answer
  bool ended_ = false;                     // the peer will send no more

  // Bytes of the current request and of what follows it; the request begins at 0.
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t filled_ = 0;
  std::size_t parsed_ = 0;
  std::size_t request_end_ = 0;  // where the next request begins
  base::MemoryHold memory_;      // of this object and the read buffer
  HeadParser parser_;
  ChunkDecoder decoder_;
  Head head_;

  std::string_view body_;
  BodyBuffer body_buffer_;
  std::size_t body_filled_ = 0;
  std::size_t body_size_ = 0;
  base::MemoryShare body_share_ = base::MemoryShare::small_bodies;
  std::size_t body_held_ = 0;  // bytes of body_share_
  base::MemoryShare asked_share_ = base::MemoryShare::small_bodies;
  std::size_t asked_bytes_ = 0;  // waited for at the gate
  bool enrolled_ = false;        // the gate may find it stalled
  bool continue_due_ = false;    // the client waits for "100 Continue"

  Response response_;
  std::string out_;               // the head of the answer being written
  base::MemoryHold answer_hold_;  // of a large answer, and of one that the system did not take at once

  std::shared_ptr<Stream> stream_;
  std::vector<std::string> stream_parts_;  // being written
  std::size_t stream_parts_bytes_ = 0;
  bool stream_chunked_ = false;
  bool stream_finishes_ = false;

  std::int64_t deadline_ms_ = no_deadline;
  std::int64_t armed_ms_ = no_deadline;
  io::TimerId timer_ = 0;
  io::TimerId pressure_timer_ = 0;
  std::size_t written_at_deadline_ = 0;
  std::size_t lingered_ = 0;
  std::int64_t linger_until_ms_ = 0;
};

}  // namespace millrace::http
