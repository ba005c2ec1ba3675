#include "http/stream.h"

#include <utility>

namespace millrace::http {

class Stream::Writer final : public StreamWriter {
 public:
  Writer(std::shared_ptr<Stream> stream, std::shared_ptr<const void> kept)
      : stream_(std::move(stream)), kept_(std::move(kept)) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    stream_->change([](State& s) {
      if (s.ended) return;
      s.ended = true;
      if (s.started) {
        s.abort = true;
      } else {
        s.reply = Response{.status = 500, .headers = {}, .body = {}};
      }
    });
  }

  void start(Response head) override {
    stream_->change([&](State& s) {
      if (s.ended || s.started) return;
      s.started = true;
      s.head = std::move(head);
    });
  }
  void reply(Response response) override {
    stream_->change([&](State& s) {
      if (s.ended || s.started) return;
      s.ended = true;
      s.reply = std::move(response);
    });
  }
  Pace write(std::string part) override { return stream_->write(std::move(part)); }
  void finish() override {
    stream_->change([](State& s) {
      if (s.ended || !s.started) return;
      s.ended = true;
      s.finish = true;
    });
  }
  void on_ready(base::Task task) override { stream_->set_on_ready(std::move(task)); }
  void on_closed(base::Task task) override { stream_->set_on_closed(std::move(task)); }

 private:
  std::shared_ptr<Stream> stream_;
  std::shared_ptr<const void> kept_;
};

std::shared_ptr<StreamWriter> Stream::make_writer(std::shared_ptr<const void> kept) {
  return std::make_shared<Writer>(shared_from_this(), std::move(kept));
}

Stream::~Stream() {
  budget_.give_back(base::MemoryShare::answers, state_.buffered);
}

template <class What>
void Stream::change(What what) {
  bool stirs = false;
  {
    const base::Lock lock(mutex_);
    if (state_.closed) return;
    what(state_);
    stirs = !std::exchange(state_.stirred, true);
  }
  if (stirs) stir();
}

StreamWriter::Pace Stream::write(std::string part) {
  StreamWriter::Pace pace = StreamWriter::Pace::go;
  bool stirs = false;
  {
    const base::Lock lock(mutex_);
    if (state_.closed || state_.ended || !state_.started) return StreamWriter::Pace::closed;
    state_.buffered += part.size();
    budget_.take(base::MemoryShare::answers, part.size());
    if (!part.empty()) {
      state_.parts.push_back(std::move(part));
      stirs = !std::exchange(state_.stirred, true);
    }
    if (state_.buffered >= stream_buffered_max) {
      state_.held = true;
      pace = StreamWriter::Pace::hold;
    }
  }
  if (stirs) stir();
  return pace;
}

void Stream::stir() {
  loop_.post([self = shared_from_this()] {
    if (self->sender_ != nullptr) self->sender_->on_stream_stirred();
  });
}

Stream::Batch Stream::take() {
  const base::Lock lock(mutex_);
  state_.stirred = false;
  Batch batch{.head = std::exchange(state_.head, std::nullopt),
              .reply = std::exchange(state_.reply, std::nullopt),
              .parts = std::exchange(state_.parts, {}),
              .finish = state_.finish,
              .abort = state_.abort};
  return batch;
}

void Stream::sent(std::size_t bytes) {
  base::Task ready;
  {
    const base::Lock lock(mutex_);
    state_.buffered -= bytes;
    budget_.give_back(base::MemoryShare::answers, bytes);
    if (!state_.held || state_.ended || state_.buffered >= stream_buffered_max / 2) return;
    state_.held = false;
    ready = std::exchange(state_.on_ready, nullptr);
  }
  if (!ready) return;
  // Called without the lock, since it writes; then put back for the next time.
  ready();
  const base::Lock lock(mutex_);
  if (!state_.closed && !state_.ended && !state_.on_ready) state_.on_ready = std::move(ready);
}

void Stream::close() {
  sender_ = nullptr;
  base::Task ready;
  base::Task closed;
  bool tell = false;
  {
    const base::Lock lock(mutex_);
    state_.closed = true;
    tell = !state_.ended;
    ready = std::exchange(state_.on_ready, nullptr);
    closed = std::exchange(state_.on_closed, nullptr);
    state_.parts.clear();
    budget_.give_back(base::MemoryShare::answers, std::exchange(state_.buffered, 0));
  }
  if (tell && closed) closed();
}

void Stream::complete() {
  sender_ = nullptr;
  base::Task ready;
  base::Task closed;
  const base::Lock lock(mutex_);
  state_.closed = true;
  ready = std::exchange(state_.on_ready, nullptr);
  closed = std::exchange(state_.on_closed, nullptr);
}

void Stream::set_on_ready(base::Task task) {
  const base::Lock lock(mutex_);
  if (!state_.closed) std::swap(state_.on_ready, task);
}

void Stream::set_on_closed(base::Task task) {
  {
    const base::Lock lock(mutex_);
    if (!state_.closed) {
      std::swap(state_.on_closed, task);
      return;
    }
    if (state_.ended) return;
  }
  // The reader left before anybody wanted to know.
  loop_.post(std::move(task));
}

}  // namespace millrace::http
