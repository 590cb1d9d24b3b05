// Which answer belongs to which HTTP request.
// Pure but for the questions to Operations: knows no socket and no Beast.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "proxy/control/operations.hpp"

namespace sengu::proxy {

struct HttpAnswer {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

/// A document of all groups. To make it in one go would keep the control thread for too long: there a few groups are
/// looked at in each turn, and `write` runs on the helper thread.
struct HttpDocument {
  HttpAnswer (*write)(const Snapshot& snapshot);
};

/// Server-sent events: those after the id first, then each as it happens.
struct HttpFollow {
  std::uint64_t after = 0;
};

using HttpOutcome = std::variant<HttpAnswer, HttpDocument, HttpFollow>;

/// A path, and what answers it. `query` is what stands behind the '?'.
struct HttpRoute {
  std::string_view path;
  HttpOutcome (*answer)(Operations& operations, std::string_view query);
};
/// All paths that there are; any other is 404.
std::span<const HttpRoute> http_routes();

/// `target` is the request target with its query; GET and HEAD only (the server checks the method).
HttpOutcome route_http(Operations& operations, std::string_view target);

/// One event as text/event-stream.
std::string server_sent(const RecordedEvent& event);

}  // namespace sengu::proxy
