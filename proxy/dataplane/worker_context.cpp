// See worker_context.hpp.
#include "proxy/dataplane/worker_context.hpp"

#include <fcntl.h>

namespace sengu::proxy {

WorkerContext::WorkerContext(const config::Settings& config, SharedCounts& counts, std::shared_ptr<const RoutingTable> first,
                             std::size_t most_pipes)
    : settings(config), shared(counts), counters(config.groups), buffer(buffer_size), pipes(most_pipes), table(std::move(first)) {}

bool SpareFile::take() {
  if (!file_) file_ = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return static_cast<bool>(file_);
}

}  // namespace sengu::proxy
