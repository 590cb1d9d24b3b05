#include "proxy/dataplane/worker_context.hpp"

namespace sengu::proxy {

WorkerContext::WorkerContext(const config::Settings& config, const health::ConfiguredGroups& groups,
                             SharedCounts& counts, std::shared_ptr<const RoutingTable> first, std::size_t most_pipes)
    : settings(config), shared(counts), counters(groups), buffer(buffer_size), pipes(most_pipes),
      table(std::move(first)) {}

}  // namespace sengu::proxy
