#include "proxy/dataplane/admission.hpp"

#include "health/net/socket.hpp"

namespace sengu::proxy {

using health::Reason;

Reason admit(health::GroupId group, const net::SocketAddress& from, WorkerContext& context) {
  const config::GroupSettings& settings = context.settings_of(group);
  SharedCounts& shared = context.shared;
  if (!net::permitted(from, settings.allow)) return Reason::not_allowed;
  if (!take_place(shared.sessions, shared.limits.sessions)) return Reason::too_many_connections;
  const std::size_t group_limit = settings.max_connections != 0 ? settings.max_connections : shared.limits.sessions;
  if (take_place(shared[group].sessions, group_limit)) return Reason::none;
  shared.sessions.fetch_sub(1, std::memory_order_relaxed);
  return Reason::too_many_connections;
}

}  // namespace sengu::proxy
