#include "app/health.h"

#include <fmt/format.h>

#include "io/tcp_client.h"

namespace millrace::app {
namespace {

constexpr std::size_t answer_bytes_max = 64 * 1024;

std::string address_to_ask(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "::1";
  return host;
}

base::Result<std::string> get_ready(const std::string& address, const Options& options) {
  auto client = io::TcpClient::connect(address, options.port, options.timeout);
  if (!client) return base::fail(client.error());
  const auto sent = client->send("GET /_health/ready HTTP/1.1\r\nHost: millrace\r\nConnection: close\r\n\r\n");
  if (!sent) return base::fail(sent.error());
  return client->receive_all(answer_bytes_max);
}

}  // namespace

HealthAnswer ask_health(const Options& options) {
  std::string reason = "no address to ask";
  for (const std::string& host : options.hosts) {
    const std::string address = address_to_ask(host);
    const auto answer = get_ready(address, options);
    if (!answer) {
      reason = answer.error().message;
      continue;
    }
    const std::string_view line = std::string_view(*answer).substr(0, answer->find("\r\n"));
    if (line.starts_with("HTTP/1.1 200")) return {true, fmt::format("ready: {} port {}", address, options.port)};
    const std::size_t head_end = answer->find("\r\n\r\n");
    std::string_view body;
    if (head_end != std::string::npos) body = std::string_view(*answer).substr(head_end + 4);
    body = body.substr(0, body.find_first_of("\r\n"));
    return {false, fmt::format("not ready: {} port {} answered {}{}{}", address, options.port,
                               line.empty() ? std::string_view("nothing") : line, body.empty() ? "" : ": ", body)};
  }
  return {false, fmt::format("not ready: {}", reason)};
}

}  // namespace millrace::app
