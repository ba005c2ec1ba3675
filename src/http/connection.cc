#include "http/connection.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace millrace::http {
namespace {

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";
// Room that a streaming connection keeps for what its client sends meanwhile, so that its end is seen.
constexpr std::size_t stream_read_room = 64;

}  // namespace

Connection::Connection(std::shared_ptr<Shelf> shelf, std::unique_ptr<io::Socket> socket)
    : BodyGate::Member(shelf->loop),
      shelf_(std::move(shelf)),
      socket_(std::move(socket)),
      peer_(socket_->peer()),
      memory_(shelf_->front->budget, base::MemoryShare::connections),
      parser_(shelf_->front->limits),
      decoder_(shelf_->front->limits),
      answer_hold_(shelf_->front->budget, base::MemoryShare::answers) {}

Connection::~Connection() {
  // Not through the gate, which may be what drops this connection.
  shelf_->front->budget.give_back(body_share_, body_held_);
}

void Connection::start(bool refused) {
  place_ = shelf_->connections.insert(shelf_->connections.end(), shared_from_this());
  socket_->set_events(*this);
  if (!memory_.try_grow(sizeof(Connection) + read_buffer_bytes)) {
    memory_.grow(sizeof(Connection) + read_buffer_bytes);
    refused = true;
  }
  buffer_.reset(new char[read_buffer_bytes]);
  capacity_ = read_buffer_bytes;
  if (refused) {
    refuse(503);
  } else {
    set_deadline(limits().idle_timeout);
  }
  advance();
}

void Connection::begin_stop() {
  if (phase_ == Phase::idle || phase_ == Phase::streaming || phase_ == Phase::lingering) close();
}

// ---- Going from phase to phase ----

void Connection::advance() {
  // A reply that completes inside handle() comes here again; the loop below sees what it changed.
  if (advancing_) return;
  advancing_ = true;
  while (step()) {
  }
  advancing_ = false;
}

bool Connection::step() {
  switch (phase_) {
    case Phase::idle:
    case Phase::head:
      return step_head();
    case Phase::body:
      return step_body();
    case Phase::chunks:
      return step_chunks();
    case Phase::handling:
      return step_handling();
    case Phase::memory:
    case Phase::answering:
    case Phase::streaming:
    case Phase::lingering:
    case Phase::closed:
      return false;
  }
  return false;
}

bool Connection::step_head() {
  // Some clients send an empty line after a body; the standard asks to overlook it.
  while (parsed_ == 0 && filled_ >= 2 && buffer_[0] == '\r' && buffer_[1] == '\n') {
    filled_ -= 2;
    std::memmove(buffer_.get(), buffer_.get() + 2, filled_);
  }
  if (filled_ == 0 && parsed_ == 0) {
    read_into_buffer();
    return false;
  }
  const bool maybe_empty_line = parsed_ == 0 && filled_ == 1 && buffer_[0] == '\r';
  switch (maybe_empty_line ? HeadParser::Outcome::need_more
                           : parser_.parse_head({buffer_.get(), filled_}, parsed_, head_)) {
    case HeadParser::Outcome::done:
      return begin_body();
    case HeadParser::Outcome::refused:
      refuse(parser_.refusal());
      return true;
    case HeadParser::Outcome::need_more:
      break;
  }
  if (phase_ == Phase::idle) {
    phase_ = Phase::head;
    set_deadline(limits().head_timeout);
  }
  if (filled_ == capacity_) {
    if (capacity_ >= limits().head_bytes_max) {
      refuse(431);
      return true;
    }
    if (!grow_buffer(std::min(2 * capacity_, limits().head_bytes_max))) {
      refuse(503);
      return true;
    }
  }
  read_into_buffer();
  return false;
}

bool Connection::begin_body() {
  if (head_.chunked) {
    phase_ = Phase::chunks;
    decoder_.reset();
    set_deadline(limits().body_timeout);
    continue_due_ = head_.expects_continue;
    if (ask_for_body_memory(base::MemoryShare::small_bodies, small_body_max)) adopt_body_memory();
    return true;
  }
  body_size_ = static_cast<std::size_t>(head_.content_length);
  phase_ = Phase::body;
  if (filled_ - head_.size >= body_size_) return true;
  set_deadline(limits().body_timeout);
  continue_due_ = head_.expects_continue;
  if (head_.size + body_size_ <= capacity_) {
    send_continue();
    return true;
  }
  const std::size_t bytes = BodyBuffers::capacity_for(body_size_);
  if (ask_for_body_memory(BodyGate::share_for(body_size_), bytes)) adopt_body_memory();
  return true;
}

