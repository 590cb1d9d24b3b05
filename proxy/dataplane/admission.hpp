// May a client come in? The allow-list and the limits of [proxy] and of its group, looked at once, when it is accepted. Any worker.
#pragma once

#include "proxy/dataplane/worker_context.hpp"

namespace sengu::proxy {

/// Takes a place under each limit and says none; or takes none, and says why not.
health::Reason admit(health::GroupId group, const net::SocketAddress& from, WorkerContext& context);

}  // namespace sengu::proxy
