#pragma once

#include <memory>

#include "admin/admin.h"
#include "http/service.h"

namespace millrace::app {

// What the server talks to: the administrative paths go to admin, everything else is the API's.
class Front final : public http::Service {
 public:
  // Both outlive it.
  Front(admin::Admin& admin, http::Service& api) : admin_(admin), api_(api) {}

  bool streams(const http::Request& request) override { return chosen(request).streams(request); }
  void handle(const http::Request& request, http::Reply reply) override {
    chosen(request).handle(request, std::move(reply));
  }
  void stream(const http::Request& request, std::shared_ptr<http::StreamWriter> writer) override {
    chosen(request).stream(request, std::move(writer));
  }
  http::Response refuse(std::uint16_t status) override { return api_.refuse(status); }

 private:
  http::Service& chosen(const http::Request& request) {
    if (admin::Admin::serves(request)) return admin_;
    return api_;
  }

  admin::Admin& admin_;
  http::Service& api_;
};

}  // namespace millrace::app