// False where the phase is now another one, and the memory may come later.
bool Connection::ask_for_body_memory(base::MemoryShare share, std::size_t bytes) {
  asked_share_ = share;
  asked_bytes_ = bytes;
  const std::shared_ptr<BodyGate::Member> member(shared_from_this(), static_cast<BodyGate::Member*>(this));
  BodyGate& gate = shelf_->front->gate;
  if (enrolled_) leave_gate();
  switch (gate.admit(member, share, bytes)) {
    case BodyGate::Admission::admitted:
      return true;
    case BodyGate::Admission::waiting:
      phase_ = Phase::memory;
      watch_pressure();
      return false;
    case BodyGate::Admission::refused:
      refuse(503);
      return false;
  }
  return false;
}

void Connection::watch_pressure() {
  shelf_->front->gate.relieve(now_ms());
  pressure_timer_ = shelf_->loop.timers().after(pressure_check, [this] { watch_pressure(); });
}

void Connection::on_admitted() {
  if (phase_ != Phase::memory) {
    shelf_->front->gate.release(asked_share_, asked_bytes_);
    return;
  }
  shelf_->loop.timers().cancel(std::exchange(pressure_timer_, 0));
  phase_ = head_.chunked ? Phase::chunks : Phase::body;
  // The time that the broker let it wait is not the client's.
  set_deadline(limits().body_timeout);
  adopt_body_memory();
  advance();
}

// The memory asked for is held: the body moves into a buffer of that size.
void Connection::adopt_body_memory() {
  BodyBuffer buffer = shelf_->buffers.take(head_.chunked ? asked_bytes_ : body_size_);
  if (body_filled_ > 0) std::memcpy(buffer.bytes.get(), body_buffer_.bytes.get(), body_filled_);
  const std::size_t filled = body_filled_;
  release_body();
  body_buffer_ = std::move(buffer);
  body_filled_ = filled;
  body_share_ = asked_share_;
  body_held_ = asked_bytes_;
  request_end_ = head_.size;
  const std::shared_ptr<BodyGate::Member> member(shared_from_this(), static_cast<BodyGate::Member*>(this));
  shelf_->front->gate.enrol(member, body_share_, body_held_, now_ms());
  enrolled_ = true;
  send_continue();
}

void Connection::on_stalled() {
  if (!enrolled_) return;
  // A busy loop may have bytes of the body that it has not told of yet; by the next turn of its timers it has.
  shelf_->loop.timers().cancel(pressure_timer_);
  pressure_timer_ = shelf_->loop.timers().after(std::chrono::milliseconds(0), [this] { cut_where_stalled(); });
}

void Connection::cut_where_stalled() {
  pressure_timer_ = 0;
  const std::int64_t now = now_ms();
  const bool moved = std::chrono::milliseconds(now - last_progress_ms()) < limits().stall_under_pressure;
  // What has arrived and was not read is no stall of the client's either.
  if (moved || socket_->has_unread()) {
    const std::shared_ptr<BodyGate::Member> member(shared_from_this(), static_cast<BodyGate::Member*>(this));
    shelf_->front->gate.enrol(member, body_share_, body_held_, moved ? last_progress_ms() : now);
    return;
  }
  shelf_->tally.stalled_bodies_cut.add();
  refuse_at_once(408);
}

void Connection::send_continue() {
  if (!std::exchange(continue_due_, false)) return;
  writing_ = !socket_->write(std::span(&continue_line, 1));
}

bool Connection::step_body() {
  if (body_buffer_.capacity == 0) {
    if (filled_ - head_.size < body_size_) {
      read_into_buffer();
      return false;
    }
    body_ = {buffer_.get() + head_.size, body_size_};
    request_end_ = head_.size + body_size_;
  } else {
    absorb_body();
    if (body_filled_ < body_size_) {
      read_into_body();
      return false;
    }
    body_ = {body_buffer_.bytes.get(), body_size_};
  }
  dispatch();
  return true;
}

