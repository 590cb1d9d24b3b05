#include "proxy/app/file_budget.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "proxy/admin/server.hpp"
#include "proxy/http/server.hpp"

namespace sengu::proxy {
namespace {

// Standard streams, the control thread's event loop and signals, journal, admin and HTTP listener with one client in
// hand each, the files that /metrics reads, and a few descriptors that the process may have inherited.
constexpr std::size_t of_process = 24;
constexpr std::size_t per_worker = 4;       // ready set, mailbox, its listeners' spare one, client not yet admitted
constexpr std::size_t per_redis_node = 1;   // the kept probe
constexpr std::size_t beside = 5;           // per Redis node: side probe; repair, fence, rehandshake; other deciders
constexpr std::size_t per_mysql_node = 6;   // the kept one and all others: blocking ones do not wait for a place
constexpr std::size_t least_beside = 3000;  // least for all nodes, if they want more: 200 groups of three at once
constexpr std::size_t most_patient = 64;
constexpr std::size_t per_session = 2;
constexpr std::size_t refused_per_worker = 256;
constexpr std::size_t per_pipe = 2;
constexpr std::size_t most_pipes = 64;  // of a worker; more streams at once are copied
constexpr std::size_t least_for_clients = 24;

/// Refused clients, pipes, admin and HTTP clients get at most an eighth each; sessions get all the rest.
constexpr std::size_t shares = 8;

struct Needs {
  std::size_t always = 0;  // held from the start to the end
  std::size_t beside = 0;  // if each Redis node had all its connections beside the kept one at the same time
  std::size_t least() const { return always + std::min(beside, least_beside) + least_for_clients; }
};

Needs needs_of(const config::Settings& settings, std::size_t workers) {
  Needs needs{of_process + per_worker * workers};
  for (const auto& group : settings.groups) {
    const bool mysql = group.kind == config::Kind::mysql;
    needs.always += (group.read_listen ? 2 : 1) + (mysql ? per_mysql_node : per_redis_node) * group.nodes.size();
    if (!mysql) needs.beside += beside * group.nodes.size();
  }
  return needs;
}

}  // namespace

std::size_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  }
  return limit.rlim_cur;
}

FileBudget share_out(std::size_t limit, const config::Settings& settings, std::size_t workers) {
  const Needs needs = needs_of(settings, workers);
  if (limit < needs.least()) {
    throw std::runtime_error(
        fmt::format("a limit of {} open files is too low for this configuration: it needs {} "
                    "(ulimit -n, LimitNOFILE)",
                    limit, needs.least()));
  }
  // Not all groups fail over at once: where all would want more than half of what is left, they take turns.
  const std::size_t left = limit - needs.always;
  const std::size_t places = std::min(needs.beside, std::max(least_beside, left / 2));
  const std::size_t files = left - places;
  const std::size_t share = files / shares;
  FileBudget budget{
      limit,
      places,
      std::clamp<std::size_t>(places / 4, 1, most_patient),
      {{0, std::min(refused_per_worker * workers, share)}, std::min(most_pipes, share / per_pipe / workers)},
      std::min(AdminBounds().clients, share),
      std::min(HttpServer::most_clients, share)};
  ClientLimits& clients = budget.plane.clients;
  clients.sessions = (files - clients.refused - per_pipe * budget.plane.pipes_per_worker * workers -
                      budget.admin_clients - budget.http_clients) /
                     per_session;
  if (settings.proxy.max_connections != 0)
    clients.sessions = std::min(clients.sessions, settings.proxy.max_connections);
  return budget;
}

}  // namespace sengu::proxy
