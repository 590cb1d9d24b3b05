// May a client come in? Checks the allow-list and the limits of [proxy] and of the client's group once, when a listener
// has accepted the client. Any worker.
#pragma once

#include "proxy/dataplane/worker_context.hpp"

namespace sengu::proxy {

/// Takes a place under each limit and returns Reason::none; or takes no place and returns why the client is refused.
health::Reason admit(health::GroupId group, const net::SocketAddress& from, WorkerContext& context);

}  // namespace sengu::proxy