void Connection::absorb_body() {
  const std::size_t n = std::min(filled_ - head_.size, body_size_ - body_filled_);
  if (n == 0) return;
  char* const from = buffer_.get() + head_.size;
  std::memcpy(body_buffer_.bytes.get() + body_filled_, from, n);
  body_filled_ += n;
  filled_ -= n;
  std::memmove(from, from + n, filled_ - head_.size);
}

bool Connection::step_chunks() {
  std::size_t consumed = 0;
  const ChunkDecoder::Outcome outcome =
      decoder_.feed({buffer_.get() + head_.size, filled_ - head_.size}, consumed, *this);
  filled_ -= consumed;
  char* const rest = buffer_.get() + head_.size;
  std::memmove(rest, rest + consumed, filled_ - head_.size);
  switch (outcome) {
    case ChunkDecoder::Outcome::need_more:
      // A head that fills the buffer to its end leaves no room for what follows it.
      if (filled_ == capacity_ && !grow_buffer(capacity_ + read_buffer_bytes)) {
        refuse(503);
        return true;
      }
      read_into_buffer();
      return false;
    case ChunkDecoder::Outcome::no_memory:
      // The decoder counts against the limit of bodies before it hands bytes on, so this buffer is the small one.
      if (ask_for_body_memory(base::MemoryShare::bodies, limits().body_bytes_max)) adopt_body_memory();
      return true;
    case ChunkDecoder::Outcome::refused:
      refuse(decoder_.refusal());
      return true;
    case ChunkDecoder::Outcome::done:
      break;
  }
  body_ = {body_buffer_.bytes.get(), body_filled_};
  // Its length is known now; what was held in case it was longer serves others.
  if (body_held_ > small_body_max) {
    const std::size_t needed = std::max(body_filled_, small_body_max);
    shelf_->front->gate.release(body_share_, body_held_ - needed);
    body_held_ = needed;
  }
  dispatch();
  return true;
}

std::size_t Connection::take(std::string_view bytes) {
  const std::size_t n = std::min(bytes.size(), body_buffer_.capacity - body_filled_);
  std::memcpy(body_buffer_.bytes.get() + body_filled_, bytes.data(), n);
  body_filled_ += n;
  return n;
}

// ---- The service and its answer ----

void Connection::dispatch() {
  clear_deadline();
  if (enrolled_) leave_gate();
  answer_ready_ = false;
  Service& service = shelf_->front->service;
  if (service.streams(*this)) {
    begin_stream();
    return;
  }
  phase_ = Phase::handling;
  service.handle(*this, Reply(std::shared_ptr<Reply::Target>(shared_from_this(), static_cast<Reply::Target*>(this))));
}

void Connection::complete(Response response) {
  // Nobody else touches it between handing the request to the service and on_completed().
  response_ = std::move(response);
  // From here on, since the loop may have other things to do before it writes it.
  if (response_.body.size() > joined_body_max) answer_hold_.grow(response_.body.size());
  if (shelf_->loop.is_current()) {
    on_completed();
  } else {
    shelf_->loop.post([self = shared_from_this()] { self->on_completed(); });
  }
}

void Connection::on_completed() {
  if (phase_ == Phase::closed) {
    drop_response();
    release_body();
    return;
  }
  answer_ready_ = true;
  advance();
}

bool Connection::step_handling() {
  // "100 Continue" may still be on its way to a client that does not read.
  if (!answer_ready_ || writing_) return false;
  return send_answer();
}

bool Connection::send_answer() {
  answer_ready_ = false;
  close_after_ =
      response_.close || !head_.keep_alive || ended_ || shelf_->front->stopping.load(std::memory_order_relaxed);
  out_.clear();
  append_head(out_, response_, shelf_->date.now(), Framing::length, close_after_);
  // The answer to a HEAD tells the body's length and does not have the body.
  if (method() == "HEAD") response_.body.clear();
  std::array<std::string_view, 2> pieces;
  std::size_t count = 1;
  if (response_.body.size() <= joined_body_max) {
    out_ += response_.body;
  } else {
    pieces[1] = response_.body;
    count = 2;
  }
  pieces[0] = out_;
  phase_ = Phase::answering;
  const std::size_t bytes = pieces[0].size() + pieces[1].size();
  shelf_->tally.bytes_out.add(bytes);
  if (socket_->write(std::span(pieces).first(count))) {
    finish_answer();
    return true;
  }
  writing_ = true;
  answer_hold_.grow(bytes - std::min(bytes, answer_hold_.bytes()));
  watch_writing();
  return false;
}

