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
# toml++ is used as headers, in one source, so that the program links one library less.
find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)

# Asio, Beast and Boost.JSON are compiled once each, in src/io/asio.cc, src/http/beast.cc and src/wire/boost_json.cc.
add_compile_definitions(
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION)
