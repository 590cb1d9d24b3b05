// How the process's file descriptors are shared out, so that probes and steps always find one. A kept connection to
// each node, and places for the connections beside these, must always work and come first. The rest is divided among
// sessions, refused clients, pipes, admin and HTTP clients. share_out() is pure.
#pragma once

#include <cstddef>

#include "config/settings.hpp"
#include "proxy/dataplane/data_plane.hpp"

namespace sengu::proxy {

struct FileBudget {
  std::size_t limit;  // RLIMIT_NOFILE
  /// Connections to Redis nodes beside the kept ones, all at once (health/server/places).
  std::size_t places;
  /// So many of these for the questions of every minute.
  std::size_t patient_places;
  PlaneLimits plane;
  std::size_t admin_clients;
  std::size_t http_clients;
};

/// Raises this process's limit as far as the kernel allows. Returns the limit that holds from now on.
std::size_t raise_file_limit();

/// Throws std::runtime_error, with the limit it needs, where there is not enough even for what must always work.
FileBudget share_out(std::size_t limit, const config::Settings& settings, std::size_t workers);

}  // namespace sengu::proxy