void Connection::watch_writing() {
  written_at_deadline_ = socket_->written_so_far();
  set_deadline(limits().write_timeout);
}

void Connection::drop_response() {
  // A string that an empty one is assigned to keeps its memory, so that each connection would keep its largest answer.
  const Response gone = std::exchange(response_, {});
  answer_hold_.release();
}

void Connection::finish_answer() {
  drop_response();
  if (close_after_) {
    begin_linger();
  } else {
    begin_next_request();
  }
}

void Connection::begin_next_request() {
  release_body();
  body_ = {};
  filled_ -= request_end_;
  if (filled_ > 0) std::memmove(buffer_.get(), buffer_.get() + request_end_, filled_);
  request_end_ = 0;
  parsed_ = 0;
  head_.clear();
  parser_.reset();
  shrink_buffer();
  phase_ = Phase::idle;
  set_deadline(limits().idle_timeout);
}

void Connection::on_written(base::Result<void> outcome) {
  writing_ = false;
  if (!outcome) {
    close();
    return;
  }
  if (phase_ == Phase::answering) finish_answer();
  if (phase_ == Phase::streaming) finish_stream_write();
  if (phase_ == Phase::streaming) pump_stream();
  advance();
}

// ---- Streams ----

void Connection::begin_stream() {
  // The buffer cannot move once the service has its views.
  if (capacity_ - filled_ < stream_read_room && reading_ == ReadTarget::none) {
    grow_buffer(capacity_ + read_buffer_bytes);
    if (body_buffer_.capacity == 0) body_ = {buffer_.get() + head_.size, body_size_};
  }
  phase_ = Phase::streaming;
  stream_ = std::make_shared<Stream>(shelf_->loop, shelf_->front->budget, static_cast<Stream::Sender&>(*this));
  stream_finishes_ = false;
  stream_parts_bytes_ = 0;
  shelf_->front->service.stream(*this, stream_->make_writer(shared_from_this()));
  // Kept pending so that a client that goes away is noticed.
  if (filled_ < capacity_) read_into_buffer();
}

void Connection::on_stream_stirred() {
  pump_stream();
}

void Connection::pump_stream() {
  while (phase_ == Phase::streaming && !writing_) {
    Stream::Batch batch = stream_->take();
    if (batch.reply) {
      std::exchange(stream_, nullptr)->complete();
      response_ = std::move(*batch.reply);
      answer_ready_ = true;
      phase_ = Phase::handling;
      advance();
      return;
    }
    if (batch.abort) {
      close();
      return;
    }
    if (!batch.head && batch.parts.empty() && !batch.finish) return;
    write_batch(std::move(batch));
  }
}

void Connection::write_batch(Stream::Batch batch) {
  out_.clear();
  if (batch.head) {
    stream_chunked_ = !head_.http_1_0;
    close_after_ = batch.head->close || !head_.keep_alive || shelf_->front->stopping.load(std::memory_order_relaxed);
    append_head(out_, *batch.head, shelf_->date.now(), stream_chunked_ ? Framing::chunks : Framing::closing,
                close_after_);
  }
  stream_parts_ = std::move(batch.parts);
  stream_parts_bytes_ = 0;
  for (const std::string& part : stream_parts_)
    stream_parts_bytes_ += part.size();
  stream_finishes_ = batch.finish;

  // All parts that gathered make one chunk.
  std::string_view tail;
  if (stream_chunked_) {
    if (stream_parts_bytes_ > 0) {
      append_chunk_size(out_, stream_parts_bytes_);
      tail = stream_finishes_ ? std::string_view("\r\n0\r\n\r\n") : std::string_view("\r\n");
    } else if (stream_finishes_) {
      tail = "0\r\n\r\n";
    }
  }
  std::vector<std::string_view> pieces;
  pieces.reserve(stream_parts_.size() + 2);
  pieces.emplace_back(out_);
  pieces.insert(pieces.end(), stream_parts_.begin(), stream_parts_.end());
  pieces.push_back(tail);
  shelf_->tally.bytes_out.add(out_.size() + stream_parts_bytes_ + tail.size());
  if (socket_->write(pieces)) {
    finish_stream_write();
  } else {
    writing_ = true;
    watch_writing();
  }
}

