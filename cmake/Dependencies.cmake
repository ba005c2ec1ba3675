# Everything from outside, found once. Versions are those of Debian 12 (Boost 1.81 is its libboost1.81-dev, not the default).
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 EXACT REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(RocksDB 7.8 REQUIRED)
# Linked in, RocksDB brings only what is used of it: half the memory of an idle broker. Sanitizers keep it apart from what
# they have instrumented.
add_library(millrace_rocksdb INTERFACE)
if(MILLRACE_SANITIZE)
  target_link_libraries(millrace_rocksdb INTERFACE RocksDB::rocksdb-shared)
else()
  target_link_libraries(millrace_rocksdb INTERFACE RocksDB::rocksdb)
  # What runs once at the start stands together, instead of drawing in the pages around every piece of it.
  target_link_options(millrace_rocksdb INTERFACE -Wl,-z,keep-text-section-prefix -Wl,--gc-sections)
endif()
# toml++ is used as headers, in one source, so that the program links one library less.
find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)

# Asio, Beast and Boost.JSON are compiled once each, in src/io/asio.cc, src/http/beast.cc and src/wire/boost_json.cc.
add_compile_definitions(
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION)
