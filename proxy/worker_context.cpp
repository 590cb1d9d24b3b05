// See worker_context.hpp.
#include "proxy/worker_context.hpp"

#include <fcntl.h>

namespace sengu::proxy {

WorkerContext::WorkerContext(const config::Settings& config, SharedCounts& counts, std::shared_ptr<const RoutingTable> first)
    : settings(config), shared(counts), counters(config.groups), buffer(buffer_size), table(std::move(first)) {}

bool SpareFile::take() {
  if (!file_) file_ = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return static_cast<bool>(file_);
}

}  // namespace sengu::proxy