void Connection::finish_stream_write() {
  clear_deadline();
  stream_parts_.clear();
  if (const std::size_t bytes = std::exchange(stream_parts_bytes_, 0); bytes > 0) stream_->sent(bytes);
  if (!stream_finishes_) return;
  std::exchange(stream_, nullptr)->complete();
  finish_answer();
  advance();
}

// ---- Refusing and ending ----

void Connection::refuse(std::uint16_t status) {
  if (const auto row = shelf_->tally.refused.find(status); row != shelf_->tally.refused.end()) row->second->add();
  leave_gate();
  clear_deadline();
  release_body();
  response_ = shelf_->front->service.refuse(status);
  response_.close = true;
  phase_ = Phase::handling;
  answer_ready_ = true;
}

// For a client that stands still: it has sent nothing that is unread, so the answer reaches it although the connection
// is closed at once, and its memory is free at once.
void Connection::refuse_at_once(std::uint16_t status) {
  refuse(status);
  if (!writing_) {
    out_.clear();
    append_head(out_, response_, shelf_->date.now(), Framing::length, true);
    out_ += response_.body;
    const std::string_view piece = out_;
    shelf_->tally.bytes_out.add(piece.size());
    socket_->write(std::span(&piece, 1));
  }
  phase_ = Phase::answering;
  close();
}

void Connection::begin_linger() {
  if (ended_) {
    close();
    return;
  }
  phase_ = Phase::lingering;
  socket_->shutdown_write();
  linger_until_ms_ = now_ms() + linger_max.count();
  set_deadline(shelf_->front->stopping.load(std::memory_order_relaxed) ? linger_stopping_max : linger_idle_max);
  if (reading_ != ReadTarget::none) return;
  release_body();
  filled_ = 0;
  read_into_buffer();
}

void Connection::on_read(base::Result<std::size_t> outcome) {
  const ReadTarget target = std::exchange(reading_, ReadTarget::none);
  if (!outcome || *outcome == 0) {
    on_end(!outcome);
    return;
  }
  const std::size_t bytes = *outcome;
  shelf_->tally.bytes_in.add(bytes);
  if (phase_ == Phase::lingering) {
    on_lingering_bytes(bytes);
    return;
  }
  if (target == ReadTarget::body) {
    body_filled_ += bytes;
  } else {
    // The buffer's content may have moved forward while the read was pending.
    if (read_at_ != filled_) std::memmove(buffer_.get() + filled_, buffer_.get() + read_at_, bytes);
    filled_ += bytes;
  }
  if (enrolled_) shelf_->front->gate.progress(*this, now_ms());
  if (phase_ == Phase::streaming && filled_ < capacity_) read_into_buffer();
  advance();
}

void Connection::on_lingering_bytes(std::size_t bytes) {
  lingered_ += bytes;
  if (lingered_ > linger_bytes_max) {
    close();
    return;
  }
  set_deadline(
      std::min(linger_idle_max, std::chrono::milliseconds(std::max<std::int64_t>(linger_until_ms_ - now_ms(), 0))));
  release_body();
  filled_ = 0;
  read_into_buffer();
}

// The peer will send no more, or failed.
void Connection::on_end(bool failed) {
  ended_ = true;
  switch (phase_) {
    case Phase::head:
    case Phase::body:
    case Phase::chunks:
      if (failed) {
        close();
      } else {
        refuse(400);
        advance();
      }
      return;
    case Phase::handling:
    case Phase::answering:
    case Phase::memory:
      // The answer may still be wanted; writing it tells.
      return;
    case Phase::idle:
    case Phase::streaming:
    case Phase::lingering:
    case Phase::closed:
      close();
      return;
  }
}

void Connection::leave_gate() {
  if (phase_ == Phase::memory || enrolled_) shelf_->front->gate.leave(*this);
  enrolled_ = false;
  shelf_->loop.timers().cancel(std::exchange(pressure_timer_, 0));
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  leave_gate();
  shelf_->loop.timers().cancel(std::exchange(timer_, 0));
  socket_->close();
  reading_ = ReadTarget::none;
  // The service may still look at the request: until its reply comes, or for as long as the stream's writer lives.
  const bool owed = phase_ == Phase::handling && !answer_ready_;
  const std::shared_ptr<Stream> stream = std::exchange(stream_, nullptr);
  phase_ = Phase::closed;
  if (!owed && stream == nullptr) release_body();
  if (stream != nullptr) stream->close();
  if (!owed) answer_hold_.release();
  memory_.release();
  socket_.reset();
  // Whoever called this is a member of this connection, so it goes only after the current task.
  shelf_->loop.post([self = std::move(*place_)] {});
  shelf_->connections.erase(place_);
  shelf_->open.fetch_sub(1, std::memory_order_relaxed);
  shelf_->front->close_one();
}

