#include "proxy/file_budget.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "proxy/admin_server.hpp"
#include "proxy/http_server.hpp"

namespace sengu::proxy {
namespace {

// Standard streams, the control thread's event loop and signals, journal, admin and HTTP listener with one client in
// hand each, what /metrics reads, and a few that we may have inherited.
constexpr std::size_t of_process = 24;
constexpr std::size_t per_worker = 5;          // event loop (3), ready set, the spare one of its listeners
constexpr std::size_t per_listener = 2;        // itself, and the client that was accepted but not yet admitted
constexpr std::size_t per_node = 6;            // kept and side probe; a repair, a fence, a rehandshake; who else decides
constexpr std::size_t per_session = 2;
constexpr std::size_t refused_per_worker = 256;
constexpr std::size_t least_for_clients = 24;

/// Refused, admin and HTTP clients get an eighth each, as far as they have use for it, and sessions all the rest.
constexpr std::size_t shares = 8;

std::size_t reserved(const config::Settings& settings, std::size_t workers) {
  std::size_t files = of_process + per_worker * workers;
  for (const auto& group : settings.groups) {
    files += per_listener * (group.read_listen ? 2 : 1) + per_node * group.nodes.size();
  }
  return files;
}

}  // namespace

FileBudget share_out(std::size_t limit, const config::Settings& settings, std::size_t workers) {
  const std::size_t needed = reserved(settings, workers) + least_for_clients;
  if (limit < needed) {
    throw std::runtime_error(fmt::format("a limit of {} open files is too low for this configuration: it needs {} "
                                         "(ulimit -n, LimitNOFILE)", limit, needed));
  }
  const std::size_t files = limit - reserved(settings, workers);
  FileBudget budget{limit, {0, std::min(refused_per_worker * workers, files / shares)},
                    std::min(AdminBounds().clients, files / shares), std::min(HttpServer::most_clients, files / shares)};
  budget.clients.sessions = (files - budget.clients.refused - budget.admin_clients - budget.http_clients) / per_session;
  if (settings.proxy.max_connections != 0) {
    budget.clients.sessions = std::min(budget.clients.sessions, settings.proxy.max_connections);
  }
  return budget;
}

}  // namespace sengu::proxy
