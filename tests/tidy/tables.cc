#include "tests/tidy/tables.h"

namespace millrace::tidy {
namespace {

// As in docs/ARCHITECTURE.md. Tests may include sim, too.
constexpr RoomRow room_rows[] = {
    {"base", 0},    {"io", 1},     {"model", 1},   {"log", 2},   {"wire", 2},        {"http", 2},
    {"auth", 2},    {"limits", 2}, {"catalog", 3}, {"shard", 3}, {"coordinator", 4}, {"api", 5},
    {"gateway", 6}, {"admin", 6},  {"app", 7},     {"sim", 3},
};

constexpr HeaderRow header_rows[] = {
    {"boost/asio", "src/io/", "the event loop and sockets stand behind io's seams", false},
    {"boost/beast", "src/http/ src/io/", "http/1.1's parser is a matter of http", false},
    {"boost/json", "src/wire/", "bodies are parsed in wire", false},
    {"rocksdb/", "src/log/rocksdb/", "the index stands behind IndexStore", false},
    {"nghttp2/", "src/http/", "http/2 is a matter of http", false},
    {"nlohmann/", "src/app/ src/admin/ src/wire/testing/", "a document tree is too slow for requests", true},
    {"google/protobuf", "src/catalog/", "stored messages are a matter of the catalogue", false},
    {"spdlog/", "src/base/log.cc", "lines go through base/log.h", false},
    {"openssl/", "src/base/ src/model/token.cc src/auth/ src/io/", "keys and digests have one place each", true},
    {"libdeflate.h", "src/base/ src/wire/", "checksums of frames", false},
    {"toml++/", "src/app/config_file.cc", "the file of options has one reader", false},
    {"gtest/", "", "only tests test", true},
    {"gmock/", "", "only tests test", true},
    {"sys/socket.h", "src/io/", "sockets stand behind io::Network and io::TcpClient", true},
    {"sys/epoll.h", "src/io/", "loops stand behind io::Loop", false},
    {"netinet/", "src/io/", "sockets stand behind io::Network and io::TcpClient", true},
    {"arpa/", "src/io/", "sockets stand behind io::Network and io::TcpClient", true},
    {"fcntl.h", "src/io/", "files stand behind io::FileSystem", true},
    {"unistd.h", "src/io/ src/app/", "the system stands behind io's seams", true},
    {"fstream", "src/io/", "files stand behind io::FileSystem", true},
    {"filesystem", "src/io/", "files stand behind io::FileSystem", true},
    {"iostream", "", "lines go through base/log.h; commands print with fmt", false},
    {"thread", "src/io/", "threads are started by io::start_thread_loop", true},
    {"random", "src/sim/", "random bytes come from io::Random", true},
};

constexpr NameRow name_rows[] = {
    {"system_clock", Shape::word, "src/io/", false, "io::WallClock"},
    {"steady_clock::now", Shape::word, "src/io/", false, "io::SteadyClock"},
    {"high_resolution_clock", Shape::word, "src/io/", true, "io::SteadyClock"},
    {"gettimeofday", Shape::word, "src/io/", true, "io::WallClock"},
    {"clock_gettime", Shape::word, "src/io/", true, "io::SteadyClock"},
    {"timespec_get", Shape::word, "src/io/", true, "io::WallClock"},
    {"std::time", Shape::word, "src/io/", true, "io::WallClock"},
    {"time", Shape::global, "src/io/", true, "io::WallClock"},
    {"random_device", Shape::word, "src/io/", false, "io::Random; in a test a seed that is printed"},
    {"mt19937", Shape::word, "src/sim/", false, "io::Random"},
    {"mt19937_64", Shape::word, "src/sim/", false, "io::Random"},
    {"getrandom", Shape::word, "src/io/", true, "io::Random"},
    {"getentropy", Shape::word, "src/io/", true, "io::Random"},
    {"RAND_bytes", Shape::word, "src/io/", true, "io::Random"},
    {"std::rand", Shape::word, "", true, "io::Random"},
    {"rand", Shape::global, "", true, "io::Random"},
    {"srand", Shape::word, "", true, "io::Random"},
    {"sleep_for", Shape::word, "src/io/", true, "io::Timers; in a test wait for the thing itself, with a limit"},
    {"sleep_until", Shape::word, "src/io/", true, "io::Timers; in a test wait for the thing itself, with a limit"},
    {"usleep", Shape::word, "src/io/", true, "io::Timers; in a test wait for the thing itself, with a limit"},
    {"nanosleep", Shape::word, "src/io/", true, "io::Timers; in a test wait for the thing itself, with a limit"},
    {"sleep", Shape::global, "src/io/", true, "io::Timers; in a test wait for the thing itself, with a limit"},
    {"wait_for", Shape::word, "src/io/", false, "io::Timers: a wait with a limit reads a clock"},
    {"wait_until", Shape::word, "src/io/", false, "io::Timers: a wait with a limit reads a clock"},
    {"std::thread", Shape::word, "src/io/", false, "io::start_thread_loop"},
    {"std::jthread", Shape::word, "src/io/", false, "io::start_thread_loop"},
    {"std::async", Shape::word, "src/io/", false, "io::start_thread_loop"},
    {"pthread_create", Shape::word, "src/io/", true, "io::start_thread_loop"},
    {"socket", Shape::global, "src/io/", false, "io::Network"},
    {"connect", Shape::global, "src/io/", false, "io::TcpClient"},
    {"bind", Shape::global, "src/io/", false, "io::Network"},
    {"listen", Shape::global, "src/io/", false, "io::Network"},
    {"accept4", Shape::word, "src/io/", false, "io::Network"},
    {"open", Shape::global, "src/io/", false, "io::FileSystem"},
    {"fopen", Shape::word, "src/io/", false, "io::FileSystem"},
    {"ifstream", Shape::word, "src/io/", false, "io::FileSystem"},
    {"ofstream", Shape::word, "src/io/", false, "io::FileSystem"},
    {"fdatasync", Shape::word, "src/io/", false, "io::File::sync"},
    {"fsync", Shape::word, "src/io/", false, "io::File::sync"},
    {"pread", Shape::word, "src/io/", false, "io::File"},
    {"pwrite", Shape::word, "src/io/", false, "io::File"},
    {"mmap", Shape::word, "src/io/", false, "io::File"},
    {"fork", Shape::global, "", false, "nothing: io::SystemRandom's pages would be shared"},
    {"getenv", Shape::word, "", false, "an option of app's table"},
};

constexpr PauseRow pause_rows[] = {
    {".py", "time.sleep(", 0.1},
    {".java", "Thread.sleep(", 100},
    {".sh", "sleep ", 0.1},
    {"", "sleep ", 0.1},
};

}  // namespace

std::span<const RoomRow> rooms() {
  return room_rows;
}
std::span<const HeaderRow> headers() {
  return header_rows;
}
std::span<const NameRow> names() {
  return name_rows;
}
std::span<const PauseRow> pauses() {
  return pause_rows;
}

}  // namespace millrace::tidy