// ---- The request's content ----

std::string_view Connection::header(std::string_view lower_case_name) const {
  return head_.find(buffer_.get(), lower_case_name).value_or(std::string_view());
}

bool Connection::has_header(std::string_view lower_case_name) const {
  return head_.find(buffer_.get(), lower_case_name).has_value();
}

std::vector<std::pair<std::string_view, std::string_view>> Connection::headers() const {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  all.reserve(head_.headers.size());
  for (const Head::Header& header : head_.headers) {
    all.emplace_back(header.name.in(buffer_.get()), header.value.in(buffer_.get()));
  }
  return all;
}

// ---- Buffers ----

void Connection::read_into_buffer() {
  if (reading_ != ReadTarget::none) return;
  reading_ = ReadTarget::buffer;
  read_at_ = filled_;
  socket_->read({buffer_.get() + filled_, capacity_ - filled_});
}

void Connection::read_into_body() {
  if (reading_ != ReadTarget::none) return;
  reading_ = ReadTarget::body;
  socket_->read({body_buffer_.bytes.get() + body_filled_, body_size_ - body_filled_});
}

bool Connection::grow_buffer(std::size_t capacity) {
  if (!memory_.try_grow(capacity - capacity_)) return false;
  std::unique_ptr<char[]> larger(new char[capacity]);
  std::memcpy(larger.get(), buffer_.get(), filled_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
  return true;
}

void Connection::shrink_buffer() {
  if (capacity_ <= read_buffer_bytes || filled_ > read_buffer_bytes || reading_ != ReadTarget::none) return;
  std::unique_ptr<char[]> smaller(new char[read_buffer_bytes]);
  std::memcpy(smaller.get(), buffer_.get(), filled_);
  buffer_ = std::move(smaller);
  capacity_ = read_buffer_bytes;
  memory_.release();
  memory_.grow(sizeof(Connection) + read_buffer_bytes);
}

void Connection::release_body() {
  // A read that is pending may still write to it; what ends the read, or the connection, comes here again.
  if (reading_ == ReadTarget::body) return;
  body_filled_ = 0;
  if (body_buffer_.capacity > 0) shelf_->buffers.put_back(std::exchange(body_buffer_, {}));
  if (body_held_ > 0) shelf_->front->gate.release(body_share_, std::exchange(body_held_, 0));
}

// ---- Time ----

void Connection::set_deadline(std::chrono::milliseconds from_now) {
  deadline_ms_ = now_ms() + from_now.count();
  if (armed_ms_ > deadline_ms_) arm_timer(deadline_ms_);
}

void Connection::arm_timer(std::int64_t at_ms) {
  shelf_->loop.timers().cancel(timer_);
  armed_ms_ = at_ms;
  const std::chrono::milliseconds delay(std::max<std::int64_t>(at_ms - now_ms(), 0));
  timer_ = shelf_->loop.timers().after(delay, [this] { on_timer(); });
}

void Connection::on_timer() {
  timer_ = 0;
  armed_ms_ = no_deadline;
  if (deadline_ms_ == no_deadline) return;
  if (now_ms() < deadline_ms_) {
    arm_timer(deadline_ms_);
    return;
  }
  clear_deadline();
  on_deadline();
}

void Connection::on_deadline() {
  switch (phase_) {
    case Phase::idle:
      shelf_->tally.idle_timeouts.add();
      close();
      return;
    case Phase::head:
      shelf_->tally.head_timeouts.add();
      refuse(408);
      advance();
      return;
    case Phase::body:
    case Phase::chunks:
      shelf_->tally.body_timeouts.add();
      refuse(408);
      advance();
      return;
    case Phase::memory:
      refuse(503);
      advance();
      return;
    case Phase::answering:
    case Phase::streaming:
      if (socket_->written_so_far() > written_at_deadline_) {
        watch_writing();
        return;
      }
      shelf_->tally.write_timeouts.add();
      close();
      return;
    case Phase::lingering:
    case Phase::handling:
    case Phase::closed:
      close();
      return;
  }
}

}  // namespace millrace::http
